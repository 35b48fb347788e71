#include "engine/learn/clip_outliers.h"

#include <cmath>
#include <cstdio>
#include <vector>

#include "models/value_scale.h"

namespace tamis::engine {
namespace {

using models::TimedInteraction;

class Clipper {
 public:
  explicit Clipper(Dataset* dataset) : dataset_(*dataset) {}

  // The list's numbers are those of `member`, compared within the group that `group_of` gives each position.
  template <typename GroupOf>
  void clip(std::vector<TimedInteraction>* list, float TimedInteraction::*member, std::size_t groups,
            const GroupOf& group_of) {
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
      if (dataset_.outliers++ == 0) describe(event, double{event.*member}, scale);
      event.*member = static_cast<float>(scale.clip(double{event.*member}));
    }
  }

 private:
  void describe(const TimedInteraction& event, double number, const models::ValueScale& scale) {
    char text[96];
    std::snprintf(text, sizeof(text), "%g, far outside of %g..%g",
                  std::isnan(event.rating) ? number : double{event.rating}, scale.low, scale.high);
    dataset_.first_outlier = "user '" + dataset_.users[event.user] + "' with item '" + dataset_.items[event.item] +
                             "' has the value " + text;
  }

  Dataset& dataset_;
};

}  // namespace

void clip_outliers(Dataset* dataset) {
  Clipper clipper(dataset);
  const auto all = [](std::size_t) { return std::size_t{0}; };
  clipper.clip(&dataset->ratings, &TimedInteraction::rating, 1, all);
  const std::uint64_t ratings = dataset->outliers;
  clipper.clip(&dataset->events, &TimedInteraction::weight, dataset->types.size(),
               [&](std::size_t i) { return std::size_t{dataset->event_types[i]}; });
  clipper.clip(&dataset->negatives, &TimedInteraction::weight, 1, all);
  // A rating that is far out weighs too much as well: it counts once.
  if (ratings > 0) dataset->outliers = std::max(ratings, dataset->outliers - ratings);
}

}  // namespace tamis::engine
