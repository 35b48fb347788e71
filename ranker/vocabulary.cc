#include "ranker/vocabulary.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tamis::ranker {

Result<Vocabulary> Vocabulary::create(std::vector<std::string> values) {
  if (values.size() >= std::numeric_limits<std::uint32_t>::max())
    return Status::invalid_argument("a vocabulary has more values than 32 bits count");
  Vocabulary vocabulary;
  vocabulary.row_.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!vocabulary.row_.emplace(values[i], static_cast<std::uint32_t>(i + 1)).second)
      return Status::invalid_argument("value \"" + values[i] + "\" is in the vocabulary twice");
  }
  vocabulary.values_ = std::move(values);
  return vocabulary;
}

std::uint32_t Vocabulary::row_of(std::string_view value) const {
  const auto found = row_.find(value);
  return found == row_.end() ? kUnknown : found->second;
}

void VocabularyBuilder::add(std::string_view value) {
  const auto found = counts_.find(value);
  if (found != counts_.end()) {
    ++found->second;
  } else {
    counts_.emplace(std::string(value), 1);
  }
}

Result<Vocabulary> VocabularyBuilder::build(std::uint64_t min_count) const {
  std::vector<std::pair<std::uint64_t, std::string>> kept;
  for (const auto& [value, count] : counts_) {
    if (count >= min_count) kept.emplace_back(count, value);
  }
  std::sort(kept.begin(), kept.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<std::string> values;
  values.reserve(kept.size());
  for (auto& [count, value] : kept) values.push_back(std::move(value));
  return Vocabulary::create(std::move(values));
}

}  // namespace tamis::ranker
