// WordVectorEmbedder: texts as weighted means of static word vectors read from a file (GloVe's text format).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/content/text_embedder.h"

namespace tamis::models {

// A word's weight is a / (a + p), p its share of all words of the fitted texts: smooth inverse frequency (Arora, Liang
// & Ma 2017, https://openreview.net/forum?id=SyK00v5xx), without the removal of the common component. Unknown words are
// left out. Immutable once made.
class WordVectorEmbedder final : public TextEmbedder {
 public:
  // Lines `word number number ...`, all of one length; a first line of two numbers (word2vec's header) is skipped.
  // Plain or .xz. Words are lowered; of words alike the first counts. Errors: not_found, io_error, invalid_argument
  // with "file:line: " for a bad line.
  static Result<WordVectorEmbedder> read(const std::filesystem::path& path);

  // Learns the words' frequencies. Before that all words weigh alike. `smoothing` is a, above 0.
  void fit(std::span<const std::string> texts, double smoothing = 1e-3);

  std::uint32_t dim() const override { return dim_; }
  std::size_t words() const { return rows_.size(); }
  Result<std::vector<float>> embed(std::span<const std::string> texts) const override;

 private:
  Status add_line(std::string_view line);

  std::uint32_t dim_ = 0;
  std::unordered_map<std::string, std::uint32_t> rows_;
  std::vector<float> vectors_;  // [words, dim]
  std::vector<float> weights_;  // [words]
};

}  // namespace tamis::models
