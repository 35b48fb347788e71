#include "engine/learn/funnel_trial.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "common/record_checks.h"
#include "engine/generations/generation_files.h"
#include "engine/learn/scratch_database.h"
#include "models/metrics.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kCutoff = 10;
constexpr double kUsualVariance = 0.1;  // of a user's ndcg@10
constexpr double kUsualUsers = 2;
constexpr std::uint64_t kScratchBytes = 32u << 20;

struct UserCase {
  std::uint32_t user = 0;
  std::vector<std::uint32_t> after;  // ascending, unique
  std::vector<std::uint32_t> fresh;  // of `after`, what the user had not met before
};

std::size_t head_size(const Dataset& dataset, TimestampMs cut_ms) {
  const auto cut = std::partition_point(dataset.events.begin(), dataset.events.end(),
                                        [&](const auto& event) { return event.timestamp_ms < cut_ms; });
  return static_cast<std::size_t>(cut - dataset.events.begin());
}

// Users with a history before the cut and something after it; a sample that depends on their names alone.
std::vector<UserCase> find_cases(const Dataset& dataset, std::size_t head, std::size_t most) {
  std::vector<std::set<std::uint32_t>> before(dataset.users.size());
  std::map<std::uint32_t, std::set<std::uint32_t>> after;
  for (std::size_t i = 0; i < head; ++i) before[dataset.events[i].user].insert(dataset.events[i].item);
  for (std::size_t i = head; i < dataset.events.size(); ++i)
    if (dataset.events[i].is_liked() && !before[dataset.events[i].user].empty())
      after[dataset.events[i].user].insert(dataset.events[i].item);
  std::vector<UserCase> cases;
  for (const auto& [user, items] : after) {
    UserCase made{.user = user, .after = {items.begin(), items.end()}, .fresh = {}};
    std::copy_if(items.begin(), items.end(), std::back_inserter(made.fresh),
                 [&, user = user](std::uint32_t item) { return !before[user].contains(item); });
    cases.push_back(std::move(made));
  }
  const auto order_of = [&](const UserCase& one) { return std::hash<std::string>()(dataset.users[one.user]); };
  std::sort(cases.begin(), cases.end(),
            [&](const UserCase& a, const UserCase& b) { return order_of(a) < order_of(b); });
  if (cases.size() > most) cases.resize(most);
  return cases;
}

Result<std::vector<storage::StoredInteraction>> read_head(const storage::Store& store, Sequence sequence,
                                                          TimestampMs cut_ms) {
  std::vector<storage::StoredInteraction> events;
  TAMIS_RETURN_IF_ERROR(store.scan_interactions(/*with_context=*/false, [&](const storage::StoredInteraction& event) {
    const bool is_sound = is_sound_interaction(event.value, event.timestamp_ms);  // else it was set aside
    if (is_sound && event.sequence <= sequence && event.timestamp_ms < cut_ms) events.push_back(event);
    return true;
  }));
  std::stable_sort(events.begin(), events.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
  return events;
}

// What the models have rows for and the database of that time did not have: ids are made known, and items deleted, so
// that nobody is recommended what was not there.
Status add_later_items(const Dataset& dataset, Database* database) {
  std::vector<Mutation> mutations;
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kItem}) {
    for (const std::string& name : kind == EntityKind::kUser ? dataset.users : dataset.items) {
      if (database->get_entity(kind, name).is_ok()) continue;
      Entity entity;
      entity.id = name;
      mutations.push_back(PutEntity{kind, std::move(entity)});
      if (kind == EntityKind::kItem) mutations.push_back(DeleteEntity{kind, name});
    }
  }
  return database->write(std::move(mutations)).status();
}

// Has the scratch database serve those of the learned models that `members` names.
class Sides {
 public:
  Sides(const Dataset& dataset, const TrialModels& learned, Database* database, std::filesystem::path dir)
      : dataset_(dataset), learned_(learned), database_(database), dir_(std::move(dir)) {}
  ~Sides() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  Sides(const Sides&) = delete;
  Sides& operator=(const Sides&) = delete;

