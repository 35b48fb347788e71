// A small database in memory behind a ReadState: what queries see, without RocksDB and without a committing thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/interactions/interaction_types.h"
#include "engine/live/read_state.h"
#include "engine/query/query.h"
#include "models/ials/ials_encoder.h"

namespace tamis::engine {

// The part of a Store that queries read.
class MemoryStore final : public storage::Store {
 public:
  storage::IdTable users;
  storage::IdTable items;
  std::vector<std::string> types;
  std::vector<storage::StoredInteraction> interactions;  // oldest first

  const storage::IdTable& ids(EntityKind kind) const override { return kind == EntityKind::kUser ? users : items; }
  std::string interaction_type_name(storage::InteractionTypeId type) const override { return types.at(type); }
  std::optional<storage::InteractionTypeId> find_interaction_type(std::string_view name) const override {
    const auto found = std::find(types.begin(), types.end(), name);
    if (found == types.end()) return std::nullopt;
    return static_cast<storage::InteractionTypeId>(found - types.begin());
  }
  Result<std::vector<storage::StoredInteraction>> user_interactions(
      DenseId user, std::size_t limit, std::optional<InteractionCursor> before) const override {
    return page(limit, before, [&](const auto& row) { return row.user == user; });
  }
  Result<std::vector<storage::StoredInteraction>> item_interactions(
      DenseId item, std::size_t limit, std::optional<InteractionCursor> before) const override {
    return page(limit, before, [&](const auto& row) { return row.item == item; });
  }

  Result<std::vector<storage::CommittedRecord>> commit(std::span<const Mutation>, Durability) override {
    return unsupported();
  }
  Result<storage::CommittedGroup> commit_group(std::span<std::vector<Mutation>>, Durability) override {
    return unsupported();
  }
  Status sync() override { return unsupported(); }
  Status reopen() override { return unsupported(); }
  Sequence last_sequence() const override { return interactions.size(); }
  bool is_writable() const override { return false; }
  storage::StoreCounts counts() const override { return {}; }
  Result<Entity> get_entity(EntityKind, DenseId) const override { return unsupported(); }
  Status scan_entities(EntityKind, DenseId, const std::function<bool(DenseId, Entity&&)>&) const override {
    return unsupported();
  }
  Status scan_interactions(bool, const std::function<bool(const storage::StoredInteraction&)>&) const override {
    return unsupported();
  }
  Status scan_interactions_by_item(const std::function<bool(const storage::StoredInteraction&)>&) const override {
    return unsupported();
  }
  std::vector<Space> spaces() const override { return {}; }
  Result<Space> get_space(std::string_view) const override { return unsupported(); }
  Result<VersionedVector> get_vector(std::string_view, EntityKind, DenseId) const override { return unsupported(); }
  Status get_vectors(std::string_view, EntityKind, std::span<const DenseId>,
                     const std::function<void(std::size_t, VersionedVector&&)>&) const override {
    return unsupported();
  }
  Status scan_vectors(std::string_view, EntityKind,
                      const std::function<bool(DenseId, std::span<const float>)>&) const override {
    return unsupported();
  }
  Result<std::string> get_document(std::string_view, std::string_view) const override { return unsupported(); }
  Result<std::vector<storage::Document>> list_documents(std::string_view) const override { return unsupported(); }
  Status read_log(Sequence, const std::function<bool(const storage::CommittedRecord&)>&) const override {
    return unsupported();
  }
  Sequence first_log_sequence() const override { return 1; }
  Result<Sequence> trim_log(const LogRetention&) override { return unsupported(); }
  std::vector<storage::DepartedUser> departed_users() const override { return {}; }
  std::vector<storage::DepartedUser> erased_users() const override { return {}; }
  bool is_being_erased(std::string_view) const override { return false; }
  Status erase_departed(std::span<const storage::DepartedUser>, std::atomic<bool>*) override { return unsupported(); }
  Status remove_impressions(std::span<const storage::ImpressionRow>) override { return unsupported(); }
  Status write_impressions(const storage::ImpressionBatch&) override { return unsupported(); }
  Status scan_impressions(
      TimestampMs, TimestampMs,
      const std::function<bool(const storage::Impression&, std::span<const storage::Outcome>)>&) const override {
    return unsupported();
  }
  Status prune_impressions(TimestampMs) override { return unsupported(); }
  Result<Sequence> attributed_through() const override { return unsupported(); }
  Status checkpoint(const std::filesystem::path&) const override { return unsupported(); }
  Status flush() override { return unsupported(); }
  std::map<std::string, double> statistics() const override { return {}; }
  std::uint64_t free_disk_bytes() const override { return 0; }

