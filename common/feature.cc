#include "common/feature.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "common/ids.h"

namespace tamis {
namespace {

constexpr std::array<std::string_view, 6> kKindNames = {"boolean",     "numeric",           "timestamp",
                                                        "categorical", "multi_categorical", "text"};

// What a person would recognise of a value in an error message.
std::string describe(const FeatureValue& value) {
  struct Describer {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(double v) const {
      std::array<char, 32> text{};
      const auto end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
      return {text.data(), end};
    }
    std::string operator()(Timestamp v) const { return format_rfc3339(v.ms); }
    std::string operator()(const std::string& v) const { return "\"" + v.substr(0, 40) + "\""; }
    std::string operator()(const std::vector<std::string>& v) const { return "a list of " + std::to_string(v.size()); }
    std::string operator()(const Text& v) const { return "\"" + v.text.substr(0, 40) + "\""; }
  };
  return std::visit(Describer{}, value);
}

// The text of a string-like value, or null.
const std::string* string_of(const FeatureValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text;
  if (const auto* text = std::get_if<Text>(&value)) return &text->text;
  return nullptr;
}

// Converts a value to a declared kind where that loses nothing; false where it cannot be.
bool convert(FeatureKind kind, FeatureValue* value) {
  if (feature_kind(*value) == kind) return true;
  const std::string* text = string_of(*value);
  switch (kind) {
    case FeatureKind::kTimestamp:
      if (text != nullptr) {
        const auto parsed = parse_rfc3339(*text);
        if (!parsed.is_ok()) return false;
        *value = Timestamp{*parsed};
        return true;
      }
      if (const auto* number = std::get_if<double>(value); number != nullptr) {
        if (!(*number >= static_cast<double>(kMinTimestampMs) && *number <= static_cast<double>(kMaxTimestampMs)) ||
            looks_like_seconds(*number))
          return false;
        *value = Timestamp{static_cast<TimestampMs>(*number)};
        return true;
      }
      return false;
    case FeatureKind::kCategorical:
      if (text != nullptr) {
        *value = std::string(*text);
        return true;
      }
      return false;
    case FeatureKind::kMultiCategorical:
      if (text != nullptr) {
        *value = std::vector<std::string>{*text};
        return true;
      }
      return false;
    case FeatureKind::kText:
      if (text != nullptr) {
        *value = Text{*text};
        return true;
      }
      return false;
    case FeatureKind::kBoolean:
    case FeatureKind::kNumeric: return false;
  }
  return false;
}

// The kind of an undeclared feature follows from its value: only a string leaves a choice.
void infer_kind(FeatureValue* value) {
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return;
  if (const auto time = parse_rfc3339(*text); time.is_ok()) {
    *value = Timestamp{*time};
  } else if (text->size() > FeatureLimits::kMaxInferredCategoricalBytes) {
    *value = Text{std::move(*std::get_if<std::string>(value))};
  }
}

Status check_string(const std::string& text, const std::string& field) {
  if (text.size() > FeatureLimits::kMaxStringBytes) {
    return Status::invalid_argument(field + " has " + std::to_string(text.size()) + " bytes; expected at most " +
                                    std::to_string(FeatureLimits::kMaxStringBytes))
        .at_field(field);
  }
  if (!is_valid_utf8(text)) return Status::invalid_argument(field + " is not valid UTF-8").at_field(field);
  return Status::ok();
}

Status check_value(const FeatureValue& value, const std::string& field) {
  if (const auto* number = std::get_if<double>(&value); number != nullptr && !std::isfinite(*number)) {
    return Status::invalid_argument(field + " is not a finite number").at_field(field);
  }
  if (const auto* time = std::get_if<Timestamp>(&value);
      time != nullptr && (time->ms < kMinTimestampMs || time->ms > kMaxTimestampMs)) {
    return Status::invalid_argument(field + " is " + std::to_string(time->ms) +
                                    " ms; expected a time in the years 0001 to 9999")
        .at_field(field);
  }
  if (const std::string* text = string_of(value)) return check_string(*text, field);
  if (const auto* elements = std::get_if<std::vector<std::string>>(&value)) {
    if (elements->size() > FeatureLimits::kMaxElements) {
      return Status::invalid_argument(field + " has " + std::to_string(elements->size()) +
                                      " elements; expected at most " + std::to_string(FeatureLimits::kMaxElements))
          .at_field(field);
    }
    for (const std::string& element : *elements) TAMIS_RETURN_IF_ERROR(check_string(element, field));
  }
  return Status::ok();
}

Status check_name(const std::string& name) {
  if (!name.empty() && name.size() <= FeatureLimits::kMaxNameBytes && is_valid_utf8(name)) return Status::ok();
  return Status::invalid_argument("a feature's name has " + std::to_string(name.size()) +
                                  " bytes; expected 1 to 128 of valid UTF-8")
      .at_field("features");
}

Status check_count(const Features& features) {
  if (features.size() <= FeatureLimits::kMaxFeatures) return Status::ok();
  return Status::invalid_argument("features has " + std::to_string(features.size()) + " entries; expected at most " +
                                  std::to_string(FeatureLimits::kMaxFeatures))
      .at_field("features");
}

// A set: ascending, each element once.
void sort_elements(FeatureValue* value) {
  auto* elements = std::get_if<std::vector<std::string>>(value);
  if (elements == nullptr) return;
  std::sort(elements->begin(), elements->end());
  elements->erase(std::unique(elements->begin(), elements->end()), elements->end());
}

// Whether `held` has the value under this name, which then gets the kind that it is held in.
bool is_held(const Features* held, const std::string& name, FeatureValue* value) {
  if (held == nullptr) return false;
  const auto found = held->find(name);
  if (found == held->end() || !convert(feature_kind(found->second), value)) return false;
  sort_elements(value);
  return *value == found->second;
}

Status refuse_kind(const std::string& field, const FeatureValue& value, FeatureKind kind) {
  std::string message =
      field + " is " + describe(value) + "; expected a value of kind " + std::string(feature_kind_name(kind));
  const auto* number = std::get_if<double>(&value);
  if (kind == FeatureKind::kTimestamp && number != nullptr && looks_like_seconds(*number)) {
    message += ": an RFC 3339 time or Unix milliseconds. The number looks like Unix seconds; multiply it by 1000";
  }
  return Status::invalid_argument(std::move(message)).at_field(field);
}

}  // namespace

std::string_view feature_kind_name(FeatureKind kind) { return kKindNames[static_cast<std::size_t>(kind) - 1]; }

Result<FeatureKind> parse_feature_kind(std::string_view name) {
  const auto found = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (found == kKindNames.end()) {
    return Status::invalid_argument("\"" + std::string(name) +
                                    "\" is not a feature kind; expected boolean, numeric, timestamp, categorical, "
                                    "multi_categorical or text");
  }
  return static_cast<FeatureKind>(found - kKindNames.begin() + 1);
}

Status check_features(const Features& features) {
  TAMIS_RETURN_IF_ERROR(check_count(features));
  for (const auto& [name, value] : features) {
    TAMIS_RETURN_IF_ERROR(check_name(name));
    TAMIS_RETURN_IF_ERROR(check_value(value, "features." + name));
  }
  return Status::ok();
}

Status conform_features(const FeatureSchema& schema, Features* features, const Features* held) {
  TAMIS_RETURN_IF_ERROR(check_count(*features));
  for (auto& [name, value] : *features) {
    const std::string field = "features." + name;
    TAMIS_RETURN_IF_ERROR(check_name(name));
    const auto declared = schema.find(name);
    if (declared == schema.end()) {
      infer_kind(&value);
    } else if (!convert(declared->second, &value) && !is_held(held, name, &value)) {
      return refuse_kind(field, value, declared->second);
    }
    sort_elements(&value);
    TAMIS_RETURN_IF_ERROR(check_value(value, field));
  }
  return Status::ok();
}

}  // namespace tamis
