#include "client/import/row_condition.h"

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "client/import/cell.h"

namespace tamis::client {
namespace {

struct Word {
  std::string text;
  bool quoted = false;
};

// Words between blanks; those in double or single quotes are one word. Empty on an open quote.
std::vector<Word> split_words(std::string_view text) {
  std::vector<Word> words;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == ' ' || text[i] == '\t') {
      ++i;
    } else if (text[i] == '"' || text[i] == '\'') {
      const auto close = text.find(text[i], i + 1);
      if (close == std::string_view::npos) return {};
      words.push_back({std::string(text.substr(i + 1, close - i - 1)), true});
      i = close + 1;
    } else {
      const auto end = std::min(text.find_first_of(" \t", i), text.size());
      words.push_back({std::string(text.substr(i, end - i)), false});
      i = end;
    }
  }
  return words;
}

std::string join(const std::vector<Word>& words, std::size_t begin, std::size_t end) {
  std::string joined;
  for (std::size_t i = begin; i < end; ++i) joined += (i > begin ? " " : "") + words[i].text;
  return joined;
}

}  // namespace

Result<RowCondition> RowCondition::parse(std::string_view text) {
  static constexpr std::pair<std::string_view, Op> kSymbols[] = {
      {">", Op::kGreater}, {">=", Op::kGreaterEqual}, {"<", Op::kLess},      {"<=", Op::kLessEqual},
      {"=", Op::kEqual},   {"==", Op::kEqual},        {"!=", Op::kNotEqual},
  };
  const auto refuse = [&](std::string_view reason) {
    return Status::invalid_argument("the condition `" + std::string(text) + "` " + std::string(reason) +
                                    "; expected a form like `Quantity > 0`, `Country = \"France\"`, `CustomerID not "
                                    "empty` or `InvoiceNo not starts with C`");
  };
  const std::vector<Word> words = split_words(text);
  RowCondition condition;
  condition.text_ = text;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].quoted) continue;
    std::size_t at = i;
    const bool negated = words[at].text == "not" && at + 1 < words.size();
    if (negated) ++at;
    const std::string& word = words[at].text;
    std::size_t value_at = at + 1;
    std::optional<Op> op;
    if (word == "empty" && value_at == words.size()) op = Op::kEmpty;
    if (word == "contains") op = Op::kContains;
    if (word == "starts" && value_at < words.size() && words[value_at].text == "with") {
      op = Op::kStartsWith;
      ++value_at;
    }
    for (const auto& [symbol, meaning] : kSymbols) {
      if (!negated && word == symbol) op = meaning;
    }
    if (!op) continue;
    condition.column_ = join(words, 0, i);
    condition.op_ = *op;
    condition.negated_ = negated;
    condition.value_ = join(words, value_at, words.size());
    if (*op != Op::kEmpty && value_at == words.size()) return refuse("has no value");
    if (*op <= Op::kLessEqual && !read_number(condition.value_))
      return refuse("compares with something that is no number");
    return condition;
  }
  return refuse("has no operator");
}

Result<bool> RowCondition::holds(std::string_view cell) const {
  const auto compare = [&]() -> Result<bool> {
    const auto left = read_number(cell);
    const auto right = read_number(value_);
    if (op_ == Op::kEqual || op_ == Op::kNotEqual) {
      const bool equal = left && right ? *left == *right : cell == value_;
      return equal == (op_ == Op::kEqual);
    }
    if (!left) {
      return Status::invalid_argument("\"" + std::string(cell.substr(0, 64)) + "\" is not a number (condition `" +
                                      text_ + "`)")
          .at_field(column_);
    }
    switch (op_) {
      case Op::kGreater: return *left > *right;
      case Op::kGreaterEqual: return *left >= *right;
      case Op::kLess: return *left < *right;
      default: return *left <= *right;
    }
  };
  switch (op_) {
    case Op::kEmpty: return cell.empty() != negated_;
    case Op::kStartsWith: return cell.starts_with(value_) != negated_;
    case Op::kContains: return (cell.find(value_) != std::string_view::npos) != negated_;
    default: return compare();
  }
}

}  // namespace tamis::client
