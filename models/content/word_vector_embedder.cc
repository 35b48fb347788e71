#include "models/content/word_vector_embedder.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "models/blas.h"
#include "models/content/fold_text.h"
#include "models/content/npy_matrix.h"
#include "models/content/text_tokens.h"
#include "models/nn/unit_norm.h"
#include "models/text_lines.h"

namespace tamis::models {
namespace {

constexpr std::size_t kMaxDim = 4096;

// The next run of characters that are neither space nor tab; empty at the end.
std::string_view next_token(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const std::string_view token = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return token;
}

Status parse_vector(std::string_view line, std::vector<float>& values) {
  values.clear();
  for (std::string_view token = next_token(line); !token.empty(); token = next_token(line)) {
    float value = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc() || end != token.data() + token.size() || !std::isfinite(value)) {
      return Status::invalid_argument("\"" + std::string(token.substr(0, 40)) + "\" is no finite number");
    }
    values.push_back(value);
  }
  return Status::ok();
}

}  // namespace

Result<WordVectorEmbedder> WordVectorEmbedder::read(const std::filesystem::path& path, std::uint32_t max_words) {
  WordVectorEmbedder embedder;
  TAMIS_RETURN_IF_ERROR(for_each_line(path, [&](std::string_view line, std::size_t number) {
    if (embedder.rows_.size() >= max_words) return Status::ok();
    std::vector<float> header;
    const bool is_header = number == 1 && parse_vector(line, header).is_ok() && header.size() == 2;
    return is_header ? Status::ok() : embedder.add_line(line);
  }));
  if (embedder.dim_ == 0) return Status::invalid_argument(path.string() + " holds no word vectors");
  embedder.weights_.assign(embedder.rows_.size(), 1.0F);
  return embedder;
}

Result<WordVectorEmbedder> WordVectorEmbedder::read_npy(const std::filesystem::path& matrix,
                                                        const std::filesystem::path& vocabulary,
                                                        std::uint32_t max_words) {
  TAMIS_ASSIGN_OR_RETURN(const NpyMatrix table, read_npy_matrix(matrix, max_words));
  WordVectorEmbedder embedder;
  embedder.dim_ = table.columns;
  std::size_t lines = 0;
  TAMIS_RETURN_IF_ERROR(for_each_line(vocabulary, [&](std::string_view word, std::size_t number) {
    lines = number;
    if (number > table.rows || !embedder.add_word(word)) return Status::ok();
    const float* row = &table.values[(number - 1) * table.columns];
    embedder.vectors_.insert(embedder.vectors_.end(), row, row + table.columns);
    return Status::ok();
  }));
  if (lines < table.rows || (lines > table.rows && table.rows < max_words))
    return Status::invalid_argument(vocabulary.string() + " has " + std::to_string(lines) + " words, expected " +
                                    std::to_string(table.rows) + " as " + matrix.string() + " has rows");
  if (embedder.rows_.empty()) return Status::invalid_argument(matrix.string() + " holds no word vectors");
  embedder.weights_.assign(embedder.rows_.size(), 1.0F);
  return embedder;
}

Result<WordVectorEmbedder> WordVectorEmbedder::restore(std::uint32_t dim, std::string_view words,
                                                       std::vector<float> vectors, std::vector<float> weights) {
  WordVectorEmbedder embedder;
  embedder.dim_ = dim;
  for (std::size_t end = words.find('\n'); end != std::string_view::npos; end = words.find('\n')) {
    if (!embedder.add_word(words.substr(0, end))) return Status::corruption("a word stands there twice");
    words.remove_prefix(end + 1);
  }
  if (!words.empty() || embedder.rows_.size() != weights.size() || weights.size() * dim != vectors.size())
    return Status::corruption("the words, their vectors and their weights are not equally many");
  embedder.vectors_ = std::move(vectors);
  embedder.weights_ = std::move(weights);
  return embedder;
}

std::string WordVectorEmbedder::word_lines() const {
  std::vector<const std::string*> by_row(rows_.size());
  for (const auto& [word, row] : rows_) by_row[row] = &word;
  std::string lines;
  for (const std::string* word : by_row) lines.append(*word).push_back('\n');
  return lines;
}

bool WordVectorEmbedder::add_word(std::string_view word) {
  return rows_.emplace(fold_text(word), static_cast<std::uint32_t>(rows_.size())).second;
}

Status WordVectorEmbedder::add_line(std::string_view line) {
  const std::string_view word = next_token(line);
  if (word.empty()) return Status::ok();
  std::vector<float> values;
  TAMIS_RETURN_IF_ERROR(parse_vector(line, values));
  if (dim_ == 0 && !values.empty() && values.size() <= kMaxDim) dim_ = static_cast<std::uint32_t>(values.size());
  if (values.empty() || values.size() != dim_) {
    return Status::invalid_argument("\"" + std::string(word.substr(0, 40)) + "\" has " + std::to_string(values.size()) +
                                    " numbers, expected " +
                                    (dim_ == 0 ? "1.." + std::to_string(kMaxDim) : std::to_string(dim_)));
  }
  if (add_word(word)) vectors_.insert(vectors_.end(), values.begin(), values.end());
  return Status::ok();
}

void WordVectorEmbedder::fit(std::span<const std::string> texts, double smoothing) {
  std::vector<double> counts(rows_.size(), 0);
  double total = 0;
  for (const std::string& text : texts) {
    for (const std::string& word : words_of(text)) {
      const auto row = rows_.find(word);
      if (row != rows_.end()) counts[row->second] += 1;
      total += 1;
    }
  }
  for (std::size_t row = 0; row < counts.size(); ++row) {
    weights_[row] = static_cast<float>(smoothing / (smoothing + counts[row] / std::max(total, 1.0)));
  }
}

Result<std::vector<float>> WordVectorEmbedder::embed(std::span<const std::string> texts) const {
  std::vector<float> sums(texts.size() * dim_, 0.0F);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const std::string& word : words_of(texts[i])) {
      const auto row = rows_.find(word);
      if (row == rows_.end()) continue;
      blas::add_scaled(dim_, weights_[row->second], &vectors_[std::size_t{row->second} * dim_], &sums[i * dim_]);
    }
  }
  std::vector<float> norms(texts.size());
  nn::normalize_rows(texts.size(), dim_, sums.data(), norms.data());
  return sums;
}

}  // namespace tamis::models
