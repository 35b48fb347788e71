// Explaining iALS: Hu, Koren & Volinsky 2008, section 5.
#pragma once

#include <memory>

#include "engine/generation.h"
#include "engine/query/retriever.h"
#include "engine/query/user_state.h"

namespace tamis::engine {

// The score of `item` for a folded-in user is q_i^T A^-1 sum over h of w_h q_h with A the matrix of the fold-in's
// normal equations, so it is a sum over the history: item h contributes w_h q_i^T A^-1 q_h. Empty where `item` is
// newer than the generation.
//
// The Gramian in A depends on the generation alone: it is computed at the first explanation and kept for as long as
// `fold_in` lives (the last few generations). Thread-safe. REQUIRES: generation.ials.
Result<Reasons> explain_ials(const Generation& generation, const std::shared_ptr<const models::IalsFoldIn>& fold_in,
                             const UserState::Rows& history, DenseId item);

}  // namespace tamis::engine
