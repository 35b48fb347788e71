// Interaction types as JSON documents.
#include "engine/documents/strict_json.h"
#include "engine/interaction_type.h"

namespace tamis {
namespace {

using engine::child_pointer;
using engine::Json;

constexpr std::string_view kTypeMembers[] = {"name", "version",  "meaning", "weight",  "undoes", "value",   "min",
                                             "max",  "at_least", "below",   "repeats", "cap",    "excludes"};
constexpr std::string_view kMeanings[] = {"positive", "negative", "neutral", "shown", "undo"};
constexpr std::string_view kValues[] = {"none", "rating", "count", "amount", "seconds"};
constexpr std::string_view kRepeats[] = {"add", "newest", "first", "capped"};

Result<double> read_number(const Json& json, std::string_view pointer) {
  if (!json.is_number()) return engine::json_fault(json, pointer, "a number");
  return json.get<double>();
}

// Each absent member leaves its target alone.
class TypeReader {
 public:
  explicit TypeReader(const Json& document) : document_(document) {}

  template <typename T, typename Read>
  Status read(std::string_view member, T* target, Read read_value) const {
    const auto found = document_.find(member);
    if (found == document_.end()) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(*target, read_value(*found, child_pointer("", member)));
    return Status::ok();
  }
  template <typename Enum, std::size_t n>
  Status read_enum(std::string_view member, Enum* target, const std::string_view (&names)[n]) const {
    const auto found = document_.find(member);
    if (found == document_.end()) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(const std::size_t index, engine::read_name(*found, child_pointer("", member), names));
    *target = static_cast<Enum>(index);
    return Status::ok();
  }
  // A null stands for an absent bound.
  Status read_bound(std::string_view member, std::optional<double>* target) const {
    const auto found = document_.find(member);
    if (found == document_.end() || found->is_null()) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(*target, read_number(*found, child_pointer("", member)));
    return Status::ok();
  }
  Status read_undoes(std::vector<std::string>* undoes) const {
    const auto found = document_.find("undoes");
    if (found == document_.end()) return Status::ok();
    if (!found->is_array()) return engine::json_fault(*found, "/undoes", "a list of types");
    for (std::size_t i = 0; i < found->size(); ++i) {
      TAMIS_ASSIGN_OR_RETURN(undoes->emplace_back(),
                             engine::read_string((*found)[i], child_pointer("/undoes", i), 1, 64));
    }
    return Status::ok();
  }

 private:
  const Json& document_;
};

}  // namespace

Result<InteractionType> parse_interaction_type(std::string_view name, std::string_view json) {
  TAMIS_ASSIGN_OR_RETURN(const Json document, engine::parse_json(json));
  TAMIS_RETURN_IF_ERROR(engine::check_members(document, "", kTypeMembers));
  const TypeReader reader(document);
  InteractionType type;
  type.name = name;
  type.is_declared = true;
  std::string named(name);
  const auto read_text = [](const Json& value, const std::string& at) { return engine::read_string(value, at, 1, 64); };
  TAMIS_RETURN_IF_ERROR(reader.read("name", &named, read_text));
  if (named != name) {
    return Status::invalid_argument("the document names \"" + named + "\", the path \"" + std::string(name) + "\"")
        .at_field("/name");
  }
  const auto read_version = [](const Json& value, const std::string& at) {
    return engine::read_uint32(value, at, 0, 4'000'000'000U);
  };
  TAMIS_RETURN_IF_ERROR(reader.read("version", &type.version, read_version));
  TAMIS_RETURN_IF_ERROR(reader.read_enum("meaning", &type.meaning, kMeanings));
  TAMIS_RETURN_IF_ERROR(reader.read("weight", &type.weight, read_number));
  TAMIS_RETURN_IF_ERROR(reader.read_undoes(&type.undoes));
  TAMIS_RETURN_IF_ERROR(reader.read_enum("value", &type.value, kValues));
  TAMIS_RETURN_IF_ERROR(reader.read_bound("min", &type.least));
  TAMIS_RETURN_IF_ERROR(reader.read_bound("max", &type.most));
  TAMIS_RETURN_IF_ERROR(reader.read_bound("at_least", &type.at_least));
  TAMIS_RETURN_IF_ERROR(reader.read_bound("below", &type.below));
  TAMIS_RETURN_IF_ERROR(reader.read_enum("repeats", &type.repeats, kRepeats));
  const auto read_cap = [](const Json& value, const std::string& at) {
    return engine::read_uint32(value, at, 1, 1'000'000);
  };
  TAMIS_RETURN_IF_ERROR(reader.read("cap", &type.cap, read_cap));
  TAMIS_RETURN_IF_ERROR(reader.read("excludes", &type.excludes, engine::read_bool));
  TAMIS_RETURN_IF_ERROR(validate_interaction_type(type));
  return type;
}

std::string interaction_type_to_json(const InteractionType& type) {
  Json json = {{"name", type.name},
               {"version", type.version},
               {"meaning", interaction_meaning_name(type.meaning)},
               {"weight", type.weight},
               {"value", interaction_value_name(type.value)},
               {"repeats", interaction_repeats_name(type.repeats)},
               {"excludes", type.excludes_item()}};
  if (!type.undoes.empty()) json["undoes"] = type.undoes;
  if (type.least) json["min"] = *type.least;
  if (type.most) json["max"] = *type.most;
  if (type.at_least) json["at_least"] = *type.at_least;
  if (type.below) json["below"] = *type.below;
  if (type.repeats == InteractionRepeats::kCapped) json["cap"] = type.cap;
  return engine::to_text(json);
}

}  // namespace tamis
