// Warnings: what is asked for, is valid, and has no effect, or not the one that its writer may expect: a condition on a
// field that no item has or that compares it with the wrong kind of value, an untrained retriever, a rule that changes
// nothing.
//
// They are worked out from the data as they are now; nothing is refused for them. Thread-safe over a pinned state.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/funnel.h"
#include "engine/live/read_state.h"
#include "engine/requests.h"
#include "index/attribute_index.h"

namespace tamis::engine {

inline constexpr std::size_t kMaxWarnings = 32;  // of one funnel, one request

// Of a funnel; paths are JSON pointers into its document.
std::vector<Warning> funnel_warnings(const ReadState& state, const FunnelConfig& funnel);

// Of a request that `funnel` answers: the funnel's, at "/funnel/..." ("/override/..." where the request brings its
// own), then those of the request's filter.
std::vector<Warning> request_warnings(const ReadState& state, const RecommendRequest& request,
                                      const FunnelConfig& funnel);

// Of the serving generation: its models that no stored funnel uses, at "/generation/<model>".
std::vector<Warning> generation_warnings(const ReadState& state);

// Of the configuration: fields of users and items whose values, which are older than the declaration of their kind, are
// of another one. At "/items/features/<field>" and "/users/features/<field>".
std::vector<Warning> schema_warnings(const ReadState& state);

// --- the parts (field_warnings.cc, filter_warnings.cc) ---

// Collects at most kMaxWarnings, each once.
class Warnings {
 public:
  void add(std::string path, std::string detail);
  std::vector<Warning> take() { return std::move(warnings_); }

 private:
  std::vector<Warning> warnings_;
};

// "booleans and numbers": what entities hold in a field.
std::string held_kinds(const index::FieldSummary& summary);
// `"in_stok"; did you mean "in_stock"?`, of the fields that items have or may have.
std::string quoted_field(const ReadState& state, std::string_view field);
// A rule that groups or compares by a field that no item has.
void warn_of_field(const ReadState& state, const std::string& field, const std::string& path, Warnings* warnings);
// A rule that reads a time from a field in which items hold none, or one that is yet to come.
void warn_of_time_field(const ReadState& state, const std::string& field, const std::string& path, Warnings* warnings);
// Conditions of a filter on items that cannot hold for any.
void warn_of_filter(const ReadState& state, const Filter& filter, const std::string& path, Warnings* warnings);

}  // namespace tamis::engine
