// WriteClaims: what a write holds from before it is queued until it is answered: the sweep is kept away from entities
// with a time to live that it rewrites.
#pragma once

#include <memory>
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

 private:
  void protect(EntityKind kind, const std::string& id);

  const std::shared_ptr<LiveState> live_;
  const storage::Store* store_;
  std::vector<ExpiryQueue::Due> protected_;
};

}  // namespace tamis::engine
