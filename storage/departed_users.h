// DepartedUsers: users whose dense id has lost its name while the log still says it: those who were erased, and
// sessions that were merged. Each is held until the log no longer names it, in memory and as a row of `meta`.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"

namespace tamis::storage {

struct DepartedUser {
  std::string name;
  DenseId user = kNoDenseId;  // what the name stood for, in records up to `sequence`
  Sequence sequence = 0;      // of the record by which the user went
  bool erased = false;        // else a session that was merged
  bool operator==(const DepartedUser&) const = default;
};

// What stands in log records for the name of a dense id that has lost it; no external id can be equal to it.
std::string nameless_user(DenseId user);
std::optional<DenseId> parse_nameless_user(std::string_view name);

class DepartedUsers {
 public:
  void add(DepartedUser departed);
  void remove(DenseId user);
  void clear();

  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  // Who bore the name in record `sequence`, if it is one of these.
  std::optional<DepartedUser> find(std::string_view name, Sequence sequence) const;
  // A user of that name was erased, and the log still says it.
  bool is_erased(std::string_view name) const;
  std::vector<DepartedUser> all() const;

 private:
  mutable SharedMutex mutex_;
  std::multimap<std::string, DepartedUser, std::less<>> by_name_ TAMIS_GUARDED_BY(mutex_);  // equal names by sequence
  std::atomic<std::size_t> count_{0};
};

}  // namespace tamis::storage
