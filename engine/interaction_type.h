// InteractionType: what events of one type mean. Plain data; stored as a JSON document, one for each type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis {

enum class InteractionMeaning : std::uint8_t {
  kPositive,  // the user wants more of it: view, like, purchase
  kNegative,  // less of it: dislike, skip
  kNeutral,   // counts as seen and teaches nothing
  kShown,     // the client displayed the item: an impression; neither seen nor learned from
  kUndo,      // takes back earlier events of the types in `undoes`, and is nothing by itself
};
// "positive", "negative", "neutral", "shown", "undo".
std::string_view interaction_meaning_name(InteractionMeaning meaning);

enum class InteractionValue : std::uint8_t { kNone, kRating, kCount, kAmount, kSeconds };
// "none", "rating", "count", "amount", "seconds".
std::string_view interaction_value_name(InteractionValue value);

// How several events of the type between one user and one item count.
enum class InteractionRepeats : std::uint8_t {
  kAdd,     // each of them
  kNewest,  // the newest alone
  kFirst,   // the first alone
  kCapped,  // the first `cap` of them
};
// "add", "newest", "first", "capped".
std::string_view interaction_repeats_name(InteractionRepeats repeats);

struct InteractionType {
  std::string name;           // 1..64 bytes of printable UTF-8
  std::uint32_t version = 0;  // of the stored document; 0: built in, configured or undeclared
  InteractionMeaning meaning = InteractionMeaning::kPositive;
  double weight = 1;                // -1000..1000; a positive type with a negative weight counts as negative
  std::vector<std::string> undoes;  // earlier events of these types of the same user and item stop counting; at most 32
  InteractionValue value = InteractionValue::kNone;
  std::optional<double> least;     // of the value; a write outside of the range is refused
  std::optional<double> most;      // likewise
  std::optional<double> at_least;  // positive from this value on, else neutral or as `below` says
  std::optional<double> below;     // negative below this value; at most `at_least`
  InteractionRepeats repeats = InteractionRepeats::kAdd;
  std::uint32_t cap = 1;         // of InteractionRepeats::kCapped, 1..1000000
  std::optional<bool> excludes;  // see excludes_item(); absent: as can_speak_against()
  bool is_declared = false;      // built in, configured or stored; an unknown type counts as positive with weight 1

  // Whether events of it can count against their item.
  bool can_speak_against() const { return meaning == InteractionMeaning::kNegative || weight < 0 || below.has_value(); }
  // While a negative event of the type counts, its item is not recommended to its user.
  bool excludes_item() const { return excludes.value_or(can_speak_against()); }
  bool has_thresholds() const { return at_least.has_value() || below.has_value(); }
  // The bounds in force: `least` and `most`, else those of the kind of value.
  double lowest_value() const;
  double highest_value() const;
  // What one event counts: above 0 it speaks for the item, below 0 against it. `value` is NaN where it has none.
  //   rating   weight times the value, down to `at_least`; below `below` the weight times the distance to it, negative
  //   others   the weight; quantities and seconds do not scale it: they have no unit that compares across items
  // 0 for undo, neutral and shown types, for values between the thresholds, and where thresholds need a value that is
  // not there.
  double signed_weight(double value) const;
  // Whether an event with this value takes back earlier ones of its own type: a count or an amount below 0.
  bool takes_back(double value) const;

  bool operator==(const InteractionType&) const = default;
};

// invalid_argument with the JSON pointer of the fault in Status::field().
Status validate_interaction_type(const InteractionType& type);

// Members: name, version, meaning, weight, undoes, value, min, max, at_least, below, repeats, cap, excludes. Absent
// members have the defaults above. Unknown members name the nearest.
Result<InteractionType> parse_interaction_type(std::string_view name, std::string_view json);
std::string interaction_type_to_json(const InteractionType& type);

}  // namespace tamis
