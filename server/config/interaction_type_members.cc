#include "server/config/interaction_type_members.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "common/nearest_name.h"
#include "engine/interactions/default_types.h"

namespace tamis::server {
namespace {

constexpr double kMaxValue = 1e15;

InteractionType built_in(const std::string& name) {
  for (const InteractionType& type : engine::default_interaction_types())
    if (type.name == name) return type;
  InteractionType type;
  type.name = name;
  type.is_declared = true;
  return type;
}

template <typename Enum>
Status read_enum(const std::string& key, const ConfigValue& value, std::size_t count, std::string_view (*name_of)(Enum),
                 Enum* target) {
  TAMIS_ASSIGN_OR_RETURN(const std::string text, as_text(key, value));
  std::string expected;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = name_of(static_cast<Enum>(i));
    if (name == text) {
      *target = static_cast<Enum>(i);
      return Status::ok();
    }
    expected += (i == 0 ? "" : i + 1 == count ? " or " : ", ") + std::string(name);
  }
  return refuse_value(key, value, expected);
}

Status read_bound(const std::string& key, const ConfigValue& value, std::optional<double>* target) {
  TAMIS_ASSIGN_OR_RETURN(*target, as_number(key, value, -kMaxValue, kMaxValue));
  return Status::ok();
}

Status set_member(const std::string& key, const std::string& member, const ConfigValue& value, InteractionType* type) {
  if (member == "meaning") return read_enum(key, value, 5, interaction_meaning_name, &type->meaning);
  if (member == "value") return read_enum(key, value, 5, interaction_value_name, &type->value);
  if (member == "repeats") return read_enum(key, value, 4, interaction_repeats_name, &type->repeats);
  if (member == "min") return read_bound(key, value, &type->least);
  if (member == "max") return read_bound(key, value, &type->most);
  if (member == "at_least") return read_bound(key, value, &type->at_least);
  if (member == "below") return read_bound(key, value, &type->below);
  if (member == "excludes") {
    TAMIS_ASSIGN_OR_RETURN(type->excludes, as_bool(key, value));
    return Status::ok();
  }
  if (member == "weight") {
    TAMIS_ASSIGN_OR_RETURN(type->weight, as_number(key, value, -1'000, 1'000));
    return Status::ok();
  }
  if (member == "cap") {
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t cap, as_integer(key, value, 1, 1'000'000));
    type->cap = static_cast<std::uint32_t>(cap);
    return Status::ok();
  }
  if (member == "undoes") {
    TAMIS_ASSIGN_OR_RETURN(type->undoes, as_list(key, value));
    return Status::ok();
  }
  static constexpr std::array<std::string_view, 11> kMembers = {
      "meaning", "weight", "undoes", "value", "min", "max", "at_least", "below", "repeats", "cap", "excludes"};
  std::string message = key + " is not a known setting";
  if (const std::string_view nearest = nearest_name(member, kMembers); !nearest.empty())
    message += "; did you mean " + std::string(nearest) + "?";
  return Status::invalid_argument(message).at_field(key);
}

}  // namespace

Status set_type_member(const std::string& key, const std::string& name, const std::string& member,
                       const ConfigValue& value, std::map<std::string, InteractionType>* types) {
  const auto [found, is_new] = types->try_emplace(name, InteractionType());
  if (is_new) found->second = built_in(name);
  return set_member(key, member, value, &found->second);
}

void show_type_members(const std::string& name, const InteractionType& type,
                       std::map<std::string, std::string>* entries) {
  const auto add = [&](const char* member, std::string text) { (*entries)[name + "." + member] = std::move(text); };
  add("meaning", show_text(interaction_meaning_name(type.meaning)));
  add("weight", show_number(type.weight));
  add("value", show_text(interaction_value_name(type.value)));
  add("repeats", show_text(interaction_repeats_name(type.repeats)));
  add("excludes", type.excludes_item() ? "true" : "false");
  if (!type.undoes.empty()) add("undoes", show_list(type.undoes));
  if (type.least) add("min", show_number(*type.least));
  if (type.most) add("max", show_number(*type.most));
  if (type.at_least) add("at_least", show_number(*type.at_least));
  if (type.below) add("below", show_number(*type.below));
  if (type.repeats == InteractionRepeats::kCapped) add("cap", std::to_string(type.cap));
}

}  // namespace tamis::server
