#include "client/import/entity_gatherer.h"

#include <algorithm>
#include <cmath>

#include "common/feature_reading.h"

namespace tamis::client {

void EntityGatherer::add(const std::string& id, std::vector<std::optional<FeatureValue>> values, bool is_hidden,
                         std::uint64_t line) {
  const auto [found, is_new] = index_.try_emplace(id, entities_.size());
  if (is_new) entities_.push_back({id, line, is_hidden, std::vector<Gathered>(features_->size())});
  Row& row = entities_[found->second];
  row.is_hidden = is_hidden;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    Gathered& gathered = row.features[i];
    switch ((*features_)[i].keep) {
      case Keep::kLast: gathered.value = std::move(values[i]); break;
      case Keep::kFirst:
        if (!gathered.value) gathered.value = std::move(values[i]);
        break;
      case Keep::kMin:
        if (!gathered.value || *values[i] < *gathered.value) gathered.value = std::move(values[i]);
        break;
      case Keep::kMax:
        if (!gathered.value || *values[i] > *gathered.value) gathered.value = std::move(values[i]);
        break;
      case Keep::kMedian: gathered.numbers.push_back(number_of(*values[i]).value()); break;
      case Keep::kMostFrequent: {
        const auto same = std::ranges::find(gathered.counts, *values[i], [](const auto& entry) { return entry.first; });
        if (same != gathered.counts.end()) {
          ++same->second;
        } else {
          gathered.counts.emplace_back(std::move(*values[i]), 1);
        }
        break;
      }
    }
  }
}

std::optional<FeatureValue> EntityGatherer::settle(const Gathered& gathered, const FeatureMapping& mapping) {
  if (mapping.keep == Keep::kMedian && !gathered.numbers.empty()) {
    std::vector<double> numbers = gathered.numbers;
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
    std::nth_element(numbers.begin(), middle, numbers.end());
    double median = *middle;
    if (numbers.size() % 2 == 0) median = (median + *std::max_element(numbers.begin(), middle)) / 2;
    if (mapping.kind == FeatureKind::kTimestamp) return FeatureValue(Timestamp{std::llround(median)});
    return FeatureValue(median);
  }
  if (mapping.keep == Keep::kMostFrequent && !gathered.counts.empty()) {
    return std::ranges::max_element(gathered.counts, {}, [](const auto& entry) { return entry.second; })->first;
  }
  return gathered.value;
}

Status EntityGatherer::for_each(const std::function<Status(const Entity&, std::uint64_t line)>& visit) const {
  for (const Row& row : entities_) {
    Entity entity;
    entity.id = row.id;
    entity.hidden = row.is_hidden;
    for (std::size_t i = 0; i < row.features.size(); ++i) {
      if (auto value = settle(row.features[i], (*features_)[i]))
        entity.features[(*features_)[i].name] = std::move(*value);
    }
    TAMIS_RETURN_IF_ERROR(visit(entity, row.line));
  }
  return Status::ok();
}

}  // namespace tamis::client
