// DatabaseImpl: joins the store, the commit queue, the live state, the trainer and the background work into a Database.
//
// Threads: callers' own; the committing thread of CommitQueue (on_commit); one that recovers and then ends; one for
// upkeep (sweep, memory, rankings); one that cares for the indexes (recall, files); the trainer's.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/batch/batches.h"
#include "engine/database.h"
#include "engine/database/periodic_tasks.h"
#include "engine/database/readiness.h"
#include "engine/database/visible_sequence.h"
#include "engine/database/write_claims.h"
#include "engine/learn/job_queue.h"
#include "engine/learn/trainer.h"
#include "engine/live/live_state.h"
#include "engine/measure/impression_log.h"
#include "engine/observer.h"
#include "engine/online/online_items.h"
#include "engine/overview/space_layout.h"
#include "engine/replay/replay.h"
#include "engine/snapshot/snapshot_manifest.h"
#include "storage/commit_queue.h"

namespace tamis::engine {

// The parts of a data directory.
struct DataLayout {
  explicit DataLayout(const std::filesystem::path& dir)
      : store(dir / "store"),
        index(dir / "index"),
        generations(dir / "generations"),
        snapshots_made(dir / "snapshots_made"),
        batches(dir / "batches") {}
  std::filesystem::path store;
  std::filesystem::path index;
  std::filesystem::path generations;
  std::filesystem::path snapshots_made;  // the list of them (made_snapshots.h)
  std::filesystem::path batches;         // lists that were made in the background
};

class DatabaseImpl final : public Database, private storage::CommitListener, private TrainerHost {
 public:
  static Result<std::unique_ptr<DatabaseImpl>> open(const std::filesystem::path& dir, const DatabaseOptions& options);
  // The same over a store that is open already: tests bring one on a disk that fails.
  static Result<std::unique_ptr<DatabaseImpl>> adopt(const std::filesystem::path& dir, const DatabaseOptions& options,
                                                     std::unique_ptr<storage::Store> store);
  DatabaseImpl(const std::filesystem::path& dir, const DatabaseOptions& options, std::unique_ptr<storage::Store> store);
  ~DatabaseImpl() override;

  bool is_ready() const override { return readiness_.is_ready() && is_readable(); }
  Status wait_ready(std::chrono::milliseconds timeout) override { return readiness_.wait(timeout); }
  const DatabaseOptions& options() const override { return options_; }

  Status prepare(Mutation* mutation) const override;
  Result<WriteAck> write(std::vector<Mutation> mutations, const WriteOptions& options) override;
  Result<WriteAck> merge_user(std::string_view user, std::string_view session) override;
  Result<WriteAck> delete_interactions(const InteractionSelection& selection) override;
  Result<DeletedUser> delete_user(std::string_view user, bool keep_log, const WriteOptions& options) override;
  void write_async(std::vector<Mutation> mutations, const WriteOptions& options, WriteCallback done) override;

  Sequence sequence() const override { return visible_.get(); }
  Status wait_for_sequence(Sequence sequence, std::chrono::milliseconds timeout) override;
  std::shared_ptr<const void> when_visible(Sequence sequence, std::function<void()> done) override;
  Result<Entity> get_entity(EntityKind kind, std::string_view id) const override;
  Result<Page<Entity>> list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) const override;
  Result<Page<InteractionRow>> list_interactions(EntityKind kind, std::string_view id, std::string_view cursor,
                                                 std::uint32_t limit) const override;
  Result<std::vector<LogEntry>> read_log(Sequence from, std::uint32_t limit) const override;

