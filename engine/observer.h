// Observer: how the engine tells a server's metrics of what happens inside it.
#pragma once

#include <cstdint>
#include <string_view>

namespace tamis {

// Methods are called from any thread and must be fast and not block. The defaults ignore everything.
class Observer {
 public:
  virtual ~Observer() = default;
  // A stage of a funnel took `seconds` and left `candidates`.
  virtual void on_funnel_stage(std::string_view /*funnel*/, std::string_view /*stage*/, double /*seconds*/,
                               std::uint64_t /*candidates*/) {}
  // A funnel answered with `items`, of which `fallback_items` came from its fallback.
  virtual void on_answer(std::string_view /*funnel*/, std::uint64_t /*items*/, std::uint64_t /*fallback_items*/) {}
  // A rule of a funnel took `seconds`; beyond the funnel's budget `is_over_budget` is set.
  virtual void on_rule(std::string_view /*funnel*/, std::string_view /*rule*/, double /*seconds*/,
                       bool /*is_over_budget*/) {}
  // A group of `mutations` from `writers` was committed and applied in `seconds`.
  virtual void on_commit(std::uint64_t /*mutations*/, std::uint64_t /*writers*/, double /*seconds*/) {}
  // Time from a write's arrival in the queue to its visibility to queries.
  virtual void on_write_visible(double /*seconds*/) {}
  // Commits waited `seconds` for work that has to run between two of them ("snapshot", "promotion", ...).
  virtual void on_commit_pause(std::string_view /*work*/, double /*seconds*/) {}
  // A training job ended ("succeeded", "failed", "cancelled").
  virtual void on_job_end(std::string_view /*kind*/, std::string_view /*state*/, double /*seconds*/) {}
};

}  // namespace tamis
