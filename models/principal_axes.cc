#include "models/principal_axes.h"

#include <cmath>
#include <cstddef>

namespace tamis::models {
namespace {

constexpr int kMaxIterations = 200;
constexpr double kTolerance = 1e-6;  // of the cosine between an axis and the one of the iteration before

using Axis = std::vector<double>;

double dot(const Axis& a, const Axis& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Returns the length that it had.
double normalize(Axis* axis) {
  const double length = std::sqrt(dot(*axis, *axis));
  if (length > 0) {
    for (double& entry : *axis) entry /= length;
  }
  return length;
}

void remove_part_along(const Axis& direction, Axis* axis) {
  const double along = dot(direction, *axis);
  for (std::size_t i = 0; i < axis->size(); ++i) (*axis)[i] -= along * direction[i];
}

// Covariance times each axis: sum over rows of ((row - mean) . axis) (row - mean), over the number of rows.
void multiply_by_covariance(std::span<const float> rows, const std::vector<double>& mean, std::array<Axis, 2>* axes) {
  const std::size_t dim = mean.size();
  std::array<Axis, 2> sums = {Axis(dim, 0), Axis(dim, 0)};
  std::vector<double> centred(dim);
  for (std::size_t begin = 0; begin < rows.size(); begin += dim) {
    double first = 0;
    double second = 0;
    for (std::size_t i = 0; i < dim; ++i) {
      centred[i] = rows[begin + i] - mean[i];
      first += centred[i] * (*axes)[0][i];
      second += centred[i] * (*axes)[1][i];
    }
    for (std::size_t i = 0; i < dim; ++i) {
      sums[0][i] += first * centred[i];
      sums[1][i] += second * centred[i];
    }
  }
  const double count = static_cast<double>(rows.size()) / static_cast<double>(dim);
  for (Axis& sum : sums) {
    for (double& entry : sum) entry /= count;
  }
  *axes = std::move(sums);
}

// Some direction that is not along the other one.
void replace_where_vanished(double length, const Axis* other, std::size_t hint, Axis* axis) {
  if (length > 1e-12) return;
  axis->assign(axis->size(), 0);
  (*axis)[hint % axis->size()] = 1;
  if (other == nullptr) return;
  remove_part_along(*other, axis);
  if (normalize(axis) > 1e-6 || axis->size() < 2) return;
  axis->assign(axis->size(), 0);
  (*axis)[(hint + 1) % axis->size()] = 1;
  remove_part_along(*other, axis);
  normalize(axis);
}

void fix_sign(Axis* axis) {
  double largest = 0;
  for (const double entry : *axis) {
    if (std::abs(entry) > std::abs(largest)) largest = entry;
  }
  if (largest >= 0) return;
  for (double& entry : *axis) entry = -entry;
}

}  // namespace

PrincipalAxes find_principal_axes(std::span<const float> rows, std::uint32_t dim) {
  const std::size_t count = rows.size() / dim;
  std::vector<double> mean(dim, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) mean[i % dim] += rows[i];
  for (double& entry : mean) entry /= count > 0 ? static_cast<double>(count) : 1;
  double variance = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double centred = rows[i] - mean[i % dim];
    variance += centred * centred;
  }
  variance /= count > 0 ? static_cast<double>(count) : 1;

  // A fixed start with something of every direction in it.
  std::array<Axis, 2> axes = {Axis(dim), Axis(dim)};
  for (std::size_t i = 0; i < dim; ++i) {
    axes[0][i] = std::sin(1.0 + static_cast<double>(i));
    axes[1][i] = std::cos(2.0 + 3.0 * static_cast<double>(i));
  }
  normalize(&axes[0]);
  remove_part_along(axes[0], &axes[1]);
  replace_where_vanished(normalize(&axes[1]), &axes[0], 0, &axes[1]);

  std::array<double, 2> lengths = {0, 0};
  for (int iteration = 0; iteration < kMaxIterations && variance > 0 && count > 2; ++iteration) {
    const std::array<Axis, 2> before = axes;
    multiply_by_covariance(rows, mean, &axes);
    lengths[0] = normalize(&axes[0]);
    replace_where_vanished(lengths[0], nullptr, 0, &axes[0]);
    remove_part_along(axes[0], &axes[1]);
    lengths[1] = normalize(&axes[1]);
    replace_where_vanished(lengths[1], &axes[0], 1, &axes[1]);
    if (dot(axes[0], before[0]) > 1 - kTolerance && dot(axes[1], before[1]) > 1 - kTolerance) break;
  }

  PrincipalAxes found;
  found.mean.assign(mean.begin(), mean.end());
  for (std::size_t i = 0; i < 2; ++i) {
    fix_sign(&axes[i]);
    found.axes[i].assign(axes[i].begin(), axes[i].end());
    found.share[i] = variance > 0 ? lengths[i] / variance : 0;
  }
  return found;
}

std::array<float, 2> project(const PrincipalAxes& axes, std::span<const float> vector) {
  std::array<double, 2> sums = {0, 0};
  for (std::size_t i = 0; i < vector.size(); ++i) {
    const double centred = vector[i] - axes.mean[i];
    sums[0] += centred * axes.axes[0][i];
    sums[1] += centred * axes.axes[1][i];
  }
  return {static_cast<float>(sums[0]), static_cast<float>(sums[1])};
}

}  // namespace tamis::models
