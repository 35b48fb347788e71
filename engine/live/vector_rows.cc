#include "engine/live/vector_rows.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

namespace tamis::engine {

std::uint64_t VectorRows::table_of(std::string_view space, EntityKind kind) {
  MutexLock lock(tables_mutex_);
  auto found = tables_.find(space);
  if (found == tables_.end()) {
    const std::array numbers = {cache_->next_table(), cache_->next_table()};
    found = tables_.emplace(space, numbers).first;
  }
  return found->second[kind == EntityKind::kUser ? 0 : 1];
}

Result<RowCache::Row> VectorRows::get(std::string_view space, EntityKind kind, DenseId id) {
  return cache_->get(key_of(space, kind, id), [&] { return store_->get_vector(space, kind, id); });
}

void VectorRows::get_many(std::string_view space, EntityKind kind, std::span<const DenseId> ids,
                          const std::function<void(std::size_t, const VersionedVector&)>& visit) {
  const std::uint64_t table = table_of(space, kind);
  std::vector<DenseId> absent;
  std::vector<std::size_t> places;  // of those among `ids`
  std::vector<RowCache::Ticket> tickets;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (const RowCache::Row row = cache_->find({table, ids[i]}); row != nullptr) {
      visit(i, *row);
      continue;
    }
    absent.push_back(ids[i]);
    places.push_back(i);
    tickets.push_back(cache_->begin_load({table, ids[i]}));
  }
  if (absent.empty()) return;
  const Status read = store_->get_vectors(space, kind, absent, [&](std::size_t i, VersionedVector&& loaded) {
    visit(places[i], *cache_->insert({table, absent[i]}, std::move(loaded), tickets[i]));
  });
  // A space may be gone from the store while searches of it end.
  if (!read.is_ok() && read.code() != StatusCode::kNotFound)
    spdlog::warn("vectors of space {} cannot be read: {}", space, read.to_string());
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
