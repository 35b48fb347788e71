// Warnings about fields of items.
#include <algorithm>
#include <array>

#include "common/feature_time.h"
#include "common/nearest_name.h"
#include "engine/query/warnings.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kSampledItems = 100;

// `part` of `whole` items "hold" something.
std::string holding(std::size_t part, std::size_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole) + " items looked at " + (part == 1 ? "holds" : "hold");
}

// Whether a value of `kind` can stand in a field that is declared `declared`, as filters compare.
bool fits(FeatureKind kind, FeatureKind declared) {
  const auto is_number = [](FeatureKind of) { return of == FeatureKind::kNumeric || of == FeatureKind::kTimestamp; };
  const auto is_flag = [](FeatureKind of) { return of == FeatureKind::kBoolean; };
  return is_number(kind) == is_number(declared) && is_flag(kind) == is_flag(declared);
}

void warn_of_schema(const index::AttributeIndex& attributes, const FeatureSchema& schema, const std::string& whose,
                    Warnings* warnings) {
  for (const auto& [field, declared] : schema) {
    const auto summary = attributes.find_field(field);
    if (!summary) continue;
    index::FieldSummary others;
    std::uint64_t count = 0;
    for (std::size_t kind = 0; kind < summary->by_kind.size(); ++kind) {
      if (fits(static_cast<FeatureKind>(kind + 1), declared)) continue;
      others.by_kind[kind] = summary->by_kind[kind];
      count += summary->by_kind[kind];
    }
    if (count == 0) continue;
    warnings->add("/" + whose + "/features/" + field,
                  "\"" + field + "\" is declared " + std::string(feature_kind_name(declared)) + ", and " +
                      std::to_string(count) + " " + whose + " of before hold " + held_kinds(others) +
                      " in it, which no filter by the declared kind matches: write them again");
  }
}

}  // namespace

std::string held_kinds(const index::FieldSummary& summary) {
  constexpr std::array<std::string_view, 6> kNames = {"booleans", "numbers", "times", "categories", "lists", "texts"};
  std::string text;
  for (std::size_t kind = 0; kind < kNames.size(); ++kind) {
    if (summary.by_kind[kind] == 0) continue;
    if (!text.empty()) text += " and ";
    text += kNames[kind];
  }
  return text;
}

std::vector<Warning> schema_warnings(const ReadState& state) {
  Warnings warnings;
  warn_of_schema(*state.item_attributes, state.options->item_schema, "items", &warnings);
  warn_of_schema(*state.user_attributes, state.options->user_schema, "users", &warnings);
  return warnings.take();
}

void Warnings::add(std::string path, std::string detail) {
  if (warnings_.size() >= kMaxWarnings) return;
  const bool is_known = std::any_of(warnings_.begin(), warnings_.end(), [&](const Warning& warning) {
    return warning.path == path && warning.detail == detail;
  });
  if (!is_known) warnings_.push_back({std::move(path), std::move(detail)});
}

std::string quoted_field(const ReadState& state, std::string_view field) {
  std::vector<std::string> known = state.item_attributes->field_names();
  for (const auto& [name, kind] : state.options->item_schema) known.push_back(name);
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view near = nearest_name(field, names);
  std::string text = "\"" + std::string(field) + "\"";
  if (!near.empty() && near != field) text += "; did you mean \"" + std::string(near) + "\"?";
  return text;
}

void warn_of_field(const ReadState& state, const std::string& field, const std::string& path, Warnings* warnings) {
  if (state.item_attributes->empty() || state.item_attributes->find_field(field)) return;
  warnings->add(path, "no item has the field " + quoted_field(state, field));
}

void warn_of_time_field(const ReadState& state, const std::string& field, const std::string& path, Warnings* warnings) {
  if (state.item_attributes->empty()) return;
  if (!state.item_attributes->find_field(field)) return warn_of_field(state, field, path, warnings);
  const TimestampMs now_ms = state.options->clock->now_ms();
  std::size_t looked_at = 0;
  std::size_t without = 0;
  std::size_t to_come = 0;
  const Filter has_field{.op = Filter::Op::kExists, .children = {}, .field = field, .values = {}};
  for (const DenseId item : state.item_attributes->evaluate(has_field)) {
    const auto entity = state.items->get(item, now_ms);
    if (entity == nullptr) continue;
    const auto time_ms = find_time(entity->features, field);
    without += time_ms ? 0 : 1;
    to_come += time_ms && *time_ms > now_ms ? 1 : 0;
    if (++looked_at == kSampledItems) break;
  }
  if (without > 0)
    warnings->add(path, holding(without, looked_at) + " no time in \"" + field +
                            "\": expected RFC 3339, or Unix seconds or milliseconds");
  if (to_come > 0)
    warnings->add(path, holding(to_come, looked_at) + " a time in \"" + field +
                            "\" that is yet to come; it counts as none until then");
}

}  // namespace tamis::engine
