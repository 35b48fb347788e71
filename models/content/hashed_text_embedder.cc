#include "models/content/hashed_text_embedder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/random.h"
#include "models/blas.h"
#include "models/content/text_tokens.h"
#include "models/nn/unit_norm.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::uint64_t kWordSeed = 1;
constexpr std::uint64_t kNgramSeed = 2;
constexpr std::size_t kMostKnown = 4'000'000;
constexpr double kKnownShare = 0.3;         // of the n-grams of a text without a known word, as a misspelt one has
constexpr std::uint32_t kOversampling = 8;  // more directions than wanted, so that those wanted are accurate
constexpr int kPowerIterations = 3;
constexpr float kNegligible = 1e-6F;
constexpr std::size_t kColumnsPerBlock = 16;
constexpr std::size_t kDocumentsPerBlock = 256;

void sort_unique(std::vector<std::uint64_t>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

Status check(const HashedTextOptions& options) {
  if (options.dim == 0 || options.dim > 4096) {
    return Status::invalid_argument("dim is " + std::to_string(options.dim) + ", expected 1..4096").at_field("dim");
  }
  if (options.buckets == 0) return Status::invalid_argument("buckets is 0, expected at least 1").at_field("buckets");
  return Status::ok();
}

// The columns of q [rows, columns] to orthonormal ones of the same span, by the eigenvectors of their Gram matrix:
// those along which q is longest first. Directions that rounding cannot tell from nothing become zeros.
Status orthonormalize(std::size_t rows, std::size_t columns, std::vector<float>& q) {
  std::vector<float> gram(columns * columns, 0.0F);
  blas::add_gram_of_columns(rows, columns, q.data(), gram.data());
  std::vector<float> values(columns);
  if (!blas::decompose_symmetric(columns, gram.data(), values)) {
    return Status::internal("the decomposition of the texts' terms did not converge");
  }
  std::vector<float> rotation(columns * columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t from = columns - 1 - c;  // values ascend
    const float scale = values[from] > kNegligible * values.back() ? 1 / std::sqrt(values[from]) : 0;
    for (std::size_t r = 0; r < columns; ++r) rotation[r * columns + c] = gram[from * columns + r] * scale;
  }
  std::vector<float> rotated(q.size());
  blas::multiply(rows, columns, columns, q.data(), rotation.data(), rotated.data());
  q = std::move(rotated);
  return Status::ok();
}

}  // namespace

Result<HashedTextEmbedder> HashedTextEmbedder::fit(std::span<const std::string> texts, const HashedTextOptions& options,
                                                   const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(check(options));
  HashedTextEmbedder embedder(options);
  std::vector<std::vector<Term>> documents(texts.size());
  const auto read = [&] {
    return parallel_blocks(control, texts.size(), kDocumentsPerBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) documents[i] = embedder.terms(texts[i]);
    });
  };
  TAMIS_RETURN_IF_ERROR(read());
  embedder.collect_known(texts);
  std::vector<std::uint32_t> frequency(options.buckets, 0);
  for (const auto& document : documents) {
    for (const Term& term : document) ++frequency[term.bucket];
  }
  for (const std::uint32_t count : frequency) {
    embedder.idf_.push_back(
        static_cast<float>(std::log((1.0 + static_cast<double>(texts.size())) / (1.0 + count)) + 1));
  }
  if (options.projection == TextProjection::kSvd) {
    TAMIS_RETURN_IF_ERROR(read());
    TAMIS_RETURN_IF_ERROR(embedder.fit_svd(documents, control));
  }
  return embedder;
}

Result<HashedTextEmbedder> HashedTextEmbedder::restore(const HashedTextOptions& options, std::vector<float> idf,
                                                       std::vector<float> projection,
                                                       std::vector<std::uint64_t> known) {
  TAMIS_RETURN_IF_ERROR(check(options));
  const std::size_t expected =
      options.projection == TextProjection::kSvd ? std::size_t{options.buckets} * options.dim : 0;
  if (idf.size() != options.buckets || projection.size() != expected) {
    return Status::corruption("the text embedder's tables do not have the size that its options tell");
  }
  HashedTextEmbedder embedder(options);
  embedder.idf_ = std::move(idf);
  embedder.projection_ = std::move(projection);
  embedder.known_ = std::move(known);
  return embedder;
}

Result<std::vector<float>> HashedTextEmbedder::embed(std::span<const std::string> texts) const {
  std::vector<float> vectors(texts.size() * options_.dim, 0.0F);
  std::vector<float> norms(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) project(terms(texts[i]), &vectors[i * options_.dim]);
  nn::normalize_rows(texts.size(), options_.dim, vectors.data(), norms.data());
  return vectors;
}

template <typename Visit>
void HashedTextEmbedder::visit_terms(std::string_view text, const Visit& visit) const {
  for (const std::string& word : words_of(text)) {
    visit(hash_text(word, kWordSeed), 1.0F, true);
    const std::string marked = "<" + word + ">";
    std::size_t ngrams = 0;
    for (std::size_t n = options_.shortest_ngram; n <= options_.longest_ngram && n <= marked.size(); ++n) {
      ngrams += marked.size() - n + 1;
    }
    if (ngrams == 0 || options_.ngram_weight <= 0) continue;
    const float weight = static_cast<float>(options_.ngram_weight / std::sqrt(static_cast<double>(ngrams)));
    for (std::size_t n = options_.shortest_ngram; n <= options_.longest_ngram && n <= marked.size(); ++n) {
      for (std::size_t at = 0; at + n <= marked.size(); ++at) {
        visit(hash_text(std::string_view(marked).substr(at, n), kNgramSeed), weight, false);
      }
    }
  }
}

