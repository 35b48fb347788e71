// Which generation serves: loading, promotion, roll-back, and what happens while files are damaged.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>

#include "engine/generations/generation_files.h"
#include "engine/learn/trainer_impl.h"
#include "engine/settings/model_settings.h"

namespace tamis::engine {
namespace {}  // namespace

Result<std::shared_ptr<const Generation>> TrainerImpl::load_serving() {
  const std::string id = registry_->serving();
  std::string problem;
  Result<std::shared_ptr<const Generation>> loaded = std::shared_ptr<const Generation>();
  if (!id.empty()) loaded = load(id);
  if (!loaded.is_ok()) {
    const Status damage = Status(loaded.status()).with_context("generation '" + id + "'");
    note_damage(id, loaded.status());
    loaded = load_newest_whole(id);
    problem = damage.message() + (loaded.is_ok() ? "; " + (*loaded)->info.id + " serves until it is mended"
                                                 : "; no other generation is whole, and none serves");
    spdlog::error("{}", problem);
    if (!loaded.is_ok()) loaded = damage;
  }
  MutexLock lock(state_mutex_);
  problem_ = std::move(problem);
  serving_ = loaded.is_ok() ? *loaded : nullptr;
  return loaded;
}

Result<std::shared_ptr<const Generation>> TrainerImpl::load_newest_whole(std::string_view except) {
  for (const GenerationInfo& info : registry_->list()) {
    if (info.id == except || info.state != "ready") continue;
    Result<std::shared_ptr<const Generation>> loaded = load(info.id);
    if (loaded.is_ok()) return loaded;
    note_damage(info.id, loaded.status());
    spdlog::error("generation '{}' cannot be loaded either: {}", info.id, loaded.status().to_string());
  }
  return Status::not_found("no other generation is whole");
}

std::string TrainerImpl::problem() const {
  MutexLock lock(state_mutex_);
  return problem_;
}

std::shared_ptr<const Generation> TrainerImpl::serving_generation() const {
  MutexLock lock(state_mutex_);
  return serving_;
}

std::optional<GenerationInfo> TrainerImpl::serving_info() const {
  const std::shared_ptr<const Generation> serving = serving_generation();
  if (serving == nullptr) return std::nullopt;
  const Result<GenerationInfo> info = registry_->get(serving->info.id);
  if (!info.is_ok()) return std::nullopt;
  return *info;
}

std::vector<GenerationInfo> TrainerImpl::list_generations() const {
  std::vector<GenerationInfo> generations = registry_->list();
  MutexLock lock(state_mutex_);
  for (GenerationInfo& info : generations) {
    if (const auto damage = damaged_.find(info.id); damage != damaged_.end()) {
      info.state = "corrupt";
      info.note = damage->second.reason;
    } else if (serving_ != nullptr && serving_->info.id == info.id) {
      info.state = "serving";
    }
  }
  return generations;
}

Status TrainerImpl::promote(std::string_view generation) {
  TAMIS_RETURN_IF_ERROR(check_writable("promote"));
  TAMIS_ASSIGN_OR_RETURN(const GenerationInfo info, registry_->get(generation));
  {
    MutexLock lock(promotion_mutex_);
    const std::shared_ptr<const Generation> serving = serving_generation();
    if (info.state == "serving" && serving != nullptr && serving->info.id == info.id) return Status::ok();
    const auto point = [&] {
      if (info.state != "ready" && info.state != "serving")
        TAMIS_RETURN_IF_ERROR(registry_->set_state(info.id, "ready", "promoted by hand; was " + info.state));
      return registry_->set_serving(info.id);
    };
    TAMIS_RETURN_IF_ERROR(serve(info.id, point));
    if (serving != nullptr)
      for (const std::string& member : serving->info.models)
        if (!contains(info.models, member) && member != "popular")
          spdlog::warn("generation '{}' has no {}, which '{}' served: funnels that use it go without", info.id, member,
                       serving->info.id);
  }
  spdlog::info("generation '{}' serves: promoted by hand", info.id);
  remove_superfluous();
  return Status::ok();
}

Result<std::string> TrainerImpl::rollback() {
  TAMIS_RETURN_IF_ERROR(check_writable("roll back"));
  MutexLock lock(promotion_mutex_);
  const std::string from = registry_->serving();
  std::set<std::string> damaged;
  while (true) {
    const std::optional<std::string> target = registry_->rollback_target(damaged);
    if (!target) return Status::failed_precondition("no generation that is still there and whole served before");
    const Status served = serve(*target, [&] { return registry_->set_rolled_back(*target); });
    if (served.is_ok()) {
      spdlog::info("generation '{}' serves: rolled back from '{}'", *target, from);
      return *target;
    }
    if (served.code() != StatusCode::kCorruption) return served;
    damaged.insert(*target);  // the one that served before it, then
    spdlog::error("{}", served.message());
  }
}

Result<std::shared_ptr<const Generation>> TrainerImpl::load(std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(GenerationContents contents,
                         read_generation(directory_.path_of(id), options_->text_embedders.get(), host_->row_cache()));
  if (contents.info.id != id)
    return Status::corruption("the manifest is that of generation '" + contents.info.id + "'");
  return bind_generation(std::move(contents), store_->ids(EntityKind::kUser), store_->ids(EntityKind::kItem),
                         /*is_own=*/true, options_->memory.ranker_items_bytes);
}

Status TrainerImpl::serve(std::string_view id, const std::function<Status()>& point) {
  constexpr int kTries = 3;
  Result<std::shared_ptr<const Generation>> loaded = load(id);
  if (!loaded.is_ok()) {
    if (loaded.status().code() == StatusCode::kCorruption) note_damage(id, loaded.status());
    return Status(loaded.status()).with_context("generation '" + std::string(id) + "'");
  }
  TAMIS_RETURN_IF_ERROR(host_->serve(*loaded));
  Status pointed = point();
  if (!pointed.is_ok()) {
    if (const Status back = host_->serve(serving_generation()); !back.is_ok())
      spdlog::error("generation '{}' serves though it could not be registered ({}); going back failed: {}", id,
                    pointed.to_string(), back.to_string());
    return pointed;
  }
  // The database may have been rebuilt from the store between the two, with what was registered then.
  for (int tries = 0; host_->serving_id() != id && tries < kTries; ++tries)
    TAMIS_RETURN_IF_ERROR(host_->serve(*loaded));
  MutexLock lock(state_mutex_);
  serving_ = *loaded;
  damaged_.erase(std::string(id));
  problem_.clear();
  return Status::ok();
}

std::string TrainerImpl::look_of_files(std::string_view id) const {
  namespace fs = std::filesystem;
  std::vector<std::string> lines;
  std::error_code error;
  for (fs::directory_iterator file(directory_.path_of(id), error), end; !error && file != end; file.increment(error)) {
    std::error_code failed;
    const auto size = file->file_size(failed);
    const auto time = file->last_write_time(failed).time_since_epoch().count();
    lines.push_back(file->path().filename().string() + " " + std::to_string(size) + " " + std::to_string(time) + "\n");
  }
  std::sort(lines.begin(), lines.end());
  std::string look;
  for (const std::string& line : lines) look += line;
  return look;
}

void TrainerImpl::note_damage(std::string_view id, const Status& damage) {
  Damage noted{.reason = damage.message(), .files = look_of_files(id)};
  MutexLock lock(state_mutex_);
  damaged_[std::string(id)] = std::move(noted);
}

// A generation that should serve and could not is loaded again once its files have changed.
void TrainerImpl::mend_if_whole() {
  constexpr std::chrono::seconds kPeriod(1);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < kPeriod) return;
  looked_at_ = now;
  const std::string id = registry_->serving();
  std::string before;
  {
    MutexLock lock(state_mutex_);
    const auto damage = damaged_.find(id);
    if (problem_.empty() || damage == damaged_.end()) return;
    before = damage->second.files;
  }
  if (look_of_files(id) == before) return;
  MutexLock lock(promotion_mutex_);
  if (registry_->serving() != id) return;
  const Status served = serve(id, [] { return Status::ok(); });
  if (served.is_ok()) {
    spdlog::info("generation '{}' is whole again and serves", id);
  } else {
    note_damage(id, served);
    spdlog::warn("generation '{}' has changed and is still damaged: {}", id, served.to_string());
  }
}

}  // namespace tamis::engine
