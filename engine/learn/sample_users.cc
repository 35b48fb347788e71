#include "engine/learn/sample_users.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/checksum.h"

namespace tamis::engine {
namespace {

// [users of `all`]: rows of the sample; kNoDenseId for those who are left out.
std::vector<std::uint32_t> choose_users(const Dataset& all, std::uint64_t most_events) {
  std::vector<std::uint64_t> counts(all.users.size());
  for (const models::TimedInteraction& event : all.events) ++counts[event.user];
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;
  order.reserve(all.users.size());
  for (std::uint32_t user = 0; user < all.users.size(); ++user)
    order.emplace_back(checksum64(all.users[user].data(), all.users[user].size()), user);
  std::sort(order.begin(), order.end());
  std::vector<std::uint32_t> rows(all.users.size(), kNoDenseId);
  std::uint64_t events = 0;
  for (const auto& [hash, user] : order) {
    if (events > 0 && events + counts[user] > most_events) continue;  // one user may have more than all of the others
    events += counts[user];
    rows[user] = 0;
  }
  std::uint32_t next = 0;
  for (std::uint32_t& row : rows)
    if (row != kNoDenseId) row = next++;
  return rows;
}

}  // namespace

Dataset sample_users(const Dataset& all, std::uint64_t most_events) {
  const std::vector<std::uint32_t> rows = choose_users(all, most_events);
  Dataset sample;
  sample.sequence = all.sequence;
  sample.interactions = all.interactions;
  sample.items = all.items;
  sample.types = all.types;
  sample.rating_scales = all.rating_scales;
  sample.is_retimed = all.is_retimed;
  sample.item_features = all.item_features;
  sample.other_item_features = all.other_item_features;
  sample.contexts = all.contexts;
  sample.text_embedders = all.text_embedders;
  for (std::size_t user = 0; user < rows.size(); ++user) {
    if (rows[user] == kNoDenseId) continue;
    sample.users.push_back(all.users[user]);
    if (!all.user_features.empty()) sample.user_features.push_back(all.user_features[user]);
  }
  const auto keep = [&](const models::TimedInteraction& event, std::vector<models::TimedInteraction>* list) {
    if (rows[event.user] == kNoDenseId) return false;
    list->push_back(event);
    list->back().user = rows[event.user];
    return true;
  };
  for (std::size_t i = 0; i < all.events.size(); ++i) {
    if (!keep(all.events[i], &sample.events)) continue;
    sample.event_types.push_back(all.event_types[i]);
    sample.event_values.push_back(all.event_values[i]);
    if (!all.event_contexts.empty()) sample.event_contexts.push_back(all.event_contexts[i]);
    if (!all.event_baskets.empty()) sample.event_baskets.push_back(all.event_baskets[i]);
  }
  for (const models::TimedInteraction& event : all.negatives) keep(event, &sample.negatives);
  for (const models::TimedInteraction& event : all.ratings) keep(event, &sample.ratings);
  return sample;
}

std::vector<ServedList> served_to(const std::vector<ServedList>& served, const Dataset& all, const Dataset& sample) {
  std::unordered_map<std::string_view, std::uint32_t> rows;
  for (std::uint32_t row = 0; row < sample.users.size(); ++row) rows.emplace(sample.users[row], row);
  std::vector<ServedList> kept;
  for (const ServedList& list : served) {
    const auto row = rows.find(all.users[list.user]);
    if (row == rows.end()) continue;
    kept.push_back(list);
    kept.back().user = row->second;
  }
  return kept;
}

}  // namespace tamis::engine
