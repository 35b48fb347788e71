// Filter: a condition on features, as people write it in a request or a funnel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/feature.h"

namespace tamis {

// all/any/not over conditions; a leaf compares one field. The field "id" is the entity's own id. A condition on a
// feature that the entity lacks is false (so `not` of it is true); on a multi-valued feature it holds where any element
// satisfies it. Plain data: copyable, thread-safe as values are.
struct Filter {
  enum class Op {
    kAll,    // every child holds; true without children
    kAny,    // one child holds; false without children
    kNot,    // the only child does not hold
    kEqual,  // field equals values[0]
    kIn,     // field equals one of values
    kLess,   // field < values[0]: numeric and timestamp features
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kExists,  // the entity has the field
  };
  Op op = Op::kAll;
  std::vector<Filter> children;
  std::string field;
  std::vector<FeatureValue> values;
  // Of a comparison that was read from JSON: its JSON pointer within the filter's document ("/all/1/gte"). Else empty.
  std::string place = {};

  bool is_trivial() const { return op == Op::kAll && children.empty(); }
  // Whether they mean the same; where they were written does not matter.
  bool operator==(const Filter& other) const {
    return op == other.op && children == other.children && field == other.field && values == other.values;
  }
};

// The definition of a filter's meaning, by which bitmap evaluation is tested.
bool matches(const Filter& filter, std::string_view id, const Features& features);

}  // namespace tamis
