#include "engine/learn/served_lists.h"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace tamis::engine {
namespace {

constexpr std::uint64_t kCancelCheckInterval = 4'096;  // lists

std::uint32_t reached(const ServedList::Outcome& outcome, const std::vector<RankObjective>& objectives) {
  std::uint32_t bits = 0;
  for (std::size_t o = 0; o < objectives.size(); ++o) {
    const RankObjective& objective = objectives[o];
    if (outcome.type == objective.type && (!objective.has_least || double{outcome.value} >= objective.least_value))
      bits |= 1U << o;
  }
  return bits;
}

}  // namespace

Result<std::vector<ServedList>> load_served_lists(const storage::Store& store, const Dataset& dataset,
                                                  const std::atomic<bool>* cancelled) {
  std::unordered_map<std::string_view, std::uint32_t> users;
  for (std::uint32_t row = 0; row < dataset.users.size(); ++row) users.emplace(dataset.users[row], row);
  std::unordered_map<DenseId, std::uint32_t> items;
  for (std::uint32_t row = 0; row < dataset.items.size(); ++row)
    if (const auto id = store.ids(EntityKind::kItem).find(dataset.items[row])) items.emplace(*id, row);
  std::unordered_map<storage::InteractionTypeId, std::uint32_t> types;
  for (std::uint32_t type = 0; type < dataset.types.size(); ++type)
    if (const auto id = store.find_interaction_type(dataset.types[type])) types.emplace(*id, type);

  std::vector<ServedList> lists;
  std::uint64_t visited = 0;
  bool stopped = false;
  const auto visit = [&](const storage::Impression& shown, std::span<const storage::Outcome> outcomes) {
    stopped = ++visited % kCancelCheckInterval == 0 && cancelled != nullptr && cancelled->load();
    const auto user = users.find(shown.user);
    if (user == users.end()) return !stopped;
    ServedList list{
        .user = user->second, .served_ms = shown.served_ms, .context = shown.context, .items = {}, .outcomes = {}};
    std::vector<std::uint32_t> place(shown.slots.size(), kNoDenseId);
    for (std::size_t slot = 0; slot < shown.slots.size(); ++slot) {
      const auto item = items.find(shown.slots[slot].item);
      if (item == items.end()) continue;
      place[slot] = static_cast<std::uint32_t>(list.items.size());
      list.items.push_back(item->second);
    }
    for (const storage::Outcome& outcome : outcomes) {
      const auto type = types.find(outcome.type);
      if (type == types.end() || outcome.slot >= place.size() || place[outcome.slot] == kNoDenseId) continue;
      list.outcomes.push_back({place[outcome.slot], type->second, static_cast<float>(outcome.value.value_or(1))});
    }
    if (!list.items.empty()) lists.push_back(std::move(list));
    return !stopped;
  };
  TAMIS_RETURN_IF_ERROR(store.scan_impressions(kMinTimestampMs, kMaxTimestampMs, visit));
  if (stopped) return Status::unavailable("training was cancelled");
  return lists;
}

std::vector<RankList> make_served_lists(const std::vector<ServedList>& served, const RankWindow& window,
                                        const std::vector<RankObjective>& objectives, std::size_t most) {
  std::vector<RankList> lists;
  for (const ServedList& shown : served) {
    if (shown.served_ms < window.begin_ms || shown.served_ms >= window.end_ms) continue;
    RankList& list = lists.emplace_back();
    list.user = shown.user;
    list.now_ms = shown.served_ms;
    if (!shown.context.empty()) list.context = &shown.context;
    list.items = shown.items;
    list.labels.assign(shown.items.size(), 0);
    for (const ServedList::Outcome& outcome : shown.outcomes) {
      list.labels[outcome.slot] |= reached(outcome, objectives);
      list.relevant.push_back(shown.items[outcome.slot]);
    }
    std::sort(list.relevant.begin(), list.relevant.end());
    list.relevant.erase(std::unique(list.relevant.begin(), list.relevant.end()), list.relevant.end());
  }
  if (lists.size() > most) lists.erase(lists.begin(), lists.end() - static_cast<std::ptrdiff_t>(most));
  return lists;
}

std::size_t count_positives(const std::vector<RankList>& lists) {
  std::size_t positives = 0;
  for (const RankList& list : lists)
    positives += static_cast<std::size_t>(
        std::count_if(list.labels.begin(), list.labels.end(), [](std::uint32_t bits) { return bits != 0; }));
  return positives;
}

}  // namespace tamis::engine
