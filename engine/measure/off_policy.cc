#include "engine/off_policy.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <unordered_map>

#include "engine/measure/distributions.h"

namespace tamis {
namespace {

// The weights of a list's slots, and how far cutting went.
struct Weights {
  std::vector<double> at;
  std::uint64_t clipped = 0;
  double largest = 0;
};

Weights weights_of(const LoggedList& list, const OffPolicyOptions& options) {
  Weights weights;
  double product = 1;
  for (const LoggedSlot& slot : list.slots) {
    const double ratio = slot.probability / slot.propensity;
    product *= ratio;
    double weight = options.assumption == RewardAssumption::kPrefix ? product : ratio;
    weights.largest = std::max(weights.largest, weight);
    if (options.max_weight > 0 && weight > options.max_weight) {
      weight = options.max_weight;
      ++weights.clipped;
    }
    weights.at.push_back(weight);
  }
  return weights;
}

// The weighted sums of one slot over all lists that have it.
struct SlotSums {
  double lists = 0;
  double weight = 0;
  double squared = 0;
  double reward = 0;
  double mean_reward() const { return weight > 0 ? reward / weight : 0; }
};

// Of per-list contributions: their mean, and its error where the lists of one user vary together.
class ClusteredMean {
 public:
  explicit ClusteredMean(std::span<const LoggedList> lists) : lists_(lists) {}
  // `values`: [lists]; `center` is subtracted from each before they are squared.
  double standard_error(const std::vector<double>& values, double center) const {
    std::unordered_map<std::uint64_t, double> by_user;
    for (std::size_t i = 0; i < values.size(); ++i) by_user[lists_[i].user] += values[i] - center;
    const auto users = static_cast<double>(by_user.size());
    if (users < 2) return 0;
    double squares = 0;
    for (const auto& [user, sum] : by_user) squares += sum * sum;
    return std::sqrt(squares * users / (users - 1)) / static_cast<double>(values.size());
  }

 private:
  std::span<const LoggedList> lists_;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

ValueEstimate estimate(std::string name, double value, double standard_error, double alpha) {
  const double half = standard_error * engine::normal_quantile(1 - alpha / 2);
  return {std::move(name), value, value - half, value + half, standard_error};
}

// What each list contributes to each estimate.
struct Contributions {
  std::vector<double> logged, ips, dr;
};

Contributions contributions_of(std::span<const LoggedList> lists, const std::vector<Weights>& weights) {
  Contributions sums;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    double logged = 0, ips = 0, dr = 0;
    for (std::size_t j = 0; j < lists[i].slots.size(); ++j) {
      const LoggedSlot& slot = lists[i].slots[j];
      const double weight = weights[i].at[j];
      logged += slot.reward;
      ips += weight * slot.reward;
      dr += weight * (slot.reward - slot.model_reward);
    }
    sums.logged.push_back(logged);
    sums.ips.push_back(ips);
    sums.dr.push_back(dr);
  }
  return sums;
}

// DR's first term: the model's value of each slot, reached with the weight of those above.
void add_model_values(std::span<const LoggedList> lists, const std::vector<Weights>& weights,
                      RewardAssumption assumption, std::vector<double>* dr) {
  for (std::size_t i = 0; i < lists.size(); ++i) {
    double reached = 1;
    for (std::size_t j = 0; j < lists[i].slots.size(); ++j) {
      (*dr)[i] += reached * lists[i].slots[j].model_value;
      if (assumption == RewardAssumption::kPrefix) reached = weights[i].at[j];
    }
  }
}

}  // namespace

OffPolicyEstimates estimate_off_policy(std::span<const LoggedList> lists, const OffPolicyOptions& options) {
  OffPolicyEstimates result;
  result.lists = lists.size();
  std::vector<Weights> weights;
  std::vector<SlotSums> slots;
  std::uint64_t weight_count = 0, clipped = 0, matching = 0;
  std::unordered_map<std::uint64_t, int> users;
  for (const LoggedList& list : lists) {
    users.try_emplace(list.user);
    const Weights& own = weights.emplace_back(weights_of(list, options));
    if (slots.size() < list.slots.size()) slots.resize(list.slots.size());
    for (std::size_t j = 0; j < list.slots.size(); ++j) {
      slots[j].lists += 1;
      slots[j].weight += own.at[j];
      slots[j].squared += own.at[j] * own.at[j];
      slots[j].reward += own.at[j] * list.slots[j].reward;
      result.is_deterministic &= list.slots[j].propensity == 1;
    }
    weight_count += own.at.size();
    clipped += own.clipped;
    matching += !own.at.empty() && own.at.back() > 0 ? 1 : 0;
    result.largest_weight = std::max(result.largest_weight, own.largest);
  }
  result.users = users.size();
  if (lists.empty() || slots.empty()) return result;
  const auto count = static_cast<double>(lists.size());

  Contributions sums = contributions_of(lists, weights);
  add_model_values(lists, weights, options.assumption, &sums.dr);
  const ClusteredMean errors(lists);
  const auto plain = [&](std::string name, const std::vector<double>& values) {
    const double value = mean(values);
    return estimate(std::move(name), value, errors.standard_error(values, value), options.alpha);
  };
  result.logged = plain("logged", sums.logged);
  result.ips = plain("ips", sums.ips);
  result.dr = plain("dr", sums.dr);

  double normalized = 0;
  for (const SlotSums& slot : slots) normalized += slot.mean_reward() * slot.lists / count;
  std::vector<double> influence(lists.size());
  for (std::size_t i = 0; i < lists.size(); ++i) {
    for (std::size_t j = 0; j < lists[i].slots.size(); ++j) {
      if (slots[j].weight <= 0) continue;
      influence[i] +=
          slots[j].lists / slots[j].weight * weights[i].at[j] * (lists[i].slots[j].reward - slots[j].mean_reward());
    }
  }
  result.snips = estimate("snips", normalized, errors.standard_error(influence, 0), options.alpha);

  result.effective_sample_size = count;
  result.support = 1;
  for (const SlotSums& slot : slots) {
    const double size = slot.squared > 0 ? slot.weight * slot.weight / slot.squared : 0;
    result.effective_sample_size = std::min(result.effective_sample_size, size);
    const double share = slot.weight / slot.lists;
    if (share >= result.support) continue;
    result.support = share;
    result.support_error = std::sqrt(std::max(0.0, slot.squared / slot.lists - share * share) / slot.lists);
  }
  result.clipped_share = weight_count == 0 ? 0 : static_cast<double>(clipped) / static_cast<double>(weight_count);
  result.matching_share = static_cast<double>(matching) / count;
  return result;
}

std::string support_fault(const OffPolicyEstimates& estimates, double least_sample) {
  constexpr double kLeastSupport = 0.95;
  if (estimates.lists == 0) return "no list was logged that the funnel could be compared on";
  std::ostringstream fault;
  fault.precision(3);
  const bool lacks_support =
      estimates.clipped_share == 0 && estimates.support + 3 * estimates.support_error < kLeastSupport;
  if (lacks_support || estimates.effective_sample_size <= 0) {
    fault << "the log shows only " << 100 * estimates.support << "% of what this funnel would serve";
    if (estimates.is_deterministic)
      fault << ": every logged slot has propensity 1, nothing was left to chance, so nothing tells what other items "
               "would have earned; log with an explore rule first";
    return fault.str();
  }
  if (estimates.effective_sample_size < least_sample) {
    fault << "the " << estimates.lists << " lists weigh as much as " << estimates.effective_sample_size
          << " of this funnel's own; at least " << least_sample << " are needed";
    return fault.str();
  }
  return {};
}

}  // namespace tamis
