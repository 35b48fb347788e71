#include "tests/storage/store_model.h"

#include <algorithm>
#include <tuple>

namespace tamis::storage {
namespace {

std::size_t index_of(EntityKind kind) { return static_cast<std::size_t>(kind); }

constexpr EntityKind kKinds[] = {EntityKind::kUser, EntityKind::kItem};

}  // namespace

void StoreModel::see(EntityKind kind, const std::string& id, TimestampMs now_ms) {
  auto& ids = ids_[index_of(kind)];
  if (std::find(ids.begin(), ids.end(), id) != ids.end()) return;  // what was deleted stays deleted
  ids.push_back(id);
  entities_[index_of(kind)].try_emplace(id, Entity{.id = id, .features = {}, .updated_ms = now_ms, .expires_ms = 0});
}

void StoreModel::remove(EntityKind kind, const std::string& id) {
  entities_[index_of(kind)].erase(id);
  for (auto& [key, vectors] : vectors_) {
    if (key.second == static_cast<int>(kind)) vectors.erase(id);
  }
}

void StoreModel::take_name(const std::string& user) {
  auto& ids = ids_[index_of(EntityKind::kUser)];
  if (const auto found = std::find(ids.begin(), ids.end(), user); found != ids.end()) found->clear();
}

void StoreModel::apply(const CommittedRecord& record) {
  sequence_ = record.sequence;
  const TimestampMs now = record.committed_ms;
  if (const auto* put = std::get_if<PutInteraction>(&record.mutation)) {
    const Interaction& in = put->interaction;
    see(EntityKind::kUser, in.user, now);
    see(EntityKind::kItem, in.item, now);
    events_[record.sequence] = {
        in.user,  in.item,         in.type,   in.recommendation_id, in.idempotency_key, in.import_id,
        in.value, in.timestamp_ms, in.context};
  } else if (const auto* entity = std::get_if<PutEntity>(&record.mutation)) {
    see(entity->kind, entity->entity.id, now);
    entities_[index_of(entity->kind)][entity->entity.id] = entity->entity;
  } else if (const auto* erased = std::get_if<DeleteEntity>(&record.mutation)) {
    remove(erased->kind, erased->id);
    if (erased->erase) take_name(erased->id);
    if (erased->kind == EntityKind::kUser) {
      std::erase_if(events_, [&](const auto& event) { return event.second.user == erased->id; });
    } else {
      for (auto& [sequence, event] : events_) {
        if (event.item == erased->id) event.in_item_view = false;
      }
    }
  } else if (const auto* vector = std::get_if<PutVector>(&record.mutation)) {
    see(vector->kind, vector->id, now);
    if (entities_[index_of(vector->kind)].contains(vector->id)) {
      vectors_[{vector->space, static_cast<int>(vector->kind)}][vector->id] = vector->vector;
    }
  } else if (const auto* no_vector = std::get_if<DeleteVector>(&record.mutation)) {
    vectors_[{no_vector->space, static_cast<int>(no_vector->kind)}].erase(no_vector->id);
  } else if (const auto* space = std::get_if<PutSpace>(&record.mutation)) {
    spaces_[space->space.name] = space->space;
  } else if (const auto* no_space = std::get_if<DeleteSpace>(&record.mutation)) {
    spaces_.erase(no_space->name);
    std::erase_if(vectors_, [&](const auto& entry) { return entry.first.first == no_space->name; });
  } else if (const auto* document = std::get_if<PutDocument>(&record.mutation)) {
    documents_[{document->collection, document->name}] = document->json;
    collections_.insert(document->collection);
  } else if (const auto* no_document = std::get_if<DeleteDocument>(&record.mutation)) {
    documents_.erase({no_document->collection, no_document->name});
  } else if (const auto* taken = std::get_if<DeleteInteractions>(&record.mutation)) {
    for (const InteractionRef& row : taken->rows) events_.erase(row.sequence);
  } else if (const auto* merge = std::get_if<MergeUser>(&record.mutation)) {
    if (!merge->moved.empty()) see(EntityKind::kUser, merge->user, now);
    for (const Sequence sequence : merge->moved) events_.at(sequence).user = merge->user;
    if (merge->complete) {
      remove(EntityKind::kUser, merge->session);
      take_name(merge->session);
    }
  }
}

std::vector<InteractionRef> StoreModel::interactions() const {
  std::vector<InteractionRef> refs;
  for (const auto& [sequence, event] : events_) refs.push_back({event.user, event.timestamp_ms, sequence});
  return refs;
}

std::string StoreModel::difference(const Store& store) const {
  if (store.last_sequence() != sequence_) {
    return "sequence " + std::to_string(store.last_sequence()) + ", the log ends at " + std::to_string(sequence_);
  }
  for (const auto part : {&StoreModel::difference_of_entities, &StoreModel::difference_of_interactions,
                          &StoreModel::difference_of_vectors, &StoreModel::difference_of_documents}) {
    if (std::string difference = (this->*part)(store); !difference.empty()) return difference;
  }
  return "";
}

std::string StoreModel::difference_of_entities(const Store& store) const {
  for (const EntityKind kind : kKinds) {
    const auto& ids = ids_[index_of(kind)];
    if (store.ids(kind).size() != ids.size()) return "number of ids";
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (store.ids(kind).name(static_cast<DenseId>(i)) != ids[i]) return "name of id " + std::to_string(i);
      if (!ids[i].empty() && store.ids(kind).find(ids[i]) != static_cast<DenseId>(i)) return "id of " + ids[i];
    }
    std::map<std::string, Entity> stored;
    const Status scanned = store.scan_entities(kind, 0, [&](DenseId, Entity&& entity) {
      stored[entity.id] = std::move(entity);
      return true;
    });
    if (!scanned.is_ok()) return scanned.to_string();
    if (stored != entities_[index_of(kind)]) return kind == EntityKind::kUser ? "users" : "items";
  }
  const StoreCounts counts = store.counts();
  if (counts.users != entities_[0].size()) return "count of users";
  if (counts.items != entities_[1].size()) return "count of items";
  if (counts.interactions != events_.size()) return "count of interactions";
  return "";
}

