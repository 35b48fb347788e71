// FakeDatabase: a Database in memory for the server's tests: enough behaviour to answer by, and switches for its
// failures. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"
#include "engine/database.h"

namespace tamis::server {

class FakeDatabase final : public Database {
 public:
  ~FakeDatabase() override;

  // --- switches ---
  std::atomic<bool> ready{true};
  std::atomic<bool> recovery_fails{false};
  std::atomic<StatusCode> write_failure{StatusCode::kOk};
  std::atomic<int> write_delay_ms{0};             // until the ack of a write
  std::atomic<bool> holds_writes{false};          // no write is acknowledged while it is set
  std::atomic<bool> holds_searches{false};        // no search ends while it is set
  std::atomic<int> recommend_delay_ms{0};         // inside recommend(), unless its work is cancelled
  std::atomic<double> cost_us{0};                 // of any recommend()
  std::atomic<std::uint64_t> max_batch{0};        // the most mutations seen in one write
  std::atomic<std::uint64_t> max_batch_bytes{0};  // the most bytes, as memory_bytes() counts
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> max_in_flight{0};

  std::atomic<int> waiting{0};  // for a write to be visible
  // How many calls of recommend() and search() run now, and whether one was made after close().
  std::atomic<int> running{0};
  std::atomic<bool> closed{false};
  std::atomic<bool> was_called_closed{false};
  // From now on the database counts as gone: a call is a use after free.
  void close() { closed = true; }

  std::vector<Mutation> written() const TAMIS_EXCLUDES(mutex_);
  RecommendRequest last_recommend() const TAMIS_EXCLUDES(mutex_);
  void set_job(Job job) TAMIS_EXCLUDES(mutex_);
  std::map<std::string, std::uint64_t> interactions_by_type = {{"view", 3}};  // before serving only
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<bool> keeps_written{true};

