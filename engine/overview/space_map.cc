#include <algorithm>
#include <array>
#include <optional>

#include "common/cancellation.h"
#include "engine/live/space_index.h"
#include "engine/overview/overview.h"
#include "engine/overview/space_rows.h"
#include "models/principal_axes.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxSampledRows = 20'000;       // of what the axes are made from
constexpr std::size_t kMaxSampledNumbers = 16 << 20;  // 64 MiB

models::PrincipalAxes find_axes(const SpaceIndex& space, const std::vector<SpaceRow>& items) {
  const std::uint32_t dim = space.space.dim;
  const std::size_t most = std::clamp<std::size_t>(kMaxSampledNumbers / dim, 100, kMaxSampledRows);
  const std::size_t count = std::min(items.size(), most);
  std::vector<float> rows(count * dim);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const DenseId id = items[i * items.size() / count].id;
    if (read_vector(space, id, std::span<float>(rows).subspan(taken * dim, dim))) ++taken;
  }
  rows.resize(taken * dim);
  return models::find_principal_axes(rows, dim);
}

void add_point(const ReadState& state, const SpaceMapRequest& request, const SpaceRow& item, std::array<float, 2> point,
               SpaceMap* map) {
  map->items.push_back(item.entity->id);
  map->x.push_back(point[0]);
  map->y.push_back(point[1]);
  map->popularity.push_back(state.item_statistics->popularity(item.id));
  if (request.field.empty()) return;
  const auto value = item.entity->features.find(request.field);
  const bool has_value = value != item.entity->features.end();
  map->has_value.push_back(has_value);
  map->value.push_back(has_value ? value->second : FeatureValue());
}

}  // namespace

Result<SpaceMap> map_space(const ReadState& state, const SpaceMapRequest& request, Sequence sequence,
                           const SpaceLayout* layout) {
  const auto found = state.spaces.find(request.space);
  if (found == state.spaces.end())
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  const SpaceIndex& space = *found->second;

  std::vector<SpaceRow> items = items_with_vectors(state, space);
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  SpaceMap map;
  map.space = request.space;
  map.sequence = sequence;
  map.total = items.size();
  if (is_trained(space.space) && state.generation != nullptr) map.generation = state.generation->info.id;
  map.method = layout == nullptr ? MapMethod::kPca : MapMethod::kUmap;
  map.is_normalized = compares_directions(space);
  models::PrincipalAxes axes = find_axes(space, items);
  items = thin_out(std::move(items), std::clamp(request.limit, 1U, kMaxMapItems));

  std::vector<float> vector(space.space.dim);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % 1'024 == 0) TAMIS_RETURN_IF_ERROR(check_cancelled());
    if (!read_vector(space, items[i].id, vector)) continue;  // removed meanwhile
    const std::optional<std::array<float, 2>> place =
        layout == nullptr ? models::project(axes, vector) : place_in(*layout, items[i].id);
    if (place) add_point(state, request, items[i], *place, &map);
  }
  map.mean = std::move(axes.mean);
  map.axes = std::move(axes.axes);
  map.share = axes.share;
  return map;
}

}  // namespace tamis::engine
