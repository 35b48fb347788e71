#include "models/content/content_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "models/content/item_text.h"
#include "models/content/word_vector_embedder.h"

namespace tamis::models {
namespace {

constexpr const char* kItemVectors = "item_vectors";
constexpr const char* kKnownTerms = "known_terms";
constexpr std::array<const char*, 4> kCommonSettings = {"embedder", "fields", "max_history", "disliked_weight"};
constexpr std::array<const char*, 6> kBuiltinSettings = {"buckets",      "shortest_ngram", "longest_ngram",
                                                         "ngram_weight", "projection",     "seed"};
constexpr std::array<const char*, 2> kEndpointSettings = {"model", "dimensions"};

bool says_nothing(std::span<const float> vector) {
  return std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; });
}

// What `texts` come to through the embedder that the settings choose, learned from those texts where it learns.
Result<std::shared_ptr<const TextEmbedder>> make_embedder(std::span<const std::string> texts, const TrainingData& data,
                                                          const ContentOptions& options, const TrainControl& control) {
  if (options.embedder == TextEmbedderKind::kEndpoint) {
    if (data.text_embedders == nullptr)
      return Status::failed_precondition("no embeddings endpoint is configured (training.settings.content.url)");
    return data.text_embedders->endpoint(options.model, options.dimensions);
  }
  if (options.embedder == TextEmbedderKind::kWordVectors) {
    if (options.path.empty())
      return Status::invalid_argument("the embedder word_vectors needs a file of them").at_field("path");
    const bool is_npy = options.path.extension() == ".npy";
    if (is_npy && options.vocabulary.empty())
      return Status::invalid_argument("a .npy matrix needs its list of words").at_field("vocabulary");
    TAMIS_ASSIGN_OR_RETURN(WordVectorEmbedder embedder,
                           is_npy ? WordVectorEmbedder::read_npy(options.path, options.vocabulary, options.max_words)
                                  : WordVectorEmbedder::read(options.path, options.max_words));
    embedder.fit(texts, options.smoothing);
    return std::shared_ptr<const TextEmbedder>(std::make_shared<WordVectorEmbedder>(std::move(embedder)));
  }
  std::vector<std::string> written;
  std::copy_if(texts.begin(), texts.end(), std::back_inserter(written), [](const auto& text) { return !text.empty(); });
  TAMIS_ASSIGN_OR_RETURN(HashedTextEmbedder embedder, HashedTextEmbedder::fit(written, options.hashed, control));
  return std::shared_ptr<const TextEmbedder>(std::make_shared<HashedTextEmbedder>(std::move(embedder)));
}

Result<std::shared_ptr<const TextEmbedder>> restore_embedder(const SavedEncoder& saved, const ContentOptions& options) {
  const std::uint32_t dim = saved.shape.dim;
  const TensorReader& tensors = saved.tensors;
  if (options.embedder == TextEmbedderKind::kWordVectors) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> words, tensors.read<std::uint8_t>("words"));
    const auto count = static_cast<std::uint64_t>(std::count(words.begin(), words.end(), '\n'));
    TAMIS_ASSIGN_OR_RETURN(std::vector<float> vectors, read_finite(tensors, "word_vectors", {count, dim}));
    TAMIS_ASSIGN_OR_RETURN(std::vector<float> weights, read_finite(tensors, "word_weights", {count}));
    TAMIS_ASSIGN_OR_RETURN(WordVectorEmbedder embedder,
                           WordVectorEmbedder::restore(dim, {reinterpret_cast<const char*>(words.data()), words.size()},
                                                       std::move(vectors), std::move(weights)));
    return std::shared_ptr<const TextEmbedder>(std::make_shared<WordVectorEmbedder>(std::move(embedder)));
  }
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> idf, read_finite(tensors, "idf", {options.hashed.buckets}));
  std::vector<float> projection;
  if (options.hashed.projection == TextProjection::kSvd) {
    TAMIS_ASSIGN_OR_RETURN(projection, read_finite(tensors, "projection", {options.hashed.buckets, dim}));
  }
  std::vector<std::uint64_t> known;  // older files have none
  if (tensors.tensors().contains(kKnownTerms)) {
    TAMIS_ASSIGN_OR_RETURN(known, tensors.read<std::uint64_t>(kKnownTerms));
    if (!std::is_sorted(known.begin(), known.end()))
      return Status::corruption("the known terms do not ascend").at_field(kKnownTerms);
  }
  TAMIS_ASSIGN_OR_RETURN(
      HashedTextEmbedder embedder,
      HashedTextEmbedder::restore(options.hashed, std::move(idf), std::move(projection), std::move(known)));
  return std::shared_ptr<const TextEmbedder>(std::make_shared<HashedTextEmbedder>(std::move(embedder)));
}

}  // namespace

