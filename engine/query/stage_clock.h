// StageClock: times the stages of one query for the observer and, where asked, for the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/observer.h"
#include "engine/requests.h"

namespace tamis::engine {

// Externally synchronised; lives on the stack of one query. REQUIRES: funnel outlives it.
class StageClock {
 public:
  // `observer` and `trace` may be null.
  StageClock(std::string_view funnel, Observer* observer, std::vector<StageTrace>* trace)
      : funnel_(funnel), observer_(observer), trace_(trace), begin_(std::chrono::steady_clock::now()) {}

  // Ends the stage that began with the last call (or with this object), which left `count` candidates.
  void end_stage(std::string_view stage, std::uint64_t count, std::string_view note = {}) {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    begin_ = now;
    if (observer_ != nullptr) observer_->on_funnel_stage(funnel_, stage, seconds, count);
    if (trace_ != nullptr) trace_->push_back({std::string(stage), count, seconds * 1e6, std::string(note)});
  }

  // The same for a rule, which was given `before` candidates and has `note` to say of them.
  void end_rule(std::string_view rule, std::uint64_t before, std::uint64_t after, bool is_over_budget,
                std::string note = {}) {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    begin_ = now;
    if (observer_ != nullptr) observer_->on_rule(funnel_, rule, seconds, is_over_budget);
    if (trace_ == nullptr) return;
    if (is_over_budget) note += note.empty() ? "over its budget" : "; over its budget";
    trace_->push_back({"rule:" + std::string(rule), after, seconds * 1e6, std::move(note), before});
  }

 private:
  std::string_view funnel_;
  Observer* observer_;
  std::vector<StageTrace>* trace_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace tamis::engine
