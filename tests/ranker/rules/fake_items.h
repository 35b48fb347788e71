// Items made up for tests of rules.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "ranker/rules/rule.h"

namespace tamis::ranker {

struct FakeItem {
  Features features = {};
  std::vector<float> embedding = {};
  ItemCounts counts = {};
  std::vector<PastEvent> history = {};
};

class FakeItems final : public ItemFacts {
 public:
  FakeItem& operator[](std::uint32_t item) {
    ids_[item] = "i" + std::to_string(item);
    return items_[item];
  }
  std::string_view id(std::uint32_t item) const override { return ids_.at(item); }
  const Features& features(std::uint32_t item) const override { return items_.at(item).features; }
  std::span<const float> embedding(std::uint32_t item) const override { return items_.at(item).embedding; }
  ItemCounts counts(std::uint32_t item) const override { return items_.at(item).counts; }
  std::span<const PastEvent> history(std::uint32_t item) const override { return items_.at(item).history; }

 private:
  std::map<std::uint32_t, FakeItem> items_;
  std::map<std::uint32_t, std::string> ids_;
};

inline CandidateList scored(std::vector<std::pair<std::uint32_t, double>> pairs) {
  CandidateList list;
  for (const auto& [item, score] : pairs) list.push_back({.item = item, .score = score});
  return list;
}

inline std::vector<std::uint32_t> order(const CandidateList& list) {
  std::vector<std::uint32_t> items;
  for (const Candidate& candidate : list) items.push_back(candidate.item);
  return items;
}

using Order = std::vector<std::uint32_t>;

// Items 0, 1, ... with scores falling from 1 by 0.01 and the category of each.
inline CandidateList categorized(FakeItems& items, const std::vector<std::string>& categories) {
  CandidateList list;
  for (std::uint32_t i = 0; i < categories.size(); ++i) {
    items[i].features = {{"category", categories[i]}};
    list.push_back({.item = i, .score = 1 - 0.01 * i});
  }
  return list;
}

}  // namespace tamis::ranker
