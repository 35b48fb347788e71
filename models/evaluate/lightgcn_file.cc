#include <algorithm>
#include <string>

#include "common/random.h"
#include "models/evaluate/number_tokens.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/text_lines.h"

namespace tamis::models {
namespace {

struct NumberedPair {
  std::uint64_t user = 0;
  std::uint64_t item = 0;
};

// A line's user and items. A user without items is still a user.
Status parse_line(std::string_view line, std::vector<std::uint64_t>& users, std::vector<NumberedPair>& pairs) {
  std::vector<std::uint64_t> numbers;
  TAMIS_RETURN_IF_ERROR(parse_numbers(line, numbers));
  if (numbers.empty()) return Status::ok();
  users.push_back(numbers.front());
  for (std::size_t i = 1; i < numbers.size(); ++i) pairs.push_back({numbers.front(), numbers[i]});
  return Status::ok();
}

InteractionMatrix to_matrix(const LightGcnData& data, const std::vector<NumberedPair>& numbered) {
  std::vector<WeightedPair> pairs;
  pairs.reserve(numbered.size());
  for (const NumberedPair& pair : numbered) {
    pairs.push_back({.row = dense_id(data.user_ids, pair.user), .column = dense_id(data.item_ids, pair.item)});
  }
  InteractionMatrix matrix = make_interaction_matrix(static_cast<std::uint32_t>(data.user_ids.size()),
                                                     static_cast<std::uint32_t>(data.item_ids.size()), pairs);
  std::fill(matrix.weight.begin(), matrix.weight.end(), 1.0F);  // a repeated item counts once
  return matrix;
}

}  // namespace

Result<LightGcnData> read_lightgcn(const std::filesystem::path& train, const std::filesystem::path& test) {
  LightGcnData data;
  std::vector<NumberedPair> train_pairs;
  std::vector<NumberedPair> test_pairs;
  for (const auto& [path, pairs] : {std::pair{&train, &train_pairs}, std::pair{&test, &test_pairs}}) {
    TAMIS_RETURN_IF_ERROR(for_each_line(*path, [&data, pairs = pairs](std::string_view line, std::size_t) {
      return parse_line(line, data.user_ids, *pairs);
    }));
    if (pairs->empty()) return Status::invalid_argument(path->string() + " holds no interactions");
    for (const NumberedPair& pair : *pairs) data.item_ids.push_back(pair.item);
  }
  sort_unique(data.user_ids);
  sort_unique(data.item_ids);
  if (data.user_ids.size() >= kNoDenseId || data.item_ids.size() >= kNoDenseId) {
    return Status::invalid_argument("more users or items than 32 bits count");
  }
  data.train = to_matrix(data, train_pairs);
  data.test = to_matrix(data, test_pairs);
  return data;
}

LightGcnData cut_validation(LightGcnData data, double share, std::uint64_t seed) {
  std::vector<WeightedPair> kept;
  std::vector<WeightedPair> cut;
  for (std::uint32_t user = 0; user < data.train.rows; ++user) {
    const auto row = data.train.row_columns(user);
    std::vector<std::uint32_t> items(row.begin(), row.end());
    Random random(seed * 0x9E3779B97F4A7C15ULL + user);
    for (std::size_t i = items.size(); i > 1; --i) {  // Fisher and Yates
      std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
    }
    const auto count = static_cast<std::size_t>(share * static_cast<double>(items.size()));
    for (std::size_t i = 0; i < items.size(); ++i)
      (i < count ? cut : kept).push_back({.row = user, .column = items[i]});
  }
  data.test = make_interaction_matrix(data.train.rows, data.train.columns, cut);
  data.train = make_interaction_matrix(data.train.rows, data.train.columns, kept);
  return data;
}

}  // namespace tamis::models
