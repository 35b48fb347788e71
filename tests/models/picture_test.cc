// What people look at of a space: principal components, and a layout of neighbours.
#include <gmock/gmock.h>

#include <cmath>

#include "common/random.h"
#include "models/neighbor_layout.h"
#include "models/principal_axes.h"
#include "models/principal_components.h"

namespace tamis::models {
namespace {

// Points about `dim` axes, whose spread falls from axis to axis, turned by nothing.
std::vector<float> stretched_rows(std::size_t count, std::uint32_t dim) {
  Random random(3);
  std::vector<float> rows;
  for (std::size_t row = 0; row < count; ++row) {
    for (std::uint32_t d = 0; d < dim; ++d) rows.push_back(static_cast<float>(random.normal() * std::pow(0.5, d) + 7));
  }
  return rows;
}

TEST(PrincipalComponentsTest, FindsDirectionsByTheirSpread) {
  const std::uint32_t dim = 6;
  const std::vector<float> rows = stretched_rows(4'000, dim);
  const PrincipalComponents found = find_principal_components(rows, dim, 4);
  ASSERT_EQ(found.count(), 4U);
  double all = 0;
  for (std::uint32_t d = 0; d < dim; ++d) all += std::pow(0.25, d);
  for (std::size_t c = 0; c < 4; ++c) {
    EXPECT_NEAR(std::abs(found.axes[c * dim + c]), 1, 0.01) << c;
    EXPECT_NEAR(found.share[c], std::pow(0.25, c) / all, 0.02) << c;
    EXPECT_NEAR(found.mean[c], 7, 0.1);
  }
  std::vector<float> at(4);
  found.project(std::vector<float>{8, 7, 7, 7, 7, 7}, at);
  EXPECT_NEAR(at[0], found.axes[0], 0.1);
  EXPECT_NEAR(at[1], 0, 0.1);
  // The first two are those of the map.
  const PrincipalAxes axes = find_principal_axes(rows, dim);
  for (std::size_t c = 0; c < 2; ++c) EXPECT_NEAR(axes.share[c], found.share[c], 1e-3);
}

TEST(PrincipalComponentsTest, FewRowsOfManyDimensionsGiveTheSame) {
  const std::uint32_t dim = 40;
  const std::vector<float> rows = stretched_rows(12, dim);  // decomposed by rows
  const PrincipalComponents found = find_principal_components(rows, dim, 40);
  EXPECT_LE(found.count(), 11U);  // so many directions do twelve points differ in
  EXPECT_GE(found.count(), 8U);
  double shares = 0;
  for (std::size_t a = 0; a < found.count(); ++a) {
    shares += found.share[a];
    for (std::size_t b = 0; b <= a; ++b) {
      double product = 0;
      for (std::uint32_t d = 0; d < dim; ++d) product += double{found.axes[a * dim + d]} * found.axes[b * dim + d];
      EXPECT_NEAR(product, a == b ? 1 : 0, 2e-3) << a << " " << b;
    }
  }
  EXPECT_NEAR(shares, 1, 1e-3);
  EXPECT_EQ(find_principal_components(std::vector<float>(30, 1.0F), 3, 3).count(), 0U);  // rows that do not differ
  EXPECT_EQ(find_principal_components({}, 3, 3).count(), 0U);
}

// Three clumps of 40 points, of whom each knows ten of its own and one elsewhere.
std::vector<std::vector<ScoredId>> clumps() {
  Random random(9);
  std::vector<std::vector<ScoredId>> neighbors(120);
  for (std::uint32_t point = 0; point < 120; ++point) {
    for (int n = 0; n < 10; ++n) {
      const std::uint32_t other = point / 40 * 40 + random.below(40);
      if (other != point) neighbors[point].push_back({other, static_cast<float>(0.1 + 0.1 * random.uniform())});
    }
    neighbors[point].push_back({(point + 40) % 120, 2.0F});
  }
  return neighbors;
}

TEST(NeighborLayoutTest, KeepsNeighboursTogether) {
  Random random(4);
  std::vector<std::array<float, 2>> start;
  for (int point = 0; point < 120; ++point)
    start.push_back({static_cast<float>(random.normal()), static_cast<float>(random.normal())});
  const auto laid = lay_out_neighbors(clumps(), start, {}, {});
  ASSERT_TRUE(laid.is_ok());
  ASSERT_EQ(laid->size(), 120U);
  int at_home = 0;
  for (std::size_t a = 0; a < 120; ++a) {
    std::size_t nearest = a == 0 ? 1 : 0;
    const auto distance = [&](std::size_t b) {
      return std::hypot((*laid)[a][0] - (*laid)[b][0], (*laid)[a][1] - (*laid)[b][1]);
    };
    for (std::size_t b = 0; b < 120; ++b) {
      ASSERT_TRUE(std::isfinite((*laid)[b][0]) && std::isfinite((*laid)[b][1]));
      if (b != a && distance(b) < distance(nearest)) nearest = b;
    }
    at_home += nearest / 40 == a / 40 ? 1 : 0;
  }
  EXPECT_GE(at_home, 118);
  EXPECT_EQ(*lay_out_neighbors(clumps(), start, {}, {}), *laid);
  EXPECT_NE(*lay_out_neighbors(clumps(), start, {.seed = 7}, {}), *laid);
}

TEST(NeighborLayoutTest, TakesLonersAndCancellation) {
  const std::vector<std::vector<ScoredId>> alone(3);
  const auto laid = lay_out_neighbors(alone, {{0, 0}, {1, 0}, {0, 2}}, {}, {});
  ASSERT_TRUE(laid.is_ok());
  EXPECT_NEAR((*laid)[2][1], 10, 0.1);
  EXPECT_TRUE(lay_out_neighbors({}, {}, {}, {}).is_ok());
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(lay_out_neighbors(alone, {{0, 0}, {1, 0}, {0, 2}}, {}, {.cancelled = &cancelled}).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::models
