// The audience of an item: the users to tell of it. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/filter.h"
#include "engine/requests.h"

namespace tamis {

inline constexpr std::uint32_t kMaxAudience = 10'000;

struct AudienceRequest {
  std::string item = {};
  std::uint32_t k = 100;                     // 1..kMaxAudience
  Filter filter = {};                        // on users
  bool exclude_seen = true;                  // users who have had to do with the item
  std::vector<std::string> seen_types = {};  // that count as such; empty: any
  // A user with `cap` interactions of `cap_type` or more in the last `cap_days` is left out, so that nobody gets too
  // many mails.
  std::string cap_type = {};  // empty: no cap
  std::uint32_t cap = 1;      // 1..1000
  double cap_days = 7;        // above 0, at most 3650
  std::string space = {};     // as SimilarRequest's: what is like the item
  Sequence min_seq = 0;
  bool with_features = false;
};

struct AudienceMember {
  std::string user;
  std::uint32_t rank = 0;    // from 1
  double score = 0;          // the sum over the user's items of their likeness to the item, recent ones first
  std::string because = {};  // the item of the user's that adds most
  std::optional<Features> features = {};
};

struct AudienceAnswer {
  std::string generation;
  Sequence sequence = 0;
  std::string space;  // what said which items are like it
  std::vector<AudienceMember> users;
  // Users that would have come before the last one, and why they did not.
  std::uint64_t filtered = 0;
  std::uint64_t seen = 0;
  std::uint64_t turned_down = 0;
  std::uint64_t capped = 0;
};

}  // namespace tamis
