// Quarantine: what the store holds and a layer behind it refuses. It stays in the store, serves nobody, is counted for
// /v1/stats and named in the log once. A later write that puts it right, or deletes it, releases it.
//
// The door refuses such writes (mutation_check.h). What comes here was written by an older version or past the door.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"

namespace tamis::engine {

// A name in quotes, as the log shows it.
inline std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

// Thread-safe.
class Quarantine {
 public:
  // The kinds of what is set aside, as they are counted and named.
  static constexpr std::string_view kVector = "vector";            // one entity's in one space
  static constexpr std::string_view kFeatures = "features";        // of one user or item, who serve without them
  static constexpr std::string_view kInteraction = "interaction";  // by sequence
  static constexpr std::string_view kSpace = "space";              // with all its vectors
  static constexpr std::string_view kDocument = "document";        // a funnel, an experiment
  static constexpr std::string_view kImpressions = "impressions";  // from the first unreadable list on
  static constexpr std::string_view kGeneration = "generation";

  // Sets `name` aside. Logs it where it is new; after kMaxLogged of a kind, counts only.
  void add(std::string_view kind, const std::string& name, const Status& why);
  // It is right now, or gone.
  void release(std::string_view kind, const std::string& name);
  void release_ending(std::string_view kind, std::string_view suffix);
  // True where nothing was ever set aside: release() need not be called.
  bool is_empty() const { return empty_.load(std::memory_order_relaxed); }

  // The names of a kind; nothing where some were only counted.
  std::optional<std::vector<std::string>> names(std::string_view kind) const;
  // By kind, zeros left out.
  std::map<std::string, std::uint64_t> counts() const;

 private:
  static constexpr std::size_t kMaxNames = 100'000;  // of a kind; more are counted and stay so until a restart
  static constexpr std::size_t kMaxLogged = 100;     // of a kind
  struct Kind {
    std::set<std::string, std::less<>> names;
    std::uint64_t unnamed = 0;
    std::uint64_t logged = 0;
  };

  std::atomic<bool> empty_{true};
  mutable Mutex mutex_;
  std::map<std::string, Kind, std::less<>> kinds_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::engine