ContentEncoder::ContentEncoder(Parts parts)
    : Encoder({.name = "content",
               .kind = "content",
               .users = parts.users,
               .items = parts.items,
               .dim = parts.dim,
               .metric = Metric::kCosine}),
      parts_(std::move(parts)),
      options_(content_options(parts_.settings)) {
  if (const auto* table = dynamic_cast<const WordVectorEmbedder*>(parts_.embedder.get())) words_ = table->word_lines();
}

Result<std::unique_ptr<Encoder>> ContentEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  if (shape.metric != Metric::kCosine)
    return Status::invalid_argument("metric is " + std::string(metric_name(shape.metric)) + ", expected cosine")
        .at_field("metric");
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  Parts parts{.users = shape.users, .items = shape.items, .dim = shape.dim};
  TAMIS_ASSIGN_OR_RETURN(parts.settings, resolve_settings(content_table(), given));
  TAMIS_ASSIGN_OR_RETURN(parts.item_vectors, read_finite(saved.tensors, kItemVectors, {shape.items, shape.dim}));
  const ContentOptions options = content_options(parts.settings);
  if (options.embedder != TextEmbedderKind::kEndpoint) {
    TAMIS_ASSIGN_OR_RETURN(parts.embedder, restore_embedder(saved, options));
  } else if (saved.text_embedders == nullptr) {
    parts.refusal = Status::failed_precondition("no embeddings endpoint is configured (training.settings.content.url)");
  } else if (auto endpoint = saved.text_embedders->endpoint(options.model, shape.dim); endpoint.is_ok()) {
    parts.embedder = std::move(endpoint).value();
  } else {
    parts.refusal = endpoint.status();
  }
  return std::unique_ptr<Encoder>(std::make_unique<ContentEncoder>(std::move(parts)));
}

Status ContentEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  // The newest events of both lists, as one history in order of time.
  std::size_t known = user.history.size();
  std::size_t newer = user.newer.size();
  bool placed = false;
  for (std::uint32_t taken = 0; taken < options_.max_history && known + newer > 0;) {
    const bool is_newer =
        known == 0 || (newer > 0 && user.newer[newer - 1].timestamp_ms >= user.history[known - 1].timestamp_ms);
    const std::span<const float> vector = is_newer ? user.newer[newer - 1].vector : row(user.history[known - 1].item);
    const float weight = is_newer ? user.newer[newer - 1].weight : user.history[known - 1].weight;
    --(is_newer ? newer : known);
    if (says_nothing(vector)) continue;
    ++taken;
    placed = true;
    for (std::size_t d = 0; d < out.size(); ++d) out[d] += weight * vector[d];
  }
  if (!placed) return Status::failed_precondition("no item of the history has a text");
  if (options_.disliked_weight > 0) turn_away(user.negatives, out);
  return Status::ok();
}

void ContentEncoder::turn_away(std::span<const HistoryEvent> negatives, std::span<float> out) const {
  const std::size_t count = std::min<std::size_t>(negatives.size(), options_.max_history);
  for (const HistoryEvent& event : negatives.last(count)) {
    const std::span<const float> vector = row(event.item);
    const float weight = static_cast<float>(options_.disliked_weight) * event.weight;
    for (std::size_t d = 0; d < out.size(); ++d) out[d] -= weight * vector[d];
  }
}

Status ContentEncoder::embed_item(const Features& features, std::span<float> out) const {
  if (asks_server()) return Status::failed_precondition("the embeddings endpoint is asked in the background");
  const std::string text = item_text(features, options_.fields);
  if (text.empty()) return Status::failed_precondition("the item has no text");
  if (parts_.embedder == nullptr) return parts_.refusal;
  return place(text, out);
}

Result<std::vector<float>> ContentEncoder::embed_items(std::span<const Features* const> items) const {
  if (parts_.embedder == nullptr) return parts_.refusal;
  std::vector<std::string> texts;
  for (const Features* features : items) texts.push_back(item_text(*features, options_.fields));
  return parts_.embedder->embed(texts);
}

Status ContentEncoder::embed_text(std::string_view text, std::span<float> out) const {
  if (parts_.embedder == nullptr) return parts_.refusal;
  if (!parts_.embedder->knows(text)) return Status::failed_precondition("no word of the text is known");
  return place(text, out);
}

Status ContentEncoder::place(std::string_view text, std::span<float> out) const {
  const std::string owned(text);
  TAMIS_ASSIGN_OR_RETURN(const std::vector<float> vector, parts_.embedder->embed({&owned, 1}));
  if (says_nothing(vector)) return Status::failed_precondition("no word of the text is known");
  std::copy(vector.begin(), vector.end(), out.begin());
  return Status::ok();
}

