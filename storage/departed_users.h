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
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"

namespace tamis::storage {

struct DepartedUser {
  std::string name;
  DenseId user = kNoDenseId;  // what the name stood for, in records up to `sequence`
  Sequence sequence = 0;      // of the record by which the user went
  bool erased = false;        // else a session that was merged
  DenseId into = kNoDenseId;  // the user that a session was merged into, where known
  bool operator==(const DepartedUser&) const = default;
};

// What stands in log records for the name of a dense id that has lost it; no external id can be equal to it.
std::string nameless_user(DenseId user);
std::optional<DenseId> parse_nameless_user(std::string_view name);

class DepartedUsers {
 public:
  // Takes the place of what was held of the same dense id.
  void put(DepartedUser departed);
  void remove(DenseId user);
  void clear();

  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }
  // Who bore the name in record `sequence`, if it is one of these.
  std::optional<DepartedUser> find(std::string_view name, Sequence sequence) const;
  // A user of that name was erased, and the log still says it.
  bool is_erased(std::string_view name) const;
  // Sessions that were merged into the user.
  std::vector<DepartedUser> merged_into(DenseId user) const;
  std::vector<DepartedUser> all() const;
  std::vector<DepartedUser> erased() const;

 private:
  void unlink(const DepartedUser& departed) TAMIS_REQUIRES(mutex_);

  mutable SharedMutex mutex_;
  std::unordered_map<DenseId, DepartedUser> users_ TAMIS_GUARDED_BY(mutex_);
  // Who bore a name, by the sequence at which they went; and the sessions of a user.
  std::map<std::string, std::map<Sequence, DenseId>, std::less<>> by_name_ TAMIS_GUARDED_BY(mutex_);
  std::unordered_map<DenseId, std::vector<DenseId>> sessions_ TAMIS_GUARDED_BY(mutex_);
  std::atomic<std::size_t> count_{0};
};

}  // namespace tamis::storage
