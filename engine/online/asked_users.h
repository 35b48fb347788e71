// AskedUsers: where the users of an item's interactions stood.
#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/interactions/type_rules.h"
#include "engine/live/read_state.h"
#include "storage/store.h"

namespace tamis::engine {

// The user of an interaction that the generation learned from stands as trained. The user of a later one is folded in
// from the history up to that very interaction, so that the answer never changes afterwards: it depends on the log and
// not on the moment of asking. Keeps what it computed, up to a bound. Externally synchronised.
class AskedUsers {
 public:
  // REQUIRES: what `state` points to outlives this; state.generation is set and `encoder` is one of its encoders.
  AskedUsers(const ReadState& state, const models::Encoder& encoder);

  // [dim]; empty where the user had no place. Valid until the next call. io_error and the like.
  Result<std::span<const float>> find(const storage::StoredInteraction& interaction);
  TypeRules& rules() { return rules_; }

 private:
  Result<std::vector<float>> fold_in(const storage::StoredInteraction& interaction);

  const ReadState& state_;
  const Vocabulary& vocabulary_;  // the encoder's
  const Sequence trained_sequence_;
  const models::Encoder& encoder_;
  TypeRules rules_;
  std::unordered_map<Sequence, std::vector<float>> folded_in_;
};

}  // namespace tamis::engine
