#include "models/neighbor_layout.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "common/random.h"

namespace tamis::models {
namespace {

// Of the curve 1 / (1 + a d^2b) that is nearest to "1 up to a distance of 0.1, then falling exponentially".
constexpr double kCurveA = 1.5769;
constexpr double kCurveB = 0.8951;
constexpr double kMostStep = 4;       // of a gradient, each way
constexpr double kHalfWidth = 10;     // of the start, which is scaled to it
constexpr double kStartNoise = 1e-3;  // parts points that start in one place
constexpr std::size_t kManyPoints = 10'000;

struct Edge {
  std::uint32_t a = 0, b = 0;
  double weight = 0;  // 0..1
};

// Weights of one point's neighbours: 1 for the nearest, falling so that they sum to log2 of their number.
std::vector<double> neighbor_weights(std::span<const ScoredId> neighbors) {
  if (neighbors.empty()) return {};
  double nearest = neighbors.front().score;
  double mean = 0;
  for (const ScoredId& neighbor : neighbors) {
    nearest = std::min(nearest, double{neighbor.score});
    mean += neighbor.score / static_cast<double>(neighbors.size());
  }
  const double target = std::log2(static_cast<double>(neighbors.size()) + 1e-9);
  const double least = std::max(1e-3 * mean, 1e-12);
  double low = 0;
  double high = -1;  // none yet
  double width = std::max(mean, least);
  const auto sum_at = [&](double at) {
    double sum = 0;
    for (const ScoredId& neighbor : neighbors) sum += std::exp(-(neighbor.score - nearest) / at);
    return sum;
  };
  for (int step = 0; step < 64; ++step) {
    const double sum = sum_at(width);
    if (std::abs(sum - target) < 1e-5) break;
    if (sum > target) {
      high = width;
      width = (low + high) / 2;
    } else {
      low = width;
      width = high < 0 ? width * 2 : (low + high) / 2;
    }
  }
  width = std::max(width, least);
  std::vector<double> weights;
  for (const ScoredId& neighbor : neighbors) weights.push_back(std::exp(-(neighbor.score - nearest) / width));
  return weights;
}

// Each pair once: a + b - ab of the two directions' weights.
std::vector<Edge> join_directions(std::span<const std::vector<ScoredId>> neighbors) {
  std::vector<Edge> directed;
  for (std::size_t point = 0; point < neighbors.size(); ++point) {
    const std::vector<double> weights = neighbor_weights(neighbors[point]);
    for (std::size_t n = 0; n < weights.size(); ++n) {
      const auto own = static_cast<std::uint32_t>(point);
      const std::uint32_t other = neighbors[point][n].id;
      if (own != other) directed.push_back({std::min(own, other), std::max(own, other), weights[n]});
    }
  }
  std::sort(directed.begin(), directed.end(),
            [](const Edge& x, const Edge& y) { return std::tie(x.a, x.b, x.weight) < std::tie(y.a, y.b, y.weight); });
  std::vector<Edge> edges;
  for (const Edge& edge : directed) {
    if (!edges.empty() && edges.back().a == edge.a && edges.back().b == edge.b) {
      edges.back().weight += edge.weight - edges.back().weight * edge.weight;
    } else {
      edges.push_back(edge);
    }
  }
  return edges;
}

using Point = std::array<float, 2>;

void scale_start(std::vector<Point>& points, Random& random) {
  double most = 0;
  for (const Point& point : points) most = std::max({most, std::abs(double{point[0]}), std::abs(double{point[1]})});
  const double scale = most > 0 ? kHalfWidth / most : 1;
  for (Point& point : points)
    for (float& entry : point) entry = static_cast<float>(entry * scale + kStartNoise * random.normal());
}

double clip(double step) { return std::clamp(step, -kMostStep, kMostStep); }

double squared_distance(const Point& x, const Point& y) {
  const double dx = double{x[0]} - y[0];
  const double dy = double{x[1]} - y[1];
  return dx * dx + dy * dy;
}

void draw_near(Point& x, Point& y, double rate) {
  const double squared = squared_distance(x, y);
  if (!(squared > 0)) return;
  const double factor =
      -2 * kCurveA * kCurveB * std::pow(squared, kCurveB - 1) / (1 + kCurveA * std::pow(squared, kCurveB));
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const auto step = static_cast<float>(rate * clip(factor * (double{x[axis]} - y[axis])));
    x[axis] += step;
    y[axis] -= step;
  }
}

void push_away(Point& x, const Point& from, double rate) {
  const double squared = squared_distance(x, from);
  const double factor =
      squared > 0 ? 2 * kCurveB / ((0.001 + squared) * (1 + kCurveA * std::pow(squared, kCurveB))) : 0;
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const double step = squared > 0 ? clip(factor * (double{x[axis]} - from[axis])) : kMostStep;
    x[axis] += static_cast<float>(rate * step);
  }
}

}  // namespace

Result<std::vector<Point>> lay_out_neighbors(std::span<const std::vector<ScoredId>> neighbors, std::vector<Point> start,
                                             const NeighborLayoutOptions& options, const TrainControl& control) {
  std::vector<Point> points = std::move(start);
  const auto count = static_cast<std::uint32_t>(points.size());
  Random random(options.seed);
  scale_start(points, random);
  std::vector<Edge> edges = join_directions(neighbors);
  const std::uint32_t epochs = options.epochs > 0 ? options.epochs : (count <= kManyPoints ? 500 : 200);
  double most = 0;
  for (const Edge& edge : edges) most = std::max(most, edge.weight);
  // An edge's turn comes every most / weight epochs; those whose first turn never comes are let go.
  std::erase_if(edges, [&](const Edge& edge) { return edge.weight * epochs < most; });
  std::vector<double> next;
  for (const Edge& edge : edges) next.push_back(most / edge.weight);
  for (std::uint32_t epoch = 0; epoch < epochs; ++epoch) {
    TAMIS_RETURN_IF_ERROR(control.check());
    control.progress(static_cast<double>(epoch) / epochs, "epoch " + std::to_string(epoch));
    const double rate = options.rate * (1.0 - static_cast<double>(epoch) / epochs);
    for (std::size_t e = 0; e < edges.size(); ++e) {
      if (next[e] > epoch + 1) continue;
      next[e] += most / edges[e].weight;
      Point& a = points[edges[e].a];
      Point& b = points[edges[e].b];
      draw_near(a, b, rate);
      for (std::uint32_t n = 0; n < options.negatives; ++n) {
        Point& pushed = n % 2 == 0 ? a : b;  // both ends by turns, since each pair stands here once
        const Point& other = points[random.below(count)];
        if (&other != &pushed) push_away(pushed, other, rate);
      }
    }
  }
  return points;
}

}  // namespace tamis::models
