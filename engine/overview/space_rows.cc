#include "engine/overview/space_rows.h"

#include <cmath>
#include <utility>

#include "common/cancellation.h"

namespace tamis::engine {
namespace {

void bring_to_unit_length(std::span<float> vector) {
  double sum = 0;
  for (const float entry : vector) sum += double{entry} * entry;
  if (sum <= 0) return;
  const double length = std::sqrt(sum);
  for (float& entry : vector) entry = static_cast<float>(entry / length);
}

}  // namespace

std::vector<SpaceRow> items_with_vectors(const ReadState& state, const SpaceIndex& space) {
  const TimestampMs now = state.options->clock->now_ms();
  std::vector<SpaceRow> found;
  state.items->scan(0, [&](DenseId id, const std::shared_ptr<const Entity>& entity) {
    const bool is_expired = entity->expires_ms != 0 && entity->expires_ms <= now;
    if (!is_expired && !entity->hidden && space.items->contains(id)) found.push_back({id, entity});
    return !is_cancelled();
  });
  return found;
}

std::vector<SpaceRow> thin_out(std::vector<SpaceRow> all, std::size_t most) {
  if (all.size() <= most) return all;
  std::vector<SpaceRow> kept;
  kept.reserve(most);
  for (std::size_t i = 0; i < most; ++i) kept.push_back(std::move(all[i * all.size() / most]));
  return kept;
}

bool compares_directions(const SpaceIndex& space) { return space.space.metric != Metric::kL2; }

bool read_vector(const SpaceIndex& space, DenseId id, std::span<float> out) {
  if (!space.items->get(id, out)) return false;
  if (compares_directions(space)) bring_to_unit_length(out);
  return true;
}

}  // namespace tamis::engine