  Result<RecommendAnswer> recommend(const RecommendRequest& request) override;
  double recommend_cost_us(const RecommendRequest& request) const override;
  double similar_cost_us(const SimilarRequest& request) const override;
  double search_cost_us(const SearchRequest& request) const override;
  double bought_together_cost_us(const BoughtTogetherRequest& request) const override;
  Result<WhyNotAnswer> why_not(const RecommendRequest& request, std::string_view item) override;
  Result<RankerAccount> ranker_account(const RankerAccountRequest& request) override;
  Result<UserParts> user_parts(const UserPartsRequest& request) override;
  Result<ScoredAnswer> similar(const SimilarRequest& request) override;
  Result<ScoredAnswer> search(const SearchRequest& request) override;
  Result<BoughtTogetherAnswer> bought_together(const BoughtTogetherRequest& request) override;
  Result<CompareAnswer> compare(const CompareRequest& request) override;
  Result<PagesAnswer> pages(const PagesRequest& request) override;
  Result<AudienceAnswer> audience(const AudienceRequest& request) override;
  Result<Batch> start_batch(const BatchRequest& request) override;
  Result<Batch> get_batch(std::string_view id) const override;
  Result<std::vector<Batch>> list_batches() const override;
  Status delete_batch(std::string_view id) override;

  std::vector<Space> list_spaces() const override;
  Result<Space> get_space(std::string_view name) const override;
  Result<VersionedVector> get_vector(std::string_view space, EntityKind kind, std::string_view id) const override;
  Result<SpaceFactors> find_space_factors(const SpaceFactorsRequest& request) const override;
  Result<SpaceMap> map_space(const SpaceMapRequest& request) override;
  Result<MatrixSample> sample_matrix(const MatrixSampleRequest& request) const override;
  std::vector<FunnelConfig> list_funnels() const override;
  Result<FunnelConfig> get_funnel(std::string_view name) const override;
  Result<FunnelConfig> get_funnel_version(std::string_view name, std::uint32_t version) const override;
  FunnelDocument check_funnel(std::string_view name, std::string_view json) const override;
  Result<WriteAck> put_funnel(const FunnelConfig& funnel) override;
  Result<WriteAck> delete_funnel(std::string_view name) override;

  std::vector<InteractionType> list_interaction_types() const override;
  Result<InteractionType> get_interaction_type(std::string_view name) const override;
  Result<InteractionType> get_interaction_type_version(std::string_view name, std::uint32_t version) const override;
  Result<WriteAck> put_interaction_type(const InteractionType& type) override;
  Result<WriteAck> delete_interaction_type(std::string_view name) override;
  bool is_recounting() const override { return live()->is_recounting(); }

  std::vector<ExperimentConfig> list_experiments() const override;
  Result<ExperimentConfig> get_experiment(std::string_view name) const override;
  Result<WriteAck> put_experiment(const ExperimentConfig& experiment) override;
  Result<WriteAck> delete_experiment(std::string_view name) override;
  Result<ExperimentResults> experiment_results(std::string_view name) const override;
  Result<OffPolicyEvaluation> evaluate_off_policy(const OffPolicyRequest& request) const override;
  Result<Job> start_simulation(const SimulationRequest& request) override;
  Result<Job> start_evaluation(const OffPolicyRequest& request) override;

