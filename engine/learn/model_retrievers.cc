#include "engine/learn/model_retrievers.h"

#include <cstdio>

#include "engine/funnel/funnel_names.h"
#include "engine/retrieval/retriever.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {

RetrieverConfig retriever_of(const std::string& model, std::uint32_t quota) {
  RetrieverConfig config{.kind = model, .quota = quota, .space = {}};
  const bool is_plain = model == "popular" || model == "trending" || model == "item_knn" || model == "user_knn";
  if (is_plain || models::find_history_model_kind(model) != nullptr) return config;
  config.kind = "ann";
  config.space = model;
  return config;
}

std::string member_of(const RetrieverConfig& config) {
  return retriever_reads_space(config.kind) ? config.space : config.kind;
}

std::string name_retrievers(const std::vector<RetrieverConfig>& retrievers) {
  std::string text;
  for (const RetrieverConfig& retriever : retrievers) {
    char weight[16] = "";
    if (!text.empty()) std::snprintf(weight, sizeof(weight), " + %.4g ", retriever.weight);
    text += weight + retriever_label(retriever);
  }
  return text;
}

std::string name_settings(const models::Settings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) text += (text.empty() ? "" : ", ") + name + "=" + value;
  return text;
}

}  // namespace tamis::engine
