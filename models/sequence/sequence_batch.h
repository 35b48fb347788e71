// SequenceBatch: what a step of training reads, packed without padding (nn/attention.h), and which rows predict what.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"
#include "models/sequence/sequence_encoder.h"

namespace tamis::models {

struct SequenceBatch {
  std::vector<std::uint32_t> offsets = {0};
  std::vector<std::uint32_t> tokens;
  std::vector<std::uint32_t> rows;     // that have a target, ascending
  std::vector<std::uint32_t> targets;  // the item that each of `rows` is to predict

  void clear();
  // Next-item prediction (SASRec): every position of the newest max_length + 1 actions but the last predicts the one
  // after it. REQUIRES: two actions or more.
  void add_next_item(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence);
  // Masked items (BERT4Rec): each of the newest max_length actions is hidden with `probability` and predicted from the
  // rest; at least the last one is. REQUIRES: not empty.
  void add_masked(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence, double probability,
                  Random& random);
  // Only the last action is hidden: what is asked of the model later.
  void add_last_masked(const SequenceEncoderOptions& encoder, std::span<const std::uint32_t> sequence);
};

}  // namespace tamis::models
