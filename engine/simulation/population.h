// Population: users and items that are points in a space of tastes, so that what everybody likes is known.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tamis::engine {

struct PopulationOptions {
  std::uint32_t users = 300;
  std::uint32_t items = 300;    // at the start
  std::uint32_t new_items = 6;  // that arrive each round
  std::uint32_t rounds = 40;
  std::uint32_t dim = 8;        // of the tastes
  std::uint32_t groups = 12;    // of users and items about a common taste
  double spread = 0.5;          // of users and items about their group's taste
  double quality_stddev = 0.5;  // of what an item is worth to everybody
  std::uint64_t seed = 42;
};

// Immutable; thread-safe. Items are numbered in the order of their arrival.
class Population {
 public:
  explicit Population(const PopulationOptions& options);

  std::uint32_t users() const { return options_.users; }
  std::uint32_t items() const { return static_cast<std::uint32_t>(qualities_.size()); }  // those to come, too
  std::uint32_t items_at(std::uint32_t round) const;                                     // there in a round, from 0

  // Probability that the user clicks on the item once they look at it, 0..1.
  double attraction(std::uint32_t user, std::uint32_t item) const;
  // 1 - cosine of their tastes, 0..2.
  double distance(std::uint32_t user, std::uint32_t item) const;

 private:
  PopulationOptions options_;
  std::vector<float> user_tastes_;  // [users, dim], of unit length
  std::vector<float> item_tastes_;  // [items, dim], of unit length
  std::vector<double> qualities_;   // [items]
};

}  // namespace tamis::engine
