#include "engine/overview/space_layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/live/space_index.h"
#include "engine/overview/space_rows.h"
#include "models/neighbor_layout.h"
#include "models/principal_axes.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kNeighbors = 15;
constexpr std::size_t kMaxAxisRows = 20'000;
constexpr double kSearchShare = 0.3;     // of the progress
constexpr double kRateFromBefore = 0.1;  // a region stays where it was while its items find their places
constexpr double kOutgrown = 0.1;        // share of items more or fewer from which on a layout is made again

std::string generation_of(const ReadState& state, const SpaceIndex& space) {
  return is_trained(space.space) && state.generation != nullptr ? state.generation->info.id : std::string();
}

class LayoutRun {
 public:
  LayoutRun(const SpaceIndex& space, const LayoutControl& control) : space_(space), control_(control) {}

  Result<std::vector<std::array<float, 2>>> run(const std::vector<SpaceRow>& items, const SpaceLayout* before) {
    const std::uint32_t dim = space_.space.dim;
    std::vector<float> rows(items.size() * dim);
    for (std::size_t i = 0; i < items.size(); ++i) {
      position_.emplace_back(items[i].id, static_cast<std::uint32_t>(i));  // ids ascend
      read_vector(space_, items[i].id, std::span(rows).subspan(i * dim, dim));
    }
    TAMIS_ASSIGN_OR_RETURN(const auto neighbors, find_neighbors(items, rows));
    std::vector<std::array<float, 2>> start =
        before == nullptr ? start_on_axes(rows) : start_as_before(items, neighbors, *before);
    const models::TrainControl control{.report =
                                           [&](double progress, std::string_view) {
                                             if (control_.report)
                                               control_.report(kSearchShare + (1 - kSearchShare) * progress, "layout");
                                           },
                                       .cancelled = control_.cancelled};
    return models::lay_out_neighbors(neighbors, std::move(start), {.rate = before == nullptr ? 1 : kRateFromBefore},
                                     control);
  }

 private:
  std::vector<std::array<float, 2>> start_on_axes(std::span<const float> rows) const {
    const std::uint32_t dim = space_.space.dim;
    const std::size_t sampled = std::min(rows.size(), kMaxAxisRows * dim);
    const models::PrincipalAxes axes = models::find_principal_axes(rows.first(sampled), dim);
    std::vector<std::array<float, 2>> start;
    for (std::size_t i = 0; i < rows.size(); i += dim) start.push_back(models::project(axes, rows.subspan(i, dim)));
    return start;
  }

  // New items start in the midst of those of their neighbours that were there before, in the middle where none was.
  static std::vector<std::array<float, 2>> start_as_before(const std::vector<SpaceRow>& items,
                                                           const std::vector<std::vector<models::ScoredId>>& neighbors,
                                                           const SpaceLayout& before) {
    std::vector<std::array<float, 2>> start;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (const auto place = place_in(before, items[i].id)) {
        start.push_back(*place);
        continue;
      }
      std::array<float, 2> sum = {0, 0};
      float met = 0;
      for (const models::ScoredId& neighbor : neighbors[i]) {
        const auto place = place_in(before, items[neighbor.id].id);
        if (!place) continue;
        for (std::size_t axis = 0; axis < 2; ++axis) sum[axis] += (*place)[axis];
        ++met;
      }
      start.push_back({sum[0] / std::max(1.0F, met), sum[1] / std::max(1.0F, met)});
    }
    return start;
  }

  Result<std::vector<std::vector<models::ScoredId>>> find_neighbors(const std::vector<SpaceRow>& items,
                                                                    std::span<const float> rows) {
    const std::uint32_t dim = space_.space.dim;
    std::vector<std::vector<models::ScoredId>> neighbors(items.size());
    const models::TrainControl control{.report = {}, .cancelled = control_.cancelled};
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i % 256 == 0) {
        TAMIS_RETURN_IF_ERROR(control.check());
        const double share = static_cast<double>(i) / static_cast<double>(items.size());
        if (control_.report) control_.report(kSearchShare * share, "neighbours");
      }
      const std::span<const float> own = rows.subspan(i * dim, dim);
      TAMIS_ASSIGN_OR_RETURN(const auto found, space_.items->search(own, 2 * kNeighbors + 1, {}));
      add_neighbors(i, found, rows, &neighbors[i]);
    }
    return neighbors;
  }

  // The nearest of what the index found, by the vectors as the map shows them.
  template <typename Hits>
  void add_neighbors(std::size_t own, const Hits& hits, std::span<const float> rows,
                     std::vector<models::ScoredId>* neighbors) const {
    const std::uint32_t dim = space_.space.dim;
    for (const auto& hit : hits) {
      const auto other = std::lower_bound(position_.begin(), position_.end(), std::pair(hit.id, 0U));
      if (other == position_.end() || other->first != hit.id || other->second == own) continue;
      float squares = 0;
      for (std::uint32_t d = 0; d < dim; ++d) {
        const float difference = rows[own * dim + d] - rows[std::size_t{other->second} * dim + d];
        squares += difference * difference;
      }
      neighbors->push_back({other->second, squares});
    }
    std::sort(neighbors->begin(), neighbors->end(),
              [](const auto& a, const auto& b) { return std::pair(a.score, a.id) < std::pair(b.score, b.id); });
    if (neighbors->size() > kNeighbors) neighbors->resize(kNeighbors);
  }

  const SpaceIndex& space_;
  const LayoutControl& control_;
  std::vector<std::pair<DenseId, std::uint32_t>> position_;
};

}  // namespace

std::optional<std::array<float, 2>> place_in(const SpaceLayout& layout, DenseId item) {
  const auto found = std::lower_bound(layout.items.begin(), layout.items.end(), item);
  if (found == layout.items.end() || *found != item) return std::nullopt;
  return layout.places[static_cast<std::size_t>(found - layout.items.begin())];
}

Result<SpaceLayout> lay_out_space(const ReadState& state, const std::string& name, const SpaceLayout* before,
                                  const LayoutControl& control) {
  const auto found = state.spaces.find(name);
  if (found == state.spaces.end()) return Status::not_found("space \"" + name + "\" does not exist").at_field("space");
  const SpaceIndex& space = *found->second;
  std::vector<SpaceRow> items = items_with_vectors(state, space);
  SpaceLayout layout;
  layout.generation = generation_of(state, space);
  layout.total = items.size();
  items = thin_out(std::move(items), kMaxLayoutItems);
  TAMIS_ASSIGN_OR_RETURN(layout.places, LayoutRun(space, control).run(items, before));
  for (const SpaceRow& item : items) layout.items.push_back(item.id);
  return layout;
}

bool is_current(const ReadState& state, const std::string& name, const SpaceLayout& layout) {
  const auto found = state.spaces.find(name);
  if (found == state.spaces.end()) return false;
  if (generation_of(state, *found->second) != layout.generation) return false;
  const auto now = static_cast<double>(found->second->items->size());
  const auto then = static_cast<double>(layout.total);
  return std::abs(now - then) <= kOutgrown * std::max(1.0, then);
}

}  // namespace tamis::engine
