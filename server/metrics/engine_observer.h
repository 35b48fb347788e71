// EngineObserver: turns what the engine reports into series. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "common/mutex.h"
#include "engine/observer.h"

namespace tamis::server {

class EngineObserver final : public Observer {
 public:
  explicit EngineObserver(std::shared_ptr<prometheus::Registry> registry);

  void on_funnel_stage(std::string_view funnel, std::string_view stage, double seconds,
                       std::uint64_t candidates) override TAMIS_EXCLUDES(mutex_);
  void on_answer(std::string_view funnel, std::uint64_t items, std::uint64_t fallback_items) override
      TAMIS_EXCLUDES(mutex_);
  void on_rule(std::string_view funnel, std::string_view rule, double seconds, bool is_over_budget) override
      TAMIS_EXCLUDES(mutex_);
  void on_commit(std::uint64_t mutations, std::uint64_t writers, double seconds) override;
  void on_write_visible(double seconds) override;
  void on_commit_pause(std::string_view work, double seconds) override;
  void on_job_end(std::string_view kind, std::string_view state, double seconds) override;

  // Removes the series of funnels that are not among these, but for "override" and "other".
  void keep_funnels(const std::set<std::string, std::less<>>& funnels) TAMIS_EXCLUDES(mutex_);

  // Beyond these numbers a funnel or a stage counts as "other".
  static constexpr std::size_t kMaxFunnels = 200;
  static constexpr std::size_t kMaxStages = 60;  // of one funnel

 private:
  struct Stage {
    prometheus::Histogram* seconds;
    prometheus::Counter* candidates;
  };
  struct Answers {  // of one funnel, by what they held
    prometheus::Counter* ranked;
    prometheus::Counter* fallback;
    prometheus::Counter* empty;

    prometheus::Counter* of(std::uint64_t items, std::uint64_t fallback_items) const {
      return items == 0 ? empty : fallback_items > 0 ? fallback : ranked;
    }
  };
  struct Rule {
    prometheus::Histogram* seconds;
    prometheus::Counter* over_budget;
  };
  Stage& stage_of(std::string_view funnel, std::string_view stage) TAMIS_REQUIRES(mutex_);
  Stage* find_stage(std::string_view funnel, std::string_view stage) TAMIS_REQUIRES_SHARED(mutex_);
  Answers& answers_of(std::string_view funnel) TAMIS_REQUIRES(mutex_);
  Rule find_rule(std::string_view rule) TAMIS_EXCLUDES(mutex_);

  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Histogram>& stage_seconds_;
  prometheus::Family<prometheus::Counter>& stage_candidates_;
  prometheus::Family<prometheus::Counter>& answers_total_;
  prometheus::Family<prometheus::Histogram>& rule_seconds_;
  prometheus::Family<prometheus::Counter>& rule_over_budget_;
  prometheus::Family<prometheus::Histogram>& job_seconds_;
  prometheus::Family<prometheus::Histogram>& pause_seconds_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Histogram& commit_mutations_;
  prometheus::Histogram& commit_writers_;
  prometheus::Histogram& visible_seconds_;
  SharedMutex mutex_;
  std::map<std::string, std::map<std::string, Stage, std::less<>>, std::less<>> stages_ TAMIS_GUARDED_BY(mutex_);
  std::map<std::string, Answers, std::less<>> answers_ TAMIS_GUARDED_BY(mutex_);  // by funnel
  std::map<std::string, Rule, std::less<>> rules_ TAMIS_GUARDED_BY(mutex_);       // by kind
};

}  // namespace tamis::server
