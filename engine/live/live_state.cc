#include "engine/live/live_state.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/feature_time.h"
#include "engine/funnel.h"
#include "engine/interactions/stored_types.h"
#include "engine/live/space_index.h"
#include "engine/serving/generation_ranker.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

// When an item was listed: its own date where it has one, else its first sight. The latter is in the past, whatever the
// clock said then.
TimestampMs listing_date(const Entity& entity, const std::string& latest_field, TimestampMs first_seen_ms,
                         TimestampMs now_ms) {
  first_seen_ms = std::min(first_seen_ms, now_ms);
  return find_time(entity.features, latest_field).value_or(first_seen_ms);
}

std::string describe_entity(EntityKind kind, const std::string& id) {
  return (kind == EntityKind::kUser ? "user " : "item ") + in_quotes(id);
}

}  // namespace

LiveState::Tables::Tables(const DatabaseOptions& options, const storage::Store* store, std::shared_ptr<RowCache> rows)
    : user_attributes([store](std::string_view id) { return store->ids(EntityKind::kUser).find(id); }),
      item_attributes([store](std::string_view id) { return store->ids(EntityKind::kItem).find(id); }),
      users(EntityKind::kUser, &store->ids(EntityKind::kUser), &user_attributes),
      items(EntityKind::kItem, &store->ids(EntityKind::kItem), &item_attributes),
      histories(store, options.max_history, options.memory.history_cache_bytes, start_types(options)),
      item_statistics(options.trending_half_life_s),
      vector_rows(store, rows != nullptr ? std::move(rows)
                                         : std::make_shared<RowCache>(options.memory.embedding_cache_bytes)) {}

LiveState::LiveState(const DatabaseOptions* options, const storage::Store* store, std::shared_ptr<RowCache> rows)
    : options_(options),
      store_(store),
      reads_originals_(rows != nullptr),
      tables_(std::make_shared<Tables>(*options, store, std::move(rows))),
      item_counter_(options, store, &tables_->item_statistics, start_types(*options)) {
  auto state = std::make_shared<ReadState>();
  state->options = options;
  state->store = store;
  state->tables = tables_;
  state->users = &users_;
  state->items = &items_;
  state->user_attributes = &user_attributes_;
  state->item_attributes = &item_attributes_;
  state->histories = &histories_;
  state->vector_rows = &vector_rows_;
  state->item_statistics = &item_statistics_;
  state->interaction_types = start_types(*options);
  state->funnels = funnels_.resolve();
  MutexLock lock(state_mutex_);
  state_ = std::move(state);
}

std::shared_ptr<const ReadState> LiveState::pin() const {
  MutexLock lock(state_mutex_);
  return state_;
}

std::shared_ptr<const ReadState> LiveState::publish(const std::function<void(ReadState&)>& change) {
  auto next = std::make_shared<ReadState>(*pin());
  change(*next);
  std::shared_ptr<const ReadState> published = std::move(next);
  MutexLock lock(state_mutex_);
  state_.swap(published);
  return published;
}

void LiveState::put_entity(EntityKind kind, DenseId id, const Entity& entity, TimestampMs first_seen_ms) {
  const Status sound = check_features(entity.features);
  if (sound.is_ok()) {
    if (!quarantine_.is_empty()) quarantine_.release(Quarantine::kFeatures, describe_entity(kind, entity.id));
    return put_sound_entity(kind, id, entity, first_seen_ms);
  }
  quarantine_.add(Quarantine::kFeatures, describe_entity(kind, entity.id), sound);
  Entity bare = entity;
  bare.features.clear();
  put_sound_entity(kind, id, bare, first_seen_ms);
}

void LiveState::put_sound_entity(EntityKind kind, DenseId id, const Entity& entity, TimestampMs first_seen_ms) {
  EntityTable& table = entities(kind);
  const bool is_new = !table.contains(id);
  table.put(id, entity, first_seen_ms);
  expiries_.set(kind, id, entity.expires_ms);
  if (kind == EntityKind::kItem) {
    item_statistics_.set_listed(
        id, listing_date(entity, options_->latest_field, table.first_seen_ms(id), options_->clock->now_ms()));
  }
  place_in_trained_spaces(kind, id, entity, is_new);
}

