#include "ranker/objective_formula.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace tamis::ranker {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// By recursive descent; a failure sets fault_ and unwinds.
class FormulaParser {
 public:
  explicit FormulaParser(std::string_view text) : text_(text) {}

  Result<ObjectiveFormula> parse() {
    if (text_.size() > ObjectiveFormula::kMaxBytes)
      return Status::invalid_argument("the formula has " + std::to_string(text_.size()) + " bytes, expected at most " +
                                      std::to_string(ObjectiveFormula::kMaxBytes));
    if (!parse_sum()) return fault_;
    peek();  // past the blanks at the end
    if (at_ < text_.size()) {
      fail("an operator or the end");
      return fault_;
    }
    return std::move(formula_);
  }

 private:
  using Op = ObjectiveFormula::Op;

  bool fail(const std::string& expected) {
    const std::string found = at_ < text_.size() ? "'" + std::string(text_.substr(at_, 1)) + "'" : "its end";
    fault_ = Status::invalid_argument("the formula holds " + found + " at position " + std::to_string(at_ + 1) +
                                      ", expected " + expected);
    return false;
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }
  bool expect(char c) { return accept(c) || fail(std::string("'") + c + "'"); }
  bool emit(Op op, std::size_t count = 0, double number = 0) {
    formula_.steps_.push_back({op, number, count});
    return true;
  }

  bool parse_sum() {
    if (!parse_product()) return false;
    while (true) {
      if (accept('+')) {
        if (!parse_product() || !emit(Op::kAdd)) return false;
      } else if (accept('-')) {
        if (!parse_product() || !emit(Op::kSubtract)) return false;
      } else {
        return true;
      }
    }
  }
  bool parse_product() {
    if (!parse_factor()) return false;
    while (true) {
      if (accept('*')) {
        if (!parse_factor() || !emit(Op::kMultiply)) return false;
      } else if (accept('/')) {
        if (!parse_factor() || !emit(Op::kDivide)) return false;
      } else {
        return true;
      }
    }
  }
  bool parse_factor() {
    if (++depth_ > ObjectiveFormula::kMaxDepth)
      return fail("at most " + std::to_string(ObjectiveFormula::kMaxDepth) + " levels");
    const bool is_negative = accept('-');
    bool parsed = parse_primary();
    if (parsed && accept('^')) parsed = parse_factor() && emit(Op::kPower);
    if (parsed && is_negative) emit(Op::kNegate);
    --depth_;
    return parsed;
  }
  bool parse_primary() {
    const char c = peek();
    if (accept('(')) return parse_sum() && expect(')');
    if (is_digit(c) || c == '.') return parse_number();
    if (c == '"') return parse_name();
    if (!is_letter(c)) return fail("a number, a name or '('");
    const std::size_t begin = at_;
    const std::string word = read_word();
    if (peek() != '(') return emit_name(word);
    ++at_;
    if (word == "p") return parse_name() && expect(')');
    if (word == "log") return parse_sum() && expect(')') && emit(Op::kLog);
    if (word == "min" || word == "max") {
      std::size_t arguments = 0;
      do {
        if (!parse_sum()) return false;
        ++arguments;
      } while (accept(','));
      return expect(')') && emit(word == "min" ? Op::kMin : Op::kMax, arguments);
    }
    at_ = begin;
    return fail("one of the functions p, log, min and max");
  }
  bool parse_number() {
    double number = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (error != std::errc() || !std::isfinite(number)) return fail("a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    return emit(Op::kNumber, 0, number);
  }
  bool parse_name() {
    if (accept('"')) {
      const std::size_t end = text_.find('"', at_);
      if (end == std::string_view::npos || end == at_) return fail("a name and '\"'");
      const std::string name(text_.substr(at_, end - at_));
      at_ = end + 1;
      return emit_name(name);
    }
    if (!is_letter(peek())) return fail("the name of an objective");
    return emit_name(read_word());
  }
  std::string read_word() {
    const std::size_t begin = at_;
    const auto continues = [](char c) { return is_letter(c) || is_digit(c) || c == '.'; };
    while (at_ < text_.size() && continues(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  bool emit_name(const std::string& name) {
    auto& names = formula_.names_;
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) found = names.insert(names.end(), name);
    return emit(Op::kName, static_cast<std::size_t>(found - names.begin()));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  ObjectiveFormula formula_;
  Status fault_;
};

Result<ObjectiveFormula> ObjectiveFormula::parse(std::string_view text) { return FormulaParser(text).parse(); }

double ObjectiveFormula::evaluate(std::span<const double> values) const {
  constexpr double kBound = 1e300;
  std::vector<double> stack;
  stack.reserve(steps_.size());
  const auto pop = [&] {
    const double top = stack.back();
    stack.pop_back();
    return top;
  };
  for (const Step& step : steps_) {
    switch (step.op) {
      case Op::kNumber: stack.push_back(step.number); continue;
      case Op::kName: stack.push_back(values[step.count]); continue;
      case Op::kNegate: stack.back() = -stack.back(); continue;
      case Op::kLog: stack.back() = std::log(stack.back()); continue;
      case Op::kMin:
      case Op::kMax:
        for (std::size_t i = 1; i < step.count; ++i) {
          const double other = pop();
          stack.back() = step.op == Op::kMin ? std::min(stack.back(), other) : std::max(stack.back(), other);
        }
        continue;
      default: break;
    }
    const double right = pop();
    double& left = stack.back();
    switch (step.op) {
      case Op::kAdd: left += right; break;
      case Op::kSubtract: left -= right; break;
      case Op::kMultiply: left *= right; break;
      case Op::kDivide: left /= right; break;
      default: left = std::pow(left, right); break;
    }
  }
  return std::isnan(stack.back()) ? -kBound : std::clamp(stack.back(), -kBound, kBound);
}

}  // namespace tamis::ranker