  Result<Job> train(const TrainRequest& request) override;
  Result<Job> get_job(std::string_view id) const override;
  std::vector<Job> list_jobs() const override;
  Status cancel_job(std::string_view id) override;
  Result<Job> wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const override;
  std::vector<GenerationInfo> list_generations() const override;
  Status promote(std::string_view generation) override;
  Result<std::string> rollback() override;
  std::shared_ptr<void> watch_jobs(std::function<void()> changed) const override;
  Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) override;
  Status export_generation(std::string_view generation, const std::filesystem::path& dir) const override;

  Status snapshot(const std::filesystem::path& dir) override;
  void count_memory(std::shared_ptr<const ByteBudget> budget) override;
  Stats stats() const override;
  // What a query reads now.
  std::shared_ptr<const ReadState> pin() const { return live()->pin(); }
  // For restore(): see recorded_queries.h.
  Status check_recorded(const std::vector<RecordedQuery>& queries, TimestampMs now_ms) const;

 private:
  // database_open.cc
  void start();
  void recover();
  Status try_recover();
  // Fills `live` from the store and gives it the serving generation.
  Status fill(LiveState* live, bool is_opening);
  // In force now. A rewind replaces it; what was taken from it before stays alive with the shared_ptr or a ReadState.
  std::shared_ptr<LiveState> live() const {
    MutexLock lock(live_mutex_);
    return live_;
  }
  void set_live(std::shared_ptr<LiveState> live) {
    MutexLock lock(live_mutex_);
    live_.swap(live);  // the one before is freed after the lock
  }

  // database_write.cc
  void on_commit(std::span<const storage::CommittedRecord> records) override;
  void on_rewind(Sequence last_sequence) override;
  Status check_writable() const;
  // The layout of a space where there is a current one, or soon; else null, and `job` is the one that makes it.
  Result<std::shared_ptr<const SpaceLayout>> find_layout(const std::string& space, std::string* job)
      TAMIS_EXCLUDES(layouts_mutex_);
  std::shared_ptr<const SpaceLayout> layout_of(const std::string& space) const TAMIS_EXCLUDES(layouts_mutex_);
  Result<std::string> start_layout(const std::string& space) TAMIS_EXCLUDES(layouts_mutex_);  // the job
  Status check_memory(const std::vector<Mutation>& mutations) const;
  // Checks and completes all of a write, in order.
  Status admit(std::vector<Mutation>* mutations, WriteClaims* claims) const;
  // Runs `work` on the committing thread. Commits wait for it, so it must be short.
  void between_commits(std::string_view name, const std::function<void()>& work);
  storage::CommitQueue::Callback answer_later(std::unique_ptr<WriteClaims> claims, WriteCallback done) const;

  // database_learning.cc
  Status commit(std::vector<Mutation> mutations) override;
  Status serve(std::shared_ptr<const Generation> generation) override;
  void before_training() override;
  void set_aside(const std::string& document, const Status& why) override;
  std::string serving_id() const override;
  std::shared_ptr<RowCache> row_cache() override { return rows_; }
  std::vector<FunnelConfig> funnels_in_use() const override;

  // The queue of a job that is no training; null of one that is.
  const JobQueue* own_queue(std::string_view job) const;
  JobQueue* own_queue(std::string_view job) { return const_cast<JobQueue*>(std::as_const(*this).own_queue(job)); }
  static constexpr std::string_view kEvaluationPrefix = "e";  // of the ids of its jobs
  static constexpr std::string_view kSimulationPrefix = "s";
  static constexpr std::string_view kMapPrefix = "m";

  // database_read.cc
  // False while the store is closed: it is being reopened after a failed write, or that failed.
  bool is_readable() const { return store_->attributed_through().status().code() != StatusCode::kUnavailable; }
  Result<DenseId> find_live(EntityKind kind, std::string_view id) const;
  Status await(Sequence min_seq, std::int64_t timeout_ms);

  // database_funnels.cc
  Result<std::uint32_t> next_version(const std::string& name) const;

  // database_interaction_types.cc
  Result<std::uint32_t> next_type_version(const std::string& name) const;
  Result<WriteAck> store_interaction_type(InteractionType type) TAMIS_REQUIRES(funnel_mutex_);
  // Stores the thresholds of `rating` that fit the ratings (rating_range.h), where those in force do not.
  void fit_rating_type();
  void apply_interaction_types(std::span<const storage::CommittedRecord> records);
  // Recounts until the counts follow the newest types or `deadline`.
  void recount_until(std::chrono::steady_clock::time_point deadline);
  std::vector<std::string> undeclared_of(const std::vector<Mutation>& mutations) const;

  // database_measure.cc
  // Reads the stored experiments into `live`.
  void load_experiments(LiveState* live);
  void apply_experiments(std::span<const storage::CommittedRecord> records);

  // database_forgetting.cc
  void start_forgetting();
  // Takes erased users out of what names them, where there are any.
  void erase_when_due();
  // failed_precondition while a training run goes on that may have read the users.
  Status erase_departed();
  // Kept generations and served lists may name sessions that were merged from this sequence on.
  Result<Sequence> oldest_names() const;
  void trim_log();

  // database_snapshot.cc
  class SnapshotName;

  // database_upkeep.cc
  void start_upkeep();
  void sweep_expired();
  std::map<std::string, std::uint64_t> memory_parts() const;
  std::map<std::string, std::uint64_t> memory_part_limits() const;
  void measure_memory();
  void measure_recall();
  // Brings the index files up to date: those that changed are written.
  Status save_indexes();
  // Writes all of them elsewhere, for a snapshot.
  Status copy_indexes(const std::filesystem::path& index_dir);
  Status save_first_seen(const std::filesystem::path& index_dir, Sequence sequence);
  // The counters as of a sequence, taken between two commits; nothing where they cannot be kept now, or are on disk.
  struct CounterCopy {
    Sequence sequence = 0;
    std::uint64_t rewinds = 0;
    CounterState state;
  };
  std::optional<CounterCopy> copy_counters();
  Status save_counters(CounterCopy copy) TAMIS_REQUIRES(save_mutex_);
  // Saves them where many records came since the last save, and that costs little of the time.
  Status save_many_counted();

  DatabaseOptions options_;
  DataLayout layout_;
  std::chrono::steady_clock::time_point opened_at_ = std::chrono::steady_clock::now();
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<ImpressionLog> impressions_;
  std::shared_ptr<RowCache> rows_;  // of stored and trained tables that stay on disk
  mutable Mutex live_mutex_;
  std::shared_ptr<LiveState> live_ TAMIS_GUARDED_BY(live_mutex_);
  std::unique_ptr<OnlineItems> online_;  // null in a database that is open for reading only
  VisibleSequence visible_;
  Readiness readiness_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> memory_bytes_{0};
  std::uint64_t memory_limit_bytes_ = 0;
  mutable Mutex counted_mutex_;
  std::map<std::string, std::shared_ptr<const ByteBudget>> counted_ TAMIS_GUARDED_BY(counted_mutex_);  // by part
  std::chrono::steady_clock::time_point next_measure_;  // of the recovery, then the upkeep thread
  std::atomic<Sequence> saved_sequence_{0};             // of the index files; recovery needs the log from there on
  std::atomic<Sequence> counters_sequence_{0};          // of the file of counters; 0: there is none
  std::atomic<std::uint64_t> rewinds_{0};               // of the store; counted under save_mutex_
  std::chrono::steady_clock::time_point next_counters_save_;  // of the thread of index_care_
  Mutex save_mutex_;                                          // one save of the index files at a time
  Mutex funnel_mutex_;                                        // versions of funnels and experiments count up one by one
  Mutex snapshot_mutex_;
  std::set<std::string> snapshots_ TAMIS_GUARDED_BY(snapshot_mutex_);  // places of those that are being made
  std::unique_ptr<Replay> replay_;  // past answers; reads the store and the trainer's generations

  std::unique_ptr<storage::CommitQueue> queue_;
  std::unique_ptr<Trainer> trainer_;  // set before readiness
  JobQueue evaluations_;
  std::atomic<std::uint64_t> last_evaluation_{0};
  JobQueue map_jobs_;
  std::atomic<std::uint64_t> last_map_job_{0};
  mutable Mutex layouts_mutex_;
  std::map<std::string, std::shared_ptr<const SpaceLayout>> layouts_ TAMIS_GUARDED_BY(layouts_mutex_);  // by space
  std::map<std::string, std::string> layout_jobs_ TAMIS_GUARDED_BY(layouts_mutex_);  // by space: the last one
  JobQueue simulations_;
  std::atomic<std::uint64_t> last_simulation_{0};
  std::unique_ptr<Batches> batches_;
  std::thread recovery_;
  std::unique_ptr<PeriodicTasks> upkeep_;
  std::unique_ptr<PeriodicTasks> index_care_;
  std::unique_ptr<PeriodicTasks> forgetting_;
  std::chrono::steady_clock::time_point next_erasure_;  // of the thread of forgetting_
};

}  // namespace tamis::engine
