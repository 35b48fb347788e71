#include "engine/serving/trained_vector.h"

#include <algorithm>

#include "index/vector_check.h"

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

Status place_user(const models::Encoder& encoder, const models::UserInput& user, std::span<float> out) {
  TAMIS_RETURN_IF_ERROR(encoder.embed_user(user, out));
  const Status sound = index::check_vector(out, out.size(), "the user's vector", index::kMaxQueryNorm);
  if (sound.is_ok()) return sound;
  return Status::failed_precondition("the model places the user beyond the space: " + sound.message());
}

}  // namespace tamis::engine
