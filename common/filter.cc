#include "common/filter.h"

#include <algorithm>

#include "common/feature_reading.h"

namespace tamis {
namespace {

bool equals(const FeatureValue& feature, const FeatureValue& wanted) {
  if (const auto* elements = std::get_if<std::vector<std::string>>(&feature)) {
    const auto text = text_of(wanted);
    return text && std::find(elements->begin(), elements->end(), *text) != elements->end();
  }
  if (const auto number = number_of(feature)) return number == number_of(wanted);
  if (const auto text = text_of(feature)) return text == text_of(wanted);
  return feature == wanted;
}

bool compares(Filter::Op op, const FeatureValue& feature, const FeatureValue& bound) {
  const auto left = number_of(feature);
  const auto right = number_of(bound);
  if (!left || !right) return false;
  switch (op) {
    case Filter::Op::kLess: return *left < *right;
    case Filter::Op::kLessEqual: return *left <= *right;
    case Filter::Op::kGreater: return *left > *right;
    case Filter::Op::kGreaterEqual: return *left >= *right;
    default: return false;
  }
}

bool holds(const Filter& filter, const FeatureValue& feature) {
  switch (filter.op) {
    case Filter::Op::kExists: return true;
    case Filter::Op::kEqual:
    case Filter::Op::kIn:
      return std::any_of(filter.values.begin(), filter.values.end(),
                         [&](const FeatureValue& wanted) { return equals(feature, wanted); });
    default: return !filter.values.empty() && compares(filter.op, feature, filter.values.front());
  }
}

}  // namespace

bool matches(const Filter& filter, std::string_view id, const Features& features) {
  const auto child_matches = [&](const Filter& child) { return matches(child, id, features); };
  switch (filter.op) {
    case Filter::Op::kAll: return std::all_of(filter.children.begin(), filter.children.end(), child_matches);
    case Filter::Op::kAny: return std::any_of(filter.children.begin(), filter.children.end(), child_matches);
    case Filter::Op::kNot: return filter.children.empty() || !child_matches(filter.children.front());
    default: break;
  }
  if (filter.field == "id") return holds(filter, std::string(id));
  const auto found = features.find(filter.field);
  return found != features.end() && holds(filter, found->second);
}

}  // namespace tamis
