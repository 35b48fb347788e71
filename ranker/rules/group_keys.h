// GroupKeys: what the items of a list are grouped by: the values of one field, of any kind, as text.
//
//   GroupKeys keys("year");
//   keys.of(features);  // {"2012"}
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/feature.h"

namespace tamis::ranker {

// Externally synchronised. Equal values have equal keys: a number is its shortest decimal form, a time its RFC 3339
// form in UTC, a boolean "true" or "false", a category or a text itself, and a multi-valued field has a key for each of
// its distinct elements. A number and the text that spells it are one group. A field that is absent has no key.
class GroupKeys {
 public:
  explicit GroupKeys(std::string field) : field_(std::move(field)) {}

  // Views into `features` and into this object; valid while both are.
  std::vector<std::string_view> of(const Features& features);

 private:
  std::string_view keep(std::string written) { return *written_.insert(std::move(written)).first; }

  std::string field_;
  std::unordered_set<std::string> written_;  // its elements stay where they are
};

}  // namespace tamis::ranker
