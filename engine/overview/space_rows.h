// The items of a space that have a vector, and those vectors as people are shown them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/records.h"
#include "engine/live/read_state.h"

namespace tamis::engine {

struct SpaceRow {
  DenseId id = 0;
  std::shared_ptr<const Entity> entity;
};

// Neither expired nor hidden, in the order of their ids. Ends early, with fewer, where the caller's work is cancelled.
std::vector<SpaceRow> items_with_vectors(const ReadState& state, const SpaceIndex& space);

// An even sample of at most `most`, in the same order.
std::vector<SpaceRow> thin_out(std::vector<SpaceRow> all, std::size_t most);

// Whether vectors are brought to length 1 first: in a space of inner products the length of an item's vector is mostly
// its popularity, which would fill a picture. Not where lengths mean distances.
bool compares_directions(const SpaceIndex& space);

// False where the item has no vector (any more). `out` is [dim].
bool read_vector(const SpaceIndex& space, DenseId id, std::span<float> out);

}  // namespace tamis::engine
