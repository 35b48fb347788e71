// Attribution: which served slot an interaction belongs to.
//
// An interaction that carries a recommendation id belongs to that list's slot with its item, or to none: it says itself
// where it came from. Any other belongs to the last touch: of the lists shown to its user that hold its item, were
// served at or before its time and no longer than the list's own attribution window ago, the one served last. Each
// interaction is attributed once, when it is committed; what its timestamp says counts, not when it arrived.
//
// Keeps recent lists in memory, within a number of bytes; what is older is out of reach. Externally synchronised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "storage/impression.h"

namespace tamis::engine {

// A list as attribution remembers it.
struct RecentList {
  struct Slot {
    DenseId item = kNoDenseId;
    bool clicked = false;
    bool converted = false;
  };
  std::string recommendation_id;
  TimestampMs served_ms = 0;
  std::int64_t window_ms = 0;
  std::uint64_t user = 0;             // hash of the external id; 0: anonymous
  std::vector<std::uint32_t> groups;  // of FunnelActivity
  std::vector<Slot> slots;
};

// What attribution looks at of an interaction.
struct Touch {
  std::string_view user;
  std::string_view recommendation_id;
  DenseId item = kNoDenseId;
  TimestampMs timestamp_ms = 0;
};

enum class TouchResult {
  kAttributed,
  kNoTouch,      // nothing was shown that it could belong to
  kUnknownList,  // it names a list that was not logged, was dropped, or is out of reach
  kForeignItem,  // it names a list that does not hold its item
};

class Attribution {
 public:
  static constexpr std::size_t kMaxListsOfUser = 256;  // older ones take interactions by id only

  explicit Attribution(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  // `slots` say what has come of the list's already, one for one; their items are filled in.
  void add(const storage::Impression& list, std::vector<std::uint32_t> groups, std::vector<RecentList::Slot> slots);
  // `slot` is set where the result is kAttributed; the list is valid until the next call that is not const.
  struct Found {
    TouchResult result = TouchResult::kNoTouch;
    RecentList* list = nullptr;
    std::uint32_t slot = 0;
  };
  Found find(const Touch& touch);
  // What has come of a list is this now, slot by slot; where the list is still in reach.
  void set_slots(const std::string& recommendation_id, const std::vector<RecentList::Slot>& slots);
  // Nothing is attributed to the list any more.
  void forget(const std::string& recommendation_id);
  void forget_before(TimestampMs served_ms);
  void clear();

  // The lists of a user that are still in reach, oldest first.
  void visit_user(std::string_view user, const std::function<void(const RecentList&)>& visit) const;
  bool empty() const { return lists_.empty(); }
  std::size_t size() const { return lists_.size(); }
  std::uint64_t memory_bytes() const { return bytes_; }

 private:
  const RecentList& at(std::uint64_t number) const { return lists_[number - first_]; }
  RecentList& at(std::uint64_t number) { return lists_[number - first_]; }
  void pop_oldest();

  const std::uint64_t capacity_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t first_ = 0;  // number of the oldest list
  std::deque<RecentList> lists_;
  std::unordered_map<std::string, std::uint64_t> by_id_;                  // -> number
  std::unordered_map<std::uint64_t, std::deque<std::uint64_t>> by_user_;  // -> numbers, oldest first
};

}  // namespace tamis::engine
