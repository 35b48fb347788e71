// Checks and completes what callers write, before anything is queued: ids, types, finite numbers, features against the
// schema, vectors against their space, names. What passes meets the store's preconditions.
//
// Errors: invalid_argument with the field in Status::field(), not_found for an unknown space (or user or item where the
// database does not create them), failed_precondition for an undeclared interaction type too many.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "common/records.h"
#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/options.h"

namespace tamis::engine {

// Checks the mutations of one write in order: a space or an entity that the write itself makes counts from there on.
// Externally synchronised; lives as long as the check.
class MutationCheck {
 public:
  explicit MutationCheck(const ReadState& state) : state_(state), now_ms_(state.options->clock->now_ms()) {}

  Status complete(Mutation* mutation);
  // The undeclared types that the mutations so far bring.
  const std::set<std::string>& new_types() const { return new_types_; }

 private:
  Status complete(PutInteraction* put);
  Status complete(PutEntity* put);
  Status complete(PatchEntity* patch);
  Status complete(DeleteEntity* erased);
  Status complete(PutVector* put);
  Status complete(DeleteVector* erased);
  Status complete(PutSpace* put);
  Status complete(DeleteSpace* erased);
  Status complete(PutDocument* put);
  Status complete(DeleteDocument* erased);
  Status complete(DeleteInteractions* erased);
  Status complete(MergeUser* merge);

  Status check_type(const Interaction& interaction);
  // To the declared kinds. What the entity holds already passes, so that an export can be imported where it came from.
  Status conform(EntityKind kind, const std::string& id, Features* features) const;
  Status require_known(EntityKind kind, const std::string& id) const;
  Result<Space> find_space(const std::string& name) const;

  const ReadState& state_;
  const TimestampMs now_ms_;
  std::set<std::string> new_types_;
  std::map<std::string, Space> new_spaces_;
  std::set<std::pair<EntityKind, std::string>> new_entities_;
};

}  // namespace tamis::engine
