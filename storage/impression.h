// What was served and what came of it: the rows of the table `impressions`. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/ids.h"

namespace tamis::storage {

// Interaction types are interned; ids are assigned in log order.
using InteractionTypeId = std::uint16_t;

// One item of a served list; its position is its index, from 0.
struct ServedSlot {
  DenseId item = kNoDenseId;
  float score = 0;        // of the answer: comparable within one list only
  double propensity = 1;  // that chance put the item here given the slots before, in (0, 1]; 1 where nothing explored
  bool operator==(const ServedSlot&) const = default;
};

// The arm of an experiment that a list was served under.
struct ArmRef {
  std::string experiment;
  std::string arm;
  bool operator==(const ArmRef&) const = default;
};

// One served list.
struct Impression {
  std::string recommendation_id;  // 1..kMaxRecommendationIdBytes
  TimestampMs served_ms = 0;
  std::string user;  // external id; empty for an anonymous session. People without an interaction are logged, too
  std::string funnel;
  std::uint32_t funnel_version = 1;
  std::string generation;    // that served; "" before the first
  Sequence sequence = 0;     // the write that the list reflects
  std::uint32_t asked = 10;  // k of the request
  std::int64_t attribution_window_s = 86'400;
  // The request carried a filter, exclusions, a history or a funnel of its own: it cannot be asked again from this.
  bool had_conditions = false;
  std::vector<ArmRef> arms;  // by experiment, ascending
  Features context;          // of the request; empty where it was large
  std::vector<ServedSlot> slots;
  bool operator==(const Impression&) const = default;
};
inline constexpr std::size_t kMaxRecommendationIdBytes = 128;

// An interaction that was attributed to a slot. An interaction has at most one.
struct Outcome {
  Sequence interaction = 0;  // of the interaction in the log
  std::uint32_t slot = 0;    // index into Impression::slots
  InteractionTypeId type = 0;
  std::optional<double> value;
  TimestampMs timestamp_ms = 0;
  bool operator==(const Outcome&) const = default;
};

// Where an outcome belongs.
struct OutcomeRow {
  TimestampMs served_ms = 0;
  std::string recommendation_id;
  Outcome outcome;
};

// A row of the table: a list, or one of its outcomes.
struct ImpressionRow {
  TimestampMs served_ms = 0;
  std::string recommendation_id;
  Sequence interaction = 0;  // 0: the list itself
};

// What one write to the table holds. Every interaction up to `attributed_through` has been attributed or passed over.
struct ImpressionBatch {
  std::vector<Impression> impressions;
  std::vector<OutcomeRow> outcomes;
  Sequence attributed_through = 0;  // 0: as before
};

}  // namespace tamis::storage