bool ContentEncoder::explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const {
  std::vector<float> mean(parts_.dim);
  if (!user.newer.empty() || !user.negatives.empty() || user.history.size() > options_.max_history ||
      !embed_user(user, mean).is_ok())
    return false;
  double squares = 0;
  for (const float value : mean) squares += double{value} * value;
  if (squares <= 0) return false;
  const std::span<const float> target = row(item);
  for (std::size_t h = 0; h < user.history.size(); ++h) {
    const std::span<const float> vector = row(user.history[h].item);
    double product = 0;
    for (std::size_t d = 0; d < target.size(); ++d) product += double{vector[d]} * target[d];
    shares[h] = user.history[h].weight * product / std::sqrt(squares);
  }
  return true;
}

Settings ContentEncoder::settings() const {
  Settings told;
  const auto tell = [&](const char* name) { told[name] = parts_.settings.find(name)->second; };
  for (const char* name : kCommonSettings) tell(name);
  if (options_.embedder == TextEmbedderKind::kBuiltin)
    for (const char* name : kBuiltinSettings) tell(name);
  if (options_.embedder == TextEmbedderKind::kEndpoint)
    for (const char* name : kEndpointSettings) tell(name);
  return told;
}

void ContentEncoder::add_tensors(TensorWriter& writer) const {
  writer.add<float>(kItemVectors, {parts_.items, parts_.dim}, parts_.item_vectors);
  if (const auto* hashed = dynamic_cast<const HashedTextEmbedder*>(parts_.embedder.get())) {
    writer.add<float>("idf", {hashed->idf().size()}, hashed->idf());
    if (!hashed->projection().empty())
      writer.add<float>("projection", {hashed->idf().size(), parts_.dim}, hashed->projection());
    if (!hashed->known_terms().empty())
      writer.add<std::uint64_t>(kKnownTerms, {hashed->known_terms().size()}, hashed->known_terms());
  }
  if (const auto* table = dynamic_cast<const WordVectorEmbedder*>(parts_.embedder.get())) {
    writer.add<std::uint8_t>("words", {words_.size()},
                             {reinterpret_cast<const std::uint8_t*>(words_.data()), words_.size()});
    writer.add<float>("word_vectors", {table->words(), parts_.dim}, table->vectors());
    writer.add<float>("word_weights", {table->words()}, table->weights());
  }
}

Result<std::unique_ptr<Encoder>> train_content_encoder(const TrainingData& data, const Settings& settings,
                                                       const TrainControl& control) {
  ContentEncoder::Parts parts{.settings = settings, .users = data.users, .items = data.items};
  const ContentOptions options = content_options(settings);
  std::vector<std::string> texts(data.items);
  for (std::size_t i = 0; i < data.item_features.size(); ++i)
    texts[i] = item_text(data.item_features[i], options.fields);
  std::vector<std::string> all_texts = texts;  // what is learned from
  for (const Features& features : data.other_item_features) all_texts.push_back(item_text(features, options.fields));
  if (std::all_of(all_texts.begin(), all_texts.end(), [](const std::string& text) { return text.empty(); }))
    return Status::failed_precondition("no item has a text: neither name, title nor a feature of kind text");
  control.progress(0, "making the embedder");
  TAMIS_ASSIGN_OR_RETURN(parts.embedder, make_embedder(all_texts, data, options, control));
  parts.dim = parts.embedder->dim();
  if (options.embedder == TextEmbedderKind::kEndpoint && parts.settings["model"].empty())
    parts.settings["model"] = data.text_embedders->model();
  parts.item_vectors.reserve(texts.size() * parts.dim);
  constexpr std::size_t kTextsPerBlock = 1'024;
  for (std::size_t begin = 0; begin < texts.size(); begin += kTextsPerBlock) {
    TAMIS_RETURN_IF_ERROR(control.check());
    const auto block = std::span(texts).subspan(begin, std::min(kTextsPerBlock, texts.size() - begin));
    TAMIS_ASSIGN_OR_RETURN(const std::vector<float> vectors, parts.embedder->embed(block));
    parts.item_vectors.insert(parts.item_vectors.end(), vectors.begin(), vectors.end());
    control.progress(static_cast<double>(begin + block.size()) / static_cast<double>(texts.size()),
                     std::to_string(begin + block.size()) + " of " + std::to_string(texts.size()) + " texts");
  }
  return std::unique_ptr<Encoder>(std::make_unique<ContentEncoder>(std::move(parts)));
}

}  // namespace tamis::models
