#include "engine/learn/held_out_database.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "common/checksum.h"
#include "common/record_checks.h"
#include "engine/generations/generation_files.h"
#include "models/metrics.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kMeasuredPlaces = 10;
constexpr double kUsualVariance = 0.1;  // of a user's ndcg@10
constexpr double kUsualUsers = 2;
constexpr std::uint64_t kScratchBytes = 32u << 20;

std::size_t head_size(const Dataset& dataset, TimestampMs cut_ms) {
  const auto cut = std::partition_point(dataset.events.begin(), dataset.events.end(),
                                        [&](const auto& event) { return event.timestamp_ms < cut_ms; });
  return static_cast<std::size_t>(cut - dataset.events.begin());
}

// A sample that depends on the users' names alone.
std::vector<ReturningUser> find_users(const Dataset& dataset, std::size_t head, std::size_t most) {
  std::vector<char> is_known(dataset.users.size());
  for (std::size_t i = 0; i < head; ++i) is_known[dataset.events[i].user] = 1;
  std::map<std::uint32_t, std::set<std::uint32_t>> after;
  for (std::size_t i = head; i < dataset.events.size(); ++i)
    if (dataset.events[i].is_liked() && is_known[dataset.events[i].user])
      after[dataset.events[i].user].insert(dataset.events[i].item);
  std::vector<ReturningUser> users;
  for (const auto& [user, items] : after)
    users.push_back({.user = user, .after = {items.begin(), items.end()}, .fresh = {}});
  const auto order_of = [&](const ReturningUser& one) { return std::hash<std::string>()(dataset.users[one.user]); };
  std::sort(users.begin(), users.end(),
            [&](const ReturningUser& a, const ReturningUser& b) { return order_of(a) < order_of(b); });
  if (users.size() > most) users.resize(most);
  std::unordered_map<std::uint32_t, std::set<std::uint32_t>> before;
  for (const ReturningUser& user : users) before[user.user];
  for (std::size_t i = 0; i < head; ++i)
    if (const auto own = before.find(dataset.events[i].user); own != before.end())
      own->second.insert(dataset.events[i].item);
  for (ReturningUser& user : users)
    std::copy_if(user.after.begin(), user.after.end(), std::back_inserter(user.fresh),
                 [&](std::uint32_t item) { return !before[user.user].contains(item); });
  return users;
}

// The pairs of a user and an item, by dense ids, that are met from the cut on alone.
class HeldOutPairs {
 public:
  HeldOutPairs(const Dataset& dataset, std::size_t head, const storage::Store& store) {
    std::vector<DenseId> users = ids_of(dataset.users, store.ids(EntityKind::kUser));
    std::vector<DenseId> items = ids_of(dataset.items, store.ids(EntityKind::kItem));
    const auto key = [&](const models::TimedInteraction& event) {
      return std::uint64_t{users[event.user]} << 32 | items[event.item];
    };
    for (std::size_t i = head; i < dataset.events.size(); ++i) pairs_.insert(key(dataset.events[i]));
    for (std::size_t i = 0; i < head; ++i) pairs_.erase(key(dataset.events[i]));
  }
  bool contains(DenseId user, DenseId item) const { return pairs_.contains(std::uint64_t{user} << 32 | item); }

 private:
  static std::vector<DenseId> ids_of(const std::vector<std::string>& names, const storage::IdTable& table) {
    std::vector<DenseId> ids;
    for (const std::string& name : names) ids.push_back(table.find(name).value_or(kNoDenseId));
    return ids;
  }
  std::unordered_set<std::uint64_t> pairs_;
};

// Whose interactions the scratch database gets: where there are more than `most`, those of the asked users and of a
// sample of the others, by their ids alone, of about `most` interactions.
class CopiedUsers {
 public:
  CopiedUsers(const Dataset& dataset, const std::vector<ReturningUser>& asked, const storage::IdTable& ids,
              std::uint64_t most)
      : share_(static_cast<double>(most) / static_cast<double>(std::max<std::uint64_t>(dataset.interactions, 1))) {
    if (share_ >= 1) return;
    for (const ReturningUser& user : asked) asked_.insert(ids.find(dataset.users[user.user]).value_or(kNoDenseId));
  }
  bool contains(DenseId user) const {
    if (share_ >= 1 || asked_.contains(user)) return true;
    return static_cast<double>(checksum64(&user, sizeof(user)) >> 32) * 0x1.0p-32 < share_;
  }

