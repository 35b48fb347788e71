#include "models/bought_together/bought_together.h"

#include <gmock/gmock.h>

#include <cmath>

#include "../random_interactions.h"
#include "../temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimestampMs kMinute = 60'000;

struct Bought {
  std::uint32_t user;
  std::uint32_t item;
  TimestampMs minute;
  std::uint16_t type = 0;
  std::uint32_t basket = 0;
};

class BasketsTest : public testing::Test {
 protected:
  // Events by time.
  TrainingData data(const std::vector<Bought>& bought, bool with_baskets) {
    for (const Bought& one : bought) {
      events_.push_back({.user = one.user, .item = one.item, .timestamp_ms = one.minute * kMinute});
      types_.push_back(one.type);
      if (with_baskets) baskets_.push_back(one.basket);
    }
    return {
        .users = 10, .items = 10, .events = events_, .event_types = types_, .types = names_, .event_baskets = baskets_};
  }
  static std::vector<std::vector<std::uint32_t>> rows(const InteractionMatrix& matrix) {
    std::vector<std::vector<std::uint32_t>> rows;
    for (std::uint32_t row = 0; row < matrix.rows; ++row) {
      const auto columns = matrix.row_columns(row);
      rows.emplace_back(columns.begin(), columns.end());
    }
    return rows;
  }

  std::vector<std::string> names_ = {"purchase", "view"};
  std::vector<TimedInteraction> events_;
  std::vector<std::uint16_t> types_;
  std::vector<std::uint32_t> baskets_;
};

TEST_F(BasketsTest, AreNamedByTheirEvents) {
  const TrainingData named = data({{0, 1, 0, 0, 1}, {0, 2, 0, 0, 2}, {0, 3, 500, 0, 1}, {0, 4, 500, 0, 2}}, true);
  EXPECT_THAT(rows(make_baskets(named, {}).value()), ElementsAre(ElementsAre(1, 3), ElementsAre(2, 4)));
}

TEST_F(BasketsTest, OfEventsThatNameNoneAreJoinedByTime) {
  // Item 6 comes 31 minutes after the last purchase of user 0; another user buys in between.
  const TrainingData unnamed =
      data({{0, 1, 0}, {1, 9, 10}, {0, 2, 20}, {0, 3, 50}, {0, 6, 81}, {1, 8, 39}, {0, 7, 90}}, false);
  EXPECT_THAT(rows(make_baskets(unnamed, {}).value()),
              ElementsAre(ElementsAre(1, 2, 3), ElementsAre(8, 9), ElementsAre(6, 7)));
  EXPECT_THAT(rows(make_baskets(unnamed, {.types = {}, .gap_minutes = 31}).value()),
              ElementsAre(ElementsAre(1, 2, 3, 6, 7), ElementsAre(8, 9)));
}

TEST_F(BasketsTest, HoldWhatWasBoughtAlone) {
  const TrainingData mixed = data({{0, 1, 0}, {0, 2, 1, 1}, {0, 3, 2}, {0, 5, 3, 1}}, false);
  EXPECT_THAT(rows(make_baskets(mixed, {}).value()), ElementsAre(ElementsAre(1, 3)));
  EXPECT_THAT(rows(make_baskets(mixed, {.types = "view"}).value()), ElementsAre(ElementsAre(2, 5)));
  EXPECT_THAT(rows(make_baskets(mixed, {.types = "view, purchase"}).value()), ElementsAre(ElementsAre(1, 2, 3, 5)));
}

TEST_F(BasketsTest, MayBeOfAnyTypeWhereNothingIsBought) {
  names_ = {"watch", "view"};
  const TrainingData watched = data({{0, 1, 0, 0, 1}, {0, 2, 1, 1, 1}, {0, 3, 2, 0, 0}}, true);
  EXPECT_THAT(rows(make_baskets(watched, {}).value()), ElementsAre(ElementsAre(1, 2)));
}

