#include "engine/experiments/experiment_set.h"

#include <algorithm>
#include <utility>

#include "engine/experiments/hash_split.h"

namespace tamis::engine {
namespace {

// Layers and experiments may bear one name, and their splits must differ.
std::string layer_salt(const std::string& layer) { return "layer:" + layer; }

std::string layer_of(const ExperimentConfig& experiment) {
  return experiment.layer.empty() ? "=" + experiment.name : experiment.layer;
}

}  // namespace

std::vector<double> planned_shares(const ExperimentConfig& experiment) {
  std::vector<double> shares;
  for (const ExperimentArm& arm : experiment.arms) shares.push_back(arm.share);
  if (experiment.holdout > 0) shares.push_back(experiment.holdout);
  return shares;
}

std::shared_ptr<const ExperimentSet> ExperimentSet::with(const ExperimentConfig& experiment) const {
  auto next = std::make_shared<ExperimentSet>(*without(experiment.name));
  auto entry = std::make_shared<Entry>();
  entry->config = experiment;
  entry->layer = layer_of(experiment);
  entry->salt = experiment.salt.empty() ? experiment.name : experiment.salt;
  entry->shares = planned_shares(experiment);
  for (const ExperimentArm& arm : experiment.arms) {
    FunnelConfig& laid_over = entry->overrides.emplace_back();
    if (!arm.override_json.empty()) laid_over = read_funnel_override("override", arm.override_json).funnel;
  }
  next->entries_[{entry->layer, experiment.name}] = std::move(entry);
  return next;
}

std::shared_ptr<const ExperimentSet> ExperimentSet::without(std::string_view name) const {
  auto next = std::make_shared<ExperimentSet>(*this);
  std::erase_if(next->entries_, [&](const auto& entry) { return entry.second->config.name == name; });
  return next;
}

const ExperimentConfig* ExperimentSet::find(std::string_view name) const {
  for (const auto& [key, entry] : entries_) {
    if (entry->config.name == name) return &entry->config;
  }
  return nullptr;
}

std::vector<ExperimentConfig> ExperimentSet::list() const {
  std::vector<ExperimentConfig> experiments;
  for (const auto& [key, entry] : entries_) experiments.push_back(entry->config);
  std::sort(experiments.begin(), experiments.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return experiments;
}

int ExperimentSet::arm_of_user(const Entry& entry, const Subject& subject) {
  const ExperimentConfig& experiment = entry.config;
  if (subject.now_ms < experiment.start_ms) return -1;
  if (experiment.end_ms != 0 && subject.now_ms >= experiment.end_ms) return -1;
  const std::uint32_t place = bucket_of(layer_salt(entry.layer), subject.user);
  const bool is_inside =
      std::any_of(experiment.buckets.begin(), experiment.buckets.end(),
                  [&](const BucketRange& range) { return place >= range.first && place < range.end; });
  if (!is_inside) return -1;
  if (!experiment.users.is_trivial()) {
    static const Features kUnknown;
    const Features& features = subject.profile == nullptr ? kUnknown : subject.profile->features;
    if (!matches(experiment.users, subject.user, features)) return -1;
  }
  return static_cast<int>(arm_of(bucket_of(entry.salt, subject.user), entry.shares));
}

std::vector<ServedArm> ExperimentSet::assign(
    const Subject& subject, const std::function<std::shared_ptr<const FunnelConfig>(const std::string&)>& stored,
    std::shared_ptr<const FunnelConfig>* funnel) const {
  std::vector<ServedArm> served;
  if (subject.user.empty()) return served;
  const std::string asked = (*funnel)->name;
  for (const auto& [key, entry] : entries_) {
    if (entry->config.funnel != asked) continue;
    const int number = arm_of_user(*entry, subject);
    if (number < 0) continue;
    const auto index = static_cast<std::size_t>(number);
    if (index >= entry->config.arms.size()) {
      served.push_back({entry->config.name, std::string(kHoldoutArm)});
      continue;
    }
    const ExperimentArm& arm = entry->config.arms[index];
    served.push_back({entry->config.name, arm.name});
    if (!arm.funnel.empty()) {
      if (auto found = stored(arm.funnel)) *funnel = std::move(found);
    }
    if (!arm.override_json.empty()) {
      FunnelConfig laid_over = entry->overrides[index];
      inherit_members(**funnel, &laid_over);
      laid_over.name = (*funnel)->name;
      laid_over.version = (*funnel)->version;
      *funnel = std::make_shared<const FunnelConfig>(std::move(laid_over));
    }
  }
  std::sort(served.begin(), served.end(), [](const auto& a, const auto& b) { return a.experiment < b.experiment; });
  return served;
}

}  // namespace tamis::engine
