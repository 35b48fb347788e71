#include "engine/interactions/interaction_types.h"

#include <algorithm>

#include "common/nearest_name.h"
#include "engine/interactions/default_types.h"

namespace tamis::engine {
namespace {

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return result;
}

}  // namespace

InteractionTypes::InteractionTypes() {
  for (const InteractionType& type : default_interaction_types()) start_.emplace(type.name, type);
}

const std::shared_ptr<const InteractionTypes>& InteractionTypes::built_in() {
  static const auto kBuiltIn = std::make_shared<const InteractionTypes>();
  return kBuiltIn;
}

InteractionTypes::InteractionTypes(const std::map<std::string, double>& weights,
                                   const std::map<std::string, InteractionType>& configured)
    : InteractionTypes() {
  for (const auto& [name, weight] : weights) {
    InteractionType& type = start_[name];
    type.name = name;
    type.weight = weight;
    type.is_declared = true;
  }
  for (const auto& [name, configured_type] : configured) {
    InteractionType& type = start_[name];
    type = configured_type;
    type.name = name;
    type.version = 0;
    type.is_declared = true;
  }
}

std::shared_ptr<const InteractionTypes> InteractionTypes::with(const InteractionType& stored) const {
  auto changed = std::make_shared<InteractionTypes>(*this);
  InteractionType& type = changed->stored_[stored.name];
  type = stored;
  type.is_declared = true;
  return changed;
}

std::shared_ptr<const InteractionTypes> InteractionTypes::without(std::string_view name) const {
  auto changed = std::make_shared<InteractionTypes>(*this);
  if (const auto found = changed->stored_.find(name); found != changed->stored_.end()) changed->stored_.erase(found);
  return changed;
}

const InteractionType* InteractionTypes::find(std::string_view name) const {
  if (const auto found = stored_.find(name); found != stored_.end()) return &found->second;
  const auto found = start_.find(name);
  return found == start_.end() ? nullptr : &found->second;
}

const InteractionType& InteractionTypes::of(std::string_view name) const {
  const InteractionType* declared = find(name);
  return declared == nullptr ? undeclared_ : *declared;
}

std::vector<InteractionType> InteractionTypes::list() const {
  ByName all = stored_;
  all.insert(start_.begin(), start_.end());
  std::vector<InteractionType> types;
  types.reserve(all.size());
  for (auto& [name, type] : all) types.push_back(std::move(type));
  return types;
}

std::string_view InteractionTypes::nearest(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const ByName* layer : {&stored_, &start_})
    for (const auto& [known, type] : *layer) names.push_back(known);
  const std::string lower = lowered(name);
  for (const std::string_view known : names)
    if (lowered(known) == lower) return known;
  return nearest_name(lower, names);
}

}  // namespace tamis::engine
