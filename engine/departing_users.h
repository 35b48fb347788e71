// DepartingUsers: the interactions of users who are about to be deleted, so that the item counts can give them back.
//
// The store drops a user's interactions with the user, so once the deletion has been committed nobody can say what they
// were. A writer of a deletion therefore announces the user first and adds what the store holds; what commits in
// between is added by the committing thread. Each interaction is kept once, by its sequence. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "storage/store.h"

namespace tamis::engine {

class DepartingUsers {
 public:
  // A deletion of the user is on its way; every announce() is followed by one withdraw().
  void announce(std::string_view user);
  void add_stored(std::string_view user, const std::vector<storage::StoredInteraction>& interactions);
  void withdraw(std::string_view user);

  // True where no deletion is on its way: commits pass by.
  bool is_idle() const { return announced_.load() == 0; }
  // Committing thread. `interaction` needs item, type, value, timestamp and sequence only.
  void on_interaction(std::string_view user, const storage::StoredInteraction& interaction);
  // The user has been deleted: hands over what they had done.
  std::vector<storage::StoredInteraction> take(std::string_view user);

 private:
  struct Departure {
    std::size_t announced = 0;
    std::map<Sequence, storage::StoredInteraction> interactions;
  };

  std::atomic<std::size_t> announced_{0};
  Mutex mutex_;
  std::map<std::string, Departure, std::less<>> departures_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::engine