std::string StoreModel::difference_of_interactions(const Store& store) const {
  using Position = std::tuple<std::string, TimestampMs, Sequence>;  // owner, time and sequence negated: newest first
  std::map<Position, Event> by_user, by_item;
  for (const auto& [sequence, event] : events_) {
    by_user[{event.user, -event.timestamp_ms, ~sequence}] = event;
    if (event.in_item_view) by_item[{event.item, -event.timestamp_ms, ~sequence}] = event;
  }
  for (const EntityKind kind : kKinds) {
    const auto& expected = kind == EntityKind::kUser ? by_user : by_item;
    std::map<Position, Event> stored;
    for (const std::string& owner : ids_[index_of(kind)]) {
      if (owner.empty()) continue;
      const DenseId id = *store.ids(kind).find(owner);
      const auto rows =
          kind == EntityKind::kUser ? store.user_interactions(id, 100'000) : store.item_interactions(id, 100'000);
      if (!rows.is_ok()) return rows.status().to_string();
      Position before;
      for (const StoredInteraction& row : *rows) {
        const Position position{owner, -row.timestamp_ms, ~row.sequence};
        if (&row != &rows->front() && position <= before) return "order of the history of " + owner;
        before = position;
        stored[position] = {store.ids(EntityKind::kUser).name(row.user),
                            store.ids(EntityKind::kItem).name(row.item),
                            store.interaction_type_name(row.type),
                            row.recommendation_id,
                            row.idempotency_key,
                            row.import_id,
                            row.value,
                            row.timestamp_ms,
                            row.context,
                            kind == EntityKind::kItem || events_.at(row.sequence).in_item_view};
      }
    }
    if (stored != expected) return kind == EntityKind::kUser ? "interactions by user" : "interactions by item";
    std::size_t scanned = 0;
    const auto count = [&](const StoredInteraction&) { return ++scanned, true; };
    const Status status =
        kind == EntityKind::kUser ? store.scan_interactions(false, count) : store.scan_interactions_by_item(count);
    if (!status.is_ok()) return status.to_string();
    if (scanned != expected.size()) return "scan of interactions: " + std::to_string(scanned);
  }
  return "";
}

std::string StoreModel::difference_of_vectors(const Store& store) const {
  std::map<std::string, Space> spaces;
  for (const Space& space : store.spaces()) spaces[space.name] = space;
  if (spaces != spaces_) return "spaces";
  const StoreCounts counts = store.counts();
  for (const auto& [name, space] : spaces_) {
    std::uint64_t count = 0;
    for (const EntityKind kind : kKinds) {
      std::map<std::string, std::vector<float>> stored;
      const Status scanned = store.scan_vectors(name, kind, [&](DenseId id, std::span<const float> vector) {
        stored[store.ids(kind).name(id)].assign(vector.begin(), vector.end());
        return true;
      });
      if (!scanned.is_ok()) return scanned.to_string();
      const auto expected = vectors_.find({name, static_cast<int>(kind)});
      if (stored != (expected == vectors_.end() ? decltype(stored){} : expected->second)) return "vectors of " + name;
      count += stored.size();
    }
    const auto counted = counts.vectors.find(name);
    if (counted == counts.vectors.end() || counted->second != count) return "count of vectors of " + name;
  }
  return "";
}

std::string StoreModel::difference_of_documents(const Store& store) const {
  std::map<std::pair<std::string, std::string>, std::string> stored;
  for (const std::string& collection : collections_) {
    const auto documents = store.list_documents(collection);
    if (!documents.is_ok()) return documents.status().to_string();
    for (const Document& document : *documents) stored[{collection, document.name}] = document.json;
  }
  return stored == documents_ ? "" : "documents";
}

Result<StoreModel> replay_log(const Store& store) {
  StoreModel model;
  TAMIS_RETURN_IF_ERROR(store.read_log(0, [&](const CommittedRecord& record) {
    model.apply(record);
    return true;
  }));
  return model;
}

}  // namespace tamis::storage
