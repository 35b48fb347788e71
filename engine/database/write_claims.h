// WriteClaims: what a write holds from before it is queued until it is answered: the sweep is kept away from entities
// with a time to live that it rewrites, and the undeclared interaction types that it brings have their places.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/records.h"
#include "engine/live/expiry.h"
#include "engine/live/live_state.h"

namespace tamis::engine {

// Made by one thread and destroyed by any. REQUIRES: `store` outlives it.
class WriteClaims {
 public:
  WriteClaims(std::shared_ptr<LiveState> live, const storage::Store* store) : live_(std::move(live)), store_(store) {}
  ~WriteClaims();
  WriteClaims(const WriteClaims&) = delete;
  WriteClaims& operator=(const WriteClaims&) = delete;

  // May wait for a sweep under way.
  void take(const std::vector<Mutation>& mutations);
  // At most once. failed_precondition where the undeclared types that the write brings have no place.
  Status take_types(std::set<std::string> new_types);

 private:
  void protect(EntityKind kind, const std::string& id);

  const std::shared_ptr<LiveState> live_;
  const storage::Store* store_;
  std::vector<ExpiryQueue::Due> protected_;
  std::set<std::string> new_types_;
};

}  // namespace tamis::engine
