// InteractionTypes: what events of every type mean at one moment.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/interaction_type.h"

namespace tamis::engine {

// Immutable; thread-safe. Three layers: built in, configured, stored; the last that names a type defines it.
class InteractionTypes {
 public:
  // The built-in types alone.
  InteractionTypes();
  static const std::shared_ptr<const InteractionTypes>& built_in();
  // `weights`: "interactions.weights" of the configuration, which change a type's weight alone, or declare a positive
  // type. `configured`: whole types. `weights` apply first.
  InteractionTypes(const std::map<std::string, double>& weights,
                   const std::map<std::string, InteractionType>& configured);

  // A changed copy. without() gives back what the configuration says of the type.
  std::shared_ptr<const InteractionTypes> with(const InteractionType& stored) const;
  std::shared_ptr<const InteractionTypes> without(std::string_view name) const;

  // Null where the type is not declared.
  const InteractionType* find(std::string_view name) const;
  // Never null: an undeclared type is positive, weighs 1 and adds up. The reference lives as long as this.
  const InteractionType& of(std::string_view name) const;
  bool is_stored(std::string_view name) const { return stored_.contains(name); }
  // The declared types, by name.
  std::vector<InteractionType> list() const;
  // The declared name that an undeclared one most likely stands for; empty where there is none.
  std::string_view nearest(std::string_view name) const;

 private:
  using ByName = std::map<std::string, InteractionType, std::less<>>;
  ByName start_;   // built in and configured
  ByName stored_;  // documents
  InteractionType undeclared_;
};

}  // namespace tamis::engine
