#include "server/metrics/engine_observer.h"

#include "server/metrics/buckets.h"

namespace tamis::server {
namespace {

constexpr std::string_view kOther = "other";
constexpr std::string_view kOverride = "override";  // of funnels that came with their requests

prometheus::Histogram& add_histogram(prometheus::Registry& registry, const std::string& name, const std::string& help,
                                     const prometheus::Histogram::BucketBoundaries& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

}  // namespace

EngineObserver::EngineObserver(std::shared_ptr<prometheus::Registry> registry)
    : registry_(std::move(registry)),
      stage_seconds_(prometheus::BuildHistogram()
                         .Name("tamis_funnel_stage_seconds")
                         .Help("Time that one stage of a funnel took for one request.")
                         .Register(*registry_)),
      stage_candidates_(prometheus::BuildCounter()
                            .Name("tamis_funnel_stage_candidates_total")
                            .Help("Candidates that a stage of a funnel left.")
                            .Register(*registry_)),
      answers_total_(prometheus::BuildCounter()
                         .Name("tamis_answers_total")
                         .Help("Recommendations: ranked, with items of the fallback, or empty.")
                         .Register(*registry_)),
      rule_seconds_(prometheus::BuildHistogram()
                        .Name("tamis_rule_duration_seconds")
                        .Help("Time that one re-rank rule took for one request.")
                        .Register(*registry_)),
      rule_over_budget_(prometheus::BuildCounter()
                            .Name("tamis_rule_over_budget_total")
                            .Help("Rules that took longer than their funnel's rule_budget_us.")
                            .Register(*registry_)),
      job_seconds_(prometheus::BuildHistogram()
                       .Name("tamis_job_seconds")
                       .Help("Time that a job ran until it ended, by kind and state.")
                       .Register(*registry_)),
      pause_seconds_(prometheus::BuildHistogram()
                         .Name("tamis_commit_pause_seconds")
                         .Help("Time that commits waited for work that runs between two of them.")
                         .Register(*registry_)),
      commit_seconds_(add_histogram(*registry_, "tamis_commit_seconds", "Time to commit and apply one group of writes.",
                                    kLatencyBuckets)),
      commit_mutations_(
          add_histogram(*registry_, "tamis_commit_mutations", "Mutations in one group of writes.", kCountBuckets)),
      commit_writers_(
          add_histogram(*registry_, "tamis_commit_writers", "Writers that shared one group.", kCountBuckets)),
      visible_seconds_(add_histogram(*registry_, "tamis_write_visible_seconds",
                                     "Lag from a write's arrival in the queue to its visibility to queries.",
                                     kLatencyBuckets)) {}

EngineObserver::Stage* EngineObserver::find_stage(std::string_view funnel, std::string_view stage) {
  const auto stages = stages_.find(funnel);
  if (stages == stages_.end()) return nullptr;
  const auto found = stages->second.find(stage);
  return found == stages->second.end() ? nullptr : &found->second;
}

EngineObserver::Stage& EngineObserver::stage_of(std::string_view funnel, std::string_view stage) {
  if (Stage* known = find_stage(funnel, stage)) return *known;
  const bool is_known = stages_.find(funnel) != stages_.end();
  if (!is_known && stages_.size() >= kMaxFunnels && funnel != kOther) return stage_of(kOther, stage);
  auto& stages = stages_[std::string(funnel)];
  if (stages.size() >= kMaxStages && stage != kOther) return stage_of(funnel, kOther);
  const prometheus::Labels labels = {{"funnel", std::string(funnel)}, {"stage", std::string(stage)}};
  const Stage created{&stage_seconds_.Add(labels, kStageBuckets), &stage_candidates_.Add(labels)};
  return stages.insert_or_assign(std::string(stage), created).first->second;
}

// A series is used under the lock: keep_funnels() may remove it.
void EngineObserver::on_funnel_stage(std::string_view funnel, std::string_view stage, double seconds,
                                     std::uint64_t candidates) {
  const auto observe = [&](const Stage& found) {
    found.seconds->Observe(seconds);
    found.candidates->Increment(static_cast<double>(candidates));
  };
  {
    const ReaderLock lock(mutex_);
    if (const Stage* found = find_stage(funnel, stage)) return observe(*found);
  }
  const WriterLock lock(mutex_);
  observe(stage_of(funnel, stage));
}

EngineObserver::Answers& EngineObserver::answers_of(std::string_view funnel) {
  if (const auto known = answers_.find(funnel); known != answers_.end()) return known->second;
  if (answers_.size() >= kMaxFunnels && funnel != kOther) return answers_of(kOther);
  const auto add = [&](const char* outcome) {
    return &answers_total_.Add({{"funnel", std::string(funnel)}, {"outcome", outcome}});
  };
  const Answers created{add("ranked"), add("fallback"), add("empty")};
  return answers_.insert_or_assign(std::string(funnel), created).first->second;
}

void EngineObserver::on_answer(std::string_view funnel, std::uint64_t items, std::uint64_t fallback_items) {
  {
    const ReaderLock lock(mutex_);
    if (const auto known = answers_.find(funnel); known != answers_.end())
      return known->second.of(items, fallback_items)->Increment();
  }
  const WriterLock lock(mutex_);
  answers_of(funnel).of(items, fallback_items)->Increment();
}

void EngineObserver::keep_funnels(const std::set<std::string, std::less<>>& funnels) {
  const WriterLock lock(mutex_);
  const auto stays = [&](const std::string& funnel) {
    return funnels.contains(funnel) || funnel == kOverride || funnel == kOther;
  };
  std::erase_if(answers_, [&](const auto& entry) {
    const auto& [funnel, answers] = entry;
    if (stays(funnel)) return false;
    for (prometheus::Counter* counter : {answers.ranked, answers.fallback, answers.empty})
      answers_total_.Remove(counter);
    return true;
  });
  std::erase_if(stages_, [&](const auto& entry) {
    const auto& [funnel, stages] = entry;
    if (stays(funnel)) return false;
    for (const auto& [name, stage] : stages) {
      stage_seconds_.Remove(stage.seconds);
      stage_candidates_.Remove(stage.candidates);
    }
    return true;
  });
}

EngineObserver::Rule EngineObserver::find_rule(std::string_view rule) {
  {
    const ReaderLock lock(mutex_);
    if (const auto found = rules_.find(rule); found != rules_.end()) return found->second;
  }
  const prometheus::Labels labels = {{"rule", std::string(rule)}};
  const Rule created{&rule_seconds_.Add(labels, kStageBuckets), &rule_over_budget_.Add(labels)};
  const WriterLock lock(mutex_);
  rules_.insert_or_assign(std::string(rule), created);
  return created;
}

void EngineObserver::on_rule(std::string_view /*funnel*/, std::string_view rule, double seconds, bool is_over_budget) {
  const Rule found = find_rule(rule);
  found.seconds->Observe(seconds);
  if (is_over_budget) found.over_budget->Increment();
}

void EngineObserver::on_commit(std::uint64_t mutations, std::uint64_t writers, double seconds) {
  commit_seconds_.Observe(seconds);
  commit_mutations_.Observe(static_cast<double>(mutations));
  commit_writers_.Observe(static_cast<double>(writers));
}

void EngineObserver::on_write_visible(double seconds) { visible_seconds_.Observe(seconds); }

void EngineObserver::on_commit_pause(std::string_view work, double seconds) {
  pause_seconds_.Add({{"work", std::string(work)}}, kLatencyBuckets).Observe(seconds);
}

void EngineObserver::on_job_end(std::string_view kind, std::string_view state, double seconds) {
  job_seconds_.Add({{"kind", std::string(kind)}, {"state", std::string(state)}}, kJobBuckets).Observe(seconds);
}

}  // namespace tamis::server