  // --- Database ---
  bool is_ready() const override { return ready; }
  Status wait_ready(std::chrono::milliseconds) override {
    return recovery_fails ? Status::corruption("a row is damaged") : Status::ok();
  }
  const DatabaseOptions& options() const override { return options_; }
  Status prepare(Mutation* mutation) const override;
  Result<WriteAck> write(std::vector<Mutation> mutations, const WriteOptions& options) override;
  void write_async(std::vector<Mutation> mutations, const WriteOptions& options, WriteCallback done) override;
  Sequence sequence() const override { return sequence_; }
  Status wait_for_sequence(Sequence sequence, std::chrono::milliseconds timeout) override;
  std::shared_ptr<const void> when_visible(Sequence sequence, std::function<void()> done) override;
  Result<Entity> get_entity(EntityKind kind, std::string_view id) const override;
  Result<Page<Entity>> list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) const override;
  Result<Page<InteractionRow>> list_interactions(EntityKind kind, std::string_view id, std::string_view cursor,
                                                 std::uint32_t limit) const override;
  Result<std::vector<LogEntry>> read_log(Sequence from, std::uint32_t limit) const override;
  Result<RecommendAnswer> recommend(const RecommendRequest& request) override;
  double recommend_cost_us(const RecommendRequest&) const override { return cost_us; }
  double similar_cost_us(const SimilarRequest&) const override { return cost_us; }
  double search_cost_us(const SearchRequest& request) const override { return request.exact ? 1e9 : cost_us.load(); }
  double bought_together_cost_us(const BoughtTogetherRequest&) const override { return cost_us; }
  Result<WhyNotAnswer> why_not(const RecommendRequest& request, std::string_view item) override;
  Result<ScoredAnswer> similar(const SimilarRequest& request) override;
  Result<BoughtTogetherAnswer> bought_together(const BoughtTogetherRequest& request) override;
  Result<CompareAnswer> compare(const CompareRequest& request) override;
  Result<PagesAnswer> pages(const PagesRequest& request) override;
  Result<AudienceAnswer> audience(const AudienceRequest& request) override;
  Result<Batch> start_batch(const BatchRequest& request) override;
  Result<Batch> get_batch(std::string_view id) const override;
  Result<std::vector<Batch>> list_batches() const override;
  Status delete_batch(std::string_view id) override;
  Result<ScoredAnswer> search(const SearchRequest& request) override;
  std::vector<Space> list_spaces() const override;
  Result<Space> get_space(std::string_view name) const override;
  Result<VersionedVector> get_vector(std::string_view space, EntityKind kind, std::string_view id) const override;
  Result<SpaceFactors> find_space_factors(const SpaceFactorsRequest& request) const override {
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  }
  Result<UserParts> user_parts(const UserPartsRequest& request) override {
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  }
  Result<RankerAccount> ranker_account(const RankerAccountRequest&) override {
    return Status::failed_precondition("the serving generation has no ranker");
  }
  Result<SpaceMap> map_space(const SpaceMapRequest& request) override {
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  }
  Result<MatrixSample> sample_matrix(const MatrixSampleRequest&) const override { return MatrixSample{}; }
  std::vector<FunnelConfig> list_funnels() const override { return {FunnelConfig::default_funnel()}; }
  Result<FunnelConfig> get_funnel(std::string_view name) const override;
  Result<FunnelConfig> get_funnel_version(std::string_view name, std::uint32_t version) const override;
  FunnelDocument check_funnel(std::string_view name, std::string_view json) const override {
    return read_funnel(name, json);
  }
  Result<WriteAck> merge_user(std::string_view user, std::string_view session) override;
  Result<WriteAck> delete_interactions(const InteractionSelection& selection) override;
  Result<DeletedUser> delete_user(std::string_view user, bool keep_log, const WriteOptions& options) override;
  Result<WriteAck> put_funnel(const FunnelConfig&) override { return WriteAck{1, 0, ++sequence_}; }
  Result<WriteAck> delete_funnel(std::string_view name) override;
  std::vector<InteractionType> list_interaction_types() const override { return {}; }
  Result<InteractionType> get_interaction_type(std::string_view) const override {
    return Status::not_found("the type is not declared");
  }
  Result<InteractionType> get_interaction_type_version(std::string_view, std::uint32_t) const override {
    return Status::not_found("the type is not declared");
  }
  Result<WriteAck> put_interaction_type(const InteractionType&) override { return WriteAck{1, 0, ++sequence_}; }
  Result<WriteAck> delete_interaction_type(std::string_view) override {
    return Status::not_found("the type is not declared");
  }
  bool is_recounting() const override { return false; }
  std::vector<ExperimentConfig> list_experiments() const override { return {}; }
  Result<ExperimentConfig> get_experiment(std::string_view) const override {
    return Status::not_found("no experiment");
  }
  Result<WriteAck> put_experiment(const ExperimentConfig&) override { return WriteAck{1, 0, ++sequence_}; }
  Result<WriteAck> delete_experiment(std::string_view) override { return Status::not_found("no experiment"); }
  Result<ExperimentResults> experiment_results(std::string_view) const override {
    return Status::not_found("no experiment");
  }
  Result<Job> start_evaluation(const OffPolicyRequest&) override {
    Job job;
    job.id = "e1";
    job.kind = "evaluate";
    job.state = JobState::kFailed;
    job.failure = Status::failed_precondition("the log shows nothing of it");
    return job;
  }
  Result<Job> start_simulation(const SimulationRequest&) override {
    Job job;
    job.id = "s1";
    job.kind = "simulate";
    return job;
  }
  Result<OffPolicyEvaluation> evaluate_off_policy(const OffPolicyRequest&) const override {
    OffPolicyEvaluation evaluation;
    evaluation.fault = "the log shows nothing of it";
    return evaluation;
  }
  Result<Job> train(const TrainRequest& request) override;
  Result<Job> get_job(std::string_view id) const override TAMIS_EXCLUDES(mutex_);
  std::vector<Job> list_jobs() const override TAMIS_EXCLUDES(mutex_);
  Status cancel_job(std::string_view id) override TAMIS_EXCLUDES(mutex_);
  Result<Job> wait_job(std::string_view id, const Job&, std::chrono::milliseconds) const override {
    return get_job(id);
  }
  std::vector<GenerationInfo> list_generations() const override;
  Status promote(std::string_view generation) override;
  Result<std::string> rollback() override { return std::string("g1"); }
  std::shared_ptr<void> watch_jobs(std::function<void()> changed) const override TAMIS_EXCLUDES(mutex_);
  // Takes in any directory with a manifest.json; gives one file, "manifest.json".
  Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) override;
  Status export_generation(std::string_view generation, const std::filesystem::path& dir) const override;
  Status snapshot(const std::filesystem::path& dir) override;
  void count_memory(std::shared_ptr<const ByteBudget> budget) override TAMIS_EXCLUDES(mutex_);
  Stats stats() const override;

 private:
  class Call;
  Result<WriteAck> apply(std::vector<Mutation> mutations) TAMIS_EXCLUDES(mutex_);

  DatabaseOptions options_;
  std::atomic<Sequence> sequence_{0};
  mutable Mutex mutex_;
  std::map<std::pair<EntityKind, std::string>, Entity> entities_ TAMIS_GUARDED_BY(mutex_);
  std::vector<Mutation> written_ TAMIS_GUARDED_BY(mutex_);
  std::map<std::string, Job> jobs_ TAMIS_GUARDED_BY(mutex_);
  mutable std::vector<std::shared_ptr<std::function<void()>>> job_watchers_ TAMIS_GUARDED_BY(mutex_);
  RecommendRequest last_recommend_ TAMIS_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const ByteBudget>> counted_ TAMIS_GUARDED_BY(mutex_);
  std::vector<std::thread> ackers_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::server
