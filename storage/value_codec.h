// Values of every table but the log (log_codec.h). Each begins with a version byte; docs/storage_format.md has the
// grammar.
//
// Encoders append to `out`. Decoders are strict: anything but the one encoding of a value answers corruption. They take
// bytes from anywhere and never crash.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/records.h"
#include "common/status.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "storage/departed_users.h"
#include "storage/store.h"

namespace tamis::storage {

inline constexpr std::uint8_t kValueVersion = 1;
// Of a value that has what version 1 had no room for. One that has nothing of it is still written as version 1.
inline constexpr std::uint8_t kWiderVersion = 2;

// Parts of larger values: no version byte of their own.
// What a wider entity has beside its features: hidden, a version, or both.
void put_entity_extras(ByteWriter* writer, const Entity& entity);
void read_entity_extras(ByteReader* reader, Entity* entity);  // fails the reader where there are none
inline bool has_extras(const Entity& entity) { return entity.hidden || entity.version != 0; }
void put_features(ByteWriter* writer, const Features& features);
Features read_features(ByteReader* reader);  // fails the reader where malformed
void put_space(ByteWriter* writer, const Space& space);
Space read_space(ByteReader* reader);

// `items`, `users`. The external id stands in `ids`, not here: a decoded entity has an empty id.
void encode_entity(const Entity& entity, std::string* out);
Status decode_entity(std::string_view value, Entity* entity);

// `interactions`: everything but user, timestamp and sequence, which the key holds.
struct InteractionRow {
  DenseId item = kNoDenseId;
  InteractionTypeId type = 0;
  std::optional<double> value;
};
// Context, recommendation id, idempotency key and import id are those of `details`.
void encode_interaction(const InteractionRow& row, const Interaction& details, std::string* out);
// Fills all but user, timestamp and sequence; context only where asked (its grammar is checked either way).
Status decode_interaction(std::string_view value, bool with_context, StoredInteraction* row);

// `by_item`: user, type and value; `has_details` says that the user's row has more: context, recommendation id,
// idempotency key or import id.
struct ByItemRow {
  DenseId user = kNoDenseId;
  InteractionTypeId type = 0;
  std::optional<double> value;
  bool has_details = false;
};
void encode_by_item(const ByItemRow& row, std::string* out);
Status decode_by_item(std::string_view value, ByItemRow* row);

// `vectors.<space>`: [dim] floats.
void encode_vector(const std::vector<float>& vector, std::uint64_t version, std::string* out);
Status decode_vector(std::string_view value, std::uint32_t dim, std::vector<float>* vector, std::uint64_t* version);

// `meta`, one row per space: its definition and the column family that holds its vectors.
struct SpaceRow {
  Space space;
  std::string column_family;
};
void encode_space_row(const SpaceRow& row, std::string* out);
Status decode_space_row(std::string_view value, SpaceRow* row);

// `counters`, the row of totals: written by every commit, so it names the last one.
struct Totals {
  Sequence sequence = 0;
  std::uint64_t interactions = 0;
  bool operator==(const Totals&) const = default;
};
void encode_totals(const Totals& totals, std::string* out);
Status decode_totals(std::string_view value, Totals* totals);

// `meta`, one row per user who departed; the dense id stands in the key.
void encode_departed_user(const DepartedUser& departed, std::string* out);
Status decode_departed_user(std::string_view value, DepartedUser* departed);

// `meta`, one row per record that deleted or moved interactions; its sequence stands in the key. Of each interaction
// what counts need: user, item, type, timestamp, sequence and value.
void encode_taken(const TakenInteractions& taken, std::string* out);
Status decode_taken(std::string_view value, TakenInteractions* taken);

// `idempotency`.
struct IdempotencyRow {
  TimestampMs expires_ms = 0;
  Sequence sequence = 0;
};
void encode_idempotency(const IdempotencyRow& row, std::string* out);
Status decode_idempotency(std::string_view value, IdempotencyRow* row);

}  // namespace tamis::storage
