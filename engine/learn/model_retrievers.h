// Which retriever asks a model, which model a retriever asks, and how reports name them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/funnel.h"
#include "models/settings.h"

namespace tamis::engine {

// Of a model or `popular` and `trending`.
RetrieverConfig retriever_of(const std::string& model, std::uint32_t quota);
std::string member_of(const RetrieverConfig& config);

// "ease + 0.5 popular"
std::string name_retrievers(const std::vector<RetrieverConfig>& retrievers);
// "dim=128, regularization=0.01"
std::string name_settings(const models::Settings& settings);

}  // namespace tamis::engine
