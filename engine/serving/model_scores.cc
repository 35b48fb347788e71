#include "engine/serving/model_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/serving/stamped_array.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kRecentMs = 86'400'000;
constexpr std::size_t kRankVoters = 100;  // as the retriever user_knn

float inner_product_of(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

void to_unit_length(std::span<float> vector) {
  const float norm = std::sqrt(inner_product_of(vector, vector));
  if (norm > 0) std::for_each(vector.begin(), vector.end(), [norm](float& value) { value /= norm; });
}

StampedArray<float>& row_scores() {
  thread_local StampedArray<float> scores;
  return scores;
}

}  // namespace

ModelScores::ModelScores(const RankModels& models, const RankQuery& query) : models_(models), query_(query) {
  histories_.emplace(nullptr, history_in(nullptr));
  for (const auto& [model, vocabulary] : models.vocabularies)
    if (!histories_.contains(vocabulary)) histories_.emplace(vocabulary, history_in(vocabulary));
}

ModelScores::History ModelScores::history_in(const Vocabulary* vocabulary) const {
  const std::span<const RankEvent> events = query_.events;
  History history;
  history.user_row = vocabulary == nullptr ? query_.user_row : vocabulary->row_of(EntityKind::kUser, query_.user_key);
  history.all = rows_of(events, vocabulary);
  if (events.empty()) return history;
  const TimestampMs since_ms = events.back().timestamp_ms - kRecentMs;
  const auto first = std::find_if(events.begin(), events.end(),
                                  [&](const RankEvent& event) { return event.timestamp_ms >= since_ms; });
  history.recent = rows_of({first, events.end()}, vocabulary);
  return history;
}

const ModelScores::History& ModelScores::history_of(std::string_view model) const {
  return histories_.at(models_.vocabulary(model));
}

std::uint32_t ModelScores::row_in(std::string_view model, const RankCandidate& candidate) const {
  const Vocabulary* vocabulary = models_.vocabulary(model);
  return vocabulary == nullptr ? candidate.row : vocabulary->row_of(EntityKind::kItem, candidate.key);
}

ModelScores::Rows ModelScores::rows_of(std::span<const RankEvent> events, const Vocabulary* vocabulary) {
  Rows rows;
  thread_local StampedArray<std::uint32_t> slots;
  slots.clear();
  for (const RankEvent& event : events) {
    const std::uint32_t row = vocabulary == nullptr ? event.row : vocabulary->row_of(EntityKind::kItem, event.key);
    if (row != kNoDenseId) rows.events.push_back({row, event.weight, event.timestamp_ms});
  }
  for (auto event = rows.events.rbegin(); event != rows.events.rend(); ++event) {
    if (!slots.contains(event->item)) {
      slots[event->item] = static_cast<std::uint32_t>(rows.items.size());
      rows.items.push_back(event->item);
      rows.weights.push_back(0);
    }
    rows.weights[slots[event->item]] += event->weight;
  }
  return rows;
}

const models::Encoder* ModelScores::find_encoder(std::string_view name) const {
  for (const models::Encoder* encoder : models_.encoders)
    if (encoder->shape().name == name) return encoder;
  return nullptr;
}

const models::HistoryModel* ModelScores::find_history_model(std::string_view name) const {
  for (const models::HistoryModel* model : models_.history_models)
    if (model->shape().kind == name) return model;
  return nullptr;
}

std::vector<float> ModelScores::embed(const models::Encoder& encoder, const History& history, const Rows& rows) const {
  models::UserInput input;
  if (history.user_row != kNoDenseId) input.row = history.user_row;
  input.history = rows.events;
  input.features = query_.user;
  input.context = query_.context;
  input.now_ms = query_.now_ms;
  std::vector<float> vector(encoder.shape().dim);
  if (!place_user(encoder, input, vector).is_ok()) return {};
  if (encoder.shape().metric == Metric::kCosine) to_unit_length(vector);
  return vector;
}

std::vector<models::ScoredId> ModelScores::voters() const {
  const History& history = history_of("user_knn");
  auto found = models::find_similar_users(*models_.by_item, models_.user_norms, history.all.items, kRankVoters + 1);
  std::erase_if(found, [&](const models::ScoredId& voter) { return voter.id == history.user_row; });
  if (found.size() > kRankVoters) found.resize(kRankVoters);
  return found;
}

