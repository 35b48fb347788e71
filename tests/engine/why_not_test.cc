// why_not() on a hand-made case for every exit.
#include "engine/why_not.h"

#include <gmock/gmock.h>

#include "tests/engine/query_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// p0 to p9, popularity falling, and what no list ever holds.
class WhyNotTest : public ::testing::Test {
 protected:
  WhyNotTest() {
    for (int i = 0; i < 10; ++i) {
      const std::string id = "p" + std::to_string(i);
      db.put_item(id, {{"price", FeatureValue(static_cast<double>(i))}, {"brand", FeatureValue(std::string("b"))}});
      for (int user = i; user < 10; ++user) db.interact("crowd" + std::to_string(user), id, "view");
    }
    use(R"({"retrievers":[{"kind":"popular","quota":6}],"fallback":[]})");
  }
  void use(const std::string& json) {
    auto funnel = parse_funnel("default", json);
    ASSERT_TRUE(funnel.is_ok()) << funnel.status().to_string();
    db.put_funnel(*funnel);
  }
  WhyNotAnswer ask(const std::string& item, RecommendRequest request = {.user = "ada", .k = 3}) {
    auto answer = why_not(db.state(), request, item, 1);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : WhyNotAnswer{};
  }
  QueryDatabase db;
};

TEST_F(WhyNotTest, Recommended) {
  const WhyNotAnswer answer = ask("p1");
  EXPECT_EQ(answer.verdict, WhyNot::kRecommended);
  EXPECT_EQ(answer.final_rank, 2u);
}

TEST_F(WhyNotTest, UnknownDeletedExpired) {
  EXPECT_EQ(ask("never heard of").verdict, WhyNot::kUnknownItem);
  db.delete_item("p1");
  EXPECT_EQ(ask("p1").verdict, WhyNot::kDeleted);
  db.put_item("milk", {}, db.clock.now_ms() + 10);
  EXPECT_NE(ask("milk").verdict, WhyNot::kExpired);
  db.clock.advance(20);
  EXPECT_EQ(ask("milk").verdict, WhyNot::kExpired);
}

TEST_F(WhyNotTest, Excluded) {
  EXPECT_EQ(ask("p1", {.user = "ada", .k = 3, .exclude = {"p1"}}).verdict, WhyNot::kExcluded);
  EXPECT_EQ(ask("p1", {.k = 3, .similar_to = "p1"}).verdict, WhyNot::kExcluded);
  const auto page = db.recommend({.user = "ada", .k = 3, .with_cursor = true});
  EXPECT_EQ(ask("p1", {.user = "ada", .k = 3, .cursor = page->cursor}).verdict, WhyNot::kExcluded);
  EXPECT_THAT(ask("p1", {.user = "ada", .k = 3, .cursor = page->cursor}).reason, HasSubstr("earlier page"));
}

TEST_F(WhyNotTest, Seen) {
  db.interact("ada", "p1", "view");
  EXPECT_EQ(ask("p1").verdict, WhyNot::kSeen);
  EXPECT_EQ(ask("p1", {.user = "ada", .k = 3, .exclude_seen = false}).verdict, WhyNot::kRecommended);
}

TEST_F(WhyNotTest, FilteredByWhichCondition) {
  use(R"({"retrievers":[{"kind":"popular"}],"filter":{"all":[{"field":"brand","eq":"b"},{"field":"price","gte":2},
      {"any":[{"field":"price","gt":5},{"field":"id","eq":"p9"}]}]}})");
  const WhyNotAnswer answer = ask("p1");
  EXPECT_EQ(answer.verdict, WhyNot::kFiltered);
  EXPECT_THAT(answer.failed_conditions,
              ElementsAre(R"({"field":"price","gte":2.0})",
                          R"({"any":[{"field":"price","gt":5.0},{"eq":"p9","field":"id"}]})"));
  EXPECT_THAT(answer.reason, HasSubstr("the funnel's filter"));
  RecommendRequest request{.user = "ada", .k = 3};
  request.filter = *parse_filter(R"({"field":"brand","eq":"c"})");
  EXPECT_THAT(ask("p9", request).reason, HasSubstr("the request's filter"));
}

