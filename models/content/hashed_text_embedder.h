// HashedTextEmbedder: texts by their words and character n-grams, weighted by tf-idf, projected to a few dimensions.
// Needs no file and no vocabulary, and knows every language a little.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/content/text_embedder.h"
#include "models/train_control.h"

namespace tamis::models {

enum class TextProjection : std::uint8_t {  // persistent: do not renumber
  kRandom = 1,  // signs by hash (Achlioptas 2003, doi:10.1016/S0022-0000(03)00025-4): dot products hold on average
  kSvd = 2,     // the texts' principal directions (latent semantic analysis; randomised: Halko et al. 2011)
};

struct HashedTextOptions {
  std::uint32_t dim = 64;             // of the vectors, 1..4096
  std::uint32_t buckets = 1U << 16U;  // of hashed terms
  std::uint32_t shortest_ngram = 3;   // characters (bytes), with the word's ends marked
  std::uint32_t longest_ngram = 5;    // below shortest_ngram: words alone
  double ngram_weight = 0.5;          // of all n-grams of a word beside the word itself; 0: words alone
  TextProjection projection = TextProjection::kSvd;
  std::uint64_t seed = 42;
};

// Externally immutable once fitted.
class HashedTextEmbedder final : public TextEmbedder {
 public:
  // Learns document frequencies and the projection from `texts`. Deterministic by seed for any number of threads.
  // Errors: invalid_argument (options), those of parallel_blocks().
  static Result<HashedTextEmbedder> fit(std::span<const std::string> texts, const HashedTextOptions& options,
                                        const TrainControl& control);
  // As fitted elsewhere: idf [buckets], projection [buckets, dim] or empty where it is random.
  // `known` as known_terms() gave them, ascending.
  static Result<HashedTextEmbedder> restore(const HashedTextOptions& options, std::vector<float> idf,
                                            std::vector<float> projection, std::vector<std::uint64_t> known = {});

  std::uint32_t dim() const override { return options_.dim; }
  Result<std::vector<float>> embed(std::span<const std::string> texts) const override;

  // Whether a word of the text, or a good part of its n-grams, stands in the texts that were learned from.
  bool knows(std::string_view text) const override;

  const HashedTextOptions& options() const { return options_; }
  // The hashes of all words and n-grams learned from, ascending; empty where there were more than kMostKnown: then
  // every text counts as known.
  const std::vector<std::uint64_t>& known_terms() const { return known_; }
  const std::vector<float>& idf() const { return idf_; }
  const std::vector<float>& projection() const { return projection_; }

 private:
  struct Term {
    std::uint32_t bucket = 0;
    float weight = 0;
  };
  explicit HashedTextEmbedder(const HashedTextOptions& options) : options_(options) {}
  // A text's terms by bucket, unique: sublinear tf (1 + log count) where `idf` is empty, else tf-idf of length 1.
  std::vector<Term> terms(const std::string& text) const;
  // Calls visit(hash, weight, is_word) for each word of the text and each n-gram of it.
  template <typename Visit>
  void visit_terms(std::string_view text, const Visit& visit) const;
  void collect_known(std::span<const std::string> texts);
  void project(std::span<const Term> terms, float* out) const;
  Status fit_svd(const std::vector<std::vector<Term>>& documents, const TrainControl& control);

  HashedTextOptions options_;
  std::vector<float> idf_;         // [buckets]
  std::vector<float> projection_;  // [buckets, dim], or empty
  std::vector<std::uint64_t> known_;
};

}  // namespace tamis::models
