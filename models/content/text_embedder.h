// TextEmbedder: what turns texts into vectors: built in, from a file of word vectors, or an embeddings endpoint of a
// model server (whose HTTP client lives where HTTP does, and is handed in).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"

namespace tamis::models {

// Thread-safe. Vectors have length 1; a text that says nothing (empty, or without a known word) gets zeros.
class TextEmbedder {
 public:
  virtual ~TextEmbedder() = default;
  virtual std::uint32_t dim() const = 0;
  // [texts, dim], row-major. Built-in embedders do not fail; a remote one answers unavailable after its last retry, and
  // invalid_argument where the server refuses.
  virtual Result<std::vector<float>> embed(std::span<const std::string> texts) const = 0;

 protected:
  TextEmbedder() = default;
  TextEmbedder(const TextEmbedder&) = default;
  TextEmbedder(TextEmbedder&&) = default;
  TextEmbedder& operator=(const TextEmbedder&) = default;
  TextEmbedder& operator=(TextEmbedder&&) = default;
};

}  // namespace tamis::models