 private:
  static Status unsupported() { return Status::internal("queries do not ask for this"); }

  template <typename Wanted>
  std::vector<storage::StoredInteraction> page(std::size_t limit, const std::optional<InteractionCursor>& before,
                                               const Wanted& wanted) const {
    const auto key = [](const auto& row) { return std::pair(row.timestamp_ms, row.sequence); };
    std::vector<storage::StoredInteraction> rows;
    for (const auto& row : interactions) {
      if (wanted(row) && (!before || key(row) < std::pair(before->timestamp_ms, before->sequence))) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) { return key(a) > key(b); });
    if (rows.size() > limit) rows.resize(limit);
    return rows;
  }
};

class QueryDatabase {
 public:
  static constexpr TimestampMs kNow = 1'700'000'000'000;

  QueryDatabase() {
    options.clock = &clock;
    funnels["default"] = std::make_shared<FunnelConfig>(FunnelConfig::default_funnel());
  }

  DenseId put_item(const std::string& id, const Features& features = {}, TimestampMs expires_ms = 0) {
    const DenseId dense = store.items.assign(id);
    items.put(dense, Entity{id, features, kNow, expires_ms}, clock.now_ms());
    statistics.set_listed(dense, clock.now_ms());
    return dense;
  }
  void delete_item(const std::string& id) {
    const DenseId dense = *store.items.find(id);
    items.remove(dense);
    statistics.remove(dense);
  }
  DenseId put_user(const std::string& id) {
    const DenseId dense = store.users.assign(id);
    users.put(dense, Entity{id, {}, kNow, 0}, clock.now_ms());
    return dense;
  }

  void interact(const std::string& user, const std::string& item, const std::string& type = "purchase",
                double value = 1) {
    const DenseId user_id = store.users.find(user) ? *store.users.find(user) : put_user(user);
    const DenseId item_id = store.items.find(item) ? *store.items.find(item) : put_item(item);
    if (!store.find_interaction_type(type)) store.types.push_back(type);
    const auto type_id = *store.find_interaction_type(type);
    clock.advance(1);
    storage::StoredInteraction row;
    row.sequence = store.interactions.size() + 1;
    row.user = user_id;
    row.item = item_id;
    row.type = type_id;
    row.timestamp_ms = clock.now_ms();
    row.value = value;
    store.interactions.push_back(row);
    histories.on_interaction(user_id, {item_id, type_id, static_cast<float>(value), row.timestamp_ms}, row.sequence);
    statistics.add(item_id, InteractionTypes::built_in()->of(type).signed_weight(value), row.timestamp_ms);
  }

  // Learns every model from all interactions so far, as a training run would.
  void train(const models::IalsOptions& ials = {.dim = 2, .iterations = 8}) {
    auto fresh = std::make_shared<Generation>();
    fresh->info.id = "g" + std::to_string(++generations_);
    std::map<DenseId, std::uint32_t> user_rows;
    std::map<DenseId, std::uint32_t> item_rows;
    std::vector<models::WeightedPair> pairs;
    for (const auto& row : store.interactions) {
      const double weight =
          InteractionTypes::built_in()->of(store.types[row.type]).signed_weight(row.value.value_or(1));
      if (weight <= 0) continue;
      if (user_rows.emplace(row.user, user_rows.size()).second) fresh->users.push_back(row.user);
      if (item_rows.emplace(row.item, item_rows.size()).second) fresh->items.push_back(row.item);
      pairs.push_back({user_rows[row.user], item_rows[row.item], static_cast<float>(weight)});
    }
    fresh->user_rows.assign(store.users.size(), kNoDenseId);
    fresh->item_rows.assign(store.items.size(), kNoDenseId);
    for (const auto& [id, row] : user_rows) fresh->user_rows[id] = row;
    for (const auto& [id, row] : item_rows) fresh->item_rows[id] = row;
    fresh->interactions = models::make_interaction_matrix(static_cast<std::uint32_t>(fresh->users.size()),
                                                          static_cast<std::uint32_t>(fresh->items.size()), pairs);
    fresh->interactions_by_item = fresh->interactions.transpose();
    for (std::uint32_t row = 0; row < fresh->interactions.rows; ++row)
      fresh->user_norms.push_back(std::sqrt(static_cast<float>(fresh->interactions.row_columns(row).size())));
    auto neighbors = models::train_neighbors(fresh->interactions_by_item, {}, {});
    auto factors = models::train_ials(fresh->interactions, ials, {});
    ASSERT_TRUE(neighbors.is_ok() && factors.is_ok());
    fresh->item_neighbors = std::move(neighbors).value();
    auto encoder = models::IalsEncoder::create(std::move(factors).value());
    ASSERT_TRUE(encoder.is_ok());
    fresh->encoders.push_back(std::move(encoder).value());
    add_space({.name = "ials",
               .dim = ials.dim,
               .metric = Metric::kDot,
               .quantization = Quantization::kF32,
               .encoder = "ials"});
    for (std::size_t row = 0; row < fresh->items.size(); ++row)
      put_vector("ials", EntityKind::kItem, fresh->items[row],
                 fresh->encoders[0]->item_vectors().subspan(row * ials.dim, ials.dim));
    generation = std::move(fresh);
  }

