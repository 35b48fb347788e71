#include "models/sequence/sequence_loss.h"

#include <algorithm>

#include "models/nn/binary_loss.h"
#include "models/nn/softmax_loss.h"

namespace tamis::models {

double SequenceObjective::operator()(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets,
                                     const float* x, float scale, Random& random, float* dx, nn::Gradients& gradients) {
  switch (options_.loss) {
    case SequenceLoss::kFullSoftmax: {
      const nn::SoftmaxLossOptions loss{.dim = encoder.options().dim, .classes = encoder.options().items};
      return nn::softmax_loss(loss, targets.size(), x, encoder.item_embeddings(), targets, nullptr, scale, dx,
                              gradients.data(encoder.item_embedding_slice()));
    }
    case SequenceLoss::kSampledSoftmax: return sampled_softmax(encoder, targets, x, scale, random, dx, gradients);
    case SequenceLoss::kBinary: break;
  }
  return binary(encoder, targets, x, scale, random, dx, gradients);
}

// Classes: the distinct targets and `negatives` uniform draws, shared by all rows.
double SequenceObjective::sampled_softmax(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets,
                                          const float* x, float scale, Random& random, float* dx,
                                          nn::Gradients& gradients) {
  const std::size_t dim = encoder.options().dim;
  classes_.assign(targets.begin(), targets.end());
  for (std::uint32_t i = 0; i < options_.negatives; ++i) classes_.push_back(random.below(encoder.options().items));
  std::sort(classes_.begin(), classes_.end());
  classes_.erase(std::unique(classes_.begin(), classes_.end()), classes_.end());
  class_targets_.clear();
  for (const std::uint32_t target : targets) {
    const auto place = std::lower_bound(classes_.begin(), classes_.end(), target) - classes_.begin();
    class_targets_.push_back(static_cast<std::uint32_t>(place));
  }
  sampled_.resize(classes_.size() * dim);
  dsampled_.assign(classes_.size() * dim, 0.0F);
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    std::copy_n(encoder.item_embeddings() + classes_[c] * dim, dim, &sampled_[c * dim]);
  }
  const nn::SoftmaxLossOptions loss{.dim = dim, .classes = classes_.size()};
  const double value =
      nn::softmax_loss(loss, targets.size(), x, sampled_.data(), class_targets_, nullptr, scale, dx, dsampled_.data());
  float* gradient = gradients.data(encoder.item_embedding_slice());
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    for (std::size_t j = 0; j < dim; ++j) gradient[classes_[c] * dim + j] += dsampled_[c * dim + j];
  }
  return value;
}

// Negatives are uniform over the items other than the row's target.
double SequenceObjective::binary(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets, const float* x,
                                 float scale, Random& random, float* dx, nn::Gradients& gradients) {
  const std::uint32_t items = encoder.options().items;
  const std::uint32_t negatives = items > 1 ? options_.negatives : 0;
  classes_.clear();
  for (const std::uint32_t target : targets) {
    for (std::uint32_t i = 0; i < negatives; ++i) {
      const std::uint32_t other = random.below(items - 1);
      classes_.push_back(other + (other >= target ? 1 : 0));
    }
  }
  const nn::BinaryLossOptions loss{
      .dim = encoder.options().dim,
      .negatives = negatives,
      .positive_power = nn::gbce_positive_power(negatives, items, options_.calibration),
  };
  return nn::binary_loss(loss, targets.size(), x, encoder.item_embeddings(), targets, classes_, scale, dx,
                         gradients.data(encoder.item_embedding_slice()));
}

}  // namespace tamis::models
