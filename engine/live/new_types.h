// NewTypes: the undeclared interaction types that writes on the way bring. With those in use they stay within a bound,
// so that clients' own names never fill the store's table of types.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "common/mutex.h"
#include "common/status.h"
#include "engine/live/read_state.h"

namespace tamis::engine {

constexpr std::size_t kMaxUndeclaredInUse = 1'000;

// failed_precondition: `name` would be one undeclared type more than the bound.
Status one_type_too_many(const std::string& name);

// Thread-safe.
class NewTypes {
 public:
  // `in_use` tells the undeclared types that have interactions.
  explicit NewTypes(std::function<std::shared_ptr<const ReadState::TypeNames>()> in_use) : in_use_(std::move(in_use)) {}

  // Takes a place for each name that has none, or for none of them: failed_precondition.
  Status claim(const std::set<std::string>& names);
  // Once per claim; by then the names are in use, or their write has failed.
  void release(const std::set<std::string>& names);

 private:
  const std::function<std::shared_ptr<const ReadState::TypeNames>()> in_use_;
  Mutex mutex_;
  std::map<std::string, std::size_t> claims_ TAMIS_GUARDED_BY(mutex_);  // how many writes bring each
};

}  // namespace tamis::engine
