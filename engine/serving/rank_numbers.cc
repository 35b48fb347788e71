#include "engine/serving/rank_numbers.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "common/clock.h"
#include "common/feature_reading.h"
#include "engine/serving/stamped_array.h"

namespace tamis::engine {
namespace {

double days_between(TimestampMs from_ms, TimestampMs to_ms) {
  return std::max(0.0, static_cast<double>(to_ms - from_ms) / kDayMs);
}

// What the user did with each item.
struct Taken {
  double weight = 0;
  TimestampMs last_ms = 0;
};
StampedArray<Taken>& taken_by_key(const RankQuery& query) {
  thread_local StampedArray<Taken> taken;
  taken.clear();
  for (const RankEvent& event : query.events) {
    Taken& entry = taken[event.key];
    entry.weight += event.weight;
    entry.last_ms = std::max(entry.last_ms, event.timestamp_ms);
  }
  return taken;
}

// Writes one column of a row-major table.
class Column {
 public:
  Column(std::vector<double>& table, std::size_t width, std::size_t column)
      : table_(table), width_(width), column_(column) {}
  double& operator[](std::size_t row) { return table_[row * width_ + column_]; }

 private:
  std::vector<double>& table_;
  std::size_t width_;
  std::size_t column_;
};

// Places from 1 by descending score, equal scores in the candidates' order; those without a score share the last.
void fill_ranks(std::span<const double> scores, Column column) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
  for (std::size_t place = 0; place < order.size(); ++place)
    column[order[place]] = static_cast<double>(scores[order[place]] == 0 ? scores.size() : place + 1);
}

const FeatureValue* find_value(const Features* features, const std::string& name) {
  if (features == nullptr) return nullptr;
  const auto found = features->find(name);
  return found == features->end() ? nullptr : &found->second;
}

// Calls visit(category) for each category of a feature that is there.
template <typename Visit>
void visit_categories_of(const Features* features, const std::string& name, const Visit& visit) {
  if (const FeatureValue* value = find_value(features, name)) visit_categories(*value, visit);
}

// The share of the history's weight that lies on items with a value of the candidate's.
void fill_shares(const std::string& name, const RankQuery& query, std::span<const RankCandidate> candidates,
                 const void* world, ItemFeaturesOf item_features, Column column) {
  std::unordered_map<std::string_view, double> weights;
  double total = 0;
  for (const RankEvent& event : query.events) {
    visit_categories_of(item_features(world, event.key), name,
                        [&](std::string_view category) { weights[category] += event.weight; });
    total += event.weight;
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    double share = 0;
    visit_categories_of(candidates[i].features, name, [&](std::string_view category) {
      if (const auto found = weights.find(category); found != weights.end()) share = std::max(share, found->second);
    });
    column[i] = total > 0 ? share / total : 0;
  }
}

double shifted_log(double value) { return std::log1p(std::max(value, 0.0)); }

void fill_differences(const std::string& name, const RankQuery& query, std::span<const RankCandidate> candidates,
                      const void* world, ItemFeaturesOf item_features, Column column) {
  double sum = 0;
  std::size_t count = 0;
  for (const RankEvent& event : query.events) {
    const FeatureValue* value = find_value(item_features(world, event.key), name);
    const auto* number = value == nullptr ? nullptr : std::get_if<double>(value);
    if (number == nullptr) continue;
    sum += shifted_log(*number);
    ++count;
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const FeatureValue* value = find_value(candidates[i].features, name);
    const auto* number = value == nullptr ? nullptr : std::get_if<double>(value);
    column[i] = number == nullptr || count == 0 ? kNoNumber : shifted_log(*number) - sum / static_cast<double>(count);
  }
}

}  // namespace

double history_number(const RankFeature& feature, const RankQuery& query) {
  if (feature.source == RankSource::kHistoryEvents) return static_cast<double>(query.events.size());
  if (feature.source == RankSource::kHistoryItems) {
    std::unordered_set<std::uint32_t> items;
    for (const RankEvent& event : query.events) items.insert(event.key);
    return static_cast<double>(items.size());
  }
  if (query.events.empty()) return kNoNumber;
  if (feature.source == RankSource::kHistoryDays) return days_between(query.events.back().timestamp_ms, query.now_ms);
  return days_between(query.events.front().timestamp_ms, query.events.back().timestamp_ms);
}

std::vector<double> crossed_numbers(std::span<const RankFeature> features, const ModelScores& scores,
                                    const RankQuery& query, std::span<const RankCandidate> candidates,
                                    const void* world, ItemFeaturesOf item_features) {
  std::vector<double> numbers(candidates.size() * features.size());
  StampedArray<Taken>& taken = taken_by_key(query);
  std::unordered_map<std::string_view, std::vector<double>> by_model;  // scores that both score and rank read
  const auto scores_of = [&](const std::string& model) -> const std::vector<double>& {
    const auto [entry, is_new] = by_model.try_emplace(model);
    if (is_new) {
      entry->second.resize(candidates.size());
      scores.score(model, /*recent=*/false, candidates, entry->second);
    }
    return entry->second;
  };
  for (std::size_t f = 0; f < features.size(); ++f) {
    const RankFeature& feature = features[f];
    Column column(numbers, features.size(), f);
    switch (feature.source) {
      case RankSource::kScore: {
        const std::vector<double>& found = scores_of(feature.argument);
        for (std::size_t i = 0; i < candidates.size(); ++i) column[i] = found[i];
        break;
      }
      case RankSource::kRank: fill_ranks(scores_of(feature.argument), column); break;
      case RankSource::kRecentScore: {
        std::vector<double> recent(candidates.size());
        scores.score(feature.argument, /*recent=*/true, candidates, recent);
        for (std::size_t i = 0; i < candidates.size(); ++i) column[i] = recent[i];
        break;
      }
      case RankSource::kShare: fill_shares(feature.argument, query, candidates, world, item_features, column); break;
      case RankSource::kDifference:
        fill_differences(feature.argument, query, candidates, world, item_features, column);
        break;
      default:
        for (std::size_t i = 0; i < candidates.size(); ++i) {
          const RankCandidate& candidate = candidates[i];
          const Taken* own = taken.find(candidate.key);
          switch (feature.source) {
            case RankSource::kPopularity: column[i] = candidate.popularity; break;
            case RankSource::kTrend: column[i] = candidate.trend; break;
            case RankSource::kAgeDays:
              column[i] = candidate.listed_ms == 0 ? kNoNumber : days_between(candidate.listed_ms, query.now_ms);
              break;
            case RankSource::kTaken: column[i] = own == nullptr ? 0 : own->weight; break;
            default: column[i] = own == nullptr ? kNoNumber : days_between(own->last_ms, query.now_ms); break;
          }
        }
    }
  }
  return numbers;
}

}  // namespace tamis::engine
