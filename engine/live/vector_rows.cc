#include "engine/live/vector_rows.h"

namespace tamis::engine {

RowCache::Key VectorRows::key_of(std::string_view space, EntityKind kind, DenseId id) {
  MutexLock lock(tables_mutex_);
  auto found = tables_.find(space);
  if (found == tables_.end()) {
    const std::array numbers = {cache_->next_table(), cache_->next_table()};
    found = tables_.emplace(space, numbers).first;
  }
  return {found->second[kind == EntityKind::kUser ? 0 : 1], id};
}

Result<RowCache::Row> VectorRows::get(std::string_view space, EntityKind kind, DenseId id) {
  return cache_->get(key_of(space, kind, id), [&] { return store_->get_vector(space, kind, id); });
}

void VectorRows::on_changed(std::string_view space, EntityKind kind, DenseId id) {
  cache_->erase(key_of(space, kind, id));
}

// A space of the same name begins with other tables.
void VectorRows::on_space_changed() {
  MutexLock lock(tables_mutex_);
  tables_.clear();
}

}  // namespace tamis::engine