 private:
  double share_;
  std::unordered_set<DenseId> asked_;
};

// What was known before the cut.
struct Head {
  std::vector<storage::StoredInteraction> events;  // of the copied users, in the order of time
  std::vector<bool> is_met;                        // items, by dense id: of all users
};

// Where the dataset's times are not the store's, what is not of a held-out pair was known.
Result<Head> read_head(const storage::Store& store, const Dataset& dataset, const CopiedUsers& users,
                       TimestampMs cut_ms) {
  std::unique_ptr<HeldOutPairs> held_out;
  if (dataset.is_retimed) held_out = std::make_unique<HeldOutPairs>(dataset, head_size(dataset, cut_ms), store);
  Head head;
  head.is_met.resize(store.ids(EntityKind::kItem).size());
  TAMIS_RETURN_IF_ERROR(store.scan_interactions(/*with_context=*/false, [&](const storage::StoredInteraction& event) {
    const bool is_sound = is_sound_interaction(event.value, event.timestamp_ms);  // else it was set aside
    const bool is_before = held_out ? !held_out->contains(event.user, event.item) : event.timestamp_ms < cut_ms;
    if (!is_sound || event.sequence > dataset.sequence || !is_before) return true;
    head.is_met[event.item] = true;
    if (users.contains(event.user)) head.events.push_back(event);
    return true;
  }));
  std::stable_sort(head.events.begin(), head.events.end(), [](const auto& a, const auto& b) {
    return std::tie(a.timestamp_ms, a.sequence) < std::tie(b.timestamp_ms, b.sequence);
  });
  return head;
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

}  // namespace

Result<std::unique_ptr<HeldOutDatabase>> HeldOutDatabase::create(const HeldOutOptions& options, const Dataset& dataset,
                                                                 TimestampMs cut_ms, const RunControl& control) {
  auto made = std::unique_ptr<HeldOutDatabase>(new HeldOutDatabase(
      dataset, options.scratch.parent_path() / ("models-of-" + options.scratch.filename().string())));
  made->users_ = find_users(dataset, head_size(dataset, cut_ms), options.max_users);
  if (made->users_.empty())
    return Status::failed_precondition("no user returned after the cut: funnels are not compared");
  TAMIS_RETURN_IF_ERROR(made->fill(options, cut_ms));
  TAMIS_RETURN_IF_ERROR(control.check());
  return made;
}

HeldOutDatabase::HeldOutDatabase(const Dataset& dataset, std::filesystem::path models_dir)
    : dataset_(dataset), models_dir_(std::move(models_dir)) {
  for (std::uint32_t row = 0; row < dataset.items.size(); ++row) rows_.emplace(dataset.items[row], row);
}

HeldOutDatabase::~HeldOutDatabase() {
  std::error_code ignored;
  std::filesystem::remove_all(models_dir_, ignored);
}

Status HeldOutDatabase::fill(const HeldOutOptions& options, TimestampMs cut_ms) {
  DatabaseOptions own = options.options;
  own.storage.block_cache_bytes = std::min(own.storage.block_cache_bytes, kScratchBytes);
  own.storage.memtable_bytes = std::min(own.storage.memtable_bytes, kScratchBytes);
  const CopiedUsers users(dataset_, users_, options.store->ids(EntityKind::kUser), options.max_interactions);
  TAMIS_ASSIGN_OR_RETURN(Head head, read_head(*options.store, dataset_, users, cut_ms));
  const TimestampMs now_ms = dataset_.is_retimed && !head.events.empty() ? head.events.back().timestamp_ms + 1 : cut_ms;
  TAMIS_ASSIGN_OR_RETURN(scratch_, ScratchDatabase::create(options.scratch, own, {}, now_ms));
  TAMIS_RETURN_IF_ERROR(scratch_->copy(*options.store, head.events, std::move(head.is_met)));
  return add_later_items(dataset_, &scratch_->database());
}

