#include "tests/server/fake_database.h"

#include <algorithm>
#include <fstream>

#include "common/cancellation.h"
#include "common/mutation_bytes.h"

namespace tamis::server {
namespace {

void sleep_ms(int ms) {
  if (ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

}  // namespace

// Counts a call for as long as it runs.
class FakeDatabase::Call {
 public:
  explicit Call(FakeDatabase* database) : database_(*database) {
    ++database_.running;
    if (database_.closed) database_.was_called_closed = true;
  }
  ~Call() {
    if (database_.closed) database_.was_called_closed = true;
    --database_.running;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  FakeDatabase& database_;
};

FakeDatabase::~FakeDatabase() {
  std::vector<std::thread> ackers;
  {
    const MutexLock lock(mutex_);
    ackers.swap(ackers_);
  }
  for (std::thread& acker : ackers) acker.join();
}

std::vector<Mutation> FakeDatabase::written() const {
  const MutexLock lock(mutex_);
  return written_;
}

RecommendRequest FakeDatabase::last_recommend() const {
  const MutexLock lock(mutex_);
  return last_recommend_;
}

void FakeDatabase::set_job(Job job) {
  const MutexLock lock(mutex_);
  jobs_[job.id] = job;
  for (const auto& changed : job_watchers_) (*changed)();
}

std::shared_ptr<void> FakeDatabase::watch_jobs(std::function<void()> changed) const {
  const MutexLock lock(mutex_);
  job_watchers_.push_back(std::make_shared<std::function<void()>>(std::move(changed)));
  return job_watchers_.back();
}

Result<GenerationInfo> FakeDatabase::import_generation(const std::filesystem::path& dir, std::string_view name) {
  if (name == "taken") return Status::already_exists("generation 'taken' is there already");
  if (!std::filesystem::exists(dir / "manifest.json")) return Status::invalid_argument("there is no manifest.json");
  return GenerationInfo{.id = std::string(name), .state = "ready", .note = "imported"};
}

Status FakeDatabase::export_generation(std::string_view generation, const std::filesystem::path& dir) const {
  if (generation != "g1") return Status::not_found("no generation '" + std::string(generation) + "'");
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "manifest.json") << "{\"format\":\"tamis.generation\"}";
  return Status::ok();
}

Status FakeDatabase::prepare(Mutation* mutation) const {
  if (const auto* put = std::get_if<PutInteraction>(mutation)) {
    return validate_external_id(put->interaction.item, "item");
  }
  if (const auto* put = std::get_if<PutVector>(mutation); put != nullptr && put->vector.size() != 4)
    return Status::invalid_argument("vector has " + std::to_string(put->vector.size()) + " numbers; expected 4")
        .at_field("vector");
  return Status::ok();
}

Result<WriteAck> FakeDatabase::apply(std::vector<Mutation> mutations) {
  if (write_failure != StatusCode::kOk) return Status(write_failure.load(), "the write failed as asked");
  const MutexLock lock(mutex_);
  for (const Mutation& mutation : mutations) {  // "refused" stands for what only a commit can tell
    const auto* put = std::get_if<PutInteraction>(&mutation);
    if (put != nullptr && put->interaction.user == "refused")
      return Status::not_found("user refused does not exist").at_field("user");
  }
  max_batch = std::max<std::uint64_t>(max_batch, mutations.size());
  max_batch_bytes = std::max<std::uint64_t>(max_batch_bytes, memory_bytes(mutations));
  for (Mutation& mutation : mutations) {
    if (const auto* put = std::get_if<PutEntity>(&mutation)) entities_[{put->kind, put->entity.id}] = put->entity;
    if (const auto* removed = std::get_if<DeleteEntity>(&mutation)) {
      if (entities_.erase({removed->kind, removed->id}) == 0) return Status::not_found(removed->id + " does not exist");
    }
    if (keeps_written) written_.push_back(std::move(mutation));
  }
  accepted += mutations.size();
  sequence_ += mutations.size();
  return WriteAck{mutations.size(), 0, sequence_};
}

Result<WriteAck> FakeDatabase::write(std::vector<Mutation> mutations, const WriteOptions&) {
  return apply(std::move(mutations));
}

void FakeDatabase::write_async(std::vector<Mutation> mutations, const WriteOptions&, WriteCallback done) {
  const std::uint64_t now = ++in_flight;
  std::uint64_t most = max_in_flight;
  while (most < now && !max_in_flight.compare_exchange_weak(most, now)) {
  }
  if (write_delay_ms == 0 && !holds_writes) {
    auto ack = apply(std::move(mutations));
    --in_flight;
    return done(std::move(ack));
  }
  // As in a database, writes take effect in the order in which they came; their acks come late.
  std::thread acker([this, ack = apply(std::move(mutations)), done = std::move(done)]() mutable {
    sleep_ms(write_delay_ms);
    while (holds_writes) sleep_ms(2);
    --in_flight;
    done(std::move(ack));
  });
  const MutexLock lock(mutex_);
  ackers_.push_back(std::move(acker));
}

Status FakeDatabase::wait_for_sequence(Sequence sequence, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (sequence > sequence_ && !is_cancelled() && std::chrono::steady_clock::now() < deadline) sleep_ms(5);
  return sequence <= sequence_ ? Status::ok() : Status::unavailable("the sequence was not reached");
}

// A thread each, which ends with the handle.
std::shared_ptr<const void> FakeDatabase::when_visible(Sequence sequence, std::function<void()> done) {
  ++waiting;
  return std::make_shared<std::jthread>([this, sequence, done = std::move(done)](const std::stop_token& stop) {
    while (sequence > sequence_ && !stop.stop_requested()) sleep_ms(2);
    --waiting;
    if (sequence <= sequence_) done();
  });
}

Result<Entity> FakeDatabase::get_entity(EntityKind kind, std::string_view id) const {
  const MutexLock lock(mutex_);
  const auto found = entities_.find({kind, std::string(id)});
  if (found == entities_.end()) return Status::not_found("there is no entity " + std::string(id));
  return found->second;
}

Result<Page<Entity>> FakeDatabase::list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) const {
  const MutexLock lock(mutex_);
  Page<Entity> page;
  for (const auto& [key, entity] : entities_) {
    if (key.first != kind || key.second <= cursor) continue;
    if (page.rows.size() == limit) {
      page.cursor = page.rows.back().id;
      break;
    }
    page.rows.push_back(entity);
  }
  return page;
}

Result<Page<InteractionRow>> FakeDatabase::list_interactions(EntityKind, std::string_view id, std::string_view,
                                                             std::uint32_t) const {
  Page<InteractionRow> page;
  for (const Mutation& mutation : written()) {
    const auto* put = std::get_if<PutInteraction>(&mutation);
    if (put != nullptr && put->interaction.user == id) page.rows.push_back({put->interaction, page.rows.size() + 1});
  }
  return page;
}

Result<std::vector<LogEntry>> FakeDatabase::read_log(Sequence from, std::uint32_t limit) const {
  std::vector<LogEntry> entries;
  const auto all = written();
  for (Sequence at = std::max<Sequence>(from, 1); at <= all.size() && entries.size() < limit; ++at)
    entries.push_back({at, 1'000, all[at - 1]});
  return entries;
}

Result<RecommendAnswer> FakeDatabase::recommend(const RecommendRequest& request) {
  const Call call(this);
  for (int waited_ms = 0; waited_ms < recommend_delay_ms && !is_cancelled(); waited_ms += 5) sleep_ms(5);
  {
    const MutexLock lock(mutex_);
    last_recommend_ = request;
  }
  if (request.min_seq > sequence_) {
    TAMIS_RETURN_IF_ERROR(wait_for_sequence(request.min_seq, std::chrono::milliseconds(request.min_seq_timeout_ms)));
  }
  if (request.funnel == "missing") return Status::not_found("there is no funnel missing").at_field("funnel");
  RecommendAnswer answer{.recommendation_id = "r1", .user = request.user, .funnel = request.funnel};
  answer.sequence = sequence_;
  for (std::uint32_t rank = 1; rank <= request.k; ++rank) {
    RecommendedItem item{.item = "item \"" + std::to_string(rank) + "\"", .rank = rank, .score = 1.0 / rank};
    if (request.explain) item.explain.emplace().retrieved_by.push_back({"popular", rank, 0.5, {{"seen", 0.25}}});
    answer.items.push_back(std::move(item));
  }
  return answer;
}

Result<ScoredAnswer> FakeDatabase::similar(const SimilarRequest& request) {
  return ScoredAnswer{.space = request.space, .items = {{.id = "twin of " + request.id, .rank = 1, .score = 0.5}}};
}

Result<BoughtTogetherAnswer> FakeDatabase::bought_together(const BoughtTogetherRequest& request) {
  if (request.items.front() == "missing") return Status::not_found("there is no item \"missing\"").at_field("items");
  BoughtTogetherAnswer answer{.generation = "g1", .sequence = 7, .baskets = 40, .items = {}, .warnings = {}};
  answer.items = {{.item = "saucer of " + request.items.front(),
                   .rank = 1,
                   .score = 1.5,
                   .source = "bought_together",
                   .because = request.items.front(),
                   .lift = 4.5,
                   .confidence = 0.25,
                   .baskets = 9}};
  if (request.is_relaxed) answer.items.push_back({.item = "bestseller", .rank = 2, .score = 12, .source = "popular"});
  return answer;
}

Result<CompareAnswer> FakeDatabase::compare(const CompareRequest& request) {
  CompareAnswer answer;
  answer.a.funnel = request.a.funnel;
  answer.b.funnel = request.b.override_funnel ? request.b.override_funnel->name : request.b.funnel;
  answer.a.user = answer.b.user = request.request.user;
  answer.items = {{.item = "kept", .rank_a = 1, .rank_b = 2}, {.item = "lost", .rank_a = 2, .rank_b = 0}};
  answer.shared = 1;
  return answer;
}

Result<PagesAnswer> FakeDatabase::pages(const PagesRequest& request) {
  PagesAnswer page;
  for (const PageRow& row : request.rows) page.rows.push_back({.name = row.name, .title = row.title, .answer = {}});
  return page;
}

Result<AudienceAnswer> FakeDatabase::audience(const AudienceRequest& request) {
  if (request.item == "missing") return Status::not_found("there is no item \"missing\"").at_field("id");
  AudienceAnswer answer;
  answer.users = {{.user = "fan of " + request.item, .rank = 1, .score = 2, .because = "its twin"}};
  return answer;
}

Result<Batch> FakeDatabase::start_batch(const BatchRequest& request) {
  Batch batch;
  batch.id = "b1";
  batch.request = request;
  batch.state = "queued";
  return batch;
}

Result<Batch> FakeDatabase::get_batch(std::string_view id) const {
  return Status::not_found("there is no batch '" + std::string(id) + "'");
}

Result<std::vector<Batch>> FakeDatabase::list_batches() const { return std::vector<Batch>(); }

Status FakeDatabase::delete_batch(std::string_view id) { return get_batch(id).status(); }

Result<ScoredAnswer> FakeDatabase::search(const SearchRequest& request) {
  const Call call(this);
  while (holds_searches && !is_cancelled()) sleep_ms(2);
  return ScoredAnswer{.space = request.space, .items = {{.id = "found", .rank = 1, .score = 0.5}}};
}

std::vector<Space> FakeDatabase::list_spaces() const { return {Space{.name = "looks", .dim = 4}}; }

Result<Space> FakeDatabase::get_space(std::string_view name) const {
  if (name != "looks") return Status::not_found("there is no space " + std::string(name));
  return list_spaces().front();
}

Result<VersionedVector> FakeDatabase::get_vector(std::string_view, EntityKind, std::string_view) const {
  return VersionedVector{.vector = {0.5F, 1, 2, 3}};
}

Result<FunnelConfig> FakeDatabase::get_funnel(std::string_view name) const {
  if (name != "default") return Status::not_found("there is no funnel " + std::string(name));
  return FunnelConfig::default_funnel();
}

Result<FunnelConfig> FakeDatabase::get_funnel_version(std::string_view name, std::uint32_t version) const {
  if (version != 1) return Status::not_found("there is no such version").at_field("version");
  return get_funnel(name);
}

Result<WriteAck> FakeDatabase::merge_user(std::string_view user, std::string_view session) {
  if (user == session) return Status::invalid_argument("a user cannot be merged into itself").at_field("session");
  return WriteAck{3, 0, ++sequence_};
}

Result<WriteAck> FakeDatabase::delete_interactions(const InteractionSelection& selection) {
  if (selection.user.empty()) return Status::invalid_argument("the selection names no user");
  return WriteAck{2, 0, ++sequence_, 2};
}

Result<DeletedUser> FakeDatabase::delete_user(std::string_view user, bool keep_log, const WriteOptions&) {
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteEntity{EntityKind::kUser, std::string(user), !keep_log});
  DeletedUser deleted;
  TAMIS_ASSIGN_OR_RETURN(deleted.ack, apply(std::move(mutations)));
  deleted.erased = !keep_log;
  return deleted;
}

Result<WhyNotAnswer> FakeDatabase::why_not(const RecommendRequest& request, std::string_view item) {
  WhyNotAnswer answer;
  answer.user = request.user;
  answer.item = item;
  answer.verdict = WhyNot::kFiltered;
  answer.failed_conditions = {R"({"field":"price","lt":5.0})"};
  return answer;
}

Result<WriteAck> FakeDatabase::delete_funnel(std::string_view name) {
  if (name == "default") return Status::failed_precondition("the default funnel cannot be deleted");
  return WriteAck{1, 0, ++sequence_};
}

Result<Job> FakeDatabase::train(const TrainRequest&) {
  Job job{.id = "j1"};
  set_job(job);
  return job;
}

Result<Job> FakeDatabase::get_job(std::string_view id) const {
  const MutexLock lock(mutex_);
  const auto found = jobs_.find(std::string(id));
  if (found == jobs_.end()) return Status::not_found("there is no job " + std::string(id));
  return found->second;
}

std::vector<Job> FakeDatabase::list_jobs() const {
  const MutexLock lock(mutex_);
  std::vector<Job> jobs;
  for (const auto& [id, job] : jobs_) jobs.push_back(job);
  return jobs;
}

Status FakeDatabase::cancel_job(std::string_view id) {
  const MutexLock lock(mutex_);
  const auto found = jobs_.find(std::string(id));
  if (found == jobs_.end()) return Status::not_found("there is no job " + std::string(id));
  found->second.state = JobState::kCancelled;
  return Status::ok();
}

std::vector<GenerationInfo> FakeDatabase::list_generations() const {
  return {{.id = "g2", .state = "serving", .models = {"ials"}, .metrics = {{"ials", {{"ndcg@10", 0.25}}}}}};
}

Status FakeDatabase::promote(std::string_view generation) {
  return generation == "g2" ? Status::ok() : Status::not_found("there is no generation " + std::string(generation));
}

Status FakeDatabase::snapshot(const std::filesystem::path& dir) {
  if (std::filesystem::exists(dir)) return Status::already_exists(dir.string() + " exists");
  std::filesystem::create_directories(dir);
  return Status::ok();
}

Stats FakeDatabase::stats() const {
  Stats stats;
  stats.sequence = sequence_;
  stats.generation = "g2";
  stats.interactions_by_type = interactions_by_type;
  stats.spaces = {{.space = list_spaces().front(), .item_vectors = 7, .recall = 0.99}};
  stats.storage = {{"rocksdb_wal_syncs_total", 5}};
  MutexLock lock(mutex_);
  for (const auto& [part, budget] : counted_) {
    stats.memory_parts[part] = budget->held_bytes();
    stats.memory_part_limits[part] = budget->limit_bytes();
  }
  return stats;
}

void FakeDatabase::count_memory(std::shared_ptr<const ByteBudget> budget) {
  MutexLock lock(mutex_);
  counted_[budget->part()] = std::move(budget);
}

}  // namespace tamis::server