  void add_space(const Space& space) {
    auto entry = std::make_shared<SpaceIndex>();
    entry->space = space;
    const index::IndexOptions index_options{
        .dim = space.dim, .metric = space.metric, .quantization = space.quantization};
    entry->items = std::move(index::VectorIndex::create(index_options)).value();
    entry->users = std::move(index::VectorIndex::create(index_options)).value();
    spaces[space.name] = std::move(entry);
  }
  void put_vector(const std::string& space, EntityKind kind, DenseId id, std::span<const float> vector) {
    const auto& entry = spaces.at(space);
    ASSERT_TRUE((kind == EntityKind::kItem ? entry->items : entry->users)->upsert(id, vector).is_ok());
  }
  void put_item_vector(const std::string& space, const std::string& item, const std::vector<float>& vector) {
    put_vector(space, EntityKind::kItem, *store.items.find(item), vector);
  }
  void put_funnel(const FunnelConfig& funnel) { funnels[funnel.name] = std::make_shared<FunnelConfig>(funnel); }

  ReadState state() const {
    statistics.refresh(clock.now_ms());
    ReadState result;
    result.options = &options;
    result.store = &store;
    result.users = &users;
    result.items = &items;
    result.user_attributes = &user_attributes;
    result.item_attributes = &item_attributes;
    result.histories = &histories;
    result.item_statistics = &statistics;
    result.generation = generation;
    result.spaces = spaces;
    result.funnels = funnels;
    return result;
  }

  Result<RecommendAnswer> recommend(const RecommendRequest& request, Observer* observer = nullptr) const {
    return engine::recommend(state(), request, store.last_sequence(), observer);
  }

  ManualClock clock{kNow};
  DatabaseOptions options;
  MemoryStore store;
  index::AttributeIndex user_attributes{[this](std::string_view id) { return store.users.find(id); }};
  index::AttributeIndex item_attributes{[this](std::string_view id) { return store.items.find(id); }};
  EntityTable users{EntityKind::kUser, &store.users, &user_attributes};
  EntityTable items{EntityKind::kItem, &store.items, &item_attributes};
  mutable HistoryCache histories{&store, 500, 64ull << 20};
  ItemStatistics statistics{7 * 86'400.0};
  std::shared_ptr<const Generation> generation;
  std::map<std::string, std::shared_ptr<SpaceIndex>, std::less<>> spaces;
  std::map<std::string, std::shared_ptr<const FunnelConfig>, std::less<>> funnels;

 private:
  int generations_ = 0;
};

inline std::vector<std::string> ids_of(const RecommendAnswer& answer) {
  std::vector<std::string> ids;
  for (const RecommendedItem& row : answer.items) ids.push_back(row.item);
  return ids;
}
inline std::vector<std::string> ids_of(const ScoredAnswer& answer) {
  std::vector<std::string> ids;
  for (const ScoredEntity& row : answer.items) ids.push_back(row.id);
  return ids;
}

}  // namespace tamis::engine
