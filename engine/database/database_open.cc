// Opening, recovering and closing.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <exception>
#include <future>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/database/database_impl.h"
#include "engine/query/warnings.h"
#include "engine/recovery/prepare_serving.h"
#include "engine/recovery/recovery.h"

namespace tamis {

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& dir, const DatabaseOptions& options) {
  TAMIS_ASSIGN_OR_RETURN(auto database, engine::DatabaseImpl::open(dir, options));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace tamis

namespace tamis::engine {
namespace {

// A small database is ready when open() returns; a large one recovers on.
constexpr std::chrono::milliseconds kOpenGrace(1'000);
// How long recovery waits for items to be refitted; beyond it they catch up while queries are answered.
constexpr std::chrono::milliseconds kOpeningOnlineGrace(2'000);

std::uint64_t default_memory_limit() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return pages * page_bytes / 4 * 3;
}

storage::StoreOptions store_options(const DatabaseOptions& options) {
  storage::StoreOptions made;
  made.block_cache_bytes = options.storage.block_cache_bytes;
  made.memtable_bytes = options.storage.memtable_bytes;
  made.min_free_disk_bytes = options.storage.min_free_disk_bytes;
  made.idempotency_ttl_s = options.storage.idempotency_ttl_s;
  made.read_only = options.read_only;
  made.clock = options.clock;
  return made;
}

storage::CommitQueueOptions queue_options(const DatabaseOptions& options) {
  storage::CommitQueueOptions made;
  made.max_pending_mutations = options.storage.max_pending_mutations;
  made.max_pending_bytes = options.memory.commit_queue_bytes;
  made.interval_ms = options.storage.interval_ms;
  return made;
}

void collect_fields_of(const Filter& filter, std::vector<std::string>* fields) {
  for (const Filter& child : filter.children) collect_fields_of(child, fields);
  if (!filter.field.empty()) fields->push_back(filter.field);
}

// What queries would otherwise make first: the bitmaps of fields that funnels filter by, the lists.
void warm_up(const ReadState& state) {
  std::vector<std::string> fields;
  for (const auto& [name, funnel] : state.funnels) collect_fields_of(funnel->filter, &fields);
  state.item_attributes->prepare(fields);
  state.item_statistics->refresh(state.options->clock->now_ms());
}

}  // namespace

Result<std::unique_ptr<DatabaseImpl>> DatabaseImpl::open(const std::filesystem::path& dir,
                                                         const DatabaseOptions& options) {
  TAMIS_RETURN_IF_ERROR(options.validate());
  const DataLayout layout(dir);
  if (!options.read_only) {
    for (const auto& part : {dir, layout.index, layout.generations}) {
      std::error_code error;
      std::filesystem::create_directories(part, error);
      if (error) return Status::io_error("cannot create " + part.string() + ": " + error.message());
    }
  }
  auto store = storage::Store::open(layout.store, store_options(options));
  if (!store.is_ok()) return Status(store.status()).with_context("data directory " + dir.string());
  return adopt(dir, options, std::move(store).value());
}

Result<std::unique_ptr<DatabaseImpl>> DatabaseImpl::adopt(const std::filesystem::path& dir,
                                                          const DatabaseOptions& options,
                                                          std::unique_ptr<storage::Store> store) {
  auto database = std::make_unique<DatabaseImpl>(dir, options, std::move(store));
  database->start();
  const Status ready = database->wait_ready(kOpenGrace);
  if (!ready.is_ok() && ready.code() != StatusCode::kUnavailable) return ready;
  return database;
}

DatabaseImpl::DatabaseImpl(const std::filesystem::path& dir, const DatabaseOptions& options,
                           std::unique_ptr<storage::Store> store)
    : options_(options),
      layout_(dir),
      store_(std::move(store)),
      evaluations_(options_.clock, nullptr, "evaluate", std::string(kEvaluationPrefix)),
      map_jobs_(options_.clock, nullptr, "map", std::string(kMapPrefix)),
      simulations_(options_.clock, nullptr, "simulate", std::string(kSimulationPrefix)) {
  impressions_ = std::make_unique<ImpressionLog>(store_.get(), &options_);
  rows_ = std::make_shared<RowCache>(options_.memory.embedding_cache_bytes);
  set_live(std::make_shared<LiveState>(&options_, store_.get(), rows_));
  batches_ = std::make_unique<Batches>(layout_.batches, options_.clock,
                                       Batches::Source{.pin = [this] { return live()->pin(); },
                                                       .sequence = [this] { return visible_.get(); },
                                                       .observer = options_.observer.get()});
  memory_limit_bytes_ = options_.memory.limit_bytes == 0 ? default_memory_limit() : options_.memory.limit_bytes;
}

void DatabaseImpl::start() {
  visible_.advance(store_->last_sequence());
  queue_ = std::make_unique<storage::CommitQueue>(store_.get(), static_cast<storage::CommitListener*>(this),
                                                  queue_options(options_));
  if (!options_.read_only) {
    online_ = std::make_unique<OnlineItems>(OnlineItems::Host{
        .pin = [this] { return live()->pin(); },
        .run_exclusive = [this](const std::function<void()>& work) { between_commits("vectors", work); }});
    live()->set_item_listener(online_.get());
  }
  recovery_ = std::thread([this] { recover(); });
}

void DatabaseImpl::recover() {
  Status outcome;
  try {
    outcome = try_recover();
  } catch (const std::exception& error) {  // want of memory, as a rule
    outcome = Status::internal(error.what());
  }
  if (!outcome.is_ok() && !stopping_.load()) {
    spdlog::error("recovery failed: {}", outcome.to_string());
    // unavailable would say that recovery goes on.
    if (outcome.code() == StatusCode::kUnavailable) outcome = Status::internal(outcome.message());
    outcome = std::move(outcome).with_context("recovery failed");
  }
  readiness_.set(outcome);
}

Status DatabaseImpl::try_recover() {
  TAMIS_ASSIGN_OR_RETURN(trainer_, Trainer::open(layout_.generations, store_.get(), this, &options_));
  replay_ = std::make_unique<Replay>(store_.get(), trainer_.get(), options_);
  TAMIS_RETURN_IF_ERROR(fill(live().get(), /*is_opening=*/true));
  for (const Warning& warning : schema_warnings(*live()->pin())) spdlog::warn("{}: {}", warning.path, warning.detail);
  if (online_ != nullptr) {
    online_->on_generation();
    if (options_.online.enabled) online_->wait_idle(kOpeningOnlineGrace);
  }
  warm_up(*live()->pin());
  measure_memory();
  start_upkeep();
  start_forgetting();
  if (!options_.read_only) trainer_->start_schedule();
  if (!options_.read_only) batches_->resume();
  return Status::ok();
}

Status DatabaseImpl::fill(LiveState* live, bool is_opening) {
  // At an opening it is read while the live state is filled; later, another may be promoted meanwhile.
  const auto when = is_opening ? std::launch::async : std::launch::deferred;
  auto generation_read = std::async(when, [this] { return trainer_->load_serving(); });
  Recovery recovery(live, store_.get(), &options_, layout_.index, &stopping_);
  TAMIS_RETURN_IF_ERROR(recovery.run());
  counters_sequence_.store(recovery.counted_from());
  load_experiments(live);
  impressions_->set_types(live->pin()->interaction_types);
  if (const Status counted = impressions_->recover(&stopping_); !counted.is_ok()) {
    if (stopping_.load()) return counted;
    live->quarantine().add(Quarantine::kImpressions, "of the log that follow", counted);
  }
  live->publish([this](ReadState& state) {
    state.impression_statistics = impressions_.get();
    if (!options_.read_only) state.impression_sink = impressions_.get();
  });
  auto generation = generation_read.get();
  // A generation that cannot serve keeps nothing else from serving.
  const auto serving = generation.is_ok() ? prepare_serving(std::move(generation).value(), options_, *live,
                                                            layout_.index, store_->last_sequence())
                                          : Result<Serving>(generation.status());
  if (serving.is_ok()) {
    publish_serving(*serving, live);
  } else {
    spdlog::error("the serving generation cannot be loaded, and none is served: {}", serving.status().to_string());
    live->quarantine().add(Quarantine::kGeneration, "that serves", serving.status());
  }
  return Status::ok();
}

// The disk took back writes that queries have seen: start over from the store. Runs on the committing thread; reads and
// writes answer unavailable meanwhile. Queries under way keep the state that they pinned; the last one frees it.
void DatabaseImpl::on_rewind(Sequence last_sequence) {
  if (!is_ready()) return;  // recovery reads the store as it is now
  spdlog::warn("the store was reopened at sequence {}; rebuilding memory from it", last_sequence);
  readiness_.restart();
  MutexLock lock(save_mutex_);
  std::error_code ignored;
  std::filesystem::remove_all(layout_.index, ignored);  // may reflect what was lost
  rewinds_.fetch_add(1);
  replay_->forget();
  auto rebuilt = std::make_shared<LiveState>(&options_, store_.get(), rows_);
  rebuilt->set_item_listener(online_.get());
  Status filled;
  try {
    filled = fill(rebuilt.get(), /*is_opening=*/false);
  } catch (const std::exception& error) {
    filled = Status::internal(error.what());
  }
  if (filled.is_ok()) {
    set_live(std::move(rebuilt));
    if (online_ != nullptr) online_->on_generation();
    visible_.announce(last_sequence);  // what was announced above it is gone
    visible_.advance(last_sequence);
  } else {
    spdlog::error("rebuilding failed: {}", filled.to_string());
    filled = Status::internal(filled.message()).with_context("rebuilding memory from the store failed");
  }
  readiness_.set(filled);
}

DatabaseImpl::~DatabaseImpl() {
  stopping_.store(true);
  evaluations_.shut_down();
  map_jobs_.shut_down();
  simulations_.shut_down();
  batches_->shut_down();
  if (recovery_.joinable()) recovery_.join();
  upkeep_.reset();
  index_care_.reset();
  forgetting_.reset();
  trainer_.reset();
  online_.reset();
  queue_.reset();  // drains
  if (!options_.read_only) impressions_->write_pending();
  if (!is_ready() || options_.read_only) return;
  const Status saved = save_indexes();
  if (!saved.is_ok()) spdlog::warn("index files are not saved and will be rebuilt: {}", saved.to_string());
}

}  // namespace tamis::engine
