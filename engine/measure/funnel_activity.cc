#include "engine/measure/funnel_activity.h"

#include <algorithm>

#include "models/metrics.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kRest = "other";

// Never below 0: a group may have begun after what is taken out of it was counted in one that is no more.
template <typename Count, typename Amount>
void take_out(Count* count, Amount amount) {
  *count -= std::min(*count, static_cast<Count>(amount));
}

}  // namespace

void ActivityRing::Counts::merge(const Counts& other) {
  lists += other.lists;
  slots += other.slots;
  clicked += other.clicked;
  converted += other.converted;
  value += other.value;
  for (const auto& [type, count] : other.outcomes) outcomes[type] += count;
  for (const auto& [item, count] : other.served) served[item] += count;
}

ActivityRing::Counts* ActivityRing::at(TimestampMs at_ms) {
  if (at_ms < 0) return nullptr;
  const std::int64_t interval = at_ms / interval_ms_;
  newest_ = std::max(newest_, interval);
  if (interval + static_cast<std::int64_t>(slots_.size()) <= newest_) return nullptr;
  Slot& slot = slots_[static_cast<std::size_t>(interval) % slots_.size()];
  if (slot.interval > interval) return nullptr;
  if (slot.interval < interval) slot = {.interval = interval, .counts = {}};
  return &slot.counts;
}

ActivityRing::Counts ActivityRing::sum(TimestampMs now_ms) const {
  const std::int64_t now = now_ms / interval_ms_;
  Counts total;
  for (const Slot& slot : slots_) {
    if (slot.interval > now - static_cast<std::int64_t>(slots_.size()) && slot.interval <= now)
      total.merge(slot.counts);
  }
  return total;
}

std::uint32_t FunnelActivity::group(const std::string& funnel, const std::string& experiment, const std::string& arm) {
  const auto found = names_.find({funnel, experiment, arm});
  if (found != names_.end()) return found->second;
  const bool is_rest = funnel == kRest && experiment.empty();
  if (groups_.size() >= kMaxGroups - 1 && !is_rest && !make_room()) return group(std::string(kRest), "", "");
  const std::uint32_t number = next_++;
  Group& made = groups_[number];
  made.funnel = funnel;
  made.experiment = experiment;
  made.arm = arm;
  names_[{funnel, experiment, arm}] = number;
  return number;
}

bool FunnelActivity::exists(const Group& group) const {
  const bool is_rest = group.funnel == kRest && group.experiment.empty();
  return is_rest || exists_(group.funnel, group.experiment);
}

bool FunnelActivity::make_room() {
  for (auto entry = groups_.begin(); entry != groups_.end(); ++entry) {
    const Group& group = entry->second;
    if (exists(group)) continue;
    names_.erase({group.funnel, group.experiment, group.arm});
    groups_.erase(entry);
    return true;
  }
  return false;
}

std::vector<std::uint32_t> FunnelActivity::groups_of(const storage::Impression& list) {
  std::vector<std::uint32_t> groups = {group(list.funnel, "", "")};
  for (const storage::ArmRef& arm : list.arms) {
    const std::uint32_t number = group(list.funnel, arm.experiment, arm.arm);
    if (std::find(groups.begin(), groups.end(), number) == groups.end()) groups.push_back(number);
  }
  return groups;
}

std::vector<std::uint32_t> FunnelActivity::find_groups(const storage::Impression& list) const {
  std::vector<std::uint32_t> groups;
  const auto add = [&](const std::string& experiment, const std::string& arm) {
    const auto found = names_.find({list.funnel, experiment, arm});
    if (found != names_.end() && std::find(groups.begin(), groups.end(), found->second) == groups.end())
      groups.push_back(found->second);
  };
  add("", "");
  for (const storage::ArmRef& arm : list.arms) add(arm.experiment, arm.arm);
  return groups;
}

template <typename Change>
void FunnelActivity::change(std::span<const std::uint32_t> groups, TimestampMs served_ms, const Change& apply) {
  for (const std::uint32_t number : groups) {
    const auto found = groups_.find(number);
    if (found == groups_.end()) continue;
    Group& group = found->second;
    apply(group.all);
    if (auto* counts = group.minutes.at(served_ms)) apply(*counts);
    if (auto* counts = group.hours.at(served_ms)) apply(*counts);
  }
}

