// StoreModel: what a store must hold after a log, computed the slow and obvious way. The oracle of the storage tests.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "storage/store.h"

namespace tamis::storage {

class StoreModel {
 public:
  // REQUIRES: records come in sequence order and are stored ones.
  void apply(const CommittedRecord& record);

  Sequence sequence() const { return sequence_; }
  // The interactions that are there.
  std::vector<InteractionRef> interactions() const;
  // "" where every table of `store` equals the model, else the first difference. Reads everything.
  std::string difference(const Store& store) const;

 private:
  struct Event {
    std::string user, item, type, recommendation_id, idempotency_key, import_id;
    std::optional<double> value;
    TimestampMs timestamp_ms = 0;
    Features context;
    bool in_item_view = true;  // false once its item was deleted
    bool operator==(const Event&) const = default;
  };
  // Gives the id its number where it has none: then the entity exists, too.
  void see(EntityKind kind, const std::string& id, TimestampMs now_ms);
  void remove(EntityKind kind, const std::string& id);
  void take_name(const std::string& user);
  std::string difference_of_entities(const Store& store) const;
  std::string difference_of_interactions(const Store& store) const;
  std::string difference_of_vectors(const Store& store) const;
  std::string difference_of_documents(const Store& store) const;

  Sequence sequence_ = 0;
  std::vector<std::string> ids_[2];  // by EntityKind, in the order of first sight; empty: it has lost its name
  std::map<std::string, Entity> entities_[2];
  std::map<Sequence, Event> events_;
  std::map<std::string, Space> spaces_;
  std::map<std::pair<std::string, int>, std::map<std::string, std::vector<float>>> vectors_;
  std::map<std::pair<std::string, std::string>, std::string> documents_;
  std::set<std::string> collections_;
};

// Reads the whole log into a model. REQUIRES: the store is readable; fails the test else.
Result<StoreModel> replay_log(const Store& store);

}  // namespace tamis::storage
