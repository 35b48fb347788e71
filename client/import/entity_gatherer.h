// EntityGatherer: one entity out of the many rows that mention it.
//
// Holds every distinct id and, per feature, what its `keep` needs: a value, for a median all of them, for the most
// frequent one the distinct ones with their counts. Externally synchronised.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/import/mapping.h"
#include "common/records.h"

namespace tamis::client {

class EntityGatherer {
 public:
  // `features` outlives the gatherer.
  explicit EntityGatherer(const std::vector<FeatureMapping>* features) : features_(features) {}

  // `values[i]` is this row's value of feature i, if any. `line` is remembered from the id's first row, `is_hidden`
  // from its last.
  void add(const std::string& id, std::vector<std::optional<FeatureValue>> values, bool is_hidden, std::uint64_t line);

  // Every entity, in the order of first mention.
  Status for_each(const std::function<Status(const Entity&, std::uint64_t line)>& visit) const;
  std::size_t size() const { return entities_.size(); }

 private:
  struct Gathered {
    std::optional<FeatureValue> value;                           // kLast, kFirst, kMin, kMax
    std::vector<double> numbers;                                 // kMedian
    std::vector<std::pair<FeatureValue, std::uint64_t>> counts;  // kMostFrequent, few distinct ones
  };
  struct Row {
    std::string id;
    std::uint64_t line = 0;
    bool is_hidden = false;
    std::vector<Gathered> features;
  };

  static std::optional<FeatureValue> settle(const Gathered& gathered, const FeatureMapping& mapping);

  const std::vector<FeatureMapping>* const features_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<Row> entities_;
};

}  // namespace tamis::client
