// Registry: which generations there are, which one serves, and which served before. Documents of the store, so that
// they are committed through the log and restored with it:
//   generation/<id>             what it is (generation_info_json.h); state "ready", "rejected" or "corrupt"
//   setting/serving_generation  {"generation":"g3","before":["g1","g2"]}: `before` is the stack that rollback pops
//   setting/trainer             {"next_generation":4,"next_job":8,"last_run":{"ms":1322733600000,"interactions":1000}}:
//                               numbers are never given twice; the last run is what the schedule counts from
//
// Thread-safe. Reads come from memory; changes are serialised, and held in memory once the log has them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "engine/requests.h"
#include "storage/store.h"

namespace tamis::engine {

class Registry {
 public:
  using Commit = std::function<Status(std::vector<Mutation>)>;

  // A document that is not what was written is left out (refused()), and stays in the store.
  static Result<std::unique_ptr<Registry>> open(const storage::Store& store, Commit commit);

  struct Refused {
    std::string name;  // of the generation, or "setting trainer"
    Status why;
  };
  const std::vector<Refused>& refused() const { return refused_; }

  std::vector<GenerationInfo> list() const;  // newest first; the serving one's state is "serving"
  Result<GenerationInfo> get(std::string_view id) const;
  std::string serving() const;  // "" where none
  // What rollback goes to: the newest of those that served before and can still serve, none of `except`.
  std::optional<std::string> rollback_target(const std::set<std::string>& except = {}) const;
  // Those beyond the newest `keep` (the rejected and corrupt count, too), without the serving one and rollback's
  // target.
  std::vector<std::string> superfluous(std::uint32_t keep) const;

  // When the last run began, and how many interactions the store had; zeros before the first.
  struct LastRun {
    TimestampMs ms = 0;
    std::uint64_t interactions = 0;
  };
  LastRun last_run() const;

  Result<std::uint64_t> take_job_number();
  // The id of the generation that a run begins to make; records it as the last run.
  Result<std::string> begin_run(const LastRun& run);
  Status add(const GenerationInfo& info);
  Status set_state(std::string_view id, std::string_view state, std::string_view note);
  // Points to `id`; the one that served until now goes onto the stack.
  Status set_serving(std::string_view id);
  // Points to `id`, which is taken off the stack with what lies above it.
  Status set_rolled_back(std::string_view id);
  Status remove(const std::vector<std::string>& ids);

 private:
  struct State {
    std::vector<GenerationInfo> generations;  // oldest first
    std::string serving;
    std::vector<std::string> before;  // oldest first
    std::uint64_t next_generation = 1;
    std::uint64_t next_job = 1;
    LastRun last_run;
  };
  static Status read_serving(const storage::Store& store, State* state);
  static Status read_trainer(const storage::Store& store, State* state);
  static Mutation put_trainer(const State& state);
  // Commits `mutations` and makes `next` the state. REQUIRES: change_mutex_ is held from reading the state on.
  Status change(State next, std::vector<Mutation> mutations) TAMIS_REQUIRES(change_mutex_);
  State state() const;
  static std::optional<std::string> rollback_target_of(const State& state, const std::set<std::string>& except = {});

  Registry(State state, Commit commit) : commit_(std::move(commit)), state_(std::move(state)) {}

  const Commit commit_;
  Mutex change_mutex_;  // serialises changes; held while the log commits one, never by readers
  mutable Mutex mutex_;
  State state_ TAMIS_GUARDED_BY(mutex_);
  std::vector<Refused> refused_;  // set by open()
};

}  // namespace tamis::engine
