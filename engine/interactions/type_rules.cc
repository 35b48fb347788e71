#include "engine/interactions/type_rules.h"

#include <algorithm>
#include <utility>

namespace tamis::engine {

bool TypeRule::undoes(const TypeRule& other) const {
  return std::find(type->undoes.begin(), type->undoes.end(), other.name) != type->undoes.end();
}

TypeRules::TypeRules(std::shared_ptr<const InteractionTypes> types, NameOf name_of)
    : types_(std::move(types)), name_of_(std::move(name_of)) {}

const TypeRule& TypeRules::of(std::uint16_t type) {
  if (by_id_.size() <= type) by_id_.resize(type + std::size_t{1}, nullptr);
  const TypeRule*& known = by_id_[type];
  if (known == nullptr) known = &of_name(name_of_(type));
  return *known;
}

const TypeRule& TypeRules::of_name(std::string_view name) {
  for (const TypeRule& rule : rules_)
    if (rule.name == name) return rule;
  const InteractionType& type = types_->of(name);
  const bool is_special = type.repeats != InteractionRepeats::kAdd || !type.undoes.empty() || type.excludes_item() ||
                          type.can_speak_against();
  return rules_.emplace_back(TypeRule{&type, std::string(name), is_special});
}

}  // namespace tamis::engine
