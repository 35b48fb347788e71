#include "engine/query/user_vector.h"

#include <cmath>

#include "engine/query/funnel_names.h"
#include "engine/query/ials_reasons.h"

namespace tamis::engine {
namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

void scale_to_unit(std::vector<float>& vector) {
  const double norm = std::sqrt(dot(vector, vector));
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
    if (space.space.metric == Metric::kCosine) scale_to_unit(vector);
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

bool has_ials(const ReadState& state, const SpaceIndex& space) {
  return state.generation != nullptr && state.generation->ials && state.ials_fold_in != nullptr &&
         state.generation->ials->options.dim == space.space.dim;
}

UserVector fold_in(const ReadState& state, const SpaceIndex& space, const UserState& user) {
  if (!has_ials(state, space)) return {{}, "ials is not trained"};
  const UserState::Rows history = user.rows_of(*state.generation);
  if (history.rows.empty()) return {{}, "no history that the model knows"};
  UserVector result{std::vector<float>(space.space.dim), {}};
  state.ials_fold_in->solve(history.rows, history.weights, result.values);
  return result;
}

}  // namespace

std::vector<float> stored_vector(const index::VectorIndex* index, std::uint32_t dim, DenseId id) {
  std::vector<float> vector(dim);
  if (index == nullptr || id == kNoDenseId || !index->get(id, vector)) return {};
  return vector;
}

double vector_score(Metric metric, std::span<const float> a, std::span<const float> b) {
  if (metric == Metric::kL2) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    return -sum;
  }
  const double product = dot(a, b);
  if (metric == Metric::kDot) return product;
  const double norms = std::sqrt(dot(a, a) * dot(b, b));
  return norms > 0 ? product / norms : 0;
}

UserVector find_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user) {
  if (space.space.name == kDefaultSpace) return fold_in(state, space, user);
  if (std::vector<float> own = stored_vector(space.users.get(), space.space.dim, user.user); !own.empty())
    return {std::move(own), {}};
  UserVector result{mean_of(mean_parts(space, user), space.space.dim), {}};
  if (result.values.empty()) result.note = "neither the user nor their items have a vector in the space";
  return result;
}

Result<Reasons> explain_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user,
                                    DenseId item) {
  Reasons reasons;
  if (space.space.name == kDefaultSpace) {
    if (!has_ials(state, space)) return reasons;
    return explain_ials(*state.generation, state.ials_fold_in, user.rows_of(*state.generation), item);
  }
  if (space.space.metric == Metric::kL2) return reasons;
  if (!stored_vector(space.users.get(), space.space.dim, user.user).empty()) return reasons;
  std::vector<float> target = stored_vector(space.items.get(), space.space.dim, item);
  if (target.empty()) return reasons;
  const std::vector<MeanPart> parts = mean_parts(space, user);
  double norm = 1;
  if (space.space.metric == Metric::kCosine) {
    scale_to_unit(target);
    const std::vector<float> mean = mean_of(parts, space.space.dim);
    norm = std::sqrt(dot(mean, mean));
  }
  for (const MeanPart& part : parts) {
    if (norm > 0) reasons.emplace_back(part.item, part.share * dot(part.vector, target) / norm);
  }
  return reasons;
}

}  // namespace tamis::engine
