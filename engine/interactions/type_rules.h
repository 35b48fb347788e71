// TypeRules: the meaning of events by the store's ids of types, each looked up once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/interactions/interaction_types.h"

namespace tamis::engine {

// One type as events are weighed by it.
struct TypeRule {
  const InteractionType* type = nullptr;  // never null; lives as long as the types that the rule came from
  std::string name;                       // as events name it; the type's own name is empty where it is undeclared
  // Newest, first, capped, undoes others, speaks against or excludes its item: what it comes to depends on other events
  // of its pair.
  bool is_special = false;

  bool undoes(const TypeRule& other) const;
};

// Externally synchronised; made for one query, one run or one thread. Rules stay where they are while it lives.
class TypeRules {
 public:
  using NameOf = std::function<std::string(std::uint16_t)>;
  // `name_of` gives the name of one of the store's types. REQUIRES: it can be called as long as this lives.
  TypeRules(std::shared_ptr<const InteractionTypes> types, NameOf name_of);

  const TypeRule& of(std::uint16_t type);
  const TypeRule& of_name(std::string_view name);
  const InteractionTypes& types() const { return *types_; }

 private:
  std::shared_ptr<const InteractionTypes> types_;
  NameOf name_of_;
  std::deque<TypeRule> rules_;
  std::vector<const TypeRule*> by_id_;
};

}  // namespace tamis::engine
