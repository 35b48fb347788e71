// Where a user's vector in a space comes from: history, profile, context, and what was learned of the user by name.
// Plain data, for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/requests.h"

namespace tamis {

struct UserPartsRequest {
  std::string space = {};
  std::string user = {};
  std::vector<HistoryEntry> history = {};  // added to the user's own
  Features context = {};                   // of the request
  std::uint32_t k = 10;                    // of the nearest items, 1..kMaxPartNeighbors
};
inline constexpr std::uint32_t kMaxPartNeighbors = 100;
inline constexpr std::size_t kMaxHistoryShares = 12;

// The vector as it would be without one part.
struct UserPart {
  std::string part = {};    // "history", "profile", "context", "trained_row"
  std::uint64_t count = 0;  // interactions, features; 1 for a trained row; 0: the user has none of it
  bool has_place = true;    // false: without it nothing places the user
  double change = 0;        // 1 - cosine of the vectors with and without, 0..2; 1 where it has no place
  double replaced = 0;      // share of the k nearest items that others would stand for; 1 where it has no place
  std::vector<std::string> nearest = {};
};

// One item of the history, left out alone.
struct HistoryShare {
  std::string item = {};
  double weight = 0;
  double change = 0;  // as of a part
};

struct PartStage {
  std::string stage = {};  // "user_state", "embed", "search"
  double microseconds = 0;
};

struct UserParts {
  std::string user = {};
  bool known_user = false;
  std::string space = {};
  std::string generation = {};  // of a trained space; empty for an external one
  Sequence sequence = 0;
  std::string encoder = {};  // its kind ("two_tower"); "external" where the space is filled from outside
  std::uint32_t dim = 0;
  std::uint64_t item_vectors = 0;  // precomputed: in the index
  bool has_stored_vector = false;  // precomputed: of this user, which serves "similar users"
  bool has_place = false;          // else everything below is empty, and `note` says why
  std::string note = {};
  std::vector<std::string> nearest = {};   // items, by the whole vector
  std::vector<UserPart> parts = {};        // always the four, in that order
  std::vector<HistoryShare> history = {};  // the newest items, by falling change; at most kMaxHistoryShares
  std::vector<PartStage> stages = {};      // what a request computes for it, once each
};

}  // namespace tamis