void FunnelActivity::add_list(std::span<const std::uint32_t> groups, TimestampMs served_ms,
                              std::span<const DenseId> items) {
  change(groups, served_ms, [&](ActivityRing::Counts& counts) {
    ++counts.lists;
    counts.slots += items.size();
    for (const DenseId item : items) ++counts.served[item];
  });
}

void FunnelActivity::add_outcome(std::span<const std::uint32_t> groups, TimestampMs served_ms,
                                 const OutcomeChange& outcome) {
  change(groups, served_ms, [&](ActivityRing::Counts& counts) {
    ++counts.outcomes[outcome.type];
    counts.clicked += outcome.is_first_click ? 1 : 0;
    counts.converted += outcome.is_first_conversion ? 1 : 0;
    counts.value += outcome.value;
  });
}

void FunnelActivity::take_back_outcome(std::span<const std::uint32_t> groups, TimestampMs served_ms,
                                       const OutcomeChange& outcome) {
  change(groups, served_ms, [&](ActivityRing::Counts& counts) {
    --counts.outcomes[outcome.type];
    counts.clicked -= outcome.is_first_click ? 1 : 0;
    counts.converted -= outcome.is_first_conversion ? 1 : 0;
    counts.value -= outcome.value;
  });
}

void FunnelActivity::forget_list(std::span<const std::uint32_t> groups, std::span<const DenseId> items) {
  for (const std::uint32_t number : groups) {
    const auto group = groups_.find(number);
    if (group == groups_.end()) continue;
    ActivityRing::Counts& all = group->second.all;
    take_out(&all.lists, 1);
    take_out(&all.slots, items.size());
    for (const DenseId item : items) {
      const auto found = all.served.find(item);
      if (found != all.served.end() && --found->second == 0) all.served.erase(found);
    }
  }
}

void FunnelActivity::forget_outcome(std::span<const std::uint32_t> groups, const OutcomeChange& outcome) {
  for (const std::uint32_t number : groups) {
    const auto group = groups_.find(number);
    if (group == groups_.end()) continue;
    ActivityRing::Counts& all = group->second.all;
    take_out(&all.outcomes[outcome.type], 1);
    take_out(&all.clicked, outcome.is_first_click ? 1 : 0);
    take_out(&all.converted, outcome.is_first_conversion ? 1 : 0);
    all.value -= outcome.value;
  }
}

std::vector<FunnelActivity::Figures> FunnelActivity::figures(TimestampMs now_ms) const {
  std::vector<Figures> figures;
  for (const auto& [number, group] : groups_) {
    if (!exists(group)) continue;
    figures.push_back(
        {group.funnel, group.experiment, group.arm, {group.minutes.sum(now_ms), group.hours.sum(now_ms), group.all}});
  }
  return figures;
}

std::uint64_t FunnelActivity::memory_bytes() const {
  constexpr std::uint64_t kBytesPerItem = 48;  // in `all` and, of busy items, in the rings
  std::uint64_t bytes = 0;
  for (const auto& [number, group] : groups_) bytes += sizeof group + 3 * group.all.served.size() * kBytesPerItem;
  return bytes;
}

FunnelWindow window_figures(std::string window, const ActivityRing::Counts& counts, std::uint64_t listed_items,
                            const std::vector<std::string>& type_names) {
  FunnelWindow figures;
  figures.window = std::move(window);
  figures.lists = counts.lists;
  figures.slots = counts.slots;
  figures.clicked = counts.clicked;
  figures.converted = counts.converted;
  figures.value = counts.value;
  for (const auto& [type, count] : counts.outcomes) {
    if (count > 0 && type < type_names.size()) figures.outcomes[type_names[type]] = count;
  }
  if (counts.slots > 0) {
    const auto slots = static_cast<double>(counts.slots);
    figures.click_through_rate = static_cast<double>(counts.clicked) / slots;
    figures.conversion_rate = static_cast<double>(counts.converted) / slots;
  }
  // Items that were served and are gone since still stand in the sum: the share is of what could have been served.
  const std::uint64_t items = std::max<std::uint64_t>(listed_items, counts.served.size());
  if (items == 0) return figures;
  figures.coverage = static_cast<double>(counts.served.size()) / static_cast<double>(items);
  std::vector<std::uint64_t> by_item;
  by_item.reserve(items);
  for (const auto& [item, count] : counts.served) by_item.push_back(count);
  by_item.resize(items, 0);
  figures.gini = models::gini_coefficient(by_item);
  return figures;
}

}  // namespace tamis::engine
