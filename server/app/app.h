// App: what every handler shares. Built by Server before the first request, then read-only but for its counters.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>

#include "common/byte_budget.h"
#include "common/cancellation.h"
#include "engine/database.h"
#include "server/app/settings.h"
#include "server/app/worker_pool.h"
#include "server/log/logger.h"

namespace tamis::server {

class Metrics;

struct App {
  Database* database = nullptr;
  const ServerSettings* settings = nullptr;
  Metrics* metrics = nullptr;
  Logger* logger = nullptr;
  WorkerPool* workers = nullptr;        // operation: snapshots, scrapes, funnels, generations
  WorkerPool* query_workers = nullptr;  // heavy queries, behind everything else
  WorkerPool* bulk_workers = nullptr;   // decoding of streams
  std::filesystem::path snapshots_dir;
  std::filesystem::path generations_dir;  // of the data directory: where uploads are unpacked

  // Shared with the database, which counts them in memory.limit.
  std::shared_ptr<ByteBudget> request_bodies;
  std::shared_ptr<ByteBudget> bulk_memory;

  std::atomic<bool> is_draining{false};
  Cancellation shutdown;  // cancelled once the drain timeout has passed
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint32_t> requests{0};
  std::atomic<std::uint32_t> bulk_streams{0};
  std::atomic<std::uint32_t> writes{0};  // handed to the database, not yet called back
};

}  // namespace tamis::server
