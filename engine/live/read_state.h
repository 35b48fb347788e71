// ReadState: what one query sees. Pinned by a shared_ptr for the query's duration; published by pointer swap whenever a
// part is replaced (a promotion, a new space). The parts themselves take committed records while they are read.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/records.h"
#include "engine/funnel.h"
#include "engine/interactions/interaction_types.h"
#include "engine/live/entity_table.h"
#include "engine/live/history_cache.h"
#include "engine/live/impressions.h"
#include "engine/live/item_statistics.h"
#include "engine/live/vector_rows.h"
#include "engine/options.h"
#include "engine/serving/generation.h"
#include "index/attribute_index.h"
#include "index/vector_index.h"
#include "storage/store.h"

namespace tamis::engine {

// The vectors of one space: what is stored in it, and for a trained space what the serving generation gives.
struct SpaceIndex {
  Space space;
  std::unique_ptr<index::VectorIndex> items;
  std::unique_ptr<index::VectorIndex> users;
  std::atomic<std::uint64_t> changes{1};  // counts vectors written and removed

  // Used only by the code that saves index files. The files hold the vectors after so many changes and merges, and
  // carry this sequence.
  std::uint64_t saved_revision = 0;
  Sequence saved_sequence = 0;
};

class ExperimentSet;

struct ReadState {
  static const std::shared_ptr<const std::set<std::string, std::less<>>>& no_type_names() {
    static const auto kNone = std::make_shared<const std::set<std::string, std::less<>>>();
    return kNone;
  }

  const DatabaseOptions* options = nullptr;
  const storage::Store* store = nullptr;
  std::shared_ptr<const void> tables;  // owns what the seven pointers below show
  const EntityTable* users = nullptr;
  const EntityTable* items = nullptr;
  const index::AttributeIndex* user_attributes = nullptr;
  const index::AttributeIndex* item_attributes = nullptr;
  HistoryCache* histories = nullptr;
  VectorRows* vector_rows = nullptr;  // stored f32 rows of external spaces
  const ItemStatistics* item_statistics = nullptr;
  const ImpressionStatistics* impression_statistics = nullptr;  // null: nothing has been counted
  ImpressionSink* impression_sink = nullptr;                    // null: answers leave no trace

  std::shared_ptr<const InteractionTypes> interaction_types = InteractionTypes::built_in();  // never null
  // The undeclared types in use; never null.
  using TypeNames = std::set<std::string, std::less<>>;
  std::shared_ptr<const TypeNames> undeclared_types = no_type_names();

  bool exact_search = false;  // vectors are scanned, not walked: answers then depend on the data alone

  std::shared_ptr<const ExperimentSet> experiments;                                 // null: none was ever stored
  std::shared_ptr<const Generation> generation;                                     // null before the first
  std::map<std::string, std::shared_ptr<SpaceIndex>, std::less<>> spaces;           // external ones and trained ones
  std::map<std::string, std::shared_ptr<const FunnelConfig>, std::less<>> funnels;  // "default" is always there
};

}  // namespace tamis::engine
