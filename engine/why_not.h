// WhyNotAnswer: where in a funnel an item fell out, or where it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/requests.h"

namespace tamis {

enum class WhyNot {
  kRecommended,   // it is in the answer
  kUnknownItem,   // never heard of
  kDeleted,       // and not described again since
  kExpired,       // past its TTL
  kHidden,        // it is marked as hidden
  kExcluded,      // named by the request's exclude, served on an earlier page, or the item that the list is about
  kSeen,          // the user has interacted with it
  kFiltered,      // a condition of the funnel's or the request's filter does not hold
  kNotRetrieved,  // no retriever has it within its quota
  kRankedLow,     // behind others by score
  kRemoved,       // a rule took it out
  kMoved,         // a rule put it behind the last slot
  kDisliked,      // the user disliked or hid it
};
// "recommended", "unknown_item", "deleted", "expired", "hidden", "excluded", "seen", "filtered", "not_retrieved",
// "ranked_low", "removed_by_rule", "moved_by_rule", "disliked".
std::string_view why_not_name(WhyNot verdict);

// Where a retriever has the item, by an exact run of it over all that may be served.
struct RetrieverPlace {
  std::string retriever;
  std::uint32_t rank = 0;  // from 1; 0: the retriever does not score it
  double score = 0;
  std::uint32_t quota = 0;
  bool is_retrieved = false;  // by the run that would answer
  std::string note;
};

struct WhyNotAnswer {
  std::string user;
  std::string item;
  WhyNot verdict = WhyNot::kRecommended;
  std::string reason;  // one sentence for people
  std::string funnel;
  std::uint32_t funnel_version = 1;
  std::string generation;
  Sequence sequence = 0;
  std::uint32_t k = 0;
  std::vector<std::string> failed_conditions;  // kFiltered: filters as documents, each of which does not hold
  std::vector<RetrieverPlace> retrievers;      // where it may be served at all
  std::uint32_t merged_rank = 0;               // among all candidates; 0: not among them
  std::uint32_t ranked_rank = 0;               // after the ranker; 0: not among those ranked
  std::uint32_t final_rank = 0;                // after the rules, beyond k, too; 0: not there
  std::string rule;                            // kRemoved, kMoved: which
  std::vector<RuleEffect> rules;               // what each did to it
};

}  // namespace tamis