TEST_F(WhyNotTest, NotRetrievedWithItsExactRankAndScore) {
  const WhyNotAnswer answer = ask("p8");
  EXPECT_EQ(answer.verdict, WhyNot::kNotRetrieved);
  ASSERT_THAT(answer.retrievers, SizeIs(1));
  EXPECT_EQ(answer.retrievers[0].retriever, "popular");
  EXPECT_EQ(answer.retrievers[0].rank, 9u);
  EXPECT_EQ(answer.retrievers[0].score, 2);  // two users took it, a view weighs 1
  EXPECT_EQ(answer.retrievers[0].quota, 6u);
  EXPECT_FALSE(answer.retrievers[0].is_retrieved);
  EXPECT_THAT(answer.reason, HasSubstr("rank 9 of popular"));
  db.put_item("unsold");
  EXPECT_THAT(ask("unsold").reason, HasSubstr("no retriever scores"));
}

TEST_F(WhyNotTest, NotRetrievedFromASpaceByExactRank) {
  db.add_space({.name = "look", .dim = 2, .metric = Metric::kDot, .quantization = Quantization::kF32});
  for (int i = 0; i < 10; ++i) db.put_item_vector("look", "p" + std::to_string(i), {static_cast<float>(i), 0});
  db.put_user("ada");
  db.put_vector("look", EntityKind::kUser, *db.store.users.find("ada"), std::vector<float>{1, 0});
  use(R"({"retrievers":[{"kind":"ann","space":"look","quota":2},{"kind":"popular","quota":1}],"fallback":[]})");
  const WhyNotAnswer answer = ask("p4");
  EXPECT_EQ(answer.verdict, WhyNot::kNotRetrieved);
  EXPECT_EQ(answer.retrievers[0].rank, 6u);
  EXPECT_EQ(answer.retrievers[0].score, 4);
  EXPECT_EQ(answer.retrievers[1].rank, 5u);
}

TEST_F(WhyNotTest, RankedLowByScore) {
  const WhyNotAnswer cut = ask("p5");  // retrieved; without rules only k go on from the merge
  EXPECT_EQ(cut.verdict, WhyNot::kRankedLow);
  EXPECT_EQ(cut.merged_rank, 6u);
  use(R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[{"kind":"freshness"}]})");
  const WhyNotAnswer low = ask("p5");
  EXPECT_EQ(low.verdict, WhyNot::kRankedLow);
  EXPECT_EQ(low.final_rank, 6u);
}

TEST_F(WhyNotTest, RemovedByARule) {
  use(R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[{"kind":"freshness"},{"kind":"dedupe","field":"brand"}]})");
  const WhyNotAnswer answer = ask("p1");
  EXPECT_EQ(answer.verdict, WhyNot::kRemoved);
  EXPECT_EQ(answer.rule, "dedupe");
  ASSERT_FALSE(answer.rules.empty());
  EXPECT_EQ(answer.rules.back().rank_before, 2u);
  EXPECT_EQ(answer.rules.back().rank_after, 0u);
}

TEST_F(WhyNotTest, MovedByARule) {
  use(R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[
      {"kind":"boost","condition":{"field":"price","gte":4},"multiply":50},{"kind":"cap","field":"brand","most":3}]})");
  const WhyNotAnswer answer = ask("p1");
  EXPECT_EQ(answer.verdict, WhyNot::kMoved);
  EXPECT_EQ(answer.rule, "boost");
  EXPECT_EQ(answer.ranked_rank, 2u);
  EXPECT_EQ(answer.final_rank, 8u);
}

TEST_F(WhyNotTest, NamesEveryVerdict) {
  EXPECT_EQ(why_not_name(WhyNot::kRecommended), "recommended");
  EXPECT_EQ(why_not_name(WhyNot::kMoved), "moved_by_rule");
}

}  // namespace
}  // namespace tamis::engine