  Status add(const std::string& name, const std::vector<std::string>& members) {
    GenerationContents contents;
    contents.info.id = name;
    contents.info.state = "ready";
    contents.info.models = members;
    contents.users = dataset_.users;
    contents.items = dataset_.items;
    contents.rating_scales = dataset_.rating_scales;
    contents.models = select_models(learned_.models, members);
    if (contents.models.user_neighbors) contents.interactions = learned_.interactions;
    if (std::count(members.begin(), members.end(), "dlrm") > 0) contents.ranker = learned_.ranker;
    std::error_code error;
    std::filesystem::create_directories(dir_, error);
    TAMIS_RETURN_IF_ERROR(write_generation(dir_ / name, contents));
    return database_->import_generation(dir_ / name, name).status();
  }
  Status serve(const std::string& name) { return database_->promote(name); }

 private:
  const Dataset& dataset_;
  const TrialModels& learned_;
  Database* const database_;
  const std::filesystem::path dir_;
};

struct Measured {
  double ndcg10 = 0;
  double error = 0;
  std::vector<double> by_user;  // in the order of the cases that count
};

Result<Measured> measure(const FunnelConfig& funnel, const Dataset& dataset,
                         const std::unordered_map<std::string, std::uint32_t>& rows, const std::vector<UserCase>& cases,
                         Database* database, const RunControl& control) {
  Measured measured;
  double sum = 0;
  double squares = 0;
  FunnelConfig resolved = funnel;  // what it inherits is in it
  resolved.base.clear();
  resolved.inherited.clear();
  TAMIS_RETURN_IF_ERROR(database->put_funnel(resolved).status());
  for (const UserCase& one : cases) {
    const std::vector<std::uint32_t>& relevant = funnel.exclude_seen ? one.fresh : one.after;
    if (relevant.empty()) continue;
    TAMIS_RETURN_IF_ERROR(control.check());
    RecommendRequest request;
    request.user = dataset.users[one.user];
    request.k = kCutoff;
    request.funnel = funnel.name;
    request.dry_run = true;
    request.recommendation_id = "trial-" + request.user;  // the seed of chance
    TAMIS_ASSIGN_OR_RETURN(const RecommendAnswer answer, database->recommend(request));
    std::vector<std::uint32_t> ranked;
    for (const RecommendedItem& item : answer.items) {
      const auto row = rows.find(item.item);
      ranked.push_back(row == rows.end() ? kNoDenseId : row->second);
    }
    const double ndcg = models::user_metrics(ranked, relevant, kCutoff).ndcg;
    sum += ndcg;
    squares += ndcg * ndcg;
    measured.by_user.push_back(ndcg);
  }
  if (measured.by_user.empty()) return measured;
  const auto users = static_cast<double>(measured.by_user.size());
  measured.ndcg10 = sum / users;
  // A few users who happen to agree are no certainty: two more stand for the spread that is usual.
  const double spread = std::max(0.0, squares - sum * measured.ndcg10) + kUsualUsers * kUsualVariance;
  measured.error = std::sqrt(spread / (users + kUsualUsers) / users);
  return measured;
}

// Two standard errors of the mean difference, user by user; 0 where all lists are equally good.
double chance_of(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] - b[i];
    squares += (a[i] - b[i]) * (a[i] - b[i]);
  }
  const auto users = static_cast<double>(a.size());
  return a.empty() ? 0 : 2 * std::sqrt(std::max(0.0, squares - sum * sum / users)) / users;
}

bool is_learned(const TrialModels& learned, const std::string& member) {
  if (member == "popular") return true;
  if (member == "item_knn") return learned.models.item_neighbors.has_value();
  if (member == "user_knn") return learned.models.user_neighbors.has_value();
  if (member == "dlrm") return !learned.ranker.empty();
  return std::any_of(learned.models.encoders.begin(), learned.models.encoders.end(),
                     [&](const auto& encoder) { return encoder->shape().name == member; }) ||
         std::any_of(learned.models.history_models.begin(), learned.models.history_models.end(),
                     [&](const auto& model) { return model->shape().kind == member; });
}

