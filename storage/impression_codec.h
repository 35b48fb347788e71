// Keys and values of the table `impressions`; docs/storage_format.md has the grammar. A list's row comes right before
// those of its outcomes, lists ascend by time: one scan reads them joined.
//
// Encoders append to `out`; decoders are strict, as in value_codec.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status.h"
#include "storage/impression.h"

namespace tamis::storage {

// Of the list where `interaction` is 0, else of one of its outcomes.
std::string impression_key(TimestampMs served_ms, std::string_view recommendation_id, Sequence interaction = 0);
// The smallest key of lists served at `served_ms` or later.
std::string impression_time_key(TimestampMs served_ms);
struct ImpressionPosition {
  TimestampMs served_ms = 0;
  std::string_view recommendation_id;  // in the key's bytes
  Sequence interaction = 0;            // 0: the list itself
};
std::optional<ImpressionPosition> decode_impression_key(std::string_view key);
// The row that says how far attribution has come; it sorts before all others.
std::string attribution_mark_key();

void encode_impression(const Impression& impression, std::string* out);
// Fills everything but what the key holds.
Status decode_impression(std::string_view value, Impression* impression);

void encode_outcome(const Outcome& outcome, std::string* out);
Status decode_outcome(std::string_view value, Outcome* outcome);

void encode_attribution_mark(Sequence through, std::string* out);
Status decode_attribution_mark(std::string_view value, Sequence* through);

}  // namespace tamis::storage
