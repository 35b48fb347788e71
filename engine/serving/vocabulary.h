// Vocabulary: which row of a trained table stands for which user and item. A value type.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"
#include "common/records.h"

namespace tamis::engine {

struct Vocabulary {
  // Row r of the tables is the user (item) with dense id users[r] (items[r]).
  std::vector<DenseId> users;
  std::vector<DenseId> items;
  // The reverse, by dense id; kNoDenseId where the entity is newer than the tables.
  std::vector<DenseId> user_rows;
  std::vector<DenseId> item_rows;

  // kNoDenseId where the tables do not know the entity.
  std::uint32_t row_of(EntityKind kind, DenseId id) const {
    const std::vector<DenseId>& rows = kind == EntityKind::kUser ? user_rows : item_rows;
    return id < rows.size() ? rows[id] : kNoDenseId;
  }
};

}  // namespace tamis::engine
