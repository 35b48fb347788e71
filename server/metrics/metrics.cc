#include "server/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "server/metrics/buckets.h"
#include "server/metrics/engine_observer.h"

namespace tamis::server {
namespace {

prometheus::Family<prometheus::Counter>& counter_family(prometheus::Registry& registry, const std::string& name,
                                                        const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

Metrics::Metrics() : registry_(std::make_shared<prometheus::Registry>()) {
  observer_ = std::make_shared<EngineObserver>(registry_);
  request_seconds_ = &prometheus::BuildHistogram()
                          .Name("tamis_http_request_seconds")
                          .Help("Time from a request's header to the end of its answer.")
                          .Register(*registry_);
  refused_ = &counter_family(*registry_, "tamis_http_refused_total", "Requests refused by a limit, by reason.");
  for (const char* reason : {"connections", "requests", "rate", "malformed", "timeout", "memory"})
    refused_->Add({{"reason", reason}});
  received_bytes_ = &counter_family(*registry_, "tamis_http_received_bytes_total", "Bytes of request bodies.").Add({});
  sent_bytes_ = &counter_family(*registry_, "tamis_http_sent_bytes_total", "Bytes of response bodies.").Add({});
  auto& bulk = counter_family(*registry_, "tamis_bulk_records_total", "Records of bulk streams, by outcome.");
  bulk_accepted_ = &bulk.Add({{"outcome", "accepted"}});
  bulk_refused_ = &bulk.Add({{"outcome", "refused"}});
}

Metrics::~Metrics() = default;

std::shared_ptr<Observer> Metrics::observer() const { return observer_; }
void Metrics::keep_funnels(const std::set<std::string, std::less<>>& funnels) { observer_->keep_funnels(funnels); }

EndpointMetrics* Metrics::add_endpoint(std::string method, std::string route) {
  auto& endpoint = endpoints_.emplace_back(std::make_unique<EndpointMetrics>());
  endpoint->method = std::move(method);
  endpoint->route = std::move(route);
  return endpoint.get();
}

void Metrics::on_request(EndpointMetrics* endpoint, unsigned status, double seconds, std::uint64_t received_bytes,
                         std::uint64_t sent_bytes) {
  const std::size_t status_class = std::min<std::size_t>(status / 100, 5);
  auto& slot = endpoint->seconds[status_class];
  prometheus::Histogram* histogram = slot.load(std::memory_order_acquire);
  if (histogram == nullptr) {  // Add gives every caller the same one
    histogram = &request_seconds_->Add(
        {{"method", endpoint->method}, {"route", endpoint->route}, {"status", std::to_string(status_class) + "xx"}},
        kLatencyBuckets);
    slot.store(histogram, std::memory_order_release);
  }
  histogram->Observe(seconds);
  if (received_bytes > 0) received_bytes_->Increment(static_cast<double>(received_bytes));
  sent_bytes_->Increment(static_cast<double>(sent_bytes));
}

void Metrics::on_refused(std::string_view reason) { refused_->Add({{"reason", std::string(reason)}}).Increment(); }

void Metrics::on_bulk_records(std::uint64_t accepted, std::uint64_t refused) {
  bulk_accepted_->Increment(static_cast<double>(accepted));
  bulk_refused_->Increment(static_cast<double>(refused));
}

std::string Metrics::serialize() const {
  std::vector<prometheus::MetricFamily> families = registry_->Collect();
  for (const auto& weak : collectors_) {
    const auto collector = weak.lock();
    if (collector == nullptr) continue;
    for (auto& family : collector->Collect()) families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace tamis::server
