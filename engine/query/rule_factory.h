// From a rule's document to the rule.
#pragma once

#include <memory>

#include "common/status.h"
#include "engine/query/item_facts.h"
#include "engine/retrieval/retriever.h"
#include "ranker/rules/rule.h"

namespace tamis::engine {

// The rule of `config` for one request: shares of the user's history are counted, pinned ids looked up (what may not be
// served is not pinned). internal where the ranker refuses what the grammar allowed.
Result<std::unique_ptr<ranker::Rule>> make_rule(const RuleConfig& config, const RetrievalContext& context,
                                                const UserState& person, const ranker::ItemFacts& facts);

// The space that the rule compares items in, or null.
const SpaceIndex* space_of(const RuleConfig& config, const ReadState& state);

// It goes by what has been shown, of which the log knows nothing.
bool reads_impressions(const RuleConfig& config);

// It takes out items by what is known of each, or by those before it in the list, so that it holds for items of the
// fallback and for pinned ones, too. A minimum score does not: scores of different sources do not compare.
bool is_screen(const RuleConfig& config);

}  // namespace tamis::engine
