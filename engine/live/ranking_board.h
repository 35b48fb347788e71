// RankingBoard: one ranked list that is recomputed from changing data, no more often than it is worth: a cheap one at
// every read, a dear one by the background, and only while somebody reads it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/mutex.h"
#include "models/neighbors.h"

namespace tamis::engine {

// Thread-safe. One thread at a time recomputes.
class RankingBoard {
 public:
  enum class Caller {
    kReader,      // takes a list of at most a second ago, so that no query waits for a dear one
    kBackground,  // recomputes what readers asked for and is due
    kExact,       // waits for the list as of now
  };
  using Ranking = std::shared_ptr<const std::vector<models::ScoredId>>;

  // The list as of `version` of its data, or, for readers, an older one where computing it is dear.
  // `is_current`, where given, is told which.
  Ranking get(std::uint64_t version, Caller caller, const std::function<std::vector<models::ScoredId>()>& compute,
              bool* is_current = nullptr);

 private:
  bool serves(std::uint64_t version, Caller caller) TAMIS_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar done_;
  Ranking ranking_ TAMIS_GUARDED_BY(mutex_);
  bool computing_ TAMIS_GUARDED_BY(mutex_) = false;
  bool wanted_ TAMIS_GUARDED_BY(mutex_) = false;  // a reader took a list that was not the newest
  std::uint64_t version_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point computed_at_ TAMIS_GUARDED_BY(mutex_);
  std::chrono::steady_clock::duration cost_ TAMIS_GUARDED_BY(mutex_) = {};
};

}  // namespace tamis::engine
