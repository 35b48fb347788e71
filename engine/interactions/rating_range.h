// What ratings show of their range: stars out of five, points out of ten, percents, thumbs. The thresholds of the
// built-in type `rating` are those of stars; a database whose ratings are something else tells so by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "engine/interactions/interaction_types.h"

namespace tamis::engine {

inline constexpr std::string_view kRatingType = "rating";
inline constexpr std::size_t kRatingsToTell = 50;

// `rating` with the thresholds that fit the values; nothing where the stars of `types` fit, where there are fewer than
// kRatingsToTell values, where they do not tell (all are 1; some lie above 100), and where a person declared the type.
// A range that was told before is widened, never narrowed. Values that few share play no part. O(values log values).
std::optional<InteractionType> tell_rating_type(std::span<const double> values, const InteractionTypes& types);

// The newest values of the type `rating`. Thread-safe.
class RecentRatings {
 public:
  void add(double value);
  // What came since the last call and before; empty where nothing came since.
  std::vector<double> take_if_changed();

  struct Saved {
    std::vector<double> values;
    std::uint64_t next = 0;  // the oldest of them
  };
  Saved save() const;
  void load(Saved saved);

 private:
  static constexpr std::size_t kMost = 1'000;
  mutable Mutex mutex_;
  std::vector<double> values_ TAMIS_GUARDED_BY(mutex_);
  std::size_t next_ TAMIS_GUARDED_BY(mutex_) = 0;
  bool is_changed_ TAMIS_GUARDED_BY(mutex_) = false;
};

}  // namespace tamis::engine
