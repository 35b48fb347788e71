// FirstSeen: when each item was first seen, which `latest` orders by where items carry no date of their own.
//
// The store keeps the last state of an item only; the log knows the first. So recovery reads it from the log, and a
// file spares it the log up to the last save. Externally synchronised.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/live/entity_table.h"
#include "storage/store.h"

namespace tamis::engine {

class FirstSeen {
 public:
  // Of the items in `table`, as a state that reflects at least `sequence`.
  static FirstSeen of(const EntityTable& table, Sequence sequence);
  // not_found, or corruption where the file is damaged or reflects more than `last_sequence`.
  static Result<FirstSeen> load(const std::filesystem::path& file, Sequence last_sequence);
  Status save(const std::filesystem::path& file) const;

  // The log goes on. Records may be applied again.
  void apply(const storage::CommittedRecord& record);

  // Unix ms; 0 where the item was never seen.
  TimestampMs get(DenseId item) const { return item < first_ms_.size() ? first_ms_[item] : 0; }
  Sequence sequence() const { return sequence_; }

 private:
  std::vector<TimestampMs> first_ms_;  // by dense id
  Sequence sequence_ = 0;
};

}  // namespace tamis::engine
