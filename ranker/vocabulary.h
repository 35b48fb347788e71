// Vocabulary: the values of a field that training knew, and the row of the embedding table that each has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/status.h"

namespace tamis::ranker {

// Row 0 is the unknown value; known values have rows 1, 2, ... Immutable once built; thread-safe.
class Vocabulary {
 public:
  static constexpr std::uint32_t kUnknown = 0;

  Vocabulary() = default;
  // Values in the order of their rows, from row 1. Errors: invalid_argument (a value twice, too many).
  static Result<Vocabulary> create(std::vector<std::string> values);

  std::uint32_t row_of(std::string_view value) const;  // kUnknown where it is not known
  std::uint32_t rows() const { return static_cast<std::uint32_t>(values_.size() + 1); }
  const std::vector<std::string>& values() const { return values_; }  // without the unknown one

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<std::string> values_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> row_;
};

// Counts values and keeps those seen at least `min_count` times, the most frequent first (ties by value, so that the
// rows do not depend on the order of the data).
class VocabularyBuilder {
 public:
  void add(std::string_view value);
  Result<Vocabulary> build(std::uint64_t min_count) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> counts_;
};

}  // namespace tamis::ranker
