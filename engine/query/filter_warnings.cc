// Warnings about conditions on items.
#include "engine/query/warnings.h"
#include "index/attribute_index.h"

namespace tamis::engine {
namespace {

using index::FieldSummary;

std::string described(const FeatureValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* word = std::get_if<std::string>(&value)) return "the text \"" + *word + "\"";
  if (std::holds_alternative<Text>(value)) return "a text";
  if (std::holds_alternative<double>(value)) return "a number";
  return std::holds_alternative<Timestamp>(value) ? "a time" : "a list";
}

// Whether any value of these kinds can equal `wanted`, as matches() compares.
bool can_equal(const FieldSummary& summary, const FeatureValue& wanted) {
  if (std::holds_alternative<bool>(wanted)) return summary.of(FeatureKind::kBoolean) > 0;
  if (std::holds_alternative<double>(wanted) || std::holds_alternative<Timestamp>(wanted))
    return summary.of(FeatureKind::kNumeric) + summary.of(FeatureKind::kTimestamp) > 0;
  return summary.of(FeatureKind::kCategorical) + summary.of(FeatureKind::kMultiCategorical) +
             summary.of(FeatureKind::kText) >
         0;
}

bool can_compare(const FieldSummary& summary) {
  return summary.of(FeatureKind::kNumeric) + summary.of(FeatureKind::kTimestamp) > 0;
}

// Where some items hold what is neither less nor more than anything, beside those that hold numbers or times: they drop
// out, which the writer of {"price": "9.99"} does not expect.
void warn_of_mixed_kinds(const FieldSummary& summary, const Filter& filter, const std::string& path,
                         Warnings* warnings) {
  FieldSummary others = summary;
  std::uint64_t lost = 0;
  for (const FeatureKind kind : {FeatureKind::kNumeric, FeatureKind::kTimestamp})
    others.by_kind[static_cast<std::size_t>(kind) - 1] = 0;
  for (const std::uint64_t count : others.by_kind) lost += count;
  if (lost == 0) return;
  warnings->add(path + filter.place, std::to_string(lost) + (lost == 1 ? " item holds " : " items hold ") +
                                         held_kinds(others) + " in \"" + filter.field +
                                         "\", which are neither less nor more than anything");
}

// What to write instead of a text that spells a value of another kind.
std::string hint(const FeatureValue& wanted, const FieldSummary& summary) {
  const auto* word = std::get_if<std::string>(&wanted);
  if (word == nullptr) return {};
  const bool spells_flag = *word == "true" || *word == "false";
  const bool spells_number = !word->empty() && word->find_first_not_of("0123456789.-+eE") == std::string::npos;
  if ((spells_flag && summary.of(FeatureKind::kBoolean) > 0) ||
      (spells_number && summary.of(FeatureKind::kNumeric) > 0))
    return "; write " + *word + " without quotes";
  return {};
}

// Where the condition that `filter` is a comparison of names its field.
std::string field_path(const Filter& filter, const std::string& path) {
  return filter.place.empty() ? path : path + filter.place.substr(0, filter.place.rfind('/')) + "/field";
}

std::string value_path(const Filter& filter, const std::string& path, std::size_t value) {
  if (filter.place.empty() || filter.op != Filter::Op::kIn) return path + filter.place;
  return path + filter.place + "/" + std::to_string(value);
}

void warn_of_condition(const ReadState& state, const Filter& filter, const std::string& path, Warnings* warnings) {
  const auto summary = state.item_attributes->find_field(filter.field);
  if (!summary) return warn_of_field(state, filter.field, field_path(filter, path), warnings);
  if (filter.op == Filter::Op::kExists) return;
  const std::string whose = "items hold " + held_kinds(*summary) + " in \"" + filter.field + "\", ";
  if (filter.op != Filter::Op::kEqual && filter.op != Filter::Op::kIn) {
    if (can_compare(*summary))
      warn_of_mixed_kinds(*summary, filter, path, warnings);
    else
      warnings->add(path + filter.place, whose + "which are neither less nor more than anything");
    return;
  }
  for (std::size_t i = 0; i < filter.values.size(); ++i) {
    const FeatureValue& wanted = filter.values[i];
    if (!can_equal(*summary, wanted))
      warnings->add(value_path(filter, path, i),
                    whose + "which " + described(wanted) + " never equals" + hint(wanted, *summary));
  }
}

}  // namespace

void warn_of_filter(const ReadState& state, const Filter& filter, const std::string& path, Warnings* warnings) {
  if (state.item_attributes->empty()) return;
  switch (filter.op) {
    case Filter::Op::kAll:
    case Filter::Op::kAny:
    case Filter::Op::kNot:
      for (const Filter& child : filter.children) warn_of_filter(state, child, path, warnings);
      return;
    default: break;
  }
  if (filter.field != "id") return warn_of_condition(state, filter, path, warnings);
  if (filter.op == Filter::Op::kExists) return;
  const bool is_text = filter.op == Filter::Op::kEqual || filter.op == Filter::Op::kIn;
  for (std::size_t i = 0; i < filter.values.size(); ++i) {
    const FeatureValue& wanted = filter.values[i];
    if (!is_text || !std::holds_alternative<std::string>(wanted))
      warnings->add(value_path(filter, path, i), "\"id\" is a text; it is compared with " + described(wanted));
  }
}

}  // namespace tamis::engine