bool ModelScores::score(std::string_view model, bool recent, std::span<const RankCandidate> candidates,
                        std::span<double> scores) const {
  std::fill(scores.begin(), scores.end(), 0.0);
  const History& history = history_of(model);
  const Rows& rows = recent ? history.recent : history.all;
  if (model == "item_knn" || model == "user_knn") {
    if (rows.items.empty() || (model == "item_knn" ? models_.item_neighbors == nullptr : models_.by_item == nullptr))
      return false;
    row_scores().clear();
    if (model == "item_knn") {
      for (std::size_t h = 0; h < rows.items.size(); ++h) {
        const auto neighbors = models_.item_neighbors->row_neighbors(rows.items[h]);
        const auto similarities = models_.item_neighbors->row_similarities(rows.items[h]);
        for (std::size_t n = 0; n < neighbors.size(); ++n)
          row_scores()[neighbors[n]] += rows.weights[h] * similarities[n];
      }
    } else {
      for (const models::ScoredId& voter : voters()) {
        const auto items = models_.interactions->row_columns(voter.id);
        const auto weights = models_.interactions->row_weights(voter.id);
        for (std::size_t i = 0; i < items.size(); ++i)
          row_scores()[items[i]] += weights[i] < 0 ? -voter.score : voter.score;
      }
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const std::uint32_t row = row_in(model, candidates[i]);
      const float* found = row == kNoDenseId ? nullptr : row_scores().find(row);
      scores[i] = found == nullptr ? 0 : *found;
    }
    return true;
  }
  if (const models::HistoryModel* answers = find_history_model(model); answers != nullptr) {
    if (rows.items.empty()) return false;
    thread_local StampedArray<std::uint32_t> asked;  // row -> place among the candidates
    asked.clear();
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (const std::uint32_t row = row_in(model, candidates[i]); row != kNoDenseId)
        asked[row] = static_cast<std::uint32_t>(i);
    const auto is_asked = [&](std::uint32_t row) { return asked.contains(row); };
    for (const models::ScoredId& found : answers->recommend(rows.items, rows.weights, candidates.size(), is_asked))
      scores[asked[found.id]] = found.score;
    return true;
  }
  const models::Encoder* encoder = find_encoder(model);
  if (encoder == nullptr) return false;
  const std::vector<float> user = embed(*encoder, history, rows);
  if (user.empty()) return false;
  const std::size_t dim = user.size();
  std::vector<float> vector(dim);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const RankCandidate& candidate = candidates[i];
    if (const std::uint32_t row = row_in(model, candidate); row != kNoDenseId) {
      const auto stored = encoder->item_vectors().subspan(std::size_t{row} * dim, dim);
      std::copy(stored.begin(), stored.end(), vector.begin());
    } else if (candidate.features == nullptr || !encoder->embeds_new_items() ||
               !encoder->embed_item(*candidate.features, vector).is_ok()) {
      continue;
    }
    if (encoder->shape().metric == Metric::kCosine) to_unit_length(vector);
    scores[i] = double{inner_product_of(user, vector)};
  }
  return true;
}

std::vector<models::ScoredId> ModelScores::top(std::string_view model, std::size_t depth) const {
  const History& history = history_of(model);
  if (model == "item_knn") {
    if (models_.item_neighbors == nullptr) return {};
    return models::score_item_knn(*models_.item_neighbors, history.all.items, history.all.weights, depth);
  }
  if (model == "user_knn") {
    if (models_.by_item == nullptr || history.all.items.empty()) return {};
    return models::score_user_knn(voters(), *models_.interactions, depth);
  }
  if (const models::HistoryModel* answers = find_history_model(model); answers != nullptr) {
    if (history.all.items.empty()) return {};
    return answers->recommend(history.all.items, history.all.weights, depth, {});
  }
  const models::Encoder* encoder = find_encoder(model);
  if (encoder == nullptr) return {};
  const std::vector<float> user = embed(*encoder, history, history.all);
  if (user.empty()) return {};
  models::TopK best(depth);
  std::vector<float> vector(user.size());
  for (std::uint32_t row = 0; row < encoder->shape().items; ++row) {
    const auto stored = encoder->item_vectors().subspan(std::size_t{row} * user.size(), user.size());
    std::copy(stored.begin(), stored.end(), vector.begin());
    if (encoder->shape().metric == Metric::kCosine) to_unit_length(vector);
    best.push({row, inner_product_of(user, vector)});
  }
  return best.take();
}

}  // namespace tamis::engine
