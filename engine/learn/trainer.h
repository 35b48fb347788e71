// Trainer: runs training jobs, keeps generations, decides promotions.
//
// A run reads one consistent snapshot of the store, learns the configured models, evaluates them on the newest
// interactions held out, writes generations/<id>/ (temporary name, fsync, rename), registers it as a document of the
// store, and promotes it where the gate holds. Jobs run one at a time on a thread of lower priority; queries never
// wait. Thread-safe.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "engine/observer.h"
#include "engine/options.h"
#include "engine/requests.h"
#include "engine/serving/generation.h"
#include "engine/serving/row_cache.h"
#include "storage/store.h"

namespace tamis::engine {

// What the trainer needs of the database around it.
class TrainerHost {
 public:
  virtual ~TrainerHost() = default;
  // Commits registry documents (collections "generation" and "setting") through the log.
  virtual Status commit(std::vector<Mutation> mutations) = 0;
  // Swaps the serving generation (null: none): builds the indexes of its encoders' spaces, publishes a new ReadState.
  virtual Status serve(std::shared_ptr<const Generation> generation) = 0;
  // The generation that queries see; "" where none.
  virtual std::string serving_id() const = 0;
  // The funnels that people are served by, nothing left to a base: what a trial asks (engine/learn/funnel_trial.h).
  virtual std::vector<FunnelConfig> funnels_in_use() const { return {}; }
  // A training is about to read the store: what waits in memory to be written there (served lists) is written.
  virtual void before_training() {}
  // Keeps rows of trained tables that are too large for memory; null: they are read into memory whole.
  virtual std::shared_ptr<RowCache> row_cache() { return nullptr; }
  // A stored document of the trainer's cannot be read, and is left out.
  virtual void set_aside(const std::string& /*document*/, const Status& /*why*/) {}
};

class Trainer {
 public:
  // REQUIRES: store, host and options outlive the trainer. Reads the registry; call load_serving() before queries.
  static Result<std::unique_ptr<Trainer>> open(const std::filesystem::path& generations_dir, storage::Store* store,
                                               TrainerHost* host, const DatabaseOptions* options);
  virtual ~Trainer() = default;  // cancels the running job

  // Loads the registered serving generation from its files; null where there is none. Where its files are damaged, the
  // newest other one that is whole (problem() tells) until they are mended; corruption where none is. Takes no lock
  // that a promotion holds while it waits for commits.
  virtual Result<std::shared_ptr<const Generation>> load_serving() = 0;
  // From then on, scheduled runs happen, and damaged generations are looked at again.
  virtual void start_schedule() = 0;
  // Why another generation serves than the one that should; "" where all is well.
  virtual std::string problem() const = 0;

  // Loads a kept generation from its files. not_found, corruption.
  virtual Result<std::shared_ptr<const Generation>> load_generation(std::string_view generation) = 0;
  virtual Result<Job> train(const TrainRequest& request) = 0;
  virtual Result<Job> get_job(std::string_view id) const = 0;
  virtual std::vector<Job> list_jobs() const = 0;
  virtual Status cancel_job(std::string_view id) = 0;
  virtual Result<Job> wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const = 0;
  virtual std::vector<GenerationInfo> list_generations() const = 0;
  // As Database's.
  virtual std::shared_ptr<void> watch_jobs(std::function<void()> changed) const = 0;
  virtual Status promote(std::string_view generation) = 0;
  virtual Result<std::string> rollback() = 0;
  // Takes over from the serving generation what the imported one lacks, where it can.
  virtual Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) = 0;
  // Takes users who were erased out of the files of every generation that is kept: their names, their trained vectors.
  virtual Status erase_users(const std::set<std::string, std::less<>>& users) = 0;
  virtual Status export_generation(std::string_view generation, const std::filesystem::path& dir) const = 0;
};

}  // namespace tamis::engine
