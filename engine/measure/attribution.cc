#include "engine/measure/attribution.h"

#include <algorithm>

#include "common/checksum.h"

namespace tamis::engine {
namespace {

// 0 stands for anonymous: the one name that hashes to it shares its neighbour's number.
std::uint64_t user_hash(std::string_view user) {
  if (user.empty()) return 0;
  return std::max<std::uint64_t>(checksum64(user.data(), user.size()), 1);
}

std::uint64_t bytes_of(const RecentList& list) {
  constexpr std::uint64_t kNodes = 200;  // entries of the maps
  return sizeof list + list.slots.capacity() * sizeof(RecentList::Slot) +
         list.groups.capacity() * sizeof(std::uint32_t) + 2 * list.recommendation_id.capacity() + kNodes;
}

std::optional<std::uint32_t> slot_of(const RecentList& list, DenseId item) {
  for (std::size_t i = 0; i < list.slots.size(); ++i) {
    if (list.slots[i].item == item) return static_cast<std::uint32_t>(i);
  }
  return std::nullopt;
}

}  // namespace

void Attribution::add(const storage::Impression& list, std::vector<std::uint32_t> groups,
                      std::vector<RecentList::Slot> slots) {
  RecentList& kept = lists_.emplace_back();
  kept.recommendation_id = list.recommendation_id;
  kept.served_ms = list.served_ms;
  kept.window_ms = list.attribution_window_s * 1'000;
  kept.user = user_hash(list.user);
  kept.groups = std::move(groups);
  kept.slots = std::move(slots);
  kept.slots.resize(list.slots.size());
  for (std::size_t i = 0; i < list.slots.size(); ++i) kept.slots[i].item = list.slots[i].item;
  bytes_ += bytes_of(kept);
  const std::uint64_t number = first_ + lists_.size() - 1;
  by_id_[list.recommendation_id] = number;
  if (kept.user != 0) {
    std::deque<std::uint64_t>& of_user = by_user_[kept.user];
    of_user.push_back(number);
    if (of_user.size() > kMaxListsOfUser) of_user.pop_front();
  }
  while (bytes_ > capacity_bytes_ && lists_.size() > 1) pop_oldest();
}

void Attribution::pop_oldest() {
  const RecentList& oldest = lists_.front();
  if (const auto found = by_id_.find(oldest.recommendation_id); found != by_id_.end() && found->second == first_)
    by_id_.erase(found);
  if (const auto found = by_user_.find(oldest.user); found != by_user_.end()) {
    if (!found->second.empty() && found->second.front() == first_) found->second.pop_front();
    if (found->second.empty()) by_user_.erase(found);
  }
  bytes_ -= bytes_of(oldest);
  lists_.pop_front();
  ++first_;
}

void Attribution::set_slots(const std::string& recommendation_id, const std::vector<RecentList::Slot>& slots) {
  const auto found = by_id_.find(recommendation_id);
  if (found == by_id_.end()) return;
  std::vector<RecentList::Slot>& kept = at(found->second).slots;
  for (std::size_t i = 0; i < std::min(kept.size(), slots.size()); ++i) {
    kept[i].clicked = slots[i].clicked;
    kept[i].converted = slots[i].converted;
  }
}

void Attribution::forget(const std::string& recommendation_id) {
  const auto found = by_id_.find(recommendation_id);
  if (found == by_id_.end()) return;
  RecentList& list = at(found->second);
  list.slots.clear();  // holds no item that an interaction could belong to
  by_id_.erase(found);
}

void Attribution::forget_before(TimestampMs served_ms) {
  while (!lists_.empty() && lists_.front().served_ms < served_ms) pop_oldest();
}

void Attribution::clear() {
  lists_.clear();
  by_id_.clear();
  by_user_.clear();
  bytes_ = 0;
}

Attribution::Found Attribution::find(const Touch& touch) {
  if (!touch.recommendation_id.empty()) {
    const auto found = by_id_.find(std::string(touch.recommendation_id));
    if (found == by_id_.end()) return {.result = TouchResult::kUnknownList};
    RecentList& list = at(found->second);
    const auto slot = slot_of(list, touch.item);
    if (!slot) return {.result = TouchResult::kForeignItem};
    return {.result = TouchResult::kAttributed, .list = &list, .slot = *slot};
  }
  const auto of_user = by_user_.find(user_hash(touch.user));
  if (touch.user.empty() || of_user == by_user_.end()) return {};
  Found last;
  for (const std::uint64_t number : of_user->second) {
    RecentList& list = at(number);
    if (list.served_ms > touch.timestamp_ms || touch.timestamp_ms - list.served_ms > list.window_ms) continue;
    if (last.list != nullptr && list.served_ms < last.list->served_ms) continue;
    if (const auto slot = slot_of(list, touch.item))
      last = {.result = TouchResult::kAttributed, .list = &list, .slot = *slot};
  }
  return last;
}

void Attribution::visit_user(std::string_view user, const std::function<void(const RecentList&)>& visit) const {
  const auto of_user = by_user_.find(user_hash(user));
  if (user.empty() || of_user == by_user_.end()) return;
  for (const std::uint64_t number : of_user->second) visit(at(number));
}

}  // namespace tamis::engine
