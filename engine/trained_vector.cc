#include "engine/trained_vector.h"

#include <algorithm>

namespace tamis::engine {

bool find_trained_vector(const Generation& generation, const models::Encoder& encoder, EntityKind kind, DenseId id,
                         const Entity* entity, std::span<float> out) {
  const std::uint32_t row = generation.vocabulary(encoder.shape().name).row_of(kind, id);
  if (row != kNoDenseId) {
    const auto vectors = kind == EntityKind::kUser ? encoder.user_vectors() : encoder.item_vectors();
    if (vectors.empty()) return false;
    const auto vector = vectors.subspan(std::size_t{row} * out.size(), out.size());
    std::copy(vector.begin(), vector.end(), out.begin());
    return std::any_of(out.begin(), out.end(), [](float value) { return value != 0; });
  }
  if (kind == EntityKind::kUser || entity == nullptr || !encoder.embeds_new_items()) return false;
  return encoder.embed_item(entity->features, out).is_ok();
}

}  // namespace tamis::engine
