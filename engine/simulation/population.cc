#include "engine/simulation/population.h"

#include <algorithm>
#include <cmath>

#include "common/random.h"

namespace tamis::engine {
namespace {

constexpr double kSlope = 6;    // of the attraction's logit over the cosine
constexpr double kOffset = -4;  // at a cosine of 0

void append_unit(Random& random, std::span<const float> center, double spread, std::vector<float>* out) {
  std::vector<double> point;
  double norm = 0;
  for (const float value : center) {
    point.push_back(double{value} + spread * random.normal());
    norm += point.back() * point.back();
  }
  for (const double value : point) out->push_back(static_cast<float>(value / std::sqrt(std::max(norm, 1e-12))));
}

}  // namespace

Population::Population(const PopulationOptions& options) : options_(options) {
  Random random(options.seed);
  std::vector<float> centers;
  const std::vector<float> origin(options.dim);
  for (std::uint32_t group = 0; group < options.groups; ++group) append_unit(random, origin, 1, &centers);
  const double spread = options.spread / std::sqrt(static_cast<double>(options.dim));
  const auto draw = [&](std::vector<float>* tastes) {
    const std::size_t group = random.below(options.groups);
    append_unit(random, std::span(centers).subspan(group * options.dim, options.dim), spread, tastes);
  };
  for (std::uint32_t user = 0; user < options.users; ++user) draw(&user_tastes_);
  for (std::uint32_t item = 0; item < options.items + options.new_items * options.rounds; ++item) {
    draw(&item_tastes_);
    qualities_.push_back(options.quality_stddev * random.normal());
  }
}

std::uint32_t Population::items_at(std::uint32_t round) const { return options_.items + options_.new_items * round; }

double Population::distance(std::uint32_t user, std::uint32_t item) const {
  double dot = 0;
  for (std::size_t d = 0; d < options_.dim; ++d)
    dot += double{user_tastes_[user * options_.dim + d]} * item_tastes_[item * options_.dim + d];
  return 1 - dot;
}

double Population::attraction(std::uint32_t user, std::uint32_t item) const {
  const double logit = kSlope * (1 - distance(user, item)) + kOffset + qualities_[item];
  return 1 / (1 + std::exp(-logit));
}

}  // namespace tamis::engine
