#include "engine/learn/scratch_database.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "common/feature_time.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMutationsPerWrite = 5'000;

// Hands mutations over in writes of a moderate size.
class Writer {
 public:
  explicit Writer(Database& database) : database_(database) {}
  Status add(Mutation mutation) {
    mutations_.push_back(std::move(mutation));
    return mutations_.size() < kMutationsPerWrite ? Status::ok() : flush();
  }
  Status flush() {
    if (mutations_.empty()) return Status::ok();
    return database_.write(std::exchange(mutations_, {})).status();
  }

 private:
  Database& database_;
  std::vector<Mutation> mutations_;
};

bool is_listed(const Entity& entity, const std::string& field, TimestampMs now_ms) {
  const auto time_ms = find_time(entity.features, field);
  return time_ms && *time_ms <= now_ms;
}

}  // namespace

Result<std::unique_ptr<ScratchDatabase>> ScratchDatabase::create(const std::filesystem::path& dir,
                                                                 const DatabaseOptions& options,
                                                                 const std::vector<std::string>& models,
                                                                 TimestampMs now_ms) {
  std::error_code error;
  if (std::filesystem::exists(dir, error)) return Status::already_exists(dir.string() + " is there already");
  auto scratch = std::unique_ptr<ScratchDatabase>(new ScratchDatabase(dir, now_ms));
  DatabaseOptions own = options;
  own.clock = &scratch->clock_;
  own.storage.durability = Durability::kNone;
  own.storage.min_free_disk_bytes = 0;
  own.index.recall_interval_ms = 0;
  own.training.worker_command.clear();
  own.training.schedule_s = 0;
  own.training.holdout = 0;
  if (!models.empty()) own.training.models = models;
  own.read_only = false;
  own.observer = nullptr;
  TAMIS_ASSIGN_OR_RETURN(scratch->database_, Database::open(dir, own));
  TAMIS_RETURN_IF_ERROR(scratch->database_->wait_ready(std::chrono::seconds(60)));
  return scratch;
}

ScratchDatabase::~ScratchDatabase() {
  database_.reset();
  std::error_code ignored;  // a directory left behind harms nothing but space
  std::filesystem::remove_all(dir_, ignored);
}

Status ScratchDatabase::copy(const storage::Store& store, std::span<const storage::StoredInteraction> interactions,
                             std::vector<bool> is_met) {
  const std::string& listed_field = database_->options().latest_field;
  is_met.resize(std::max(is_met.size(), store.ids(EntityKind::kItem).size()));
  for (const storage::StoredInteraction& event : interactions) is_met[event.item] = true;
  Writer writer(*database_);
  Status written = Status::ok();
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kItem}) {
    TAMIS_RETURN_IF_ERROR(store.scan_entities(kind, 0, [&](DenseId id, Entity&& entity) {
      const bool is_there = kind == EntityKind::kUser || (id < is_met.size() && is_met[id]) ||
                            is_listed(entity, listed_field, clock_.now_ms());
      if (!is_there) return true;
      if (!check_features(entity.features).is_ok()) entity.features.clear();  // as the live state does
      items_ += kind == EntityKind::kItem ? 1 : 0;
      written = writer.add(PutEntity{kind, std::move(entity)});
      return written.is_ok();
    }));
    TAMIS_RETURN_IF_ERROR(std::move(written));
    written = Status::ok();
  }
  const storage::IdTable& users = store.ids(EntityKind::kUser);
  const storage::IdTable& items = store.ids(EntityKind::kItem);
  for (const storage::StoredInteraction& event : interactions) {
    Interaction interaction;
    interaction.user = users.name(event.user);
    interaction.item = items.name(event.item);
    interaction.type = store.interaction_type_name(event.type);
    interaction.value = event.value;
    interaction.timestamp_ms = event.timestamp_ms;
    TAMIS_RETURN_IF_ERROR(writer.add(PutInteraction{std::move(interaction)}));
  }
  return writer.flush();
}

Status ScratchDatabase::train() {
  TAMIS_ASSIGN_OR_RETURN(Job job, database_->train({}));
  while (job.state == JobState::kQueued || job.state == JobState::kRunning) {
    TAMIS_ASSIGN_OR_RETURN(job, database_->wait_job(job.id, job, std::chrono::seconds(10)));
  }
  if (job.state != JobState::kSucceeded)
    return Status::failed_precondition("training " + std::string(job_state_name(job.state)) + ": " + job.detail);
  for (const GenerationInfo& generation : database_->list_generations())
    if (generation.id == job.generation && generation.state == "serving") return Status::ok();
  return Status::failed_precondition("the generation does not serve: " + job.detail);
}

}  // namespace tamis::engine
