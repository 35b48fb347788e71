#include "common/filter.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

using Op = Filter::Op;

Filter leaf(Op op, std::string field, std::vector<FeatureValue> values = {}) {
  return {.op = op, .children = {}, .field = std::move(field), .values = std::move(values)};
}
Filter node(Op op, std::vector<Filter> children) {
  return {.op = op, .children = std::move(children), .field = {}, .values = {}};
}

const Features kLantern = {{"price", 3.39},
                           {"tags", std::vector<std::string>{"light", "metal"}},
                           {"country", std::string("DE")},
                           {"gift", true},
                           {"listed_at", Timestamp{1000}},
                           {"name", Text{"WHITE METAL LANTERN"}}};

bool holds(const Filter& filter) { return matches(filter, "71053", kLantern); }

TEST(Filter, LeavesCompareOneField) {
  EXPECT_TRUE(holds(leaf(Op::kLess, "price", {5.0})));
  EXPECT_FALSE(holds(leaf(Op::kLess, "price", {3.39})));
  EXPECT_TRUE(holds(leaf(Op::kLessEqual, "price", {3.39})));
  EXPECT_TRUE(holds(leaf(Op::kGreaterEqual, "listed_at", {Timestamp{1000}})));
  EXPECT_FALSE(holds(leaf(Op::kGreater, "listed_at", {1000.0})));
  EXPECT_TRUE(holds(leaf(Op::kEqual, "country", {std::string("DE")})));
  EXPECT_TRUE(holds(leaf(Op::kEqual, "gift", {true})));
  EXPECT_FALSE(holds(leaf(Op::kEqual, "gift", {false})));
  EXPECT_TRUE(holds(leaf(Op::kIn, "tags", {std::string("wood"), std::string("metal")})));
  EXPECT_FALSE(holds(leaf(Op::kIn, "tags", {std::string("wood")})));
  EXPECT_TRUE(holds(leaf(Op::kExists, "name")));
  EXPECT_TRUE(holds(leaf(Op::kEqual, "id", {std::string("71053")})));
}

TEST(Filter, AnAbsentFeatureSatisfiesNothing) {
  EXPECT_FALSE(holds(leaf(Op::kLess, "weight", {5.0})));
  EXPECT_FALSE(holds(leaf(Op::kExists, "weight")));
  EXPECT_TRUE(holds(node(Op::kNot, {leaf(Op::kLess, "weight", {5.0})})));
}

TEST(Filter, KindsThatDoNotCompareNeverMatch) {
  EXPECT_FALSE(holds(leaf(Op::kLess, "country", {5.0})));
  EXPECT_FALSE(holds(leaf(Op::kEqual, "price", {std::string("3.39")})));
  EXPECT_FALSE(holds(leaf(Op::kLess, "price", {})));
}

TEST(Filter, NodesCombine) {
  const Filter cheap = leaf(Op::kLess, "price", {5.0});
  const Filter wooden = leaf(Op::kIn, "tags", {std::string("wood")});
  EXPECT_FALSE(holds(node(Op::kAll, {cheap, wooden})));
  EXPECT_TRUE(holds(node(Op::kAny, {cheap, wooden})));
  EXPECT_TRUE(holds(node(Op::kAll, {})));
  EXPECT_FALSE(holds(node(Op::kAny, {})));
  EXPECT_TRUE(holds(node(Op::kAll, {cheap, node(Op::kNot, {wooden})})));
}

}  // namespace
}  // namespace tamis