std::vector<std::string> learned_of(const TrialModels& learned, const std::vector<std::string>& members) {
  std::vector<std::string> found;
  std::copy_if(members.begin(), members.end(), std::back_inserter(found),
               [&](const std::string& member) { return is_learned(learned, member); });
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<std::map<std::string, FunnelQuality>> try_funnels(const FunnelTrial& trial, const Dataset& dataset,
                                                         TimestampMs cut_ms, const TrialModels& learned,
                                                         const std::vector<std::string>& members,
                                                         const RunControl& control) {
  if (dataset.interactions > trial.max_interactions)
    return Status::failed_precondition("there are more than " + std::to_string(trial.max_interactions) +
                                       " interactions: funnels are not compared");
  const models::TrainControl running = control.stage("try funnels", 0, 1);
  const std::vector<UserCase> cases = find_cases(dataset, head_size(dataset, cut_ms), trial.max_users);
  if (cases.empty()) return Status::failed_precondition("no user returned after the cut: funnels are not compared");

  DatabaseOptions options = trial.options;
  options.storage.block_cache_bytes = std::min(options.storage.block_cache_bytes, kScratchBytes);
  options.storage.memtable_bytes = std::min(options.storage.memtable_bytes, kScratchBytes);
  TAMIS_ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDatabase> scratch,
                         ScratchDatabase::create(trial.scratch, options, {}, cut_ms));
  Database& database = scratch->database();
  {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> head,
                           read_head(*trial.store, dataset.sequence, cut_ms));
    TAMIS_RETURN_IF_ERROR(scratch->copy(*trial.store, head));
  }
  TAMIS_RETURN_IF_ERROR(add_later_items(dataset, &database));
  TAMIS_RETURN_IF_ERROR(control.check());

  const std::vector<std::string> given = learned_of(learned, members);
  const std::vector<std::string> before = learned_of(learned, trial.serving);
  Sides sides(dataset, learned, &database,
              trial.scratch.parent_path() / ("models-of-" + trial.scratch.filename().string()));
  TAMIS_RETURN_IF_ERROR(sides.add("given", given));
  const bool is_compared = !trial.serving.empty();
  if (is_compared && before != given) TAMIS_RETURN_IF_ERROR(sides.add("before", before));

  std::unordered_map<std::string, std::uint32_t> rows;
  for (std::uint32_t row = 0; row < dataset.items.size(); ++row) rows.emplace(dataset.items[row], row);
  std::map<std::string, FunnelQuality> qualities;
  std::map<std::string, std::vector<double>> by_user;
  TAMIS_RETURN_IF_ERROR(sides.serve("given"));
  for (const FunnelConfig& funnel : trial.funnels) {
    TAMIS_ASSIGN_OR_RETURN(const Measured measured, measure(funnel, dataset, rows, cases, &database, control));
    FunnelQuality& quality = qualities[funnel.name];
    quality.ndcg10 = measured.ndcg10;
    quality.error = measured.error;
    quality.from_ms = cut_ms;
    quality.users = measured.by_user.size();
    by_user[funnel.name] = measured.by_user;
    for (const std::string& member : members)
      if (!is_learned(learned, member)) quality.without.push_back(member);
    if (is_compared) quality.serving_ndcg10 = measured.ndcg10;  // by the same members
  }
  if (!is_compared || before == given) return qualities;
  TAMIS_RETURN_IF_ERROR(sides.serve("before"));
  for (const FunnelConfig& funnel : trial.funnels) {
    TAMIS_ASSIGN_OR_RETURN(const Measured measured, measure(funnel, dataset, rows, cases, &database, control));
    qualities[funnel.name].serving_ndcg10 =
        std::max(0.0, measured.ndcg10 - chance_of(measured.by_user, by_user[funnel.name]));
  }
  return qualities;
}

}  // namespace tamis::engine
