// ScratchDatabase: a database of its own beside another one's data, with a clock that is set by hand; gone with this
// object.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/clock.h"
#include "engine/database.h"
#include "engine/options.h"
#include "storage/store.h"

namespace tamis::engine {

// Externally synchronised.
class ScratchDatabase {
 public:
  // Writes in it are not synced; training happens in this process, without an evaluation of its own. `dir` must not
  // exist. Errors: already_exists, those of Database::open().
  static Result<std::unique_ptr<ScratchDatabase>> create(const std::filesystem::path& dir,
                                                         const DatabaseOptions& options,
                                                         const std::vector<std::string>& models, TimestampMs now_ms);
  ~ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  Database& database() { return *database_; }
  ManualClock& clock() { return clock_; }
  std::size_t items() const { return items_; }  // that copy() wrote

  // Copies those interactions, every user, and the items that were there by the clock: met in one of them, listed, or
  // set in `is_met` (by dense id; ids beyond its end are not set).
  Status copy(const storage::Store& store, std::span<const storage::StoredInteraction> interactions,
              std::vector<bool> is_met = {});
  // Trains and waits until the generation serves. What the job failed of; failed_precondition where it does not serve.
  Status train();

 private:
  ScratchDatabase(std::filesystem::path dir, TimestampMs now_ms) : dir_(std::move(dir)), clock_(now_ms) {}

  std::filesystem::path dir_;
  ManualClock clock_;
  std::unique_ptr<Database> database_;
  std::size_t items_ = 0;
};

}  // namespace tamis::engine
