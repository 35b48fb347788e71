#include "models/bought_together/baskets.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace tamis::models {
namespace {

constexpr std::string_view kUsualTypes = "purchase,order,buy,bought,transaction";

std::vector<std::string_view> split_names(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, end);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.push_back(name);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

// By place in `data.types`: whether events of the type count as buying.
std::vector<bool> find_types(const TrainingData& data, const std::string& wanted) {
  const std::vector<std::string_view> names = split_names(wanted.empty() ? kUsualTypes : std::string_view(wanted));
  std::vector<bool> counts(data.types.size());
  for (std::size_t type = 0; type < counts.size(); ++type)
    counts[type] = std::find(names.begin(), names.end(), data.types[type]) != names.end();
  return counts;
}

std::string describe_types(const BasketOptions& options) {
  const std::string_view names = options.types.empty() ? kUsualTypes : std::string_view(options.types);
  return "of the types " + std::string(names);
}

// Numbers the baskets of events that name none, one user after the other.
class BasketsByTime {
 public:
  BasketsByTime(double gap_minutes, std::uint32_t first)
      : gap_ms_(static_cast<TimestampMs>(gap_minutes * 60'000)), next_(first) {}

  // Events come by time.
  std::uint32_t number(const TimedInteraction& event) {
    const auto [open, is_new] = open_.try_emplace(event.user, Open{});
    if (is_new || event.timestamp_ms - open->second.last_ms > gap_ms_) open->second.number = next_++;
    open->second.last_ms = event.timestamp_ms;
    return open->second.number;
  }

 private:
  struct Open {
    std::uint32_t number = 0;
    TimestampMs last_ms = 0;
  };
  TimestampMs gap_ms_;
  std::uint32_t next_;
  std::map<std::uint32_t, Open> open_;  // by user
};

}  // namespace

Result<InteractionMatrix> make_baskets(const TrainingData& data, const BasketOptions& options) {
  const std::vector<bool> counted = find_types(data, options.types);
  const bool has_types = std::find(counted.begin(), counted.end(), true) != counted.end();
  const auto basket_of = [&](std::size_t event) { return data.event_baskets.empty() ? 0 : data.event_baskets[event]; };
  std::uint32_t named = 0;
  for (const std::uint32_t basket : data.event_baskets) named = std::max(named, basket);

  BasketsByTime by_time(options.gap_minutes, named + 1);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> entries;  // basket, item
  for (std::size_t i = 0; i < data.events.size(); ++i) {
    const std::uint32_t basket = basket_of(i);
    const bool is_bought = has_types ? counted[data.event_types[i]] : options.types.empty() && basket != 0;
    if (!is_bought) continue;
    if (basket != 0)
      entries.emplace_back(basket, data.events[i].item);
    else if (data.has_times)
      entries.emplace_back(by_time.number(data.events[i]), data.events[i].item);
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());

  InteractionMatrix baskets{.rows = 0, .columns = data.items, .offsets = {0}, .column = {}, .weight = {}};
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = begin;
    while (end < entries.size() && entries[end].first == entries[begin].first) ++end;
    const std::size_t size = end - begin;
    if (size >= 2 && size <= options.most) {
      for (std::size_t i = begin; i < end; ++i) baskets.column.push_back(entries[i].second);
      baskets.offsets.push_back(baskets.column.size());
      ++baskets.rows;
    }
    begin = end;
  }
  baskets.weight.assign(baskets.column.size(), 1.0F);
  if (baskets.rows > 0) return baskets;
  if (!has_types && entries.empty())
    return Status::failed_precondition("no interaction " + describe_types(options) + " and none names a basket");
  return Status::failed_precondition("no basket holds two items or more (of " + std::to_string(entries.size()) +
                                     " purchases)");
}

}  // namespace tamis::models
