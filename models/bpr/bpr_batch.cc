#include "models/bpr/bpr_batch.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "common/random.h"
#include "models/blas.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kSamplesPerBlock = 256;
constexpr std::size_t kBprRowsPerBlock = 128;
constexpr std::uint32_t kDrawsBeforeGivingUp = 32;  // of items that do not fit, in a row
constexpr float kSquareFloor = 1e-8F;

}  // namespace

float BprBatch::weight_of(std::uint32_t user, std::uint32_t item) const {
  const auto met = interactions_.row_columns(user);
  const auto place = std::lower_bound(met.begin(), met.end(), item);
  if (place == met.end() || *place != item) return 0;
  return interactions_.row_weights(user)[static_cast<std::size_t>(place - met.begin())];
}

BprBatch::Sample BprBatch::draw(const Pair& pair, std::uint64_t seed, const AdagradRows& users,
                                const AdagradRows& items) const {
  return pair.disliked > 0 ? draw_disliked(pair, seed, users, items) : draw_liked(pair, seed, users, items);
}

BprBatch::Sample BprBatch::draw_disliked(const Pair& pair, std::uint64_t seed, const AdagradRows& users,
                                         const AdagradRows& items) const {
  const std::size_t dim = options_.dim;
  const float* user = users.factors.data() + pair.user * dim;
  Sample sample{.user = pair.user, .positive = pair.item, .negative = pair.item};
  Random random(seed);
  for (std::uint32_t draws = 0; draws < kDrawsBeforeGivingUp; ++draws) {
    const std::uint32_t item = random.below(interactions_.columns);
    if (weight_of(pair.user, item) < 0) continue;
    sample.positive = item;
    const float margin = blas::dot(dim, user, items.factors.data() + item * dim) -
                         blas::dot(dim, user, items.factors.data() + pair.item * dim);
    sample.slope = static_cast<float>(options_.disliked_weight) * pair.disliked / (1.0F + std::exp(margin));
    break;
  }
  return sample;
}

BprBatch::Sample BprBatch::draw_liked(const Pair& positive, std::uint64_t seed, const AdagradRows& users,
                                      const AdagradRows& items) const {
  const std::size_t dim = options_.dim;
  const float* user = users.factors.data() + positive.user * dim;
  Sample sample{.user = positive.user, .positive = positive.item};
  Random random(seed);
  float best = -std::numeric_limits<float>::infinity();
  for (std::uint32_t drawn = 0, refused = 0; drawn < options_.negatives && refused < kDrawsBeforeGivingUp;) {
    const std::uint32_t item = random.below(interactions_.columns);
    if (weight_of(positive.user, item) > 0) {
      ++refused;
      continue;
    }
    ++drawn;
    const float score = blas::dot(dim, user, items.factors.data() + item * dim);
    if (score > best) {
      best = score;
      sample.negative = item;
    }
  }
  if (best > -std::numeric_limits<float>::infinity()) {
    const float score = blas::dot(dim, user, items.factors.data() + positive.item * dim);
    sample.slope = 1.0F / (1.0F + std::exp(score - best));
  }
  return sample;
}

void BprBatch::Side::group() {
  std::sort(touches.begin(), touches.end(), [](const Touch& a, const Touch& b) {
    return std::tie(a.row, a.sample, a.is_negative) < std::tie(b.row, b.sample, b.is_negative);
  });
  begins.clear();
  for (std::size_t i = 0; i < touches.size(); ++i) {
    if (i == 0 || touches[i].row != touches[i - 1].row) begins.push_back(i);
  }
  begins.push_back(touches.size());
}

Status BprBatch::add_gradients(Side& side, bool is_user_side, const AdagradRows& own, const AdagradRows& other,
                               const TrainControl& control) const {
  const std::size_t dim = options_.dim;
  const std::size_t rows = side.begins.size() - 1;
  side.gradient.assign(rows * dim, 0.0F);
  const auto decay = static_cast<float>(options_.regularization);
  return parallel_blocks(control, rows, kBprRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      float* gradient = side.gradient.data() + r * dim;
      for (std::size_t t = side.begins[r]; t < side.begins[r + 1]; ++t) {
        const Sample& sample = samples_[side.touches[t].sample];
        if (is_user_side) {
          const float* positive = other.factors.data() + sample.positive * dim;
          const float* negative = other.factors.data() + sample.negative * dim;
          for (std::size_t d = 0; d < dim; ++d) gradient[d] += sample.slope * (positive[d] - negative[d]);
        } else {
          const float* user = other.factors.data() + sample.user * dim;
          const float slope = side.touches[t].is_negative ? -sample.slope : sample.slope;
          for (std::size_t d = 0; d < dim; ++d) gradient[d] += slope * user[d];
        }
      }
      const auto visits = static_cast<float>(side.begins[r + 1] - side.begins[r]);
      blas::add_scaled(dim, -decay * visits, own.factors.data() + side.touches[side.begins[r]].row * dim, gradient);
    }
  });
}

Status BprBatch::apply(const Side& side, AdagradRows& rows, const TrainControl& control) const {
  const std::size_t dim = options_.dim;
  return parallel_blocks(control, side.begins.size() - 1, kBprRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) {
      const std::uint32_t row = side.touches[side.begins[r]].row;
      const float* gradient = side.gradient.data() + r * dim;
      float& square_mean = rows.square_means[row];
      square_mean += blas::dot(dim, gradient, gradient) / static_cast<float>(dim);
      const float rate = static_cast<float>(options_.learning_rate) / std::sqrt(square_mean + kSquareFloor);
      blas::add_scaled(dim, rate, gradient, rows.factors.data() + row * dim);
    }
  });
}

Status BprBatch::step(std::span<const Pair> pairs, std::uint64_t seed, AdagradRows& users, AdagradRows& items,
                      const TrainControl& control) {
  samples_.resize(pairs.size());
  TAMIS_RETURN_IF_ERROR(
      parallel_blocks(control, pairs.size(), kSamplesPerBlock, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) samples_[i] = draw(pairs[i], seed + i, users, items);
      }));
  user_side_.touches.clear();
  item_side_.touches.clear();
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const Sample& sample = samples_[i];
    if (sample.slope == 0) continue;
    const auto index = static_cast<std::uint32_t>(i);
    user_side_.touches.push_back({sample.user, index, false});
    item_side_.touches.push_back({sample.positive, index, false});
    item_side_.touches.push_back({sample.negative, index, true});
  }
  TAMIS_RETURN_IF_ERROR(parallel_blocks(
      control, 2, 1, [&](std::size_t begin, std::size_t) { (begin == 0 ? user_side_ : item_side_).group(); }));
  TAMIS_RETURN_IF_ERROR(add_gradients(user_side_, true, users, items, control));
  TAMIS_RETURN_IF_ERROR(add_gradients(item_side_, false, items, users, control));
  TAMIS_RETURN_IF_ERROR(apply(user_side_, users, control));
  return apply(item_side_, items, control);
}

}  // namespace tamis::models