void LiveState::place_in_trained_spaces(EntityKind kind, DenseId id, const Entity& entity, bool is_new) {
  const auto state = pin();
  if (state->generation == nullptr) return;
  const Generation& generation = *state->generation;
  for (const auto& encoder : generation.encoders) {
    const auto space = state->spaces.find(encoder->shape().name);
    if (space == state->spaces.end()) continue;
    const bool was_trained_on = generation.vocabulary(space->first).row_of(kind, id) != kNoDenseId;
    if (was_trained_on && !is_new) continue;
    if (kind == EntityKind::kItem && encoder->asks_server() && item_listener_ != nullptr)
      item_listener_->on_described(id);
    std::vector<float> vector(encoder->shape().dim);
    if (!find_trained_vector(generation, *encoder, kind, id, &entity, vector)) continue;
    const Status status = index_of(*space->second, kind).upsert(id, vector);
    space->second->changes.fetch_add(1, std::memory_order_relaxed);
    note_vector(space->first, kind, entity.id, status);
  }
}

void LiveState::count_type(storage::InteractionTypeId type, std::int64_t change) {
  bool is_new = false;
  bool is_gone = false;
  {
    MutexLock lock(counts_mutex_);
    if (counts_by_type_.size() <= type) counts_by_type_.resize(type + std::size_t{1});
    std::uint64_t& count = counts_by_type_[type];
    is_new = count == 0 && change > 0;
    const bool was_in_use = count > 0;
    count = change < 0 && count < static_cast<std::uint64_t>(-change) ? 0 : count + static_cast<std::uint64_t>(change);
    is_gone = was_in_use && count == 0;
  }
  if (is_new) on_new_type(store_->interaction_type_name(type));
  if (!is_gone) return;
  const auto state = pin();
  const std::string name = store_->interaction_type_name(type);
  if (!state->undeclared_types->contains(name)) return;
  auto undeclared = std::make_shared<ReadState::TypeNames>(*state->undeclared_types);
  undeclared->erase(name);  // its place under the bound is free again
  publish([&](ReadState& next) { next.undeclared_types = undeclared; });
}

