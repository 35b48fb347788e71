// What the query path tells and asks of impressions: interfaces, so that a query runs without them.
#pragma once

#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "engine/funnel.h"
#include "engine/requests.h"

namespace tamis::engine {

// An answer as it leaves the funnel. Valid during the call.
struct ServedAnswer {
  const RecommendRequest& request;
  const FunnelConfig& funnel;
  const RecommendAnswer& answer;  // its items carry score and propensity
  DenseId user = kNoDenseId;
  TimestampMs served_ms = 0;
  bool rotates_otherwise = false;  // than the funnel does for a plain request (engine/query/choose_funnel.h)
};

// Takes note of what was served. Thread-safe; called at the end of each query that is no dry run, so it must not block.
class ImpressionSink {
 public:
  virtual ~ImpressionSink() = default;
  virtual void on_answer(const ServedAnswer& served) = 0;
};

struct ImpressionCounts {
  double impressions = 0;
  double clicks = 0;  // attributed
};

struct ShownItem {
  DenseId item = kNoDenseId;
  TimestampMs at_ms = 0;
};

// What has been shown so far. Thread-safe: readers beside one writer.
class ImpressionStatistics {
 public:
  virtual ~ImpressionStatistics() = default;
  virtual ImpressionCounts of_item(DenseId item) const = 0;
  // What was shown lately to the user of that name, known or not, in any order; one entry per slot served.
  virtual std::vector<ShownItem> shown_to(std::string_view user) const = 0;
};

}  // namespace tamis::engine
