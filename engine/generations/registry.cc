#include "engine/generations/registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/generations/generation_info_json.h"

namespace tamis::engine {
namespace {

constexpr const char* kGenerations = "generation";
constexpr const char* kSettings = "setting";
constexpr const char* kServing = "serving_generation";
constexpr const char* kTrainer = "trainer";

// The number in "g12"; 0 for other names (imported generations).
std::uint64_t generation_number(std::string_view id) {
  if (id.size() < 2 || id.size() > 19 || id[0] != 'g') return 0;
  std::uint64_t number = 0;
  for (const char c : id.substr(1)) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

bool is_older(const GenerationInfo& a, const GenerationInfo& b) {
  if (a.created_ms != b.created_ms) return a.created_ms < b.created_ms;
  return generation_number(a.id) < generation_number(b.id);
}

auto find_generation(auto& generations, std::string_view id) {
  return std::find_if(generations.begin(), generations.end(),
                      [&](const GenerationInfo& info) { return info.id == id; });
}

Status unknown_generation(std::string_view id) { return Status::not_found("no generation '" + std::string(id) + "'"); }

// The setting as an object; an empty one where it was never written.
Result<nlohmann::json> read_setting(const storage::Store& store, const char* name) {
  const Result<std::string> text = store.get_document(kSettings, name);
  if (!text.is_ok()) {
    if (text.status().code() == StatusCode::kNotFound) return nlohmann::json::object();
    return text.status();
  }
  nlohmann::json setting = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!setting.is_object()) return Status::corruption(std::string("setting '") + name + "' is not a JSON object");
  return setting;
}

Mutation put_generation(GenerationInfo info) {
  if (info.state == "serving") info.state = "ready";
  return PutDocument{kGenerations, info.id, generation_info_to_json(info).dump()};
}

Mutation put_serving(const std::string& serving, const std::vector<std::string>& before) {
  return PutDocument{kSettings, kServing, nlohmann::json{{"generation", serving}, {"before", before}}.dump()};
}

}  // namespace

Status Registry::read_serving(const storage::Store& store, State* state) {
  TAMIS_ASSIGN_OR_RETURN(const nlohmann::json serving, read_setting(store, kServing));
  try {
    const auto before = serving.value("before", std::vector<std::string>());
    state->serving = serving.value("generation", std::string());
    state->before = before;
  } catch (const nlohmann::json::exception& error) {
    return Status::corruption(error.what());
  }
  return Status::ok();
}

Status Registry::read_trainer(const storage::Store& store, State* state) {
  TAMIS_ASSIGN_OR_RETURN(const nlohmann::json trainer, read_setting(store, kTrainer));
  try {
    if (trainer.contains("next_generation")) {
      TAMIS_ASSIGN_OR_RETURN(state->next_generation, read_whole_number<std::uint64_t>(trainer, "next_generation"));
    }
    if (trainer.contains("next_job")) {
      TAMIS_ASSIGN_OR_RETURN(state->next_job, read_whole_number<std::uint64_t>(trainer, "next_job"));
    }
    if (trainer.contains("last_run")) {
      TAMIS_ASSIGN_OR_RETURN(state->last_run.interactions,
                             read_whole_number<std::uint64_t>(trainer["last_run"], "interactions"));
      const nlohmann::json& ms = trainer["last_run"].at("ms");
      if (!ms.is_number_integer()) return Status::corruption("last_run.ms is " + ms.dump());
      state->last_run.ms = ms.get<TimestampMs>();
    }
  } catch (const nlohmann::json::exception& error) {
    return Status::corruption(error.what());
  }
  return Status::ok();
}

Result<std::unique_ptr<Registry>> Registry::open(const storage::Store& store, Commit commit) {
  State state;
  std::vector<Refused> refused;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::Document> documents, store.list_documents(kGenerations));
  for (const storage::Document& document : documents) {
    const nlohmann::json json = nlohmann::json::parse(document.json, nullptr, /*allow_exceptions=*/false);
    Result<GenerationInfo> info = parse_generation_info(json);
    if (!info.is_ok()) {
      refused.push_back({document.name, info.status()});
      continue;
    }
    state.generations.push_back(std::move(*info));
  }
  std::sort(state.generations.begin(), state.generations.end(), is_older);

  const auto take = [&refused](const char* name, const Status& taken) {
    if (!taken.is_ok()) refused.push_back({std::string("setting ") + name, taken});
  };
  take(kServing, read_serving(store, &state));
  take(kTrainer, read_trainer(store, &state));
  for (const GenerationInfo& info : state.generations)
    state.next_generation = std::max(state.next_generation, generation_number(info.id) + 1);
  for (const Refused& document : refused)
    state.next_generation = std::max(state.next_generation, generation_number(document.name) + 1);
  std::unique_ptr<Registry> registry(new Registry(std::move(state), std::move(commit)));
  registry->refused_ = std::move(refused);
  return registry;
}

std::vector<GenerationInfo> Registry::list() const {
  MutexLock lock(mutex_);
  std::vector<GenerationInfo> generations(state_.generations.rbegin(), state_.generations.rend());
  for (GenerationInfo& info : generations)
    if (info.id == state_.serving && info.state == "ready") info.state = "serving";
  return generations;
}

