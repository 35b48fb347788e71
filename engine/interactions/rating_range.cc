#include "engine/interactions/rating_range.h"

#include <algorithm>
#include <array>
#include <string>

namespace tamis::engine {
namespace {

// The ranges that people rate in, the narrow ones first. From `at_least` on a rating speaks for its item, below `below`
// against it.
struct RatingScale {
  double low;
  double high;
  double at_least;
  double below;
};
constexpr std::array<RatingScale, 8> kRanges = {{{0, 1, 0.7, 0.4},
                                                 {0, 5, 4, 3},
                                                 {0, 10, 7, 5},
                                                 {0, 100, 70, 50},
                                                 {-1, 1, 0.25, 0},
                                                 {-5, 5, 1.25, 0},
                                                 {-10, 10, 2.5, 0},
                                                 {-100, 100, 25, 0}}};

bool has_thresholds_of(const InteractionType& type, const RatingScale& range) {
  return type.at_least == range.at_least && type.below == range.below;
}

InteractionType with_range(InteractionType type, const RatingScale& range) {
  type.at_least = range.at_least;
  type.below = range.below;
  return type;
}

// What all but a fiftieth at either end keep to; a single odd value tells nothing. Beside ratings above 1, a -1 says
// that there is none, in many data sets.
struct Extremes {
  double low;
  double high;
};
std::optional<Extremes> extremes_of(std::span<const double> all) {
  std::vector<double> values(all.begin(), all.end());
  std::sort(values.begin(), values.end());
  const bool has_marks =
      std::all_of(values.begin(), values.end(), [](double value) { return value >= 0 || value == -1; });
  if (has_marks && values.back() > 1) std::erase(values, -1.0);
  if (values.size() < kRatingsToTell) return std::nullopt;
  const std::size_t cut = std::max<std::size_t>(1, values.size() / 50);
  return Extremes{values[cut], values[values.size() - 1 - cut]};
}

// The document of a type, without what is no part of its meaning.
std::string meaning_of(InteractionType type) {
  type.version = 0;
  type.is_declared = true;
  return interaction_type_to_json(type);
}

}  // namespace

std::optional<InteractionType> tell_rating_type(std::span<const double> values, const InteractionTypes& types) {
  const InteractionType* built_in = InteractionTypes::built_in()->find(kRatingType);
  const InteractionType* current = types.find(kRatingType);
  if (values.size() < kRatingsToTell || built_in == nullptr || current == nullptr) return std::nullopt;
  const auto held = std::find_if(kRanges.begin(), kRanges.end(), [&](const RatingScale& range) {
    return has_thresholds_of(*current, range) && meaning_of(*current) == meaning_of(with_range(*built_in, range));
  });
  const bool was_told = types.is_stored(kRatingType);  // if it was not declared by a person
  if (held == kRanges.end() || (was_told && meaning_of(*current) == meaning_of(*built_in))) return std::nullopt;
  const std::optional<Extremes> seen = extremes_of(values);
  if (!seen || (seen->low == 1 && seen->high == 1)) return std::nullopt;  // one star, or a mark
  const double low = was_told ? std::min(seen->low, held->low) : seen->low;
  const double high = was_told ? std::max(seen->high, held->high) : seen->high;
  const auto fits = std::find_if(kRanges.begin(), kRanges.end(),
                                 [&](const RatingScale& range) { return range.low <= low && high <= range.high; });
  if (fits == kRanges.end() || fits == held) return std::nullopt;
  return with_range(*current, *fits);
}

void RecentRatings::add(double value) {
  MutexLock lock(mutex_);
  if (values_.size() < kMost)
    values_.push_back(value);
  else
    values_[next_] = value;
  next_ = (next_ + 1) % kMost;
  is_changed_ = true;
}

std::vector<double> RecentRatings::take_if_changed() {
  MutexLock lock(mutex_);
  if (!is_changed_) return {};
  is_changed_ = false;
  return values_;
}

RecentRatings::Saved RecentRatings::save() const {
  MutexLock lock(mutex_);
  return {values_, next_};
}

void RecentRatings::load(Saved saved) {
  MutexLock lock(mutex_);
  if (saved.values.size() > kMost) saved.values.resize(kMost);
  values_ = std::move(saved.values);
  next_ = values_.size() < kMost ? values_.size() : saved.next % kMost;
  is_changed_ = !values_.empty();
}

}  // namespace tamis::engine
