#include "engine/retrieval/user_vector.h"

#include <cmath>
#include <map>

#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

double dot_product(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

void make_unit_length(std::vector<float>& vector) {
  const double norm = std::sqrt(dot_product(vector, vector));
  if (!(norm > 0)) return;
  for (float& value : vector) value = static_cast<float>(value / norm);
}

// One item of a mean: its vector as it enters, and its share of the total weight.
struct MeanPart {
  DenseId item;
  double share;
  std::vector<float> vector;
};

std::vector<MeanPart> mean_parts(const SpaceIndex& space, const UserState& user) {
  std::vector<MeanPart> parts;
  double total = 0;
  for (const HistoryItem& entry : user.items) {
    if (parts.size() == kMeanItems) break;
    std::vector<float> vector = stored_vector(space.items.get(), space.space.dim, entry.item);
    if (vector.empty()) continue;
    if (space.space.metric == Metric::kCosine) make_unit_length(vector);
    total += entry.weight;
    parts.push_back({entry.item, entry.weight, std::move(vector)});
  }
  for (MeanPart& part : parts) part.share /= total;
  return parts;
}

std::vector<float> mean_of(const std::vector<MeanPart>& parts, std::uint32_t dim) {
  std::vector<float> mean(parts.empty() ? 0 : dim);
  for (const MeanPart& part : parts) {
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += static_cast<float>(part.share * part.vector[i]);
  }
  return mean;
}

// What an encoder is given of a user, with what its spans point to.
class EncoderInput {
 public:
  EncoderInput(const Generation& generation, const models::Encoder& encoder, const SpaceIndex& space,
               const UserState& user)
      : vocabulary_(generation.vocabulary(encoder.shape().name)),
        history_(user.events_of(vocabulary_)),
        negatives_(user.negatives_of(vocabulary_)),
        ratings_(user.ratings_of(vocabulary_)) {
    if (encoder.embeds_new_items()) gather_newer(space, user);
    if (const std::uint32_t row = vocabulary_.row_of(EntityKind::kUser, user.user); row != kNoDenseId) input_.row = row;
    input_.history = history_;
    input_.negatives = negatives_;
    input_.ratings = ratings_;
    input_.newer = newer_;
    if (user.entity != nullptr) input_.features = &user.entity->features;
    input_.context = user.context;
  }
  EncoderInput(const EncoderInput&) = delete;
  EncoderInput& operator=(const EncoderInput&) = delete;

  const models::UserInput& input() const { return input_; }
  const std::vector<models::HistoryEvent>& history() const { return history_; }

 private:
  void gather_newer(const SpaceIndex& space, const UserState& user) {
    for (const HistoryItem& event : user.events) {
      if (vocabulary_.row_of(EntityKind::kItem, event.item) != kNoDenseId) continue;
      std::vector<float> vector = stored_vector(space.items.get(), space.space.dim, event.item);
      if (vector.empty()) continue;
      vectors_.push_back(std::move(vector));  // moving the outer vector leaves the inner ones' memory in place
      newer_.push_back({vectors_.back(), event.weight, event.timestamp_ms});
    }
  }

  const Vocabulary& vocabulary_;
  std::vector<models::HistoryEvent> history_;
  std::vector<models::HistoryEvent> negatives_;
  std::vector<models::HistoryEvent> ratings_;
  std::vector<std::vector<float>> vectors_;
  std::vector<models::NewerEvent> newer_;
  models::UserInput input_;
};

UserVector embed(const Generation& generation, const models::Encoder& encoder, const SpaceIndex& space,
                 const UserState& user) {
  const EncoderInput given(generation, encoder, space, user);
  UserVector result{std::vector<float>(encoder.shape().dim), {}};
  const Status placed = place_user(encoder, given.input(), result.values);
  if (!placed.is_ok()) return {{}, placed.message()};
  return result;
}

Reasons explain_embedding(const Generation& generation, const models::Encoder& encoder, const SpaceIndex& space,
                          const UserState& user, DenseId item) {
  const Vocabulary& vocabulary = generation.vocabulary(encoder.shape().name);
  const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
  if (row == kNoDenseId) return {};
  const EncoderInput given(generation, encoder, space, user);
  const std::vector<models::HistoryEvent>& history = given.history();
  std::vector<double> shares(history.size());
  if (!encoder.explain(given.input(), row, shares)) return {};
  std::map<DenseId, double> by_item;
  for (std::size_t h = 0; h < history.size(); ++h) by_item[vocabulary.items[history[h].item]] += shares[h];
  return {by_item.begin(), by_item.end()};
}

}  // namespace

std::vector<float> stored_vector(const index::VectorIndex* index, std::uint32_t dim, DenseId id) {
  std::vector<float> vector(dim);
  if (index == nullptr || id == kNoDenseId || !index->get_original(id, vector)) return {};
  return vector;
}

double vector_score(Metric metric, std::span<const float> a, std::span<const float> b) {
  if (metric == Metric::kL2) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    return -sum;
  }
  const double product = dot_product(a, b);
  if (metric == Metric::kDot) return product;
  const double norms = std::sqrt(dot_product(a, a) * dot_product(b, b));
  return norms > 0 ? product / norms : 0;
}

const models::Encoder* find_encoder(const ReadState& state, const SpaceIndex& space) {
  return state.generation == nullptr ? nullptr : state.generation->encoder(space.space.name);
}

UserVector find_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user) {
  if (const models::Encoder* encoder = find_encoder(state, space))
    return embed(*state.generation, *encoder, space, user);
  if (std::vector<float> own = stored_vector(space.users.get(), space.space.dim, user.user); !own.empty())
    return {std::move(own), {}};
  UserVector result{mean_of(mean_parts(space, user), space.space.dim), {}};
  if (result.values.empty()) result.note = "neither the user nor their items have a vector in the space";
  return result;
}

Result<Reasons> explain_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user,
                                    DenseId item) {
  if (const models::Encoder* encoder = find_encoder(state, space))
    return explain_embedding(*state.generation, *encoder, space, user, item);
  Reasons reasons;
  if (space.space.metric == Metric::kL2) return reasons;
  if (!stored_vector(space.users.get(), space.space.dim, user.user).empty()) return reasons;
  std::vector<float> target = stored_vector(space.items.get(), space.space.dim, item);
  if (target.empty()) return reasons;
  const std::vector<MeanPart> parts = mean_parts(space, user);
  double norm = 1;
  if (space.space.metric == Metric::kCosine) {
    make_unit_length(target);
    const std::vector<float> mean = mean_of(parts, space.space.dim);
    norm = std::sqrt(dot_product(mean, mean));
  }
  for (const MeanPart& part : parts) {
    if (norm > 0) reasons.emplace_back(part.item, part.share * dot_product(part.vector, target) / norm);
  }
  return reasons;
}

}  // namespace tamis::engine
