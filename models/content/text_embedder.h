// TextEmbedder: what turns texts into vectors: built in, from a file of word vectors, or an embeddings endpoint of a
// model server (whose HTTP client lives where HTTP does, and is handed in).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
  // Whether the text says something to the embedder, where it can tell.
  virtual bool knows(std::string_view /*text*/) const { return true; }

 protected:
  TextEmbedder() = default;
  TextEmbedder(const TextEmbedder&) = default;
  TextEmbedder(TextEmbedder&&) = default;
  TextEmbedder& operator=(const TextEmbedder&) = default;
  TextEmbedder& operator=(TextEmbedder&&) = default;
};

// TextEmbedderSource: gives the embedder that asks a model server. Implemented where HTTP lives, and handed down; what
// learns and serves knows neither address nor key. Thread-safe.
class TextEmbedderSource {
 public:
  virtual ~TextEmbedderSource() = default;
  // The endpoint that is configured, for `model` (empty: the configured one), with vectors of `dim` (0: as many as the
  // model gives, asked for by embedding one word). failed_precondition where none or another model is configured;
  // unavailable and invalid_argument as embed().
  virtual Result<std::shared_ptr<const TextEmbedder>> endpoint(std::string_view model, std::uint32_t dim) const = 0;
  virtual std::string model() const = 0;  // the configured one

 protected:
  TextEmbedderSource() = default;
  TextEmbedderSource(const TextEmbedderSource&) = default;
  TextEmbedderSource& operator=(const TextEmbedderSource&) = default;
};

}  // namespace tamis::models
