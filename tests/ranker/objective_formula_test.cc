#include "ranker/objective_formula.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace tamis::ranker {
namespace {

double value(const std::string& text, std::vector<double> values = {}) {
  const auto formula = ObjectiveFormula::parse(text);
  EXPECT_TRUE(formula.is_ok()) << text << ": " << formula.status().to_string();
  if (!formula.is_ok()) return std::nan("");
  EXPECT_EQ(formula->names().size(), values.size()) << text;
  return formula->evaluate(values);
}

TEST(ObjectiveFormulaTest, KnowsPrecedenceAndAssociativity) {
  EXPECT_DOUBLE_EQ(value("1 + 2 * 3"), 7);
  EXPECT_DOUBLE_EQ(value("(1 + 2) * 3"), 9);
  EXPECT_DOUBLE_EQ(value("8 - 3 - 2"), 3);
  EXPECT_DOUBLE_EQ(value("8 / 4 / 2"), 1);
  EXPECT_DOUBLE_EQ(value("2 ^ 3 ^ 2"), 512);
  EXPECT_DOUBLE_EQ(value("-2 ^ 2"), -4);
  EXPECT_DOUBLE_EQ(value("2 ^ -1"), 0.5);
  EXPECT_DOUBLE_EQ(value("1e2 - .5"), 99.5);
  EXPECT_DOUBLE_EQ(value("min(3, 1, 2) + max(4, 5)"), 6);
  EXPECT_DOUBLE_EQ(value("log(1)"), 0);
}

TEST(ObjectiveFormulaTest, ReadsObjectives) {
  const auto formula = ObjectiveFormula::parse("5 * p(purchase) + click + p(\"add to cart\") * purchase");
  ASSERT_TRUE(formula.is_ok()) << formula.status().to_string();
  EXPECT_EQ(formula->names(), (std::vector<std::string>{"purchase", "click", "add to cart"}));
  EXPECT_DOUBLE_EQ(formula->evaluate(std::vector<double>{0.5, 0.25, 0.1}), 2.5 + 0.25 + 0.05);
}

TEST(ObjectiveFormulaTest, TellsWhereItIsWrong) {
  const std::vector<std::pair<std::string, std::string>> kCases = {
      {"", "position 1"},
      {"1 +", "position 4"},
      {"p(click", "position 8"},
      {"2 * (3 + 4", "position 11"},
      {"click click", "position 7"},
      {"exp(1)", "position 1"},
      {"1 + $", "position 5"},
      {"p(3)", "position 3"},
      {"min()", "position 5"},
      {"\"open", "position 2"},
      {"1 2", "position 3"},
  };
  for (const auto& [text, place] : kCases) {
    const auto formula = ObjectiveFormula::parse(text);
    ASSERT_FALSE(formula.is_ok()) << text;
    EXPECT_EQ(formula.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(formula.status().message().find(place), std::string::npos) << text << ": " << formula.status().message();
  }
}

TEST(ObjectiveFormulaTest, RefusesDepthAndLength) {
  EXPECT_FALSE(ObjectiveFormula::parse(std::string(500, '(') + "1" + std::string(500, ')')).is_ok());
  EXPECT_FALSE(ObjectiveFormula::parse(std::string(500, '-') + "1").is_ok());
  EXPECT_FALSE(ObjectiveFormula::parse("1" + std::string(2'000, ' ')).is_ok());
  std::string powers = "2";
  for (int i = 0; i < 400; ++i) powers += "^1";
  EXPECT_FALSE(ObjectiveFormula::parse(powers).is_ok());
}

TEST(ObjectiveFormulaTest, StaysFinite) {
  EXPECT_EQ(value("1 / 0"), 1e300);
  EXPECT_EQ(value("log(0)"), -1e300);
  EXPECT_EQ(value("log(0 - 1)"), -1e300);
  EXPECT_EQ(value("0 / 0"), -1e300);
}

}  // namespace
}  // namespace tamis::ranker
