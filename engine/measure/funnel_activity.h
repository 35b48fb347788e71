// FunnelActivity: what funnels, and the arms of experiments in them, served and what came of it, by window.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "engine/measurement.h"
#include "storage/impression.h"

namespace tamis::engine {

// Counts over consecutive intervals of time, the newest few of them.
class ActivityRing {
 public:
  struct Counts {
    std::uint64_t lists = 0;
    std::uint64_t slots = 0;
    std::uint64_t clicked = 0;
    std::uint64_t converted = 0;
    double value = 0;
    std::map<storage::InteractionTypeId, std::uint64_t> outcomes;
    std::unordered_map<DenseId, std::uint32_t> served;  // by item
    void merge(const Counts& other);
  };
  ActivityRing(std::int64_t interval_ms, std::size_t intervals) : interval_ms_(interval_ms), slots_(intervals) {}
  // The counts of the interval that holds `at_ms`; null where it has passed out of the ring.
  Counts* at(TimestampMs at_ms);
  // Of the intervals that end within `intervals` of now's.
  Counts sum(TimestampMs now_ms) const;

 private:
  struct Slot {
    std::int64_t interval = -1;
    Counts counts;
  };
  std::int64_t interval_ms_;
  std::int64_t newest_ = -1;
  std::vector<Slot> slots_;
};

// Externally synchronised. At most kMaxGroups groups, so that labels of metrics stay bounded: where they are used up, a
// group whose funnel or experiment is gone makes room, and without one, what comes later counts as funnel "other".
class FunnelActivity {
 public:
  static constexpr std::size_t kMaxGroups = 200;
  // Whether a funnel, and an experiment where one is named, exists.
  using Exists = std::function<bool(const std::string& funnel, const std::string& experiment)>;
  explicit FunnelActivity(Exists exists) : exists_(std::move(exists)) {}

  // The groups that a list belongs to: its funnel, and its funnel in each of its arms.
  std::vector<std::uint32_t> groups_of(const storage::Impression& list);
  // The same without making any: those that still are.
  std::vector<std::uint32_t> find_groups(const storage::Impression& list) const;
  void add_list(std::span<const std::uint32_t> groups, TimestampMs served_ms, std::span<const DenseId> items);
  struct OutcomeChange {
    storage::InteractionTypeId type = 0;
    bool is_first_click = false;
    bool is_first_conversion = false;
    double value = 0;
  };
  void add_outcome(std::span<const std::uint32_t> groups, TimestampMs served_ms, const OutcomeChange& change);
  void take_back_outcome(std::span<const std::uint32_t> groups, TimestampMs served_ms, const OutcomeChange& change);
  // Takes a list that passed its retention out of the window "all". Groups that are no more are passed over.
  void forget_list(std::span<const std::uint32_t> groups, std::span<const DenseId> items);
  void forget_outcome(std::span<const std::uint32_t> groups, const OutcomeChange& change);

  struct Figures {
    std::string funnel, experiment, arm;
    std::array<ActivityRing::Counts, 3> windows;  // hour, day, all
  };
  std::vector<Figures> figures(TimestampMs now_ms) const;  // of what exists
  void clear() { groups_.clear(), names_.clear(); }
  std::uint64_t memory_bytes() const;

 private:
  struct Group {
    std::string funnel, experiment, arm;
    ActivityRing minutes{5 * 60'000, 12};
    ActivityRing hours{3'600'000, 24};
    ActivityRing::Counts all;
  };
  std::uint32_t group(const std::string& funnel, const std::string& experiment, const std::string& arm);
  bool exists(const Group& group) const;
  // True where a group could be dropped.
  bool make_room();
  template <typename Change>
  void change(std::span<const std::uint32_t> groups, TimestampMs served_ms, const Change& apply);

  Exists exists_;
  std::map<std::uint32_t, Group> groups_;  // by number; a number is never used again
  std::uint32_t next_ = 0;
  std::map<std::array<std::string, 3>, std::uint32_t> names_;
};

// The figures as callers see them. `listed_items` are those that could have been served.
FunnelWindow window_figures(std::string window, const ActivityRing::Counts& counts, std::uint64_t listed_items,
                            const std::vector<std::string>& type_names);

}  // namespace tamis::engine
