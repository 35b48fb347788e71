#include "engine/measure/funnel_activity.h"

#include <algorithm>

#include "models/metrics.h"

namespace tamis::engine {

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
  const bool is_rest = funnel == "other" && experiment.empty();
  if (groups_.size() >= kMaxGroups - 1 && !is_rest) return group("other", "", "");
  const auto number = static_cast<std::uint32_t>(groups_.size());
  Group& made = groups_.emplace_back();
  made.funnel = funnel;
  made.experiment = experiment;
  made.arm = arm;
  names_[{funnel, experiment, arm}] = number;
  return number;
}

std::vector<std::uint32_t> FunnelActivity::groups_of(const storage::Impression& list) {
  std::vector<std::uint32_t> groups = {group(list.funnel, "", "")};
  for (const storage::ArmRef& arm : list.arms) {
    const std::uint32_t number = group(list.funnel, arm.experiment, arm.arm);
    if (std::find(groups.begin(), groups.end(), number) == groups.end()) groups.push_back(number);
  }
  return groups;
}

template <typename Change>
void FunnelActivity::change(std::span<const std::uint32_t> groups, TimestampMs served_ms, const Change& apply) {
  for (const std::uint32_t number : groups) {
    Group& group = groups_[number];
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

void FunnelActivity::forget_list(std::span<const std::uint32_t> groups, std::span<const DenseId> items) {
  for (const std::uint32_t number : groups) {
    ActivityRing::Counts& all = groups_[number].all;
    --all.lists;
    all.slots -= items.size();
    for (const DenseId item : items) {
      const auto found = all.served.find(item);
      if (found != all.served.end() && --found->second == 0) all.served.erase(found);
    }
  }
}

void FunnelActivity::forget_outcome(std::span<const std::uint32_t> groups, const OutcomeChange& outcome) {
  for (const std::uint32_t number : groups) {
    ActivityRing::Counts& all = groups_[number].all;
    --all.outcomes[outcome.type];
    all.clicked -= outcome.is_first_click ? 1 : 0;
    all.converted -= outcome.is_first_conversion ? 1 : 0;
    all.value -= outcome.value;
  }
}

std::vector<FunnelActivity::Figures> FunnelActivity::figures(TimestampMs now_ms) const {
  std::vector<Figures> figures;
  for (const Group& group : groups_) {
    figures.push_back(
        {group.funnel, group.experiment, group.arm, {group.minutes.sum(now_ms), group.hours.sum(now_ms), group.all}});
  }
  return figures;
}

std::uint64_t FunnelActivity::memory_bytes() const {
  constexpr std::uint64_t kBytesPerItem = 48;  // in `all` and, of busy items, in the rings
  std::uint64_t bytes = 0;
  for (const Group& group : groups_) bytes += sizeof group + 3 * group.all.served.size() * kBytesPerItem;
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
