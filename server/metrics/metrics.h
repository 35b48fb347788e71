// Metrics: what /metrics shows, by prometheus-cpp. docs/operations.md lists the names. Thread-safe once serving.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/observer.h"

namespace prometheus {
class Counter;
class Histogram;
class Collectable;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace tamis::server {

class EngineObserver;

// The series of one endpoint, created with the first answer of their status class.
struct EndpointMetrics {
  std::string method;
  std::string route;
  std::array<std::atomic<prometheus::Histogram*>, 6> seconds{};  // by the status's first digit
};

class Metrics {
 public:
  Metrics();
  ~Metrics();

  EndpointMetrics* add_endpoint(std::string method, std::string route);
  void on_request(EndpointMetrics* endpoint, unsigned status, double seconds, std::uint64_t received_bytes,
                  std::uint64_t sent_bytes);
  void on_refused(
      std::string_view reason);  // "connections", "requests", "overload", "rate", "malformed", "timeout", "memory"
  void on_bulk_records(std::uint64_t accepted, std::uint64_t refused);

  // What the engine reports; lives as long as someone holds it.
  std::shared_ptr<Observer> observer() const;
  // Removes the series of funnels that are not among these.
  void keep_funnels(const std::set<std::string, std::less<>>& funnels);
  // Collected, too, for as long as its owner keeps it. Before serving only.
  void add_collector(std::weak_ptr<const prometheus::Collectable> collector) {
    collectors_.push_back(std::move(collector));
  }
  // The text exposition format, version 0.0.4.
  std::string serialize() const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::shared_ptr<EngineObserver> observer_;
  std::vector<std::weak_ptr<const prometheus::Collectable>> collectors_;
  std::vector<std::unique_ptr<EndpointMetrics>> endpoints_;
  prometheus::Family<prometheus::Histogram>* request_seconds_ = nullptr;
  prometheus::Family<prometheus::Counter>* refused_ = nullptr;
  prometheus::Counter* received_bytes_ = nullptr;
  prometheus::Counter* sent_bytes_ = nullptr;
  prometheus::Counter* bulk_accepted_ = nullptr;
  prometheus::Counter* bulk_refused_ = nullptr;
};

}  // namespace tamis::server
