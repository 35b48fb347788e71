// tamis::Database: the recommendation database in process. One data directory, one object.
//
//   auto database = tamis::Database::open("/var/lib/shop", {});
//   if (!database.is_ok()) return fail(database.status());
//   (*database)->write({tamis::PutInteraction{{.user = "ada", .item = "lantern", .type = "purchase"}}});
//   auto answer = (*database)->recommend({.user = "ada", .k = 10});
//
// Promises: a write is atomic and durable as asked before it is acknowledged, and every read that starts after the ack
// reflects it. Queries never wait for training, index builds or disk flushes. Closing drains accepted writes.
// Threads: every method is thread-safe. Callbacks run on the committing thread and must not block.
// Errors: Status codes as in common/status.h; invalid input changes nothing.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/byte_budget.h"
#include "common/records.h"
#include "common/status.h"
#include "engine/audience.h"
#include "engine/batch.h"
#include "engine/compare.h"
#include "engine/experiment.h"
#include "engine/interaction_type.h"
#include "engine/matrix_sample.h"
#include "engine/off_policy_evaluation.h"
#include "engine/options.h"
#include "engine/pages.h"
#include "engine/ranker_account.h"
#include "engine/requests.h"
#include "engine/simulation_request.h"
#include "engine/space_factors.h"
#include "engine/space_map.h"
#include "engine/user_parts.h"
#include "engine/why_not.h"

namespace tamis {

struct WriteOptions {
  std::optional<Durability> durability;  // default: StorageOptions::durability
};

class Database {
 public:
  // Opens or creates. Returns once the store is open; indexes and counters are rebuilt from it in the background where
  // their cache files do not match: is_ready() tells.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& dir, const DatabaseOptions& options);
  virtual ~Database() = default;

  // --- readiness ---
  // False while recovering, and while the store cannot be read; reads then answer unavailable.
  virtual bool is_ready() const = 0;
  // ok once recovered; unavailable at the timeout; else why recovery failed: the database stays as it is then.
  virtual Status wait_ready(std::chrono::milliseconds timeout) = 0;
  virtual const DatabaseOptions& options() const = 0;

  // --- writing ---
  // Checks and completes one mutation as write() would: ids, features against the schema, finite numbers, dim of the
  // space, timestamp 0 -> now. For callers who want to drop bad rows of a bulk one by one.
  virtual Status prepare(Mutation* mutation) const = 0;
  // All or nothing. An empty list is acknowledged. Bad input: invalid_argument with "mutations[i]." before the field
  // where there are several.
  virtual Result<WriteAck> write(std::vector<Mutation> mutations, const WriteOptions& options = {}) = 0;
  using WriteCallback = std::function<void(Result<WriteAck>)>;
  // Gives `user` what `session`, another user id, has done, and deletes the session. Up to MergeUser::kMaxMoved
  // interactions move in one write; more take several, each whole by itself, and a repeat finishes what a crash left.
  // Accepted: the interactions that moved; 0 where the session is unknown, so that a repeat is harmless.
  // invalid_argument (ids, the same one twice).
  virtual Result<WriteAck> merge_user(std::string_view user, std::string_view session) = 0;
  // Takes back the interactions that were there when it was called. Affected: how many went. Counts, histories,
  // attribution and the next answer follow. Many are taken back in several writes, each whole by itself. Without a user
  // it reads every interaction: a second for a million or two. invalid_argument where the selection is not bounded.
  virtual Result<WriteAck> delete_interactions(const InteractionSelection& selection) = 0;
  // Deletes a user with vectors and interactions. Unless `keep_log`, everything else that names the user goes as well:
  // log records, idempotency keys, served lists, generations' rows, and in the background their bytes
  // (StorageOptions::erase_within_s). not_found.
  virtual Result<DeletedUser> delete_user(std::string_view user, bool keep_log, const WriteOptions& options) = 0;
  virtual void write_async(std::vector<Mutation> mutations, const WriteOptions& options, WriteCallback done) = 0;

  // --- reading ---
  virtual Sequence sequence() const = 0;  // of the last visible write
  // unavailable at the deadline. Sequences further ahead than any write are waited for, too.
  virtual Status wait_for_sequence(Sequence sequence, std::chrono::milliseconds timeout) = 0;
  // Calls `done` once the write `sequence` is visible, at once where it is; on the committing thread, so it must not
  // block. The wait ends when what is returned goes; no call begins after that.
  [[nodiscard]] virtual std::shared_ptr<const void> when_visible(Sequence sequence, std::function<void()> done) = 0;
  virtual Result<Entity> get_entity(EntityKind kind, std::string_view id) const = 0;  // expired: not_found
  // limit 1..1000; `cursor` from the page before, empty for the first. invalid_argument for a cursor that is not ours.
  virtual Result<Page<Entity>> list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) const = 0;
  virtual Result<Page<InteractionRow>> list_interactions(EntityKind kind, std::string_view id, std::string_view cursor,
                                                         std::uint32_t limit) const = 0;
  virtual Result<std::vector<LogEntry>> read_log(Sequence from, std::uint32_t limit) const = 0;  // limit 1..10000

