// The tables of a database: one RocksDB column family each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tamis::storage {

enum class Table : std::uint8_t {
  kUsers,         // dense id -> entity
  kItems,         // dense id -> entity
  kInteractions,  // user | time | sequence -> interaction
  kByItem,        // item | time | sequence -> user, type, value
  kLog,           // sequence -> mutation
  kIds,           // kind | number -> external id or type name
  kIdempotency,   // key -> expiry, sequence
  kDocuments,     // collection | name -> JSON
  kGenerations,   // the documents of collection "generation"
  kImpressions,   // time | recommendation id | -> served list; | interaction -> outcome
  kCounters,      // totals and presence blocks
  kMeta,          // format version, spaces
};
inline constexpr std::size_t kTableCount = 12;

// Persistent: the column families' names, in the order of Table. RocksDB's own "default" stays empty.
inline constexpr std::array<std::string_view, kTableCount> kTableNames = {
    "users",       "items",     "interactions", "by_item",     "log",      "ids",
    "idempotency", "documents", "generations",  "impressions", "counters", "meta",
};

inline constexpr std::string_view table_name(Table table) { return kTableNames[static_cast<std::size_t>(table)]; }

// Where the documents of a collection are kept.
inline constexpr Table document_table_of(std::string_view collection) {
  return collection == "generation" ? Table::kGenerations : Table::kDocuments;
}

// Vectors of a space: "vectors.<space>@<sequence of the write that created it>", so that a space that is deleted and
// created again never sees its former rows.
inline constexpr std::string_view kVectorFamilyPrefix = "vectors.";

}  // namespace tamis::storage
