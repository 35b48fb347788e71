// FeatureTokens: features of users, items and contexts as bags of hashed tokens for one embedding table (Weinberger et
// al. 2009, arXiv:0902.2206). There is no vocabulary to keep: a value seen for the first time has a bucket, too.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/feature.h"
#include "common/status.h"
#include "models/nn/embedding_bag.h"

namespace tamis::models {

// Categorical values, booleans and the elements of sets are one token each; words of texts likewise; a number is one
// token per field, weighted by the standardised value, clamped to -3..3. The tokens of a field share the length 1, so
// that a long text does not drown the rest. A value type; concurrent reads are safe.
class FeatureTokens {
 public:
  // buckets > 0.
  explicit FeatureTokens(std::uint32_t buckets = 1) : buckets_(buckets) {}

  // Learns mean and standard deviation of each numeric field, over all groups.
  void fit(std::initializer_list<std::span<const Features>> groups);
  // Adds the tokens of `features` to the open bag. `scope` keeps equal names apart ("user", "context").
  void append(std::string_view scope, const Features& features, nn::Bags& bags) const;

  std::uint32_t buckets() const { return buckets_; }
  // The numeric fields as a JSON object {"field": [mean, deviation]}, and back: corruption for anything else.
  std::string to_json() const;
  static Result<FeatureTokens> from_json(std::uint32_t buckets, std::string_view json);

 private:
  struct Numeric {
    double mean = 0;
    double deviation = 1;  // > 0
  };
  std::uint32_t bucket(std::string_view scope, std::string_view field, std::string_view value) const;

  std::uint32_t buckets_;
  std::map<std::string, Numeric, std::less<>> numeric_;
};

}  // namespace tamis::models
