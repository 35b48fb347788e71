#include "models/content/content_options.h"

#include <algorithm>

namespace tamis::models {
namespace {

constexpr double kMaxPathBytes = 4096;

std::uint32_t count(const Settings& settings, std::string_view name) {
  return static_cast<std::uint32_t>(integer_setting(settings, name));
}

std::vector<std::string> split_by_comma(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

}  // namespace

std::vector<ModelOption> content_table() {
  const ContentOptions defaults;
  return {
      choice_option("embedder", {"builtin", "word_vectors", "endpoint"}, "what turns an item's text into a vector"),
      text_option("fields", "", kMaxPathBytes,
                  "features that make up an item's text, with commas between; none: all texts, name and title"),
      integer_option("max_history", defaults.max_history, 1, 65'536, "newest events that a user is the mean of"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "of what users turned down, which is taken from the mean"),
      integer_option("dim", defaults.hashed.dim, 1, 4096, "builtin: length of the vectors"),
      integer_option("buckets", defaults.hashed.buckets, 1, 16'777'216, "builtin: of hashed words and n-grams"),
      integer_option("shortest_ngram", defaults.hashed.shortest_ngram, 1, 16, "builtin: characters"),
      integer_option("longest_ngram", defaults.hashed.longest_ngram, 0, 16,
                     "builtin: characters; below the shortest: words alone"),
      number_option("ngram_weight", defaults.hashed.ngram_weight, 0, 100,
                    "builtin: of all n-grams of a word beside the word itself"),
      choice_option("projection", {"svd", "random"}, "builtin: how terms become a few dimensions"),
      integer_option("seed", static_cast<double>(defaults.hashed.seed), 0, kLargestInteger,
                     "builtin: of the projection"),
      text_option("path", "", kMaxPathBytes, "word_vectors: the file, as text (plain or .xz) or a .npy matrix"),
      text_option("vocabulary", "", kMaxPathBytes, "word_vectors: the words of a .npy matrix, one a line"),
      integer_option("max_words", defaults.max_words, 1, 100'000'000, "word_vectors: those of the file's beginning"),
      number_option("smoothing", defaults.smoothing, 1e-9, 1e9,
                    "word_vectors: a word of share p of all words weighs smoothing / (smoothing + p)"),
      text_option("url", "", kMaxPathBytes, "endpoint: of the server, without /v1/embeddings"),
      text_option("model", "", 256, "endpoint: name of the model to ask for"),
      integer_option("dimensions", defaults.dimensions, 0, 4096, "endpoint: asked for; 0: as many as the model gives"),
      text_option("api_key_env", "", 256, "endpoint: environment variable that holds the API key"),
      text_option("api_key_file", "", kMaxPathBytes, "endpoint: file that holds the API key"),
      text_option("ca_file", "", kMaxPathBytes, "endpoint: certificates to trust, PEM; none: the system's"),
      integer_option("batch", 64, 1, 2048, "endpoint: texts a request"),
      integer_option("concurrency", 2, 1, 64, "endpoint: requests at once"),
      integer_option("timeout_ms", 60'000, 1, 3'600'000, "endpoint: of a request"),
      integer_option("attempts", 5, 1, 100, "endpoint: how often a request is tried, the first time included"),
      integer_option("max_retry_after_ms", 60'000, 0, 3'600'000, "endpoint: a longer Retry-After is cut to this"),
      text_option("cache_dir", "", kMaxPathBytes, "endpoint: folder of vectors known already; none: DATA/embeddings"),
      integer_option("cache_mb", 1024, 0, 1'048'576, "endpoint: size of that folder, MiB; 0: no cache"),
  };
}

ContentOptions content_options(const Settings& settings) {
  ContentOptions options;
  const std::string_view embedder = choice_setting(settings, "embedder");
  if (embedder == "word_vectors") options.embedder = TextEmbedderKind::kWordVectors;
  if (embedder == "endpoint") options.embedder = TextEmbedderKind::kEndpoint;
  options.fields = split_by_comma(choice_setting(settings, "fields"));
  options.max_history = count(settings, "max_history");
  options.disliked_weight = number_setting(settings, "disliked_weight");
  options.hashed.dim = count(settings, "dim");
  options.hashed.buckets = count(settings, "buckets");
  options.hashed.shortest_ngram = count(settings, "shortest_ngram");
  options.hashed.longest_ngram = count(settings, "longest_ngram");
  options.hashed.ngram_weight = number_setting(settings, "ngram_weight");
  options.hashed.projection =
      choice_setting(settings, "projection") == "random" ? TextProjection::kRandom : TextProjection::kSvd;
  options.hashed.seed = integer_setting(settings, "seed");
  options.path = choice_setting(settings, "path");
  options.vocabulary = choice_setting(settings, "vocabulary");
  options.max_words = count(settings, "max_words");
  options.smoothing = number_setting(settings, "smoothing");
  options.model = choice_setting(settings, "model");
  options.dimensions = count(settings, "dimensions");
  return options;
}

}  // namespace tamis::models