Result<GenerationInfo> Registry::get(std::string_view id) const {
  const std::vector<GenerationInfo> generations = list();
  const auto found = find_generation(generations, id);
  if (found == generations.end()) return unknown_generation(id);
  return *found;
}

std::string Registry::serving() const {
  MutexLock lock(mutex_);
  return state_.serving;
}

std::optional<std::string> Registry::rollback_target(const std::set<std::string>& except) const {
  MutexLock lock(mutex_);
  return rollback_target_of(state_, except);
}

std::optional<std::string> Registry::rollback_target_of(const State& state, const std::set<std::string>& except) {
  for (auto id = state.before.rbegin(); id != state.before.rend(); ++id) {
    const auto found = find_generation(state.generations, *id);
    if (found != state.generations.end() && found->state == "ready" && *id != state.serving && !except.contains(*id))
      return *id;
  }
  return std::nullopt;
}

std::vector<std::string> Registry::superfluous(std::uint32_t keep) const {
  MutexLock lock(mutex_);
  const std::optional<std::string> target = rollback_target_of(state_);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i + keep < state_.generations.size(); ++i) {
    const std::string& id = state_.generations[i].id;
    if (id != state_.serving && id != target) ids.push_back(id);
  }
  return ids;
}

Registry::LastRun Registry::last_run() const {
  MutexLock lock(mutex_);
  return state_.last_run;
}

Mutation Registry::put_trainer(const State& state) {
  const nlohmann::json json = {
      {"next_generation", state.next_generation},
      {"next_job", state.next_job},
      {"last_run", {{"ms", state.last_run.ms}, {"interactions", state.last_run.interactions}}}};
  return PutDocument{kSettings, kTrainer, json.dump()};
}

Result<std::uint64_t> Registry::take_job_number() {
  MutexLock changing(change_mutex_);
  State next = state();
  const std::uint64_t number = next.next_job++;
  std::vector<Mutation> mutations = {put_trainer(next)};
  TAMIS_RETURN_IF_ERROR(change(std::move(next), std::move(mutations)));
  return number;
}

Result<std::string> Registry::begin_run(const LastRun& run) {
  MutexLock changing(change_mutex_);
  State next = state();
  next.last_run = run;
  const std::uint64_t number = next.next_generation++;
  std::vector<Mutation> mutations = {put_trainer(next)};
  TAMIS_RETURN_IF_ERROR(change(std::move(next), std::move(mutations)));
  return "g" + std::to_string(number);
}

Status Registry::add(const GenerationInfo& info) {
  MutexLock changing(change_mutex_);
  State next = state();
  if (find_generation(next.generations, info.id) != next.generations.end())
    return Status::already_exists("generation '" + info.id + "' is there already");
  next.generations.push_back(info);
  std::stable_sort(next.generations.begin(), next.generations.end(), is_older);
  return change(std::move(next), {put_generation(info)});
}

Status Registry::set_state(std::string_view id, std::string_view new_state, std::string_view note) {
  MutexLock changing(change_mutex_);
  State next = state();
  const auto found = find_generation(next.generations, id);
  if (found == next.generations.end()) return unknown_generation(id);
  found->state = new_state;
  found->note = note;
  std::vector<Mutation> mutations = {put_generation(*found)};
  return change(std::move(next), std::move(mutations));
}

Status Registry::set_serving(std::string_view id) {
  MutexLock changing(change_mutex_);
  State next = state();
  if (next.serving == id) return Status::ok();
  if (!next.serving.empty()) {
    std::erase(next.before, next.serving);
    next.before.push_back(next.serving);
  }
  next.serving = id;
  std::vector<Mutation> mutations = {put_serving(next.serving, next.before)};
  return change(std::move(next), std::move(mutations));
}

Status Registry::set_rolled_back(std::string_view id) {
  MutexLock changing(change_mutex_);
  State next = state();
  next.before.erase(std::find(next.before.begin(), next.before.end(), id), next.before.end());
  next.serving = id;
  std::vector<Mutation> mutations = {put_serving(next.serving, next.before)};
  return change(std::move(next), std::move(mutations));
}

Status Registry::remove(const std::vector<std::string>& ids) {
  if (ids.empty()) return Status::ok();
  MutexLock changing(change_mutex_);
  State next = state();
  std::vector<Mutation> mutations;
  bool stack_changed = false;
  for (const std::string& id : ids) {
    if (id == next.serving) return Status::failed_precondition("generation '" + id + "' is serving");
    if (std::erase_if(next.generations, [&](const GenerationInfo& info) { return info.id == id; }) == 0) continue;
    mutations.push_back(DeleteDocument{kGenerations, id});
    stack_changed |= std::erase(next.before, id) > 0;
  }
  if (stack_changed) mutations.push_back(put_serving(next.serving, next.before));
  return change(std::move(next), std::move(mutations));
}

Registry::State Registry::state() const {
  MutexLock lock(mutex_);
  return state_;
}

Status Registry::change(State next, std::vector<Mutation> mutations) {
  TAMIS_RETURN_IF_ERROR(commit_(std::move(mutations)));
  MutexLock lock(mutex_);
  state_ = std::move(next);
  return Status::ok();
}

}  // namespace tamis::engine
