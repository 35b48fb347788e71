// RequestItemFacts: what rules may ask of a request's candidates, read from the pinned state and kept for the request.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/requests.h"
#include "engine/retrieval/retriever.h"
#include "ranker/rules/rule.h"

namespace tamis::engine {

// Externally synchronised; lives on the stack of one query.
class RequestItemFacts final : public ranker::ItemFacts {
 public:
  // `person` is whose past history() tells: the recent interactions that the state holds, those of the request, and
  // what was shown lately, as events of type "impression". REQUIRES: all outlive this.
  RequestItemFacts(const RetrievalContext& context, const UserState& person, std::span<const HistoryEntry> history);

  // The space that embedding() reads from now on; null: none has a vector.
  void use_space(const SpaceIndex* space);

  std::string_view id(std::uint32_t item) const override;
  const Features& features(std::uint32_t item) const override;
  std::span<const float> embedding(std::uint32_t item) const override;
  ranker::ItemCounts counts(std::uint32_t item) const override;
  std::span<const ranker::PastEvent> history(std::uint32_t item) const override;

 private:
  void load_history() const;

  const RetrievalContext& context_;
  const UserState& person_;
  std::span<const HistoryEntry> request_history_;
  const SpaceIndex* space_ = nullptr;
  mutable std::unordered_map<DenseId, std::string> ids_;
  mutable std::unordered_map<DenseId, std::shared_ptr<const Entity>> entities_;
  mutable std::unordered_map<DenseId, std::vector<float>> vectors_;  // of space_
  mutable bool has_history_ = false;
  mutable std::deque<std::string> types_;  // what events' types view
  mutable std::unordered_map<DenseId, std::vector<ranker::PastEvent>> history_;
};

}  // namespace tamis::engine
