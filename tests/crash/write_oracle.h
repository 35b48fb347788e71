// WriteOracle: what the clients of a store were told, kept outside of it, and what the store must therefore hold after
// a crash.
#pragma once

#include <string>
#include <vector>

#include "common/mutex.h"
#include "storage/store.h"

namespace tamis::storage {

// Thread-safe.
class WriteOracle {
 public:
  // The answer that a writer got. A write that was refused for its content must leave no trace; one whose outcome is
  // unknown may be there whole or not at all.
  void note(std::vector<Mutation> write, const Result<WriteAck>& answer);

  struct Verdict {
    std::string violation;  // "" where every promise but durability was kept
    std::size_t acknowledged = 0;
    std::size_t lost = 0;  // acknowledged writes that are gone
  };
  // Reads the store's log and tables. Promises: consecutive sequences from 1; each acknowledged write in its place or,
  // if lost, lost with everything after it; nothing that nobody wrote; tables equal to a rebuild from the log.
  Verdict check(const Store& store) const;

 private:
  struct Note {
    std::vector<Mutation> mutations;
    std::optional<WriteAck> ack;  // nullopt: unknown
  };
  mutable Mutex mutex_;
  std::vector<Note> notes_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::storage