void LiveState::on_new_type(const std::string& name) {
  const auto state = pin();
  if (state->interaction_types->find(name) != nullptr || state->undeclared_types->contains(name)) return;
  const std::string_view nearest = state->interaction_types->nearest(name);
  spdlog::warn("interaction type \"{}\" is undeclared and counts as positive with weight 1{}", name,
               nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?");
  auto undeclared = std::make_shared<ReadState::TypeNames>(*state->undeclared_types);
  undeclared->insert(name);
  publish([&](ReadState& next) { next.undeclared_types = undeclared; });
}

void LiveState::count_user(std::vector<storage::StoredInteraction> interactions) {
  const auto rating = store_->find_interaction_type(kRatingType);
  for (const auto& interaction : interactions) {
    count_type(interaction.type, 1);
    if (interaction.value && interaction.type == rating) recent_ratings_.add(*interaction.value);
  }
  item_counter_.load_user(std::move(interactions));
}

void LiveState::set_interaction_types(std::shared_ptr<const InteractionTypes> types) {
  item_counter_.set_types(types);
  histories_.set_types(types);
  publish([&](ReadState& state) { state.interaction_types = types; });
}

void LiveState::change_interaction_types(std::shared_ptr<const InteractionTypes> types) {
  is_recounting_.store(true, std::memory_order_release);
  item_counter_.change_types(types);
  auto undeclared = std::make_shared<ReadState::TypeNames>();
  for (const auto& [name, count] : interactions_by_type())
    if (types->find(name) == nullptr) undeclared->insert(name);
  publish([&](ReadState& state) {
    state.interaction_types = types;
    state.undeclared_types = undeclared;
  });
  histories_.set_types(std::move(types));
}

bool LiveState::recount_some(std::size_t events) {
  const bool is_done = item_counter_.recount_some(events);
  is_recounting_.store(!is_done, std::memory_order_release);
  return is_done;
}

void LiveState::note_vector(const std::string& space, EntityKind kind, const std::string& id, const Status& outcome) {
  if (outcome.is_ok() && quarantine_.is_empty()) return;
  const std::string name = "of " + describe_entity(kind, id) + " in space " + in_quotes(space);
  if (outcome.is_ok()) {
    quarantine_.release(Quarantine::kVector, name);
  } else {
    quarantine_.add(Quarantine::kVector, name, outcome);
  }
}

void LiveState::put_funnel(const std::string& name, const std::string& json) {
  const std::string described = "funnel " + in_quotes(name);
  auto funnel = parse_funnel(name, json);
  if (!funnel.is_ok()) {
    quarantine_.add(Quarantine::kDocument, described, funnel.status());
    return delete_funnel(name);
  }
  quarantine_.release(Quarantine::kDocument, described);
  funnels_.put(std::move(funnel).value());
  publish([&](ReadState& state) { state.funnels = funnels_.resolve(); });
}

void LiveState::delete_funnel(const std::string& name) {
  funnels_.erase(name);
  publish([&](ReadState& state) { state.funnels = funnels_.resolve(); });
}

Funnels LiveState::follow_generation(const Generation* generation) {
  const bool has_found = generation != nullptr && generation->info.default_funnel;
  funnels_.set_built_in(has_found ? *generation->info.default_funnel : FunnelConfig::default_funnel());
  return funnels_.resolve();
}

std::map<std::string, std::uint64_t> LiveState::interactions_by_type() const {
  std::vector<std::uint64_t> counts;
  {
    MutexLock lock(counts_mutex_);
    counts = counts_by_type_;
  }
  std::map<std::string, std::uint64_t> by_name;
  for (std::size_t type = 0; type < counts.size(); ++type) {
    if (counts[type] == 0) continue;
    by_name[store_->interaction_type_name(static_cast<storage::InteractionTypeId>(type))] = counts[type];
  }
  return by_name;
}

std::map<std::string, std::uint64_t> LiveState::memory_parts() const {
  std::map<std::string, std::uint64_t> parts = {
      {"ids", store_->ids(EntityKind::kUser).memory_bytes() + store_->ids(EntityKind::kItem).memory_bytes()},
      {"entities", users_.memory_bytes() + items_.memory_bytes()},
      {"filters", user_attributes_.memory_bytes() + item_attributes_.memory_bytes()},
      {"histories", histories_.memory_bytes()},
      {"counts", item_statistics_.memory_bytes() + item_counter_.memory_bytes()},
      {"embedding_cache", vector_rows_.memory_bytes()},
  };
  const auto state = pin();
  std::uint64_t& indexes = parts["indexes"];
  for (const auto& [name, space] : state->spaces)
    indexes += space->items->stats().memory_bytes + space->users->stats().memory_bytes;
  parts["generation"] = state->generation == nullptr ? 0 : state->generation->file_bytes;
  std::uint64_t& ranked = parts["ranker_items"];
  if (state->generation != nullptr && state->generation->ranker != nullptr)
    for (const auto& objective : state->generation->ranker->objectives()) ranked += objective->items().memory_bytes();
  return parts;
}

std::map<std::string, CacheFigures> LiveState::cache_figures() const {
  std::map<std::string, CacheFigures> caches = {{"histories", histories_.figures()},
                                                {"embedding_cache", vector_rows_.figures()}};
  CacheFigures& ranked = caches["ranker_items"];
  const auto state = pin();
  if (state->generation == nullptr || state->generation->ranker == nullptr) return caches;
  for (const auto& objective : state->generation->ranker->objectives()) {
    const CacheFigures figures = objective->items().figures();
    ranked.hits += figures.hits;
    ranked.misses += figures.misses;
  }
  return caches;
}

}  // namespace tamis::engine
