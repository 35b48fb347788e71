#include "engine/learn/clip_outliers.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/value_scale.h"

namespace tamis::engine {
namespace {

using models::TimedInteraction;

constexpr std::size_t kMostNamed = 5;

class Clipper {
 public:
  explicit Clipper(Dataset* dataset) : dataset_(*dataset) {}

  // The list's numbers are those of `member`, compared within the group that `group_of` gives each position. `describe`
  // says what the number at a position belongs to.
  template <typename GroupOf, typename Describe>
  void clip(std::vector<TimedInteraction>* list, float TimedInteraction::*member, std::size_t groups,
            const GroupOf& group_of, const Describe& describe) {
    std::vector<std::vector<double>> values(groups);
    for (std::size_t i = 0; i < list->size(); ++i) values[group_of(i)].push_back(double{(*list)[i].*member});
    std::vector<models::ValueScale> scales;
    for (std::vector<double>& group : values) {
      scales.push_back(models::measure_values(group));
      group = {};
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      TimedInteraction& event = (*list)[i];
      const models::ValueScale& scale = scales[group_of(i)];
      if (!scale.is_outlier(double{event.*member})) continue;
      ++dataset_.outliers;
      if (named_.size() < kMostNamed && named_.emplace(event.user, event.item).second)
        dataset_.named_outliers.push_back("user '" + dataset_.users[event.user] + "' with item '" +
                                          dataset_.items[event.item] + "': " + describe(i));
      event.*member = static_cast<float>(scale.clip(double{event.*member}));
    }
  }

 private:
  Dataset& dataset_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> named_;  // users and items: a rating has a weight, too
};

std::string describe(std::string_view what, double number) {
  char text[32];
  std::snprintf(text, sizeof(text), " of %g", number);
  return std::string(what) + text;
}

}  // namespace

void clip_outliers(Dataset* dataset) {
  Clipper clipper(dataset);
  const auto all = [](std::size_t) { return std::size_t{0}; };
  clipper.clip(&dataset->ratings, &TimedInteraction::rating, 1, all,
               [&](std::size_t i) { return describe("rating", double{dataset->ratings[i].rating}); });
  const std::uint64_t ratings = dataset->outliers;
  clipper.clip(
      &dataset->events, &TimedInteraction::weight, dataset->types.size(),
      [&](std::size_t i) { return std::size_t{dataset->event_types[i]}; },
      [&](std::size_t i) {
        return describe(dataset->types[dataset->event_types[i]], double{dataset->event_values[i]});
      });
  clipper.clip(&dataset->negatives, &TimedInteraction::weight, 1, all, [&](std::size_t i) {
    const TimedInteraction& event = dataset->negatives[i];
    return std::isnan(event.rating) ? describe("negative weight", double{event.weight})
                                    : describe("rating", double{event.rating});
  });
  // A rating that is far out weighs too much as well: it counts once.
  if (ratings > 0) dataset->outliers = std::max(ratings, dataset->outliers - ratings);
}

}  // namespace tamis::engine