Status HeldOutDatabase::add(const std::string& name, const TrialModels& learned,
                            const std::vector<std::string>& members) {
  GenerationContents contents;
  contents.info.id = name;
  contents.info.state = "ready";
  contents.info.models = members;
  contents.users = dataset_.users;
  contents.items = dataset_.items;
  contents.rating_scales = dataset_.rating_scales;
  contents.models = select_models(learned.models, members);
  if (contents.models.user_neighbors) contents.interactions = learned.interactions;
  if (std::count(members.begin(), members.end(), "dlrm") > 0) contents.ranker = learned.ranker;
  std::error_code error;
  std::filesystem::create_directories(models_dir_, error);
  TAMIS_RETURN_IF_ERROR(write_generation(models_dir_ / name, contents));
  return scratch_->database().import_generation(models_dir_ / name, name).status();
}

Status HeldOutDatabase::put(const FunnelConfig& funnel) {
  FunnelConfig resolved = funnel;  // what it inherits is in it
  resolved.base.clear();
  resolved.inherited.clear();
  return scratch_->database().put_funnel(resolved).status();
}

Result<std::vector<models::ScoredId>> HeldOutDatabase::ask(const FunnelConfig& funnel, const ReturningUser& user,
                                                           std::uint32_t k) {
  RecommendRequest request;
  request.user = dataset_.users[user.user];
  request.k = k;
  request.funnel = funnel.name;
  request.dry_run = true;
  request.recommendation_id = "trial-" + request.user;  // the seed of chance
  TAMIS_ASSIGN_OR_RETURN(const RecommendAnswer answer, scratch_->database().recommend(request));
  std::vector<models::ScoredId> found;
  for (const RecommendedItem& item : answer.items) {
    const auto row = rows_.find(item.item);
    found.push_back({row == rows_.end() ? kNoDenseId : row->second, static_cast<float>(item.score)});
  }
  return found;
}

Result<FunnelFigures> HeldOutDatabase::measure(const FunnelConfig& funnel, const RunControl& control) {
  FunnelFigures figures;
  double sum = 0;
  double squares = 0;
  TAMIS_RETURN_IF_ERROR(put(funnel));
  for (const ReturningUser& user : users_) {
    const std::vector<std::uint32_t>& relevant = funnel.exclude_seen ? user.fresh : user.after;
    if (relevant.empty()) continue;
    TAMIS_RETURN_IF_ERROR(control.check());
    TAMIS_ASSIGN_OR_RETURN(const std::vector<models::ScoredId> found, ask(funnel, user, kMeasuredPlaces));
    std::vector<std::uint32_t> ranked;
    for (const models::ScoredId& item : found) ranked.push_back(item.id);
    const double ndcg = models::user_metrics(ranked, relevant, kMeasuredPlaces).ndcg;
    sum += ndcg;
    squares += ndcg * ndcg;
    figures.by_user.push_back(ndcg);
  }
  if (figures.by_user.empty()) return figures;
  const auto users = static_cast<double>(figures.by_user.size());
  figures.ndcg10 = sum / users;
  // A few users who happen to agree are no certainty: two more stand for the spread that is usual.
  const double spread = std::max(0.0, squares - sum * figures.ndcg10) + kUsualUsers * kUsualVariance;
  figures.error = std::sqrt(spread / (users + kUsualUsers) / users);
  return figures;
}

Result<std::vector<std::vector<models::ScoredId>>> HeldOutDatabase::lists(const FunnelConfig& funnel, std::uint32_t k,
                                                                          const RunControl& control) {
  TAMIS_RETURN_IF_ERROR(put(funnel));
  std::vector<std::vector<models::ScoredId>> found;
  for (const ReturningUser& user : users_) {
    TAMIS_RETURN_IF_ERROR(control.check());
    TAMIS_ASSIGN_OR_RETURN(found.emplace_back(), ask(funnel, user, k));
  }
  return found;
}

}  // namespace tamis::engine