void HashedTextEmbedder::collect_known(std::span<const std::string> texts) {
  for (const std::string& text : texts) {
    visit_terms(text, [&](std::uint64_t hash, float, bool) { known_.push_back(hash); });
    if (known_.size() < 2 * kMostKnown) continue;
    sort_unique(known_);
    if (known_.size() > kMostKnown) break;
  }
  sort_unique(known_);
  if (known_.size() > kMostKnown) known_ = {};
}

bool HashedTextEmbedder::knows(std::string_view text) const {
  if (known_.empty()) return true;
  bool has_word = false;
  std::size_t ngrams = 0;
  std::size_t known_ngrams = 0;
  visit_terms(text, [&](std::uint64_t hash, float, bool is_word) {
    const bool is_known = std::binary_search(known_.begin(), known_.end(), hash);
    has_word |= is_word && is_known;
    ngrams += is_word ? 0 : 1;
    known_ngrams += !is_word && is_known ? 1 : 0;
  });
  return has_word || (ngrams > 0 && static_cast<double>(known_ngrams) >= kKnownShare * static_cast<double>(ngrams));
}

std::vector<HashedTextEmbedder::Term> HashedTextEmbedder::terms(const std::string& text) const {
  std::vector<Term> all;
  visit_terms(text, [&](std::uint64_t hash, float weight, bool /*is_word*/) {
    all.push_back({static_cast<std::uint32_t>((hash >> 32) * options_.buckets >> 32), weight});
  });
  std::stable_sort(all.begin(), all.end(), [](const Term& a, const Term& b) { return a.bucket < b.bucket; });
  std::vector<Term> unique;
  std::vector<float> heaviest;  // of one occurrence: what 1 + log(count) multiplies
  for (const Term& term : all) {
    if (unique.empty() || unique.back().bucket != term.bucket) {
      unique.push_back({term.bucket, 0});
      heaviest.push_back(0);
    }
    unique.back().weight += term.weight;
    heaviest.back() = std::max(heaviest.back(), term.weight);
  }
  float squares = 0;
  for (std::size_t i = 0; i < unique.size(); ++i) {
    unique[i].weight = heaviest[i] * (1 + std::log(unique[i].weight / heaviest[i]));
    if (!idf_.empty()) unique[i].weight *= idf_[unique[i].bucket];
    squares += unique[i].weight * unique[i].weight;
  }
  for (Term& term : unique) term.weight /= std::sqrt(squares);
  return unique;
}

void HashedTextEmbedder::project(std::span<const Term> terms, float* out) const {
  const std::size_t dim = options_.dim;
  for (const Term& term : terms) {
    if (!projection_.empty()) {
      blas::add_scaled(dim, term.weight, &projection_[term.bucket * dim], out);
      continue;
    }
    Random signs(options_.seed ^ (std::uint64_t{term.bucket} << 20));
    for (std::size_t d = 0; d < dim; d += 64) {
      std::uint64_t bits = signs();
      for (std::size_t i = d; i < std::min(d + 64, dim); ++i, bits >>= 1) {
        out[i] += (bits & 1) != 0 ? term.weight : -term.weight;
      }
    }
  }
}

// Subspace iteration on the matrix of documents A [documents, buckets]: the columns of q converge to the leading right
// singular vectors of A, whatever the number of documents, in memory of [buckets, dim].
Status HashedTextEmbedder::fit_svd(const std::vector<std::vector<Term>>& documents, const TrainControl& control) {
  const std::size_t buckets = options_.buckets;
  const std::size_t width = std::min<std::size_t>(options_.dim + kOversampling, buckets);
  Random random(options_.seed);
  std::vector<float> q(buckets * width, 0.0F);
  // A random combination of documents per column: only their terms are touched.
  for (const auto& document : documents) {
    std::vector<float> draw(width);
    for (float& value : draw) value = static_cast<float>(random.normal());
    for (const Term& term : document) blas::add_scaled(width, term.weight, draw.data(), &q[term.bucket * width]);
  }
  for (int iteration = 0; iteration < kPowerIterations; ++iteration) {
    TAMIS_RETURN_IF_ERROR(control.check());
    TAMIS_RETURN_IF_ERROR(orthonormalize(buckets, width, q));
    std::vector<float> next(q.size(), 0.0F);
    TAMIS_RETURN_IF_ERROR(parallel_blocks(control, width, kColumnsPerBlock, [&](std::size_t begin, std::size_t end) {
      const std::size_t count = end - begin;
      std::vector<float> scores(count);
      for (const auto& document : documents) {
        std::fill(scores.begin(), scores.end(), 0.0F);
        for (const Term& term : document) {
          const float* row = &q[term.bucket * width + begin];
          for (std::size_t c = 0; c < count; ++c) scores[c] += term.weight * row[c];
        }
        for (const Term& term : document) {
          float* row = &next[term.bucket * width + begin];
          for (std::size_t c = 0; c < count; ++c) row[c] += term.weight * scores[c];
        }
      }
    }));
    q = std::move(next);
  }
  TAMIS_RETURN_IF_ERROR(orthonormalize(buckets, width, q));
  projection_.assign(buckets * options_.dim, 0.0F);
  for (std::size_t b = 0; b < buckets; ++b) {
    std::copy_n(&q[b * width], std::min<std::size_t>(width, options_.dim), &projection_[b * options_.dim]);
  }
  return Status::ok();
}

}  // namespace tamis::models