TEST_F(BasketsTest, AreNotMadeUp) {
  names_ = {"watch", "view"};
  TrainingData watched = data({{0, 1, 0}, {0, 2, 1}}, false);
  EXPECT_THAT(make_baskets(watched, {}).status().message(), HasSubstr("none names a basket"));
  names_ = {"purchase", "view"};
  EXPECT_TRUE(make_baskets(watched, {}).is_ok());
  watched.has_times = false;  // only their order is known
  const Status refused = make_baskets(watched, {}).status();
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
}

TEST_F(BasketsTest, AreLeftOutWhereTooLarge) {
  const TrainingData two = data({{0, 1, 0}, {0, 2, 0}, {0, 3, 0}, {1, 4, 0}, {1, 5, 0}}, false);
  EXPECT_THAT(rows(make_baskets(two, {.types = {}, .most = 2}).value()), ElementsAre(ElementsAre(4, 5)));
}

// 10 baskets: item 0 in 5, item 1 in 4, both in 4; item 2 in 5, with 0 in 1, with 1 in 1; item 3 in 1, with 0.
InteractionMatrix ten_baskets() {
  std::vector<WeightedPair> pairs;
  const auto add = [&](std::uint32_t basket, std::initializer_list<std::uint32_t> items) {
    for (const std::uint32_t item : items) pairs.push_back({.row = basket, .column = item});
  };
  add(0, {0, 1});
  add(1, {0, 1});
  add(2, {0, 1});
  add(3, {0, 1, 2});
  add(4, {0, 3});
  for (std::uint32_t basket = 5; basket < 9; ++basket) add(basket, {2, 4});
  add(9, {4, 5});
  return make_interaction_matrix(10, 6, pairs);
}

std::unique_ptr<BoughtTogetherModel> count_ten(std::uint32_t support = 2, double shrinkage = 1) {
  return BoughtTogetherModel::count(
             ten_baskets(), 3, {.baskets = {}, .shrinkage = shrinkage, .confidence_exponent = 0, .support = support},
             {})
      .value();
}

TEST(BoughtTogether, LiftsByHand) {
  const auto model = count_ten();
  const std::vector<std::uint32_t> cart = {0};
  const auto found = model->complete(cart, 1, 10, {});
  ASSERT_EQ(found.size(), 2);  // with item 2 once, where 2.5 times were to be expected: no pair
  EXPECT_EQ(found[0].item, 1);
  EXPECT_NEAR(found[0].lift, 4 / (5 * 4 / 10.0), 1e-6);
  EXPECT_NEAR(found[0].confidence, 4 / 5.0, 1e-6);
  EXPECT_NEAR(found[0].score, std::log((4 + 1) / (5 * 4 / 10.0 + 1)), 1e-6);  // the shrunk lift
  EXPECT_EQ(found[0].baskets, 4);
  EXPECT_EQ(found[0].because, 0);
  EXPECT_EQ(found[1].item, 3);
  EXPECT_NEAR(found[1].score, std::log((1 + 1) / (5 * 1 / 10.0 + 1)), 1e-6);
}

TEST(BoughtTogether, MayWeighHowOftenAnItemComesAlong) {
  const BoughtTogetherOptions options{.baskets = {}, .shrinkage = 1, .confidence_exponent = 0.5, .support = 1};
  const auto model = BoughtTogetherModel::count(ten_baskets(), 3, options, {}).value();
  const std::vector<std::uint32_t> cart = {0};
  const auto found = model->complete(cart, 1, 10, {});
  ASSERT_EQ(found.size(), 2);
  EXPECT_NEAR(found[0].score, std::sqrt(4 / 5.0) * std::log(5 / 3.0), 1e-6);
  EXPECT_NEAR(found[1].score, std::sqrt(1 / 5.0) * std::log(2 / 1.5), 1e-6);
}

