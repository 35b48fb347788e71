// Pages: several lists in one answer, no item twice. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/filter.h"
#include "engine/requests.h"

namespace tamis {

// One row of a page, or several of one kind.
struct PageRow {
  std::string name = {};  // in the answer; empty: "row1" by its place
  // With {item}, {item.<feature>}, {value}, {user} and {user.<feature>}; "{{" is a brace. Where a feature
  // is missing, the id stands in its place, or nothing.
  std::string title = {};
  std::string funnel = {};     // empty: the request's
  std::string retriever = {};  // instead: a list of one retriever, "trending"; nothing fills it up
  std::optional<FunnelConfig> override_funnel = {};  // instead: a funnel of its own, on the request's or its base
  std::uint32_t k = 10;                              // 1..kMaxK
  std::uint32_t at_least = 1;                        // a row of fewer items is left out; 1..k
  Filter filter = {};                                // and-ed with the funnel's and the request's
  std::optional<bool> exclude_seen = {};
  // One row for each of the user's newest items (of these types, where any is named): what goes with it.
  bool is_because = false;
  std::vector<std::string> because_types = {};
  // One row for each of the values of this feature that the user likes best (a stranger: that popular items have
  // most): items that have it.
  std::string per = {};
  std::uint32_t rows = 1;  // at most so many of is_because or per, 1..10
};

inline constexpr std::size_t kMaxPageRows = 20;

struct PagesRequest {
  RecommendRequest request = {};  // what rows have in common: user, history, context, filter, exclude, funnel, ...
  std::vector<PageRow> rows = {};
};

struct AnsweredRow {
  std::string name;
  std::string title;
  std::string item = {};   // of is_because: what it is about
  std::string value = {};  // of per
  RecommendAnswer answer;
};

struct LeftOutRow {
  std::string name;
  std::string reason;
};

struct PagesAnswer {
  std::string generation;
  Sequence sequence = 0;
  std::vector<AnsweredRow> rows;
  std::vector<LeftOutRow> left_out;
};

}  // namespace tamis
