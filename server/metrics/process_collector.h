// ProcessCollector: the process as the system sees it, by Prometheus's usual names. Thread-safe.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

namespace tamis::server {

class ProcessCollector final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace tamis::server
