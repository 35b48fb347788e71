// The vocabulary of the data model: what people write into Tamis.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/ids.h"

namespace tamis {

// Of entities and vectors: a count or a time that grows with each change at the source. 2^53: JSON's exact numbers.
inline constexpr std::uint64_t kMaxVersion = 1ull << 53;

// A user or an item.
struct Entity {
  std::string id = {};
  Features features = {};
  TimestampMs updated_ms = 0;  // set by the database at commit
  TimestampMs expires_ms = 0;  // 0: never. Past it the entity is neither recommended nor found, and is swept later
  bool hidden = false;         // of items: kept, counted and trained on, but in no answer
  std::uint64_t version = 0;   // the writer's own, 1..kMaxVersion; 0: none. A write of an older one is not stored
  bool operator==(const Entity&) const = default;
};

struct Interaction {
  std::string user = {};
  std::string item = {};
  std::string type = "view";           // 1..64 bytes; its weight is configured
  std::optional<double> value = {};    // quantity, stars, seconds watched; -kMaxInteractionValue..kMaxInteractionValue
  TimestampMs timestamp_ms = kNoTime;  // kNoTime: the time of the write
  Features context = {};
  std::string recommendation_id = {};  // of the answer that led to it; empty where unknown
  std::string idempotency_key = {};    // 0..128 bytes; a repeat is acknowledged and not stored twice
  std::string import_id = {};          // 0..64 bytes; names the import that wrote it
  bool operator==(const Interaction&) const = default;
};

enum class Metric : std::uint8_t { kDot = 1, kCosine = 2, kL2 = 3 };  // persistent: do not renumber
std::string_view metric_name(Metric metric);                          // "dot", "cosine", "l2"
Result<Metric> parse_metric(std::string_view name);

// How the rows of a vector segment are held in memory; f32 rows stay in RocksDB in every case.
enum class Quantization : std::uint8_t { kF32 = 1, kF16 = 2, kInt8 = 3 };  // persistent: do not renumber
std::string_view quantization_name(Quantization quantization);             // "f32", "f16", "int8"
Result<Quantization> parse_quantization(std::string_view name);

inline constexpr std::size_t kMaxDim = 4'096;

// A named embedding space.
struct Space {
  std::string name;       // 1..64 of [a-z0-9_-]
  std::uint32_t dim = 0;  // 1..kMaxDim
  Metric metric = Metric::kCosine;
  Quantization quantization = Quantization::kInt8;
  bool keep_f32 = true;  // f32 rows in memory beside quantized ones; else searches read those that they need from disk
  std::string encoder = "external";
  bool operator==(const Space&) const = default;
};

// --- Mutations: the alternatives of one log record. A write is a list of them, committed as one atomic batch. ---
struct PutInteraction {
  Interaction interaction;
};
struct PutEntity {  // creates or replaces
  EntityKind kind = EntityKind::kUser;
  Entity entity;
};
struct PatchEntity {  // merges features; an entry of `removed` deletes that feature. An entity that was deleted or has
                      // expired is live again afterwards. not_found where the id was never seen
  EntityKind kind = EntityKind::kUser;
  std::string id = {};
  Features features = {};
  std::vector<std::string> removed = {};
  std::optional<TimestampMs> expires_ms = {};
  std::optional<bool> hidden = {};
  std::uint64_t version = 0;  // 0: that of the entity stays
};
struct DeleteEntity {  // with its vectors; a user's interactions go too. It stays deleted until it is put or patched
  EntityKind kind = EntityKind::kUser;
  std::string id = {};
  bool erase = false;  // of users: every other trace goes as well, from the log, too (docs/operations.md)
};
// One stored interaction: its user, time and sequence.
struct InteractionRef {
  std::string user;
  TimestampMs timestamp_ms = 0;
  Sequence sequence = 0;
  bool operator==(const InteractionRef&) const = default;
};
struct DeleteInteractions {  // takes interactions back; those that are not there (any more) are passed over
  std::vector<InteractionRef> rows;
};
struct MergeUser {  // gives `user` what `session`, another user, has done; the rows keep their times and sequences
  static constexpr std::size_t kMaxMoved = 10'000;  // of one such mutation
  std::string user;
  std::string session;
  // Set by the database at commit:
  std::vector<Sequence> moved = {};  // ascending
  bool complete = false;             // nothing is left of the session, which is deleted with its vectors
};
struct PutVector {
  std::string space;
  EntityKind kind = EntityKind::kUser;
  std::string id = {};
  std::vector<float> vector;  // [dim], finite
  std::uint64_t version = 0;  // as an entity's
};
struct DeleteVector {
  std::string space;
  EntityKind kind = EntityKind::kUser;
  std::string id = {};
};
// A stored vector as reads return it.
struct VersionedVector {
  std::vector<float> vector;  // [dim]
  std::uint64_t version = 0;  // of its writer; 0: none
  bool operator==(const VersionedVector&) const = default;
};
struct PutSpace {
  Space space;
};
struct DeleteSpace {
  std::string name;
};
// A named JSON document of the database's own: a funnel, a generation's registry entry, a setting.
struct PutDocument {
  std::string collection;  // "funnel", "generation", ...
  std::string name;
  std::string json;
};
struct DeleteDocument {
  std::string collection;
  std::string name;
};

using Mutation = std::variant<PutInteraction, PutEntity, PatchEntity, DeleteEntity, PutVector, DeleteVector, PutSpace,
                              DeleteSpace, PutDocument, DeleteDocument, DeleteInteractions, MergeUser>;

// When a write is acknowledged.
enum class Durability : std::uint8_t {
  kSync,      // after fsync, grouped over the writers that wait
  kInterval,  // after the operating system has it; fsync follows within the configured interval
  kNone,      // after the operating system has it; fsync when RocksDB flushes
};
std::string_view durability_name(Durability durability);  // "sync", "interval", "none"
Result<Durability> parse_durability(std::string_view name);

inline constexpr std::size_t kMaxUndeclaredTypes = 16;

struct WriteAck {
  std::uint64_t accepted = 0;    // mutations stored
  std::uint64_t duplicates = 0;  // interactions whose idempotency key had been seen
  Sequence sequence = 0;         // of the last record; every read after the ack reflects it
  std::uint64_t affected = 0;    // interactions that were deleted or moved
  std::uint64_t ignored = 0;     // writes about users whose erasure is under way: nothing of them is stored
  std::uint64_t outdated = 0;    // entities and vectors that are stored with a newer version: nothing is changed
  // Types of its interactions that nobody declared: they count as positive. At most kMaxUndeclaredTypes, ascending.
  std::vector<std::string> undeclared_types = {};
};

}  // namespace tamis