  // --- queries ---
  virtual Result<RecommendAnswer> recommend(const RecommendRequest& request) = 0;
  // An upper estimate of the processor time that recommend() takes, in microseconds of one core. Servers use it to run
  // expensive queries on separate threads. 0 where the request is refused.
  virtual double recommend_cost_us(const RecommendRequest& request) const = 0;
  // The same of the queries below: much where they scan, and the first time that a filter compares a field.
  virtual double similar_cost_us(const SimilarRequest& request) const = 0;
  virtual double search_cost_us(const SearchRequest& request) const = 0;
  virtual double bought_together_cost_us(const BoughtTogetherRequest& request) const = 0;
  // Where `item` falls out of what recommend() would answer, or where it stands. invalid_argument for an item id that
  // cannot be one; an unknown item is an answer.
  virtual Result<WhyNotAnswer> why_not(const RecommendRequest& request, std::string_view item) = 0;
  // What the ranker's score of one candidate hangs on: features, crosses, what-if. failed_precondition without a
  // ranker, and for an item that is no candidate.
  virtual Result<RankerAccount> ranker_account(const RankerAccountRequest& request) = 0;
  // What a user's vector in a space comes from. not_found at "space".
  virtual Result<UserParts> user_parts(const UserPartsRequest& request) = 0;
  virtual Result<ScoredAnswer> similar(const SimilarRequest& request) = 0;
  virtual Result<ScoredAnswer> search(const SearchRequest& request) = 0;
  // What people buy in one basket with the items of a cart.
  virtual Result<BoughtTogetherAnswer> bought_together(const BoughtTogetherRequest& request) = 0;
  // What two funnels give on one request, under one state. Nothing is logged or counted. not_found at "a" or "b".
  virtual Result<CompareAnswer> compare(const CompareRequest& request) = 0;

  // Several lists in one answer, no item twice, each logged as recommend() logs it.
  virtual Result<PagesAnswer> pages(const PagesRequest& request) = 0;
  // The users to tell of an item. not_found at "id".
  virtual Result<AudienceAnswer> audience(const AudienceRequest& request) = 0;

  // --- batches: lists for many, made in the background (docs/shops.md) ---
  // Queued; a batch that a restart interrupts goes on. failed_precondition in a database open for reading only.
  virtual Result<Batch> start_batch(const BatchRequest& request) = 0;
  virtual Result<Batch> get_batch(std::string_view id) const = 0;
  virtual Result<std::vector<Batch>> list_batches() const = 0;  // newest first
  // Cancels it where it runs, and removes its file.
  virtual Status delete_batch(std::string_view id) = 0;

  // --- spaces, funnels (their writes go through the log, too) ---
  virtual std::vector<Space> list_spaces() const = 0;
  virtual Result<Space> get_space(std::string_view name) const = 0;
  virtual Result<VersionedVector> get_vector(std::string_view space, EntityKind kind, std::string_view id) const = 0;
  // For people who look at the whole: what the items of a space differ in, the items in two dimensions, and a sample of
  // the user x item matrix.
  virtual Result<SpaceFactors> find_space_factors(const SpaceFactorsRequest& request) const = 0;
  // By kUmap it waits a second for the layout, which a job of kind "map" makes once per generation; until then the
  // answer is by kPca and names the job.
  virtual Result<SpaceMap> map_space(const SpaceMapRequest& request) = 0;
  virtual Result<MatrixSample> sample_matrix(const MatrixSampleRequest& request) const = 0;
  virtual std::vector<FunnelConfig> list_funnels() const = 0;
  virtual Result<FunnelConfig> get_funnel(std::string_view name) const = 0;
  // An earlier version as it was stored, without what it inherited then.
  virtual Result<FunnelConfig> get_funnel_version(std::string_view name, std::uint32_t version) const = 0;
  // read_funnel(), whether the base is one, and warnings.
  virtual FunnelDocument check_funnel(std::string_view name, std::string_view json) const = 0;
  // The version counts up. invalid_argument at "/base" for a base that is unknown or leads back to the funnel.
  virtual Result<WriteAck> put_funnel(const FunnelConfig& funnel) = 0;
  // failed_precondition while another funnel inherits from it or an open experiment uses it. Its versions stay
  // readable.
  virtual Result<WriteAck> delete_funnel(std::string_view name) = 0;

