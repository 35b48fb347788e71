// DatabaseOptions: every knob of a Database, with its meaning, default and range. docs/configuration.md is this in
// prose; the server reads them from TOML, environment and flags. Changing any needs a reopen.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/records.h"
#include "common/status.h"
#include "engine/interaction_type.h"

namespace tamis {

class Observer;
namespace models {
class TextEmbedderSource;
}

struct StorageOptions {
  Durability durability = Durability::kSync;         // of a write that names none
  std::int64_t interval_ms = 50;                     // fsync period of Durability::kInterval, 1..60000
  std::uint64_t block_cache_bytes = 256ull << 20;    // 8 MiB..
  std::uint64_t memtable_bytes = 128ull << 20;       // 4 MiB..
  std::uint64_t min_free_disk_bytes = 512ull << 20;  // writes answer resource_exhausted below it; 0: off
  std::int64_t idempotency_ttl_s = 604'800;          // 60..
  std::int64_t log_retention_s = 30 * 86'400;        // older records go; 0: by age none does. 0, 3600..
  std::uint64_t log_retention_bytes = 64ull << 30;   // beyond it the oldest records go; 0: no bound. 0, 1 MiB..
  std::int64_t erase_within_s = 3'600;               // how often deleted users are erased from the files, 1..2592000
  std::uint64_t max_pending_mutations = 200'000;
};

struct MemoryOptions {
  std::uint64_t limit_bytes = 0;  // over caches, indexes and queues; 0: three quarters of the machine's memory
  std::uint64_t embedding_cache_bytes = 256ull << 20;  // hot rows of tables that stay on disk
  std::uint64_t replay_bytes = 1ull << 30;             // the database as it was, for past answers
  std::uint64_t ranker_items_bytes = 512ull << 20;     // items' parts of the ranker's scores
  std::uint64_t history_cache_bytes = 256ull << 20;    // recent histories of active users
  std::uint64_t commit_queue_bytes = 128ull << 20;     // writes that wait for their commit; 1 MiB..
};

struct IndexSettings {
  Quantization quantization = Quantization::kInt8;  // of spaces that name none
  std::uint32_t m = 16;                             // 4..64
  std::uint32_t ef_construction = 200;              // 10..2000
  double recall_target = 0.98;                      // 0.5..1
  std::int64_t recall_interval_ms = 2'000;          // how often sampled queries are re-run exactly; 0: never
};

struct TrainingOptions {
  // "auto": the run finds the models, their settings and the default funnel that recommend best on the data
  // (docs/training.md); models named beside it are learned in any case.
  std::vector<std::string> models = {"auto"};
  std::int64_t budget_s = 600;  // CPU time of an automatic run, seconds of all threads together; 1..604800
  // Options of each model by name, as in docs/models.md: {"ials":{"dim":"64"}}.
  std::map<std::string, std::map<std::string, std::string>> settings;
  std::int64_t schedule_s = 0;                 // train every so often; 0: by hand only
  std::uint64_t min_new_interactions = 1'000;  // a scheduled run is skipped below it
  std::uint32_t threads = 0;                   // 0: one per core
  double holdout = 0.1;                // share of the interactions, newest, kept for the gate's evaluation; 0..0.5
  double gate_tolerance = 0.02;        // relative loss of ndcg@10 against the serving generation that is still promoted
  std::uint32_t keep_generations = 3;  // 1..100
  // The program that trains, with its first arguments: a run is then a process of its own (engine/training_worker.h),
  // whose crash or want of memory leaves serving alone. Empty: runs happen on a thread of this process. Set by `tamis`.
  std::vector<std::string> worker_command;
  std::uint64_t memory_limit_bytes =
      0;                    // of such a process: heap and private mappings; 0: half of the machine's memory
  std::uint32_t nice = 10;  // its priority, 0..19: how far it stands back behind queries
};

// What streamed interactions change in the serving generation's item vectors between trainings (docs/architecture.md).
struct OnlineOptions {
  bool enabled = false;
  double learning_rate = 1;              // how far a vector goes from the trained one to the refitted one, 0..1
  double max_drift = 1;                  // at most this share of the trained vector's length, 0..100
  std::uint32_t min_interactions = 3;    // of an item without a trained vector, before it gets one, 1..1000
  std::uint32_t max_interactions = 500;  // of an item, the newest, that a refit reads, 1..100000
};

// What was served, for how long, and how it is held (docs/experiments.md). Rates and windows are each funnel's.
struct ImpressionOptions {
  std::int64_t retention_s = 90 * 86'400;     // 3600..; older lists are removed
  std::uint64_t memory_bytes = 256ull << 20;  // of recent lists, which interactions are attributed to; 1 MiB..
  std::uint64_t queue_bytes = 64ull << 20;    // of lists that wait to be written; more are dropped and counted. 1..
  std::vector<std::string> conversion_types = {"purchase"};  // interactions that count as a conversion
};

struct DatabaseOptions {
  StorageOptions storage;
  MemoryOptions memory;
  IndexSettings index;
  TrainingOptions training;
  ImpressionOptions impressions;
  OnlineOptions online;
  FeatureSchema item_schema;
  FeatureSchema user_schema;
  // What interactions mean at the start (docs/interactions.md): over the built-in types lie these weights, then these
  // whole types, then what is stored in the database and changed live. A weight is -1000..1000; that of an unknown type
  // declares it as positive, or as negative where it is below 0.
  std::map<std::string, double> interaction_weights;
  std::map<std::string, InteractionType> interaction_types;
  // How many events of one user, item, type and day (UTC) count in `popular` and `trending`; 0: all. 0..1000000.
  std::uint32_t daily_repeats = 1;
  bool create_unknown_ids = true;              // an interaction may name new users and items
  double trending_half_life_s = 7 * 86'400.0;  // > 0
  std::string latest_field = "listed_at";      // timestamp feature by which `latest` orders; absent: first sight
  std::uint32_t max_history = 500;             // recent interactions of a user that a query considers, 1..10000
  bool read_only = false;
  const Clock* clock = &Clock::system();
  std::shared_ptr<Observer> observer;  // told of timings and events; null for none
  // The model server that the content encoder asks for vectors of texts; null for none. Set by `tamis`.
  std::shared_ptr<const models::TextEmbedderSource> text_embedders;

  // invalid_argument naming the option, the value and the range.
  Status validate() const;
};

}  // namespace tamis
