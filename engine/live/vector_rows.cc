#include "engine/live/vector_rows.h"

#include <utility>

namespace tamis::engine {
namespace {

std::uint64_t row_bytes(const VersionedVector& row) { return row.vector.size() * sizeof(float) + 64; }

}  // namespace

Result<std::shared_ptr<const VersionedVector>> VectorRows::get(std::string_view space, EntityKind kind, DenseId id) {
  const Key key{std::string(space), kind, id};
  std::shared_ptr<const VersionedVector> row;
  const bool hit = cache_.visit(key, [&](const auto& cached) {
    row = cached;
    return row_bytes(*cached);
  });
  if (hit) return row;

  const auto ticket = cache_.begin_load(key);
  TAMIS_ASSIGN_OR_RETURN(auto loaded, store_->get_vector(space, kind, id));
  row = std::make_shared<const VersionedVector>(std::move(loaded));
  cache_.insert(key, row, row_bytes(*row), ticket);
  return row;
}

void VectorRows::on_changed(std::string_view space, EntityKind kind, DenseId id) {
  cache_.erase(Key{std::string(space), kind, id});
}

}  // namespace tamis::engine
