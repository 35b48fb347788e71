// Features: what is known of a user, an item or the context of an interaction.
//
// A value is one of six kinds. Kinds come from the declared schema; an undeclared feature takes the kind of its JSON
// value: a boolean, a number, an array of strings (multi-valued), a string that is an RFC 3339 date-time (timestamp), a
// string of at most 64 bytes (categorical), a longer string (text).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

namespace tamis {

enum class FeatureKind : std::uint8_t {  // persistent: do not renumber
  kBoolean = 1,
  kNumeric = 2,           // IEEE double, finite
  kTimestamp = 3,         // Unix milliseconds
  kCategorical = 4,       // one string
  kMultiCategorical = 5,  // a set of strings
  kText = 6,              // prose: embedded, not filtered by
};

// "boolean", "numeric", "timestamp", "categorical", "multi_categorical", "text".
std::string_view feature_kind_name(FeatureKind kind);
Result<FeatureKind> parse_feature_kind(std::string_view name);

struct Timestamp {
  TimestampMs ms = 0;
  auto operator<=>(const Timestamp&) const = default;
};
struct Text {
  std::string text;
  auto operator<=>(const Text&) const = default;
};

// The alternatives stand in the order of FeatureKind.
using FeatureValue = std::variant<bool, double, Timestamp, std::string, std::vector<std::string>, Text>;

inline FeatureKind feature_kind(const FeatureValue& value) { return static_cast<FeatureKind>(value.index() + 1); }

// By name; ordered, so that encodings and answers are deterministic.
using Features = std::map<std::string, FeatureValue, std::less<>>;

// Declared kinds by feature name.
using FeatureSchema = std::map<std::string, FeatureKind, std::less<>>;

// Doubles hold every whole number up to here, either way; beyond it a text is the place for an id or a counter.
inline constexpr double kMaxExactInteger = 9'007'199'254'740'992;  // 2^53

struct FeatureLimits {
  static constexpr std::size_t kMaxFeatures = 256;  // per entity
  static constexpr std::size_t kMaxNameBytes = 128;
  static constexpr std::size_t kMaxStringBytes = 65'536;  // categorical, each element of a multi-valued, text
  static constexpr std::size_t kMaxElements = 1'024;      // of one multi-valued feature
  static constexpr std::size_t kMaxInferredCategoricalBytes = 64;
};

// What every layer takes of features: the limits above, finite numbers, valid UTF-8, times in the years 0001 to 9999.
// Errors name "features.<name>".
Status check_features(const Features& features);

// Brings `features` to the kinds of `schema` (a string to a timestamp or a text, a string to a one-element set, Unix
// milliseconds to a timestamp), infers the kinds of undeclared strings, and checks as check_features() does. Errors
// name "features.<name>", the value and the kind expected. A value that does not fit, but that the entity has already
// (`held`, unless null), stays as it is held: it was stored before its kind was declared.
Status conform_features(const FeatureSchema& schema, Features* features, const Features* held = nullptr);

}  // namespace tamis
