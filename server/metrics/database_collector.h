// DatabaseCollector: the database's figures, read when Prometheus asks. Thread-safe.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "server/app/app.h"

namespace tamis::server {

// REQUIRES: the app outlives the collector; the database outlives collect().
class DatabaseCollector final : public prometheus::Collectable {
 public:
  explicit DatabaseCollector(const App* app) : app_(app) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const App* app_;
};

}  // namespace tamis::server
