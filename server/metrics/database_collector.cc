#include "server/metrics/database_collector.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "server/app/version.h"
#include "server/metrics/funnel_metrics.h"
#include "server/metrics/gauge_family.h"

namespace tamis::server {
namespace {

using prometheus::MetricType;

prometheus::MetricFamily gauge(const char* name, const char* help, double value) {
  return GaugeFamily(name, help).add(value).take();
}

prometheus::MetricFamily counter(const char* name, const char* help, double value) {
  return GaugeFamily(name, help, MetricType::Counter).add(value).take();
}

double seconds_of(TimestampMs ms) { return static_cast<double>(ms) / 1'000.0; }

// "rocksdb.block.cache.hit" -> "rocksdb_block_cache_hit".
std::string metric_word(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

void add_spaces(const Stats& stats, std::vector<prometheus::MetricFamily>* out) {
  GaugeFamily vectors("tamis_index_vectors", "Vectors of a space, by what they stand for.");
  GaugeFamily bytes("tamis_index_size_bytes", "Memory that the index of a space holds.");
  GaugeFamily tombstones("tamis_index_tombstones", "Deleted rows that a merge will drop.");
  GaugeFamily segments("tamis_index_segments", "Segments of a space's index.");
  GaugeFamily ef("tamis_index_ef", "Breadth of the graph search, as adapted to the recall target.");
  GaugeFamily recall("tamis_index_recall", "Recall of sampled queries against exact search, 0 to 1.");
  GaugeFamily samples("tamis_index_recall_samples_total", "Queries re-run exactly.", MetricType::Counter);
  for (const SpaceStats& space : stats.spaces) {
    const MetricLabels labels = {{"space", space.space.name}};
    vectors.add(static_cast<double>(space.item_vectors), {{"space", space.space.name}, {"kind", "item"}});
    vectors.add(static_cast<double>(space.user_vectors), {{"space", space.space.name}, {"kind", "user"}});
    bytes.add(static_cast<double>(space.index_bytes), labels);
    tombstones.add(static_cast<double>(space.tombstones), labels);
    segments.add(static_cast<double>(space.segments), labels);
    ef.add(static_cast<double>(space.ef), labels);
    recall.add(space.recall, labels);
    samples.add(static_cast<double>(space.recall_samples), labels);
  }
  for (GaugeFamily* family : {&vectors, &bytes, &tombstones, &segments, &ef, &recall, &samples})
    out->push_back(family->take());
}

void add_learning(const Database& database, const Stats& stats, std::vector<prometheus::MetricFamily>* out) {
  GaugeFamily info("tamis_generation_info", "The serving generation, in its label.");
  GaugeFamily created("tamis_generation_created_timestamp_seconds", "When the serving generation was made.");
  GaugeFamily metric("tamis_generation_metric", "Held-out quality of the serving generation's models.");
  const std::vector<GenerationInfo> generations = database.list_generations();
  info.add(1, {{"generation", stats.generation}});
  double serving_created_s = 0;
  for (const GenerationInfo& generation : generations) {
    if (generation.id != stats.generation) continue;
    serving_created_s = seconds_of(generation.created_ms);
    for (const auto& [model, metrics] : generation.metrics) {
      for (const auto& [name, value] : metrics) metric.add(value, {{"model", model}, {"metric", name}});
    }
  }
  created.add(serving_created_s);
  GaugeFamily jobs("tamis_jobs", "Trainings known, by state.");
  std::array<std::uint64_t, kJobStates> by_state{};
  GaugeFamily last_run("tamis_training_last_run", "1 for the state that the newest ended training has, 0 for others.");
  std::optional<JobState> newest;  // of those that ended
  double running_progress = 0;
  for (const Job& job : database.list_jobs()) {
    if (job.kind != "train") continue;  // a refused evaluation is no failed training
    ++by_state[static_cast<std::size_t>(job.state)];
    if (job.state == JobState::kRunning) running_progress = job.progress;
    const bool has_ended = job.state != JobState::kRunning && job.state != JobState::kQueued;
    if (has_ended && !newest) newest = job.state;
  }
  for (const JobState state : {JobState::kSucceeded, JobState::kFailed, JobState::kCancelled, JobState::kRejected})
    last_run.add(newest == state ? 1 : 0, {{"state", std::string(job_state_name(state))}});
  for (std::size_t state = 0; state < by_state.size(); ++state) {
    jobs.add(static_cast<double>(by_state[state]),
             {{"state", std::string(job_state_name(static_cast<JobState>(state)))}});
  }
  for (GaugeFamily* family : {&info, &created, &metric, &jobs, &last_run}) out->push_back(family->take());
  out->push_back(
      gauge("tamis_job_progress_ratio", "Progress of the running training, 0 to 1; 0 without one.", running_progress));
  out->push_back(gauge("tamis_training_rejected_runs", "Runs that the gate refused since a generation was promoted.",
                       static_cast<double>(stats.rejected_runs)));
  out->push_back(gauge("tamis_generation_damaged",
                       "1 while another generation serves than the one that should, whose files are damaged.",
                       stats.generation_problem.empty() ? 0 : 1));
  out->push_back(gauge("tamis_generation_serving", "1 while a generation serves.", stats.generation.empty() ? 0 : 1));
  out->push_back(gauge("tamis_generations", "Generations kept.", static_cast<double>(generations.size())));
}

}  // namespace

std::vector<prometheus::MetricFamily> DatabaseCollector::Collect() const {
  const Database& database = *app_->database;
  std::vector<prometheus::MetricFamily> out;
  const Stats stats = database.stats();
  const auto number = [](auto value) { return static_cast<double>(value); };
  out.push_back(gauge("tamis_ready", "1 while queries are answered, 0 while recovering.", database.is_ready() ? 1 : 0));
  out.push_back(
      gauge("tamis_writable", "1 while writes are taken, 0 below the disk watermark.", stats.writable ? 1 : 0));
  out.push_back(GaugeFamily("tamis_sequence_total", "Number of the last visible write.", MetricType::Counter)
                    .add(number(stats.sequence))
                    .take());
  out.push_back(gauge("tamis_users", "Users known.", number(stats.users)));
  out.push_back(gauge("tamis_items", "Items known.", number(stats.items)));
  GaugeFamily interactions("tamis_interactions", "Interactions stored, by type.");
  // Names that nobody declared are clients' own and have no bound: they share one series.
  std::uint64_t undeclared = 0;
  for (const auto& [type, count] : stats.interactions_by_type) {
    if (stats.undeclared_types.contains(type)) {
      undeclared += count;
    } else {
      interactions.add(number(count), {{"type", type}});
    }
  }
  if (!stats.undeclared_types.empty()) interactions.add(number(undeclared), {{"type", "undeclared"}});
  if (stats.interactions_by_type.empty()) interactions.add(number(stats.interactions), {{"type", ""}});
  out.push_back(interactions.take());
  GaugeFamily quarantined("tamis_quarantined", "Stored but set aside, because an inner layer refuses it, by kind.");
  for (const auto& [kind, count] : stats.quarantined) quarantined.add(number(count), {{"kind", kind}});
  if (stats.quarantined.empty()) quarantined.add(0, {{"kind", ""}});
  out.push_back(quarantined.take());
  out.push_back(gauge("tamis_pending_writes", "Mutations that wait to be committed.", number(stats.pending_writes)));
  out.push_back(gauge("tamis_online_waiting_items", "Items that wait to be placed or refitted in the background.",
                      number(stats.online.waiting)));
  out.push_back(counter("tamis_online_placed_items_total", "New items that a model server's vectors placed.",
                        number(stats.online.placed)));
  out.push_back(counter("tamis_online_refitted_items_total", "Items refitted to their interactions, each time.",
                        number(stats.online.refitted)));
  out.push_back(counter("tamis_online_failures_total", "Failed requests to a model server, items that were not read.",
                        number(stats.online.failures)));
  out.push_back(gauge("tamis_memory_used_bytes", "Memory of tables, caches and indexes.", number(stats.memory_bytes)));
  GaugeFamily memory_parts("tamis_memory_part_bytes", "Memory by part; the parts add up to tamis_memory_used_bytes.");
  for (const auto& [part, bytes] : stats.memory_parts) memory_parts.add(number(bytes), {{"part", part}});
  if (!stats.memory_parts.empty()) out.push_back(memory_parts.take());
  GaugeFamily part_limits("tamis_memory_part_limit_bytes", "The bound of a part that has one of its own.");
  for (const auto& [part, bytes] : stats.memory_part_limits) part_limits.add(number(bytes), {{"part", part}});
  if (!stats.memory_part_limits.empty()) out.push_back(part_limits.take());
  GaugeFamily hits("tamis_cache_hits_total", "Rows that a cache had, by memory part.", MetricType::Counter);
  GaugeFamily misses("tamis_cache_misses_total", "Rows that a cache had to load.", MetricType::Counter);
  for (const auto& [part, figures] : stats.caches) {
    hits.add(number(figures.hits), {{"part", part}});
    misses.add(number(figures.misses), {{"part", part}});
  }
  if (!stats.caches.empty()) {
    out.push_back(hits.take());
    out.push_back(misses.take());
  }
  out.push_back(gauge("tamis_memory_limit_bytes", "The cap on it.", number(stats.memory_limit_bytes)));
  out.push_back(gauge("tamis_disk_free_bytes", "Free space where the data is.", number(stats.free_disk_bytes)));
  out.push_back(gauge("tamis_disk_watermark_bytes", "Free space below which writes are refused.",
                      number(database.options().storage.min_free_disk_bytes)));
  out.push_back(gauge("tamis_uptime_seconds", "Time since the database was opened.", stats.uptime_s));
  add_spaces(stats, &out);
  add_learning(database, stats, &out);
  add_funnel_metrics(stats, &out);
  for (const auto& [name, value] : stats.storage) {
    const MetricType type = name.ends_with("_total") ? MetricType::Counter : MetricType::Gauge;
    out.push_back(GaugeFamily("tamis_" + metric_word(name), "As RocksDB reports it.", type).add(value).take());
  }
  out.push_back(gauge("tamis_http_connections", "Connections open.", number(app_->connections.load())));
  out.push_back(gauge("tamis_http_requests_in_flight", "Requests being answered.", number(app_->requests.load())));
  out.push_back(gauge("tamis_bulk_streams", "Bulk streams being taken.", number(app_->bulk_streams.load())));
  out.push_back(gauge("tamis_worker_queue_length", "Work that waits for a worker.", number(app_->workers->queued())));
  out.push_back(gauge("tamis_query_queue_length", "Heavy queries that wait for a worker.",
                      number(app_->query_workers->queued())));
  out.push_back(
      GaugeFamily("tamis_build_info", "1; the version is in its label.").add(1, {{"version", kVersion}}).take());
  return out;
}

}  // namespace tamis::server