TEST(BoughtTogether, RarePairsAreNotSure) {
  const auto model = count_ten();
  const std::vector<std::uint32_t> cart = {0};
  ASSERT_EQ(model->complete(cart, model->support(), 10, {}).size(), 1);  // item 3 came along once
  EXPECT_EQ(model->recommend(cart, {}, 10, {}).size(), 1);
  // The less a lift is trusted, the more a pair has to be seen.
  const auto shrunk = count_ten(1, 1'000)->complete(cart, 1, 10, {});
  EXPECT_LT(shrunk[0].score, 0.003);
  EXPECT_DOUBLE_EQ(shrunk[0].lift, 2);  // what is told is what was counted
}

TEST(BoughtTogether, ACartAddsUpAndTellsTheStrongestPair) {
  const auto model = count_ten();
  const std::vector<std::uint32_t> cart = {5, 2};
  const auto found = model->complete(cart, 1, 10, {});
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].item, 4);
  const double with_two = (4 + 1) / (5 * 5 / 10.0 + 1);
  const double with_five = (1 + 1) / (1 * 5 / 10.0 + 1);
  EXPECT_NEAR(found[0].score, std::log(with_two) + std::log(with_five), 1e-6);
  EXPECT_EQ(found[0].because, 2);
  EXPECT_NEAR(found[0].lift, 4 / (5 * 5 / 10.0), 1e-6);
  EXPECT_TRUE(model->complete(cart, 1, 10, [](std::uint32_t item) { return item != 4; }).empty());
  std::vector<double> shares(2);
  ASSERT_TRUE(model->explain(cart, {}, 4, shares));
  EXPECT_NEAR(shares[0], 0, 1e-6);  // of one basket only, where two are asked for
  EXPECT_NEAR(shares[1], std::log(with_two), 1e-6);
}

TEST(BoughtTogether, IsTheSameForAnyNumberOfThreads) {
  const InteractionMatrix baskets = random_interactions(200, 150, 12, 6);
  const auto one = BoughtTogetherModel::count(baskets, 1, {}, {.threads = 1}).value();
  const auto four = BoughtTogetherModel::count(baskets, 1, {}, {.threads = 4}).value();
  for (std::uint32_t item = 0; item < 150; ++item) {
    const std::vector<std::uint32_t> cart = {item};
    EXPECT_EQ(one->recommend(cart, {}, 20, {}), four->recommend(cart, {}, 20, {}));
  }
}

TEST(BoughtTogether, KeepsTheBestPairsOfAnItem) {
  const auto model =
      BoughtTogetherModel::count(ten_baskets(), 3, {.baskets = {}, .shrinkage = 1, .support = 1, .neighbors = 1}, {})
          .value();
  const std::vector<std::uint32_t> cart = {0};
  const auto found = model->complete(cart, 1, 10, {});
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].item, 1);
}

class SavedBoughtTogetherTest : public testing::Test {
 protected:
  Result<std::unique_ptr<HistoryModel>> write_and_load(const BoughtTogetherModel& model, std::uint32_t items,
                                                       const Settings& settings) {
    TensorWriter writer;
    model.add_tensors(writer);
    const auto path = directory_.path() / "model.safetensors";
    EXPECT_TRUE(writer.write(path).is_ok());
    TAMIS_ASSIGN_OR_RETURN(const TensorReader tensors, TensorReader::open(path));
    const HistoryModelShape shape{.kind = "bought_together", .users = 3, .items = items};
    return BoughtTogetherModel::load({.shape = shape, .settings = settings, .tensors = tensors});
  }
  TemporaryDirectory directory_;
};

TEST_F(SavedBoughtTogetherTest, AnswersTheSame) {
  const auto model = count_ten();
  const auto loaded = write_and_load(*model, 6, model->settings());
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  const auto& again = dynamic_cast<const BoughtTogetherModel&>(**loaded);
  EXPECT_EQ(again.support(), 2);
  EXPECT_EQ(again.basket_count(), 10);
  EXPECT_EQ(again.baskets_of(0), 5);
  const std::vector<std::uint32_t> cart = {0, 2};
  EXPECT_EQ(again.recommend(cart, {}, 10, {}), model->recommend(cart, {}, 10, {}));
  EXPECT_EQ(again.complete(cart, 1, 10, {})[0].baskets, model->complete(cart, 1, 10, {})[0].baskets);
}

TEST_F(SavedBoughtTogetherTest, RefusesAnotherShapeOrSetting) {
  const auto model = count_ten();
  EXPECT_FALSE(write_and_load(*model, 5, model->settings()).is_ok());
  EXPECT_EQ(write_and_load(*model, 6, {{"suport", "2"}}).status().field(), "suport");
}

}  // namespace
}  // namespace tamis::models
