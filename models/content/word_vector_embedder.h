// WordVectorEmbedder: texts as weighted means of static word vectors read from a file: GloVe's text format, or a NumPy
// matrix beside a list of words (docs/models.md).
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
  static Result<WordVectorEmbedder> read(const std::filesystem::path& path, std::uint32_t max_words = kEveryWord);
  // Row r of the .npy matrix belongs to the word in line r of `vocabulary` (plain or .xz). invalid_argument, too, where
  // their numbers differ.
  static Result<WordVectorEmbedder> read_npy(const std::filesystem::path& matrix,
                                             const std::filesystem::path& vocabulary,
                                             std::uint32_t max_words = kEveryWord);
  static constexpr std::uint32_t kEveryWord = ~0U;

  // As it was: `words` one a line, vectors [words, dim], weights [words]. corruption where they do not fit together.
  static Result<WordVectorEmbedder> restore(std::uint32_t dim, std::string_view words, std::vector<float> vectors,
                                            std::vector<float> weights);

  // Learns the words' frequencies. Before that all words weigh alike. `smoothing` is a, above 0.
  void fit(std::span<const std::string> texts, double smoothing = 1e-3);

  std::uint32_t dim() const override { return dim_; }
  std::size_t words() const { return rows_.size(); }
  Result<std::vector<float>> embed(std::span<const std::string> texts) const override;

  std::string word_lines() const;  // the words by row, one a line
  const std::vector<float>& vectors() const { return vectors_; }
  const std::vector<float>& weights() const { return weights_; }

 private:
  Status add_line(std::string_view line);
  bool add_word(std::string_view word);  // false where it is there already

  std::uint32_t dim_ = 0;
  std::unordered_map<std::string, std::uint32_t> rows_;
  std::vector<float> vectors_;  // [words, dim]
  std::vector<float> weights_;  // [words]
};

}  // namespace tamis::models
