#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string>
#include <unordered_map>

#include "common/random.h"
#include "models/evaluate/protocol_ratings.h"
#include "models/text_lines.h"

namespace tamis::models {
namespace {

constexpr std::size_t kFewestRatings = 10;

std::vector<std::string_view> split_fields(std::string_view line) {
  std::string_view separator = "::";
  if (line.find(separator) == std::string_view::npos)
    separator = line.find('\t') != std::string_view::npos ? "\t" : ",";
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0;;) {
    const std::size_t end = line.find(separator, begin);
    fields.push_back(line.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return fields;
    begin = end + separator.size();
  }
}

template <typename Number>
bool parse(std::string_view text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

// Dense ids by first appearance.
class Vocabulary {
 public:
  std::uint32_t id(std::string_view name) {
    return ids_.try_emplace(std::string(name), static_cast<std::uint32_t>(ids_.size())).first->second;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }

 private:
  std::unordered_map<std::string, std::uint32_t> ids_;
};

RatingsSplit cut(const RatingsData& data, const std::vector<std::size_t>& order) {
  RatingsSplit split;
  const std::size_t train = order.size() * 8 / 10;
  const std::size_t validation = order.size() * 9 / 10;
  for (std::size_t i = 0; i < order.size(); ++i) {
    auto& part = i < train ? split.train : i < validation ? split.validation : split.test;
    part.push_back(data.ratings[order[i]]);
  }
  return split;
}

std::vector<std::size_t> file_order(const RatingsData& data) {
  std::vector<std::size_t> order(data.ratings.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

}  // namespace

Result<RatingsData> read_ratings(const std::filesystem::path& path) {
  RatingsData data;
  Vocabulary users;
  Vocabulary items;
  const auto add_line = [&](std::string_view line, std::size_t number) -> Status {
    if (line.empty()) return Status::ok();
    const std::vector<std::string_view> fields = split_fields(line);
    if (fields.size() != 3 && fields.size() != 4)
      return Status::invalid_argument("the line has " + std::to_string(fields.size()) +
                                      " fields, expected user, item, rating and time between \"::\", tabs or commas");
    Rating rating;
    if (!parse(fields[2], &rating.value) || !std::isfinite(rating.value)) {
      if (number == 1) return Status::ok();  // a header
      return Status::invalid_argument("the rating is \"" + std::string(fields[2]) + "\", expected a finite number");
    }
    std::int64_t time_s = 0;
    if (fields.size() == 4 && !parse(fields[3], &time_s))
      return Status::invalid_argument("the time is \"" + std::string(fields[3]) + "\", expected a whole number");
    if (fields[0].empty() || fields[1].empty()) return Status::invalid_argument("the user or the item is empty");
    rating.user = users.id(fields[0]);
    rating.item = items.id(fields[1]);
    data.ratings.push_back(rating);
    data.time_s.push_back(time_s);
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(for_each_line(path, add_line));
  if (data.ratings.size() < kFewestRatings)
    return Status::invalid_argument(path.string() + " holds " + std::to_string(data.ratings.size()) +
                                    " ratings, expected at least " + std::to_string(kFewestRatings));
  data.users = users.size();
  data.items = items.size();
  return data;
}

RatingsSplit split_ratings_by_time(const RatingsData& data) {
  std::vector<std::size_t> order = file_order(data);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return data.time_s[a] < data.time_s[b]; });
  return cut(data, order);
}

RatingsSplit split_ratings_at_random(const RatingsData& data, std::uint64_t seed) {
  std::vector<std::size_t> order = file_order(data);
  Random random(seed);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  return cut(data, order);
}

}  // namespace tamis::models
