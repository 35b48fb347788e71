#include <cmath>
#include <set>
#include <sstream>

#include "engine/options.h"
#include "engine/settings/model_settings.h"

namespace tamis {
namespace {

// Collects the first fault of a series of range checks.
class RangeCheck {
 public:
  template <typename Number>
  void within(const char* option, Number value, Number lowest, Number highest) {
    if (!(value >= lowest && value <= highest)) refuse(option, value, lowest, highest);
  }
  template <typename Number>
  void at_least(const char* option, Number value, Number lowest) {
    if (status_.is_ok() && !(value >= lowest)) {
      std::ostringstream message;
      message << option << " is " << value << "; expected at least " << lowest;
      fail(option, message.str());
    }
  }
  void fail(const std::string& option, const std::string& message) {
    if (status_.is_ok()) status_ = Status::invalid_argument(message).at_field(option);
  }
  Status status() && { return std::move(status_); }

 private:
  template <typename Number>
  void refuse(const char* option, Number value, Number lowest, Number highest) {
    std::ostringstream message;
    message << option << " is " << value << "; expected " << lowest << " to " << highest;
    fail(option, message.str());
  }
  Status status_;
};

void check_schema(const char* option, const FeatureSchema& schema, RangeCheck* check) {
  for (const auto& [name, kind] : schema) {
    if (name.empty() || name.size() > FeatureLimits::kMaxNameBytes) {
      check->fail(option, std::string(option) + " declares a feature with a name of " + std::to_string(name.size()) +
                              " bytes; expected 1 to 128");
    }
    if (kind < FeatureKind::kBoolean || kind > FeatureKind::kText) {
      check->fail(option, std::string(option) + "." + name + " has an unknown kind");
    }
  }
}

void check_forgetting(const StorageOptions& storage, RangeCheck* check) {
  if (storage.log_retention_s != 0)
    check->at_least<std::int64_t>("storage.log_retention_s", storage.log_retention_s, 3'600);
  if (storage.log_retention_bytes != 0) {
    check->at_least<std::uint64_t>("storage.log_retention_bytes", storage.log_retention_bytes, 1 << 20);
  }
  check->within<std::int64_t>("storage.erase_within_s", storage.erase_within_s, 1, 2'592'000);
}

void check_training(const TrainingOptions& training, RangeCheck* check) {
  const std::vector<std::string>& known = engine::trainable_models();
  const std::set<std::string> models(known.begin(), known.end());
  std::string expected;
  for (const std::string& name : known) expected += (expected.empty() ? "" : ", ") + name;
  for (const auto& model : training.models) {
    if (model != engine::kAutomatic && !models.contains(model)) {
      check->fail("training.models", "training.models names \"" + model + "\"; expected auto or of " + expected);
    }
  }
  for (const auto& [model, settings] : training.settings) {
    if (!models.contains(model)) {
      check->fail("training.settings", "training.settings names \"" + model + "\"; expected one of " + expected);
    }
  }
  check->at_least<std::int64_t>("training.schedule_s", training.schedule_s, 0);
  check->within<std::uint32_t>("training.threads", training.threads, 0, 1024);
  check->within<std::int64_t>("training.budget_s", training.budget_s, 1, 604'800);
  check->within("training.holdout", training.holdout, 0.0, 0.5);
  check->within("training.gate_tolerance", training.gate_tolerance, 0.0, 1.0);
  check->within<std::uint32_t>("training.nice", training.nice, 0, 19);
  check->within<std::uint32_t>("training.keep_generations", training.keep_generations, 1, 100);
}

void check_online(const OnlineOptions& online, RangeCheck* check) {
  check->within("training.online.learning_rate", online.learning_rate, 0.0, 1.0);
  check->within("training.online.max_drift", online.max_drift, 0.0, 100.0);
  check->within<std::uint32_t>("training.online.min_interactions", online.min_interactions, 1, 1'000);
  check->within<std::uint32_t>("training.online.max_interactions", online.max_interactions, 1, 100'000);
}

void check_impressions(const ImpressionOptions& impressions, RangeCheck* check) {
  check->at_least<std::int64_t>("impressions.retention_s", impressions.retention_s, 3'600);
  check->at_least<std::uint64_t>("impressions.memory_bytes", impressions.memory_bytes, 1 << 20);
  check->at_least<std::uint64_t>("impressions.queue", impressions.queue_bytes, 1);
}

}  // namespace

Status DatabaseOptions::validate() const {
  constexpr std::uint64_t kMiB = 1ull << 20;
  RangeCheck check;
  check.within<std::int64_t>("storage.interval_ms", storage.interval_ms, 1, 60'000);
  check.at_least("storage.block_cache_bytes", storage.block_cache_bytes, 8 * kMiB);
  check.at_least("storage.memtable_bytes", storage.memtable_bytes, 4 * kMiB);
  check.at_least<std::int64_t>("storage.idempotency_ttl_s", storage.idempotency_ttl_s, 60);
  check.at_least<std::uint64_t>("storage.max_pending_mutations", storage.max_pending_mutations, 1);
  check.at_least("memory.commit_queue_bytes", memory.commit_queue_bytes, kMiB);

  check.within<std::uint32_t>("index.m", index.m, 4, 64);
  check.within<std::uint32_t>("index.ef_construction", index.ef_construction, 10, 2'000);
  check.within("index.recall_target", index.recall_target, 0.5, 1.0);
  check.at_least<std::int64_t>("index.recall_interval_ms", index.recall_interval_ms, 0);
  check_forgetting(storage, &check);
  check_training(training, &check);
  check_online(online, &check);
  check_impressions(impressions, &check);

  check_schema("item_schema", item_schema, &check);
  check_schema("user_schema", user_schema, &check);
  for (const auto& [type, weight] : interaction_weights) {
    if (type.empty() || type.size() > 64) {
      check.fail("interaction_weights",
                 "interaction_weights names a type of " + std::to_string(type.size()) + " bytes; expected 1 to 64");
    }
    check.within(("interaction_weights." + type).c_str(), weight, -1'000.0, 1'000.0);
  }
  for (const auto& [name, type] : interaction_types) {
    InteractionType named = type;
    named.name = name;
    if (const Status valid = validate_interaction_type(named); !valid.is_ok())
      check.fail("interaction_types", "interaction_types." + name + valid.field() + ": " + valid.message());
  }
  check.within<std::uint32_t>("daily_repeats", daily_repeats, 0, 1'000'000);
  if (!(trending_half_life_s > 0) || !std::isfinite(trending_half_life_s)) {
    check.fail("trending_half_life_s", "trending_half_life_s is " + std::to_string(trending_half_life_s) +
                                           "; expected a finite number above 0");
  }
  check.within<std::uint32_t>("max_history", max_history, 1, 10'000);
  if (clock == nullptr) check.fail("clock", "clock is null; expected a Clock");
  TAMIS_RETURN_IF_ERROR(std::move(check).status());
  // As the trainer reads them when a database opens.
  TAMIS_RETURN_IF_ERROR(engine::validate_run_models(training.models, {}, "training.models"));
  return engine::parse_model_settings(training).status();
}

}  // namespace tamis