  // --- what interactions mean (docs/interactions.md) ---
  virtual std::vector<InteractionType> list_interaction_types() const = 0;                // the declared ones, by name
  virtual Result<InteractionType> get_interaction_type(std::string_view name) const = 0;  // not_found: undeclared
  virtual Result<InteractionType> get_interaction_type_version(std::string_view name, std::uint32_t version) const = 0;
  // Declares a type or changes it; the version counts up. Queries follow at once. Counts of items follow within the
  // call where that takes less than two seconds, else in the background: is_recounting() tells.
  virtual Result<WriteAck> put_interaction_type(const InteractionType& type) = 0;
  // Gives back what the configuration says of the type. not_found where none is stored.
  virtual Result<WriteAck> delete_interaction_type(std::string_view name) = 0;
  virtual bool is_recounting() const = 0;

  // --- measurement (docs/experiments.md) ---
  virtual std::vector<ExperimentConfig> list_experiments() const = 0;  // by name
  virtual Result<ExperimentConfig> get_experiment(std::string_view name) const = 0;
  // Gives it a version, a start and its layer's buckets. failed_precondition: the layer is full, or the experiment has
  // begun and its split would change.
  virtual Result<WriteAck> put_experiment(const ExperimentConfig& experiment) = 0;
  virtual Result<WriteAck> delete_experiment(std::string_view name) = 0;
  // Reads the impressions of the experiment's time: a second for a million lists.
  virtual Result<ExperimentResults> experiment_results(std::string_view name) const = 0;
  // What another funnel would have earned on the logged lists; each costs a query.
  virtual Result<OffPolicyEvaluation> evaluate_off_policy(const OffPolicyRequest& request) const = 0;
  // The same as a job of kind "evaluate", for logs of any size: its result is off_policy_to_json() of the evaluation,
  // and estimates that mean nothing fail it. Evaluations wait for each other, not for trainings.
  virtual Result<Job> start_evaluation(const OffPolicyRequest& request) = 0;
  // Plays a feedback loop with a made-up population in a database of its own, as a job of kind "simulate" whose result
  // grows with every round (simulation_json()). Simulations wait for each other. invalid_argument (bounds).
  virtual Result<Job> start_simulation(const SimulationRequest& request) = 0;

  // --- learning ---
  virtual Result<Job> train(const TrainRequest& request) = 0;  // queued; returns at once
  virtual Result<Job> get_job(std::string_view id) const = 0;
  virtual std::vector<Job> list_jobs() const = 0;  // newest first
  virtual Status cancel_job(std::string_view id) = 0;
  // Waits until the job's state or progress differs from `seen`, or the timeout; returns the job as it is then.
  virtual Result<Job> wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const = 0;
  // Calls `changed` whenever any job changes, until the result goes away; on another thread, where it must neither
  // block nor call the database. The result may outlive the database. Null while not ready.
  virtual std::shared_ptr<void> watch_jobs(std::function<void()> changed) const = 0;
  virtual std::vector<GenerationInfo> list_generations() const = 0;  // newest first
  virtual Status promote(std::string_view generation) = 0;
  virtual Result<std::string> rollback() = 0;  // to the generation that served before; its id
  // Takes in a generation that was trained elsewhere (docs/models.md: manifest.json and its files in `dir`) under
  // `name`, checked whole: checksums, shapes, finite values, users and items that this database knows. It is kept;
  // promote() has it serve. invalid_argument, failed_precondition (an unknown user or item), already_exists.
  virtual Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) = 0;
  // Copies the files of a generation to `dir`, which must not exist.
  virtual Status export_generation(std::string_view generation, const std::filesystem::path& dir) const = 0;

  // --- operation ---
  // Counts what `budget` holds as a part of MemoryOptions::limit_bytes and of Stats::memory_parts, under its name, from
  // now on; it takes the place of an earlier one of that name.
  virtual void count_memory(std::shared_ptr<const ByteBudget> budget) = 0;
  // A consistent copy in `dir` (must not exist): store checkpoint, index files, generations, manifest with checksums,
  // the settings that answers depend on, and a few recorded queries with their answers. already_exists where `dir`
  // exists or is being made. A copy that fails leaves nothing.
  virtual Status snapshot(const std::filesystem::path& dir) = 0;
  // Checks the checksums, copies to `data_dir` (absent or empty), opens it with the settings that the snapshot keeps
  // and compares the recorded answers. What differs from `options`, and answers that differ, are warnings; where
  // `is_strict`, they are failed_precondition, and nothing is made.
  static Status restore(const std::filesystem::path& snapshot_dir, const std::filesystem::path& data_dir,
                        const DatabaseOptions& options, bool is_strict = false,
                        std::vector<std::string>* warnings = nullptr);
  virtual Stats stats() const = 0;
};

}  // namespace tamis
