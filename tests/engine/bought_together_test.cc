// What people buy in one basket, from interactions to the database's answer.
#include <gmock/gmock.h>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class BoughtTogetherTest : public CampsTest {
 protected:
  BoughtTogetherTest() { options.training.models = {"popular", "item_knn", "bought_together"}; }

  Mutation bought(const std::string& user, const std::string& item, TimestampMs at_ms, const std::string& basket = "") {
    Interaction made = interaction(user, item, "purchase");
    made.timestamp_ms = at_ms;
    if (!basket.empty()) made.context["basket"] = basket;
    return PutInteraction{made};
  }
  // 60 users buy a cup with its saucer and, another day, a lamp with its bulb; whoever buys a cup buys a lamp, so that
  // users say nothing of what goes together. One cup came with a rug.
  void write_shop(bool names_baskets) {
    const TimestampMs start_ms = clock.now_ms() - 100 * kDayMs;
    std::vector<Mutation> batch;
    for (int user = 0; user < 60; ++user) {
      const std::string name = "u" + std::to_string(user);
      const TimestampMs at_ms = start_ms + user * 3'600'000;
      const TimestampMs later_ms = names_baskets ? at_ms + 60'000 : at_ms + kDayMs;  // only the name tells them apart
      const std::string first = names_baskets ? "order-1" : "";
      const std::string second = names_baskets ? "order-2" : "";
      batch.push_back(bought(name, "cup", at_ms, first));
      batch.push_back(bought(name, "saucer", at_ms + 1'000, first));
      batch.push_back(bought(name, "lamp", later_ms, second));
      batch.push_back(bought(name, "bulb", later_ms + 1'000, second));
      if (user == 7) batch.push_back(bought(name, "rug", at_ms + 2'000, first));
    }
    write(std::move(batch));
  }
  BoughtTogetherAnswer ask(std::vector<std::string> items, bool is_relaxed, std::uint32_t k = 10) {
    const auto answer = database->bought_together({.items = std::move(items), .k = k, .is_relaxed = is_relaxed});
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : BoughtTogetherAnswer{};
  }
  static std::vector<std::string> ids(const BoughtTogetherAnswer& answer) {
    std::vector<std::string> ids;
    for (const auto& entry : answer.items) ids.push_back(entry.item + " by " + entry.source);
    return ids;
  }
  static constexpr TimestampMs kDayMs = 86'400'000;
};

TEST_F(BoughtTogetherTest, BasketsAreThoseThatInteractionsName) {
  open();
  write_shop(/*names_baskets=*/true);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const BoughtTogetherAnswer strict = ask({"cup"}, false);
  EXPECT_EQ(strict.baskets, 120);
  ASSERT_THAT(ids(strict), ElementsAre("saucer by bought_together"));
  EXPECT_EQ(strict.items[0].because, "cup");
  EXPECT_EQ(strict.items[0].baskets, 60);
  EXPECT_NEAR(strict.items[0].lift, 2, 1e-9);
  EXPECT_NEAR(strict.items[0].confidence, 1, 1e-9);
  // A cart of both: each brings its own, and says so.
  const BoughtTogetherAnswer cart = ask({"cup", "lamp"}, false);
  ASSERT_THAT(ids(cart), testing::UnorderedElementsAre("saucer by bought_together", "bulb by bought_together"));
  for (const auto& entry : cart.items) EXPECT_EQ(entry.because, entry.item == "saucer" ? "cup" : "lamp");
}

TEST_F(BoughtTogetherTest, BasketsWithoutNamesAreToldByTime) {
  open();
  write_shop(/*names_baskets=*/false);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_EQ(ask({"lamp"}, false).baskets, 120);
  EXPECT_THAT(ids(ask({"lamp"}, false)), ElementsAre("bulb by bought_together"));
}

TEST_F(BoughtTogetherTest, ARelaxedListIsFilledAndTellsFromWhat) {
  open();
  write_shop(true);
  write({put_item("never bought")});
  ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_THAT(ids(ask({"cup"}, true)),
              ElementsAre("saucer by bought_together", "rug by low_support", "lamp by item_knn", "bulb by item_knn"));
  EXPECT_EQ(ask({"cup"}, true, 2).items.size(), 2);
  const auto unknown = ask({"never bought"}, true, 2);
  ASSERT_EQ(unknown.items.size(), 2);
  EXPECT_EQ(unknown.items[0].source, "popular");
  EXPECT_THAT(ids(ask({"never bought"}, false)), IsEmpty());
}

TEST_F(BoughtTogetherTest, ServesAfterAReopen) {
  open();
  write_shop(true);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const auto before = ids(ask({"cup"}, true));
  close();
  open();
  EXPECT_EQ(ids(ask({"cup"}, true)), before);
  EXPECT_EQ(ask({"cup"}, false).baskets, 120);
}

TEST_F(BoughtTogetherTest, IsARetrieverOfTheLastBasket) {
  open();
  write_shop(true);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  write({bought("stranger", "lamp", clock.now_ms() - 2 * kDayMs), bought("stranger", "cup", clock.now_ms() - 1'000)});
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.retrievers = {{.kind = "bought_together", .space = {}}};
  funnel.fallback.clear();
  RecommendRequest request{.user = "stranger", .override_funnel = funnel, .explain = true};
  const auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  ASSERT_EQ(answer->items.size(), 1);  // the lamp of two days ago is of another basket
  EXPECT_EQ(answer->items[0].item, "saucer");
  const auto& because = answer->items[0].explain->retrieved_by[0].because;
  ASSERT_EQ(because.size(), 1);
  EXPECT_EQ(because[0].first, "cup");
  request.similar_to = "lamp";
  EXPECT_EQ(database->recommend(request)->items[0].item, "bulb");
}

TEST_F(BoughtTogetherTest, SaysWhatItPassesOver) {
  open();
  write_shop(true);
  EXPECT_THAT(ask({"cup"}, false).warnings[0].detail, HasSubstr("not trained"));
  EXPECT_FALSE(ask({"cup"}, true, 2).items.empty());
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const auto answer = ask({"cup", "ghost"}, false);
  EXPECT_THAT(ids(answer), ElementsAre("saucer by bought_together"));
  ASSERT_EQ(answer.warnings.size(), 1);
  EXPECT_EQ(answer.warnings[0].path, "/items[1]");
  EXPECT_EQ(database->bought_together({.items = {"ghost"}}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->bought_together({.items = {}}).status().field(), "items");
  EXPECT_EQ(database->bought_together({.items = {"cup"}, .k = 0}).status().field(), "k");
}

TEST_F(BoughtTogetherTest, LeavesOutWhatIsExcludedOrHidden) {
  open();
  write_shop(true);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_THAT(ids(*database->bought_together({.items = {"cup"}, .is_relaxed = false, .exclude = {"saucer"}})),
              IsEmpty());
  Entity hidden{.id = "saucer", .hidden = true};
  write({PutEntity{EntityKind::kItem, hidden}});
  EXPECT_THAT(ids(ask({"cup"}, true)), Not(testing::Contains("saucer by bought_together")));
}

TEST_F(BoughtTogetherTest, IsLeftOutWithItsReasonWhereNothingIsBought) {
  open();
  std::vector<Mutation> batch;
  for (int i = 0; i < 200; ++i) {
    Interaction made = interaction("u" + std::to_string(i % 20), "i" + std::to_string(i % 13));
    made.timestamp_ms = clock.now_ms() - 1'000'000 + i;
    batch.push_back(PutInteraction{made});
  }
  write(std::move(batch));
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded);
  ASSERT_FALSE(job.warnings.empty());
  EXPECT_THAT(job.warnings[0], HasSubstr("bought_together is left out: no interaction of the types purchase"));
}

TEST_F(BoughtTogetherTest, AnAutomaticRunLearnsItWhereThereAreBaskets) {
  options.training.models = {"auto"};
  options.training.budget_s = 5;
  open();
  write_shop(true);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_THAT(database->list_generations()[0].models, testing::Contains("bought_together"));
  EXPECT_THAT(database->list_generations()[0].chosen, testing::Contains("bought_together"));
}

}  // namespace
}  // namespace tamis::engine
