#include "models/sequence/sequence_batch.h"

#include <algorithm>

namespace tamis::models {
namespace {

std::span<const std::uint32_t> newest(std::span<const std::uint32_t> sequence, std::size_t count) {
  return sequence.last(std::min(sequence.size(), count));
}

}  // namespace

void SequenceBatch::clear() {
  offsets.assign(1, 0);
  tokens.clear();
  rows.clear();
  targets.clear();
}

void SequenceBatch::add_next_item(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence) {
  const auto window = newest(sequence, std::size_t{encoder.max_length} + 1);
  for (std::size_t i = 0; i + 1 < window.size(); ++i) {
    rows.push_back(static_cast<std::uint32_t>(tokens.size()));
    tokens.push_back(window[i]);
    targets.push_back(window[i + 1]);
  }
  offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
}

void SequenceBatch::add_masked(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence,
                               double probability, Random& random) {
  const auto window = newest(sequence, encoder.max_length);
  const std::size_t before = rows.size();
  for (std::size_t i = 0; i < window.size(); ++i) {
    const bool last_resort = i + 1 == window.size() && rows.size() == before;
    const bool masked = random.uniform() < probability || last_resort;
    if (masked) {
      rows.push_back(static_cast<std::uint32_t>(tokens.size()));
      targets.push_back(window[i]);
    }
    tokens.push_back(masked ? encoder.items : window[i]);
  }
  offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
}

void SequenceBatch::add_last_masked(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence) {
  const auto window = newest(sequence, encoder.max_length);
  tokens.insert(tokens.end(), window.begin(), window.end());
  rows.push_back(static_cast<std::uint32_t>(tokens.size() - 1));
  targets.push_back(window.back());
  tokens.back() = encoder.items;
  offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
}

}  // namespace tamis::models
