#include "engine/space_factors.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "common/cancellation.h"
#include "engine/live/space_index.h"
#include "engine/overview/overview.h"
#include "engine/overview/space_rows.h"
#include "models/principal_components.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kWideDim = 512;   // from here on fewer rows than dimensions are read
constexpr std::size_t kManyRows = 4'000;  // of narrower spaces
constexpr std::size_t kFewRows = 512;     // of wider ones: the decomposition stays below a second
constexpr std::size_t kRecallQueries = 200;
constexpr std::size_t kRecallAt = 10;
constexpr std::size_t kMaxComponents = 128;  // that recall is measured up to

struct Sample {
  std::vector<SpaceRow> items;
  std::vector<float> rows;  // [items, dim]
};

Sample read_sample(const SpaceIndex& space, std::vector<SpaceRow> items) {
  Sample sample;
  std::vector<float> vector(space.space.dim);
  for (SpaceRow& item : items) {
    if (!read_vector(space, item.id, vector)) continue;  // removed meanwhile
    sample.rows.insert(sample.rows.end(), vector.begin(), vector.end());
    sample.items.push_back(std::move(item));
  }
  return sample;
}

// The ten nearest rows of row `query` by the first `used` of `width` coordinates, by rising position.
std::vector<std::uint32_t> nearest_rows(std::span<const float> rows, std::size_t width, std::size_t used,
                                        std::size_t query) {
  const std::size_t count = rows.size() / width;
  std::vector<std::pair<float, std::uint32_t>> distances;
  distances.reserve(count);
  const float* own = &rows[query * width];
  for (std::size_t row = 0; row < count; ++row) {
    if (row == query) continue;
    const float* other = &rows[row * width];
    float sum = 0;
    for (std::size_t i = 0; i < used; ++i) sum += (own[i] - other[i]) * (own[i] - other[i]);
    distances.emplace_back(sum, static_cast<std::uint32_t>(row));
  }
  const std::size_t kept = std::min(kRecallAt, distances.size());
  std::nth_element(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(kept), distances.end());
  std::vector<std::uint32_t> nearest;
  for (std::size_t i = 0; i < kept; ++i) nearest.push_back(distances[i].second);
  std::sort(nearest.begin(), nearest.end());
  return nearest;
}

// The answer gives the recall for these numbers of factors: the powers of two, and all factors.
std::vector<std::uint32_t> recall_steps(std::size_t components) {
  std::vector<std::uint32_t> steps;
  for (std::uint32_t step = 1; step < components; step *= 2) steps.push_back(step);
  steps.push_back(static_cast<std::uint32_t>(components));
  return steps;
}

Result<std::vector<FactorRecall>> measure_recall(const Sample& sample, std::span<const float> projected,
                                                 std::size_t components, std::uint32_t dim) {
  const std::size_t count = sample.items.size();
  std::vector<FactorRecall> recall;
  if (count < 2 * kRecallAt || components == 0) return recall;
  for (const std::uint32_t step : recall_steps(components)) recall.push_back({step, 0});
  const std::size_t queries = std::min(count, kRecallQueries);
  for (std::size_t q = 0; q < queries; ++q) {
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    const std::size_t query = q * count / queries;
    const std::vector<std::uint32_t> truth = nearest_rows(sample.rows, dim, dim, query);
    for (FactorRecall& step : recall) {
      const std::vector<std::uint32_t> found = nearest_rows(projected, components, step.factors, query);
      std::vector<std::uint32_t> kept;
      std::set_intersection(truth.begin(), truth.end(), found.begin(), found.end(), std::back_inserter(kept));
      step.recall += static_cast<double>(kept.size()) / static_cast<double>(truth.size() * queries);
    }
  }
  return recall;
}

SpaceFactor describe_factor(const Sample& sample, std::span<const float> projected, std::size_t components,
                            std::size_t factor, double share, std::size_t ends) {
  std::vector<std::size_t> order(sample.items.size());
  std::iota(order.begin(), order.end(), 0);
  const auto loading = [&](std::size_t row) { return projected[row * components + factor]; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return loading(a) > loading(b); });
  SpaceFactor described{.share = share, .high = {}, .low = {}};
  for (std::size_t i = 0; i < std::min(ends, order.size()); ++i) {
    described.high.push_back({sample.items[order[i]].entity->id, double{loading(order[i])}});
    const std::size_t last = order[order.size() - 1 - i];
    described.low.push_back({sample.items[last].entity->id, double{loading(last)}});
  }
  return described;
}

}  // namespace

Result<SpaceFactors> find_space_factors(const ReadState& state, const SpaceFactorsRequest& request, Sequence sequence) {
  const auto found = state.spaces.find(request.space);
  if (found == state.spaces.end())
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  const SpaceIndex& space = *found->second;
  const std::uint32_t dim = space.space.dim;

  std::vector<SpaceRow> items = items_with_vectors(state, space);
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  SpaceFactors answer{.space = request.space, .sequence = sequence, .dim = dim, .total = items.size()};
  if (is_trained(space.space) && state.generation != nullptr) answer.generation = state.generation->info.id;
  answer.is_normalized = compares_directions(space);
  const Sample sample = read_sample(space, thin_out(std::move(items), dim < kWideDim ? kManyRows : kFewRows));
  answer.sampled = sample.items.size();

  const models::PrincipalComponents components =
      models::find_principal_components(sample.rows, dim, std::max<std::size_t>(request.factors, kMaxComponents));
  const std::size_t width = components.count();
  std::vector<float> projected(sample.items.size() * width);
  for (std::size_t row = 0; row < sample.items.size(); ++row)
    components.project(std::span(sample.rows).subspan(row * dim, dim),
                       std::span(projected).subspan(row * width, width));
  for (std::size_t factor = 0; factor < std::min<std::size_t>(width, request.factors); ++factor)
    answer.factors.push_back(
        describe_factor(sample, projected, width, factor, components.share[factor], request.items));
  TAMIS_ASSIGN_OR_RETURN(answer.recall, measure_recall(sample, projected, width, dim));
  return answer;
}

}  // namespace tamis::engine
