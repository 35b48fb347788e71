#include "engine/interaction_type.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/ids.h"

namespace tamis {
namespace {

constexpr double kMaxWeight = 1'000;
constexpr double kMaxValue = 1e15;
constexpr std::size_t kMaxUndoes = 32;
constexpr std::uint32_t kMaxCap = 1'000'000;

// What a value of the kind can sensibly be: it tells a timestamp in the wrong column from a rating.
struct Range {
  double least;
  double most;
};
Range natural_range(InteractionValue value) {
  switch (value) {
    case InteractionValue::kRating: return {-1'000, 1'000};
    case InteractionValue::kCount: return {-1e9, 1e9};
    case InteractionValue::kAmount: return {-1e12, 1e12};
    case InteractionValue::kSeconds: return {-1e9, 1e9};
    case InteractionValue::kNone: break;
  }
  return {-kMaxValue, kMaxValue};
}

bool is_type_name(std::string_view name) {
  constexpr std::size_t kMaxBytes = 64;
  return !name.empty() && name.size() <= kMaxBytes && is_valid_utf8(name) &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

std::string shown(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", number);
  return text.data();
}

Status fault(std::string field, std::string message) {
  return Status::invalid_argument(std::move(message)).at_field(std::move(field));
}

Status check_number(const std::optional<double>& number, const char* field) {
  if (!number || std::abs(*number) <= kMaxValue) return Status::ok();
  return fault(field, shown(*number) + " is not valid; expected a number from -1e15 to 1e15");
}

Status check_undoes(const InteractionType& type) {
  if (type.undoes.size() > kMaxUndoes)
    return fault("/undoes", "names " + std::to_string(type.undoes.size()) + " types; expected at most 32");
  for (std::size_t i = 0; i < type.undoes.size(); ++i) {
    const std::string pointer = "/undoes/" + std::to_string(i);
    if (!is_type_name(type.undoes[i]))
      return fault(pointer, "is not a type; expected 1 to 64 bytes of printable UTF-8");
    if (type.undoes[i] == type.name) return fault(pointer, "a type cannot undo itself");
    if (std::count(type.undoes.begin(), type.undoes.end(), type.undoes[i]) > 1)
      return fault(pointer, "\"" + type.undoes[i] + "\" stands there twice");
  }
  if (type.meaning == InteractionMeaning::kUndo && type.undoes.empty())
    return fault("/undoes", "is missing; a type of meaning undo names the types that it takes back");
  if (type.meaning == InteractionMeaning::kShown && !type.undoes.empty())
    return fault("/undoes", "is not for the meaning shown, which takes nothing back");
  return Status::ok();
}

Status check_thresholds(const InteractionType& type) {
  if (type.least && type.most && *type.least > *type.most)
    return fault("/min", shown(*type.least) + " is above max, " + shown(*type.most));
  if (!type.has_thresholds()) return Status::ok();
  if (type.value == InteractionValue::kNone)
    return fault(type.at_least ? "/at_least" : "/below",
                 "needs a value; expected value rating, count, amount or seconds");
  if (type.meaning != InteractionMeaning::kPositive)
    return fault(type.at_least ? "/at_least" : "/below", "is for the meaning positive");
  if (type.at_least && type.below && *type.below > *type.at_least)
    return fault("/below", shown(*type.below) + " is above at_least, " + shown(*type.at_least));
  return Status::ok();
}

}  // namespace

std::string_view interaction_meaning_name(InteractionMeaning meaning) {
  constexpr std::array<std::string_view, 5> kNames = {"positive", "negative", "neutral", "shown", "undo"};
  return kNames[static_cast<std::size_t>(meaning)];
}

std::string_view interaction_value_name(InteractionValue value) {
  constexpr std::array<std::string_view, 5> kNames = {"none", "rating", "count", "amount", "seconds"};
  return kNames[static_cast<std::size_t>(value)];
}

std::string_view interaction_repeats_name(InteractionRepeats repeats) {
  constexpr std::array<std::string_view, 4> kNames = {"add", "newest", "first", "capped"};
  return kNames[static_cast<std::size_t>(repeats)];
}

double InteractionType::lowest_value() const { return least.value_or(natural_range(value).least); }
double InteractionType::highest_value() const { return most.value_or(natural_range(value).most); }

double InteractionType::signed_weight(double event_value) const {
  const bool has_value = !std::isnan(event_value);
  if (meaning == InteractionMeaning::kNegative) return -std::abs(weight);
  if (meaning != InteractionMeaning::kPositive) return 0;
  const bool is_rating = value == InteractionValue::kRating;
  if (has_thresholds()) {
    if (!has_value) return 0;
    const double held = std::clamp(event_value, lowest_value(), highest_value());
    if (below && held < *below) return -std::abs(weight) * (is_rating ? *below - held : 1);
    if (at_least && held < *at_least) return 0;
    if (!at_least && below && !(held > 0) && is_rating) return 0;
    return weight * (is_rating ? std::max(held, 0.0) : 1);
  }
  if (!has_value) return weight;
  if (!(event_value > 0) || !std::isfinite(event_value)) return 0;
  return is_rating ? weight * std::min(event_value, highest_value()) : weight;
}

bool InteractionType::takes_back(double event_value) const {
  return event_value < 0 && meaning == InteractionMeaning::kPositive && !has_thresholds() &&
         value != InteractionValue::kRating && value != InteractionValue::kSeconds;
}

Status validate_interaction_type(const InteractionType& type) {
  if (!is_type_name(type.name)) return fault("/name", "is not a type; expected 1 to 64 bytes of printable UTF-8");
  if (!(std::abs(type.weight) <= kMaxWeight))
    return fault("/weight", shown(type.weight) + " is not valid; expected a number from -1000 to 1000");
  TAMIS_RETURN_IF_ERROR(check_number(type.least, "/min"));
  TAMIS_RETURN_IF_ERROR(check_number(type.most, "/max"));
  TAMIS_RETURN_IF_ERROR(check_number(type.at_least, "/at_least"));
  TAMIS_RETURN_IF_ERROR(check_number(type.below, "/below"));
  TAMIS_RETURN_IF_ERROR(check_undoes(type));
  TAMIS_RETURN_IF_ERROR(check_thresholds(type));
  if (type.cap < 1 || type.cap > kMaxCap)
    return fault("/cap", std::to_string(type.cap) + " is not valid; expected an integer from 1 to 1000000");
  return Status::ok();
}

}  // namespace tamis
