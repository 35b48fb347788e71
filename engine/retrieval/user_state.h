// UserState: whom a query is for, and what they did.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/requests.h"
#include "models/encoder.h"

namespace tamis::engine {

// One item of a history with what it is worth: the sum of what weigh_events() gives its recent interactions.
struct HistoryItem {
  DenseId item = kNoDenseId;
  float weight = 0;                  // > 0; of a rating also 0
  TimestampMs timestamp_ms = 0;      // of the newest interaction
  float rating = models::kNoRating;  // of an event: its value, where its type is a judgement
};

struct UserState {
  DenseId user = kNoDenseId;
  std::string name = {};  // as the request has it, whether or not the user is known; empty: anonymous
  bool is_known = false;  // has an entity or interactions
  // The request's own history and the stored one, each item once, newest first; what weighs nothing is left out.
  std::vector<HistoryItem> items;
  std::vector<HistoryItem> events;       // the same, each action by itself, oldest first: what sequence models read
  std::vector<HistoryItem> negatives;    // actions that speak against their item, oldest first; a weight says how much
  std::vector<HistoryItem> ratings;      // the newest rating of each item, oldest first, whatever it says
  std::shared_ptr<const Entity> entity;  // the profile; null where there is none
  const Features* context = nullptr;     // of the request, which outlives this; null where there is none

  // For models that count by rows of their own.
  struct Rows {
    std::vector<std::uint32_t> rows;
    std::vector<float> weights;
    std::vector<DenseId> items;
  };
  // The history in rows of a model's tables, what was turned down behind the rest, with weights below 0; items that the
  // model does not know are left out.
  Rows rows_of(const Vocabulary& vocabulary) const;
  // `events`, `negatives` and `ratings` likewise.
  std::vector<models::HistoryEvent> events_of(const Vocabulary& vocabulary) const;
  std::vector<models::HistoryEvent> negatives_of(const Vocabulary& vocabulary) const;
  std::vector<models::HistoryEvent> ratings_of(const Vocabulary& vocabulary) const;
};

// io_error and the like, where the stored history cannot be read. A stranger is no error.
Result<UserState> load_user_state(const ReadState& state, std::string_view user, std::span<const HistoryEntry> history,
                                  TimestampMs now_ms);

// The items that `user` turned down: disliked and hidden ones, by the stored history and by `history`. Ascending,
// unique.
Result<std::vector<DenseId>> find_excluded_items(const ReadState& state, DenseId user,
                                                 std::span<const HistoryEntry> history);

// The items that `user` has seen by interactions of `types` (any where empty), those of `history` included. Ascending,
// unique.
Result<std::vector<DenseId>> find_seen_items(const ReadState& state, DenseId user,
                                             std::span<const HistoryEntry> history, std::span<const std::string> types);

}  // namespace tamis::engine
