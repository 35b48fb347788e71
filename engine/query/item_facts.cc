#include "engine/query/item_facts.h"

#include <algorithm>

namespace tamis::engine {

RequestItemFacts::RequestItemFacts(const RetrievalContext& context, const UserState& person,
                                   std::span<const HistoryEntry> history)
    : context_(context), person_(person), request_history_(history) {}

void RequestItemFacts::use_space(const SpaceIndex* space) {
  if (space_ == space) return;
  space_ = space;
  vectors_.clear();
}

std::string_view RequestItemFacts::id(std::uint32_t item) const {
  const auto [found, is_new] = ids_.try_emplace(item);
  if (is_new) found->second = context_.state.store->ids(EntityKind::kItem).name(item);
  return found->second;
}

const Features& RequestItemFacts::features(std::uint32_t item) const {
  static const Features kNone;
  const auto [found, is_new] = entities_.try_emplace(item);
  if (is_new) found->second = context_.state.items->get(item, context_.now_ms);
  return found->second == nullptr ? kNone : found->second->features;
}

std::span<const float> RequestItemFacts::embedding(std::uint32_t item) const {
  if (space_ == nullptr) return {};
  const auto [found, is_new] = vectors_.try_emplace(item);
  if (!is_new) return found->second;
  found->second.resize(space_->space.dim);
  if (!space_->items->get(item, found->second)) found->second.clear();  // as the index has it: no disk is read
  return found->second;
}

ranker::ItemCounts RequestItemFacts::counts(std::uint32_t item) const {
  if (context_.state.impression_statistics == nullptr) return {};
  const ImpressionCounts counts = context_.state.impression_statistics->of_item(item);
  return {.impressions = counts.impressions, .clicks = counts.clicks};
}

std::span<const ranker::PastEvent> RequestItemFacts::history(std::uint32_t item) const {
  if (!has_history_) load_history();
  const auto found = history_.find(item);
  if (found == history_.end()) return {};
  return found->second;
}

void RequestItemFacts::load_history() const {
  has_history_ = true;
  const ReadState& state = context_.state;
  std::unordered_map<std::string, std::string_view> interned;
  const auto intern = [&](const std::string& type) {
    const auto [found, is_new] = interned.try_emplace(type);
    if (is_new) found->second = types_.emplace_back(type);
    return found->second;
  };
  for (const HistoryEntry& entry : request_history_) {
    const auto item = state.store->ids(EntityKind::kItem).find(entry.item);
    if (!item) continue;
    history_[*item].push_back(
        {intern(entry.type), entry.timestamp_ms == kNoTime ? context_.now_ms : entry.timestamp_ms});
  }
  if (person_.user != kNoDenseId) {
    // A history that cannot be read has failed the request before: the user state was loaded from it.
    if (const auto stored = state.histories->get(person_.user); stored.is_ok()) {
      std::unordered_map<storage::InteractionTypeId, std::string_view> names;
      for (const HistoryEvent& event : (*stored)->events) {
        const auto [name, is_new] = names.try_emplace(event.type);
        if (is_new) name->second = intern(state.store->interaction_type_name(event.type));
        history_[event.item].push_back({name->second, event.timestamp_ms});
      }
    }
  }
  if (state.impression_statistics == nullptr || person_.name.empty()) return;
  const std::string_view impression = intern("impression");
  for (const ShownItem& shown : state.impression_statistics->shown_to(person_.name))
    history_[shown.item].push_back({impression, shown.at_ms});
}

}  // namespace tamis::engine
