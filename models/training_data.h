// TrainingData: what any model may learn from.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/feature.h"
#include "models/interaction_matrix.h"
#include "models/time_split.h"

namespace tamis::models {

class TextEmbedderSource;

// A view: what it points to outlives the training run. Users and items are rows 0..users-1 and 0..items-1; in a
// hold-out some have features and no event. Rows, order and features are the same on every machine for the same log.
struct TrainingData {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::span<const TimedInteraction> events = {};  // by time, ties in the log's order; weights are finite and above 0
  // What users turned down, by time; a weight above 0 says how much, a rating where it was one.
  std::span<const TimedInteraction> negatives = {};
  // The newest rating of each pair as it was given, by time: those that speak for an item, against it, and neither.
  std::span<const TimedInteraction> ratings = {};
  std::span<const Features> user_features = {};  // [users], or empty where there are none
  std::span<const Features> item_features = {};  // [items], or empty where there are none
  // Of the items that have no row, since nobody met them: for models that learn from what items are.
  std::span<const Features> other_item_features = {};
  std::span<const Features> contexts = {};  // distinct ones, the first that of none; empty where no event has any
  std::span<const std::uint32_t> event_contexts = {};  // [events], indexes into contexts; empty likewise
  std::span<const std::uint16_t> event_types = {};     // [events], indexes into types; empty where none are known
  std::span<const std::string> types = {};             // names of interaction types
  std::span<const std::uint32_t> event_baskets = {};   // [events], from 1; 0: the event names none. Empty: none does
  const InteractionMatrix* known_matrix = nullptr;     // signed_matrix(), where somebody has made it
  bool has_times = true;                               // false: times are made up, only their order means anything
  const TextEmbedderSource* text_embedders = nullptr;  // a model server to ask; null where none is configured

  // [users, items], the weights of repeated pairs summed. O(events log events).
  InteractionMatrix matrix() const;
  // The same with the negatives as weights below 0; matrix() where there are none. Pairs that sum to 0 are left out.
  InteractionMatrix signed_matrix() const;
  // The known one, else signed_matrix() in `made`.
  const InteractionMatrix& signed_matrix(InteractionMatrix* made) const;
  // [users, items], what users turned down, by weights above 0: the pairs of signed_matrix() below 0.
  InteractionMatrix disliked_matrix() const;
  // Of each pair of `matrix`, in its order: the context of the pair's newest event. Empty where there are no contexts.
  // REQUIRES: matrix() gave it. O(events log events).
  std::vector<std::uint32_t> pair_contexts(const InteractionMatrix& matrix) const;
};

}  // namespace tamis::models
