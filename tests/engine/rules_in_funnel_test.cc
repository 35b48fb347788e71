// Rules as parts of a funnel's run: that each kind acts on an answer, is explained, and draws from the request's id.
#include <gmock/gmock.h>

#include <set>

#include "common/clock.h"
#include "tests/engine/query_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Eight items; popularity falls from p0 to p7. Brands go x, x, y, y, ...; even ones are listed long ago.
class RulesInFunnel : public ::testing::Test {
 protected:
  RulesInFunnel() {
    for (int i = 0; i < 8; ++i) {
      const std::string id = "p" + std::to_string(i);
      db.put_item(id, {{"brand", FeatureValue(std::string(1, static_cast<char>('u' + i / 2)))},
                       {"listed_at", FeatureValue(Timestamp{QueryDatabase::kNow - (i % 2 == 0 ? 100 : 1) * kDayMs})}});
      for (int user = i; user < 8; ++user) db.interact("crowd" + std::to_string(user), id, "view");
    }
  }
  RecommendAnswer ask(const std::string& rules, RecommendRequest request = {.user = "ada", .k = 4}) {
    auto funnel =
        parse_funnel("default", R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[)" + rules + "]}");
    EXPECT_TRUE(funnel.is_ok()) << funnel.status().to_string();
    db.put_funnel(*funnel);
    request.recommendation_id = request.recommendation_id.empty() ? "r1" : request.recommendation_id;
    auto answer = db.recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }
  std::vector<std::string> list(const std::string& rules, RecommendRequest request = {.user = "ada", .k = 4}) {
    return ids_of(ask(rules, std::move(request)));
  }
  QueryDatabase db;
};

TEST_F(RulesInFunnel, NoneKeepsTheOrder) { EXPECT_THAT(list(""), ElementsAre("p0", "p1", "p2", "p3")); }

TEST_F(RulesInFunnel, RemovesAndReplacesFromBehind) {
  EXPECT_THAT(list(R"({"kind":"filter","condition":{"field":"brand","in":["v","x"]}})"),
              ElementsAre("p2", "p3", "p6", "p7"));
  EXPECT_THAT(list(R"({"kind":"dedupe","field":"brand"})"), ElementsAre("p0", "p2", "p4", "p6"));
}

TEST_F(RulesInFunnel, BoostsAndBuries) {
  EXPECT_THAT(list(R"({"kind":"boost","condition":{"field":"id","eq":"p7"},"multiply":50})"),
              ElementsAre("p7", "p0", "p1", "p2"));
  EXPECT_THAT(list(R"({"kind":"boost","condition":{"field":"brand","eq":"u"},"multiply":0.01})"),
              ElementsAre("p2", "p3", "p4", "p5"));
}

TEST_F(RulesInFunnel, PrefersFreshItemsByEachDecay) {
  for (const char* decay : {"exponential", "gauss", "linear"}) {
    EXPECT_THAT(list(std::string(R"({"kind":"freshness","scale_s":864000,"decay":")") + decay + "\"}"),
                ElementsAre("p1", "p3", "p5", "p7"))
        << decay;
  }
}

TEST_F(RulesInFunnel, SpreadsBrands) {
  EXPECT_THAT(list(R"({"kind":"cap","field":"brand","most":1})"), ElementsAre("p0", "p2", "p4", "p6"));
  EXPECT_THAT(list(R"({"kind":"spread","field":"brand","most":1,"window":2})"), ElementsAre("p0", "p2", "p1", "p3"));
}

TEST_F(RulesInFunnel, CalibratesToTheHistory) {
  db.interact("eva", "p6", "purchase");  // brand x alone
  const auto calibrated = list(R"({"kind":"calibrated","field":"brand","weight":0.99})", {.user = "eva", .k = 2});
  EXPECT_EQ(calibrated.front(), "p7");  // the other one of the brand
}

TEST_F(RulesInFunnel, DiversifiesInAnySpace) {
  db.add_space({.name = "look", .dim = 2, .metric = Metric::kCosine, .quantization = Quantization::kF32});
  for (int i = 0; i < 8; ++i)
    db.put_item_vector("look", "p" + std::to_string(i), i < 4 ? std::vector<float>{1, 0} : std::vector<float>{0, 1});
  for (const char* method : {"mmr", "dpp"}) {
    const auto diverse =
        list(std::string(R"({"kind":"diversity","space":"look","relevance":0.3,"method":")") + method + "\"}",
             {.user = "ada", .k = 2});
    EXPECT_THAT(diverse, ElementsAre("p0", "p4")) << method;
    EXPECT_THAT(list(std::string(R"({"kind":"diversity","space":"none","relevance":0.3,"method":")") + method + "\"}",
                     {.user = "ada", .k = 2}),
                ElementsAre("p0", "p1"))
        << method;
  }
}

TEST_F(RulesInFunnel, PinsWhatMayBeServed) {
  db.put_item("banner");
  EXPECT_THAT(list(R"({"kind":"pin","pins":[{"item":"banner","slot":2},{"item":"p3","slot":1}]})"),
              ElementsAre("p3", "banner", "p0", "p1"));
  EXPECT_THAT(list(R"({"kind":"pin","pins":[{"item":"banner","slot":2,"insert":false}]})"),
              ElementsAre("p0", "p1", "p2", "p3"));
  db.delete_item("banner");
  EXPECT_THAT(list(R"({"kind":"pin","pins":[{"item":"banner","slot":1},{"item":"never heard of","slot":2}]})"),
              ElementsAre("p0", "p1", "p2", "p3"));
}

TEST_F(RulesInFunnel, SeesByTypeAndWindow) {
  db.interact("ada", "p0", "view");
  db.interact("ada", "p1", "purchase");
  RecommendRequest request{.user = "ada", .k = 4, .exclude_seen = false};
  EXPECT_THAT(list(R"({"kind":"seen","policies":[{"type":"purchase"}]})", request),
              ElementsAre("p0", "p2", "p3", "p4"));
  EXPECT_THAT(list(R"({"kind":"seen","policies":[{"type":"view","multiply":0.01}]})", request), Not(Contains("p0")));
  db.clock.advance(10 * 1'000);
  EXPECT_THAT(list(R"({"kind":"seen","policies":[{"type":"purchase","window_s":5}]})", request), Contains("p1"));
  request.history = {{.item = "p2", .type = "purchase"}};
  EXPECT_THAT(list(R"({"kind":"seen","policies":[{"type":"purchase","window_s":5}]})", request), Not(Contains("p2")));
}

// Shown lists and counts, as impressions would give them.
class Shown final : public ImpressionStatistics {
 public:
  ImpressionCounts of_item(DenseId item) const override {
    return counts.contains(item) ? counts.at(item) : ImpressionCounts{};
  }
  std::vector<ShownItem> shown_to(std::string_view) const override { return shown; }
  std::map<DenseId, ImpressionCounts> counts;
  std::vector<ShownItem> shown;
};

TEST_F(RulesInFunnel, TiresOfWhatWasShown) {
  db.put_user("ada");
  Shown shown;
  for (int i = 0; i < 20; ++i) shown.shown.push_back({*db.store.items.find("p0"), db.clock.now_ms()});
  auto funnel =
      parse_funnel("default", R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[{"kind":"rotation"}]})");
  db.put_funnel(*funnel);
  ReadState state = db.state();
  EXPECT_EQ(engine::recommend(state, {.user = "ada", .k = 1}, 1, nullptr)->items.at(0).item, "p0");
  state.impression_statistics = &shown;
  EXPECT_EQ(engine::recommend(state, {.user = "ada", .k = 1}, 1, nullptr)->items.at(0).item, "p1");
}

TEST_F(RulesInFunnel, ExploresByTheSeedOfTheIdAndTellsPropensities) {
  const std::string explore = R"({"kind":"explore","policy":"epsilon_greedy","share":0.5})";
  std::set<std::vector<std::string>> lists;
  for (int i = 0; i < 40; ++i) {
    RecommendRequest request{.user = "ada", .k = 2, .recommendation_id = "request " + std::to_string(i)};
    const RecommendAnswer answer = ask(explore, request);
    lists.insert(ids_of(answer));
    EXPECT_EQ(ids_of(ask(explore, request)), ids_of(answer));  // the same id: the same answer
    for (const RecommendedItem& item : answer.items) {
      EXPECT_GT(item.propensity, 0);
      EXPECT_LT(item.propensity, 1);
    }
  }
  EXPECT_GT(lists.size(), 10u);
}

TEST_F(RulesInFunnel, HoldsTheFallbackToWhatRulesTakeOut) {
  auto funnel = parse_funnel("default", R"({"retrievers":[{"kind":"item_knn"}],"fallback":["popular"],
      "rules":[{"kind":"filter","condition":{"field":"brand","eq":"v"}}]})");
  db.put_funnel(*funnel);
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 4})), ElementsAre("p2", "p3"));
}

TEST_F(RulesInFunnel, HoldsTheFallbackToStrictCapsAndGroups) {
  const auto filled = [&](const std::string& rules) {
    auto funnel = parse_funnel(
        "default", R"({"retrievers":[{"kind":"item_knn"}],"fallback":["popular"],"rules":[)" + rules + "]}");
    db.put_funnel(*funnel);
    return ids_of(*db.recommend({.user = "ada", .k = 5}));
  };
  EXPECT_THAT(filled(R"({"kind":"cap","field":"brand","most":1,"strict":true})"), ElementsAre("p0", "p2", "p4", "p6"));
  EXPECT_THAT(filled(R"({"kind":"dedupe","field":"brand"})"), ElementsAre("p0", "p2", "p4", "p6"));
  EXPECT_THAT(filled(R"({"kind":"cap","field":"brand","most":1})"), SizeIs(5)) << "one that is not strict fills up";
}

TEST_F(RulesInFunnel, CountsServedItemsInTheFallbacksCaps) {
  db.add_space({.name = "look", .dim = 2, .metric = Metric::kCosine, .quantization = Quantization::kF32});
  db.put_item_vector("look", "p2", {1, 0});
  db.put_item_vector("look", "p3", {0.9F, 0.1F});
  db.interact("ada", "p2", "view");
  auto funnel = parse_funnel("default", R"({"retrievers":[{"kind":"similar","space":"look"}],"fallback":["popular"],
      "exclude_seen":false,"rules":[{"kind":"cap","field":"brand","most":1,"strict":true}]})");
  db.put_funnel(*funnel);
  const auto answer = ids_of(*db.recommend({.user = "ada", .k = 4}));
  ASSERT_THAT(answer, SizeIs(4));
  EXPECT_EQ(std::count(answer.begin(), answer.end(), "p2") + std::count(answer.begin(), answer.end(), "p3"), 1);
}

TEST_F(RulesInFunnel, PinsObeyTheRulesBeforeThem) {
  db.put_item("adult", {{"brand", FeatureValue(std::string("u"))}, {"adult", FeatureValue(true)}});
  const std::string pin = R"({"kind":"pin","pins":[{"item":"adult","slot":1}]})";
  EXPECT_THAT(list(pin), ElementsAre("adult", "p0", "p1", "p2"));
  EXPECT_THAT(list(R"({"kind":"filter","condition":{"not":{"field":"adult","eq":true}}},)" + pin),
              ElementsAre("p0", "p1", "p2", "p3"))
      << "brought in past a filter";
  for (int i = 0; i < 9; ++i) db.interact("fan" + std::to_string(i), "adult", "view");
  EXPECT_THAT(list(R"({"kind":"filter","condition":{"not":{"field":"adult","eq":true}}},)" + pin),
              ElementsAre("p0", "p1", "p2", "p3"))
      << "brought back after a filter";
  EXPECT_THAT(list(R"({"kind":"cap","field":"brand","most":1,"strict":true},)" + pin), Contains("adult"));
  EXPECT_THAT(list(R"({"kind":"cap","field":"brand","most":1,"strict":true},
                      {"kind":"pin","pins":[{"item":"p1","slot":1}]})"),
              Not(Contains("p1")));
  EXPECT_THAT(list(R"({"kind":"dedupe","field":"brand"},{"kind":"pin","pins":[{"item":"p3","slot":1}]})"),
              Not(Contains("p3")));
  RecommendRequest request{.user = "ada", .k = 4, .exclude_seen = false};
  db.interact("ada", "p5", "purchase");
  EXPECT_THAT(list(R"({"kind":"seen","policies":[{"type":"purchase"}]},
                      {"kind":"pin","pins":[{"item":"p5","slot":1}]})",
                   request),
              Not(Contains("p5")));
}

TEST_F(RulesInFunnel, TwoPinsOfOneGroupDoNotPassAStrictCap) {
  db.put_item("b1", {{"brand", FeatureValue(std::string("z"))}});
  db.put_item("b2", {{"brand", FeatureValue(std::string("z"))}});
  EXPECT_THAT(list(R"({"kind":"cap","field":"brand","most":1,"strict":true},
                      {"kind":"pin","pins":[{"item":"b1","slot":1},{"item":"b2","slot":2}]})"),
              ElementsAre("b1", "p0", "p2", "p4"));
}

TEST_F(RulesInFunnel, TiresStrangersOfWhatWasShown) {
  class ShownToEve final : public ImpressionStatistics {
   public:
    ImpressionCounts of_item(DenseId) const override { return {}; }
    std::vector<ShownItem> shown_to(std::string_view user) const override {
      return user == "eve" ? shown : std::vector<ShownItem>();
    }
    std::vector<ShownItem> shown;
  };
  ShownToEve shown;
  for (int i = 0; i < 20; ++i) shown.shown.push_back({*db.store.items.find("p0"), db.clock.now_ms()});
  ASSERT_FALSE(db.store.users.find("eve"));
  ReadState state = db.state();
  state.impression_statistics = &shown;
  for (const char* rule : {R"({"kind":"rotation","fatigue":0.5})",
                           R"({"kind":"seen","policies":[{"type":"impression","multiply":0.01}]})"}) {
    const auto funnel = parse_funnel(
        "default", std::string(R"({"retrievers":[{"kind":"popular"}],"fallback":[],"rules":[)") + rule + "]}");
    RecommendRequest request{.user = "eve", .k = 1, .override_funnel = *funnel};
    EXPECT_EQ(engine::recommend(state, request, 1, nullptr)->items.at(0).item, "p1") << rule;
    request.user = "else";
    EXPECT_EQ(engine::recommend(state, request, 1, nullptr)->items.at(0).item, "p0") << rule;
    request.user = "";
    EXPECT_EQ(engine::recommend(state, request, 1, nullptr)->items.at(0).item, "p0") << rule;
  }
}

TEST_F(RulesInFunnel, ExplorationReachesNewItemsWhateverTheRetrieversSay) {
  std::set<std::string> fresh;
  for (int i = 0; i < 5; ++i) {
    const std::string id = "new" + std::to_string(i);
    db.put_item(id, {{"listed_at", FeatureValue(Timestamp{db.clock.now_ms()})},
                     {"born", FeatureValue(static_cast<double>(db.clock.now_ms() / 1'000))}});
    fresh.insert(id);
  }
  db.clock.advance(60'000);
  const auto count_new = [&](const std::string& rule) {
    auto funnel = parse_funnel("default", R"({"retrievers":[{"kind":"popular","quota":8},{"kind":"latest","quota":3,
        "weight":0.05}],"ranker":{"candidates":8},"rules":[)" +
                                              rule + "]}");
    EXPECT_TRUE(funnel.is_ok()) << funnel.status().to_string();
    db.put_funnel(*funnel);
    int slots = 0;
    for (int i = 0; i < 50; ++i) {
      const auto answer = db.recommend({.user = "ada", .k = 4, .recommendation_id = "r" + std::to_string(i)});
      for (const RecommendedItem& item : answer->items) {
        if (!fresh.contains(item.item)) continue;
        ++slots;
        EXPECT_LT(item.propensity, 1);
      }
    }
    return slots;
  };
  EXPECT_EQ(count_new(R"({"kind":"explore","share":0})"), 0);
  const int by_age = count_new(R"({"kind":"explore","share":0.5,"age_field":"listed_at","most_age_s":86400})");
  EXPECT_GT(by_age, 70);  // of 200 slots, half of which explore
  EXPECT_LT(by_age, 130);
  EXPECT_GT(count_new(R"({"kind":"explore","share":0.5,"age_field":"born","most_age_s":86400})"), 70);
  EXPECT_GT(count_new(R"({"kind":"explore","share":0.5})"), 25);
  EXPECT_GT(count_new(R"({"kind":"filter","condition":{"field":"id","in":["p0","p1","p2","p3","new1"]}},
      {"kind":"explore","share":0.5,"age_field":"listed_at","most_age_s":86400})"),
            20);
}

TEST_F(RulesInFunnel, IsExplainedStepByStep) {
  const RecommendAnswer answer = ask(R"({"kind":"boost","condition":{"field":"id","eq":"p7"},"multiply":50},
      {"kind":"dedupe","field":"brand"},{"kind":"pin","pins":[{"item":"p7","slot":2}]})",
                                     {.user = "ada", .k = 3, .explain = true});
  EXPECT_THAT(ids_of(answer), ElementsAre("p0", "p7", "p2"));
  const ItemExplanation& moved = *answer.items[1].explain;
  EXPECT_EQ(moved.merged_rank, 8u);
  ASSERT_THAT(moved.rules, SizeIs(2));
  EXPECT_EQ(moved.rules[0].rule, "boost");
  EXPECT_EQ(moved.rules[0].rank_before, 8u);
  EXPECT_EQ(moved.rules[0].rank_after, 1u);
  EXPECT_DOUBLE_EQ(moved.rules[0].score_after, 50 * moved.rules[0].score_before);
  EXPECT_EQ(moved.rules[1].rule, "pin");
  EXPECT_EQ(moved.rules[1].rank_after, 2u);
  bool has_dedupe = false;
  for (const StageTrace& stage : answer.stages) {
    if (stage.stage != "rule:dedupe") continue;
    has_dedupe = true;
    EXPECT_EQ(stage.before, 8u);
    EXPECT_EQ(stage.count, 4u);
    EXPECT_GT(stage.microseconds, 0);
  }
  EXPECT_TRUE(has_dedupe);
}

TEST_F(RulesInFunnel, ReportsItsTimeAndItsBudget) {
  class Watch final : public Observer {
   public:
    void on_rule(std::string_view, std::string_view rule, double seconds, bool is_over_budget) override {
      EXPECT_GT(seconds, 0) << rule;
      rules.emplace_back(rule);
      over = over || is_over_budget;
    }
    std::vector<std::string> rules;
    bool over = false;
  };
  for (const double budget_us : {0.0, 1e-6}) {
    auto funnel = parse_funnel("default", R"({"retrievers":[{"kind":"popular"}],"rules":[{"kind":"freshness"}]})");
    funnel->rule_budget_us = budget_us;
    db.put_funnel(*funnel);
    Watch watch;
    const auto answer = db.recommend({.user = "ada", .explain = true}, &watch);
    EXPECT_THAT(watch.rules, ElementsAre("freshness"));
    EXPECT_EQ(watch.over, budget_us > 0);
    bool is_told = false;
    for (const StageTrace& stage : answer->stages) is_told = is_told || stage.note == "over its budget";
    EXPECT_EQ(is_told, budget_us > 0);
  }
}

TEST_F(RulesInFunnel, HoldForItemToItemLists) {
  db.train();
  auto funnel = parse_funnel("around", R"({"retrievers":[{"kind":"item_knn"}],"fallback":["popular"],
      "rules":[{"kind":"filter","condition":{"not":{"field":"brand","eq":"u"}}}]})");
  db.put_funnel(*funnel);
  const auto answer = db.recommend({.k = 3, .funnel = "around", .similar_to = "p2"});
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_THAT(ids_of(*answer), Not(Contains("p2")));
  EXPECT_THAT(ids_of(*answer), Not(Contains("p0")));
  EXPECT_THAT(*answer, ::testing::Field(&RecommendAnswer::items, SizeIs(3)));
  EXPECT_EQ(db.recommend({.similar_to = "never heard of"}).status().field(), "item");
}

TEST_F(RulesInFunnel, LeavesNoTraceOfADryRun) {
  class Sink final : public ImpressionSink {
   public:
    void on_answer(const ServedAnswer& served) override { ids.push_back(served.answer.recommendation_id); }
    std::vector<std::string> ids;
  };
  Sink sink;
  ReadState state = db.state();
  state.impression_sink = &sink;
  ASSERT_TRUE(engine::recommend(state, {.user = "ada", .dry_run = true}, 1, nullptr).is_ok());
  EXPECT_THAT(sink.ids, IsEmpty());
  ASSERT_TRUE(engine::recommend(state, {.user = "ada", .recommendation_id = "r7"}, 1, nullptr).is_ok());
  EXPECT_THAT(sink.ids, ElementsAre("r7"));
}

TEST_F(RulesInFunnel, PagesNeverRepeatAnItem) {
  auto funnel = parse_funnel("default", R"({"retrievers":[{"kind":"popular"}],"fallback":["latest"]})");
  db.put_funnel(*funnel);
  std::set<std::string> served;
  std::string cursor;
  std::size_t pages = 0;
  do {
    const auto page = db.recommend({.user = "ada", .k = 3, .cursor = cursor, .with_cursor = true});
    ASSERT_TRUE(page.is_ok()) << page.status().to_string();
    for (const RecommendedItem& item : page->items) EXPECT_TRUE(served.insert(item.item).second) << item.item;
    cursor = page->cursor;
    for (int i = 0; i < 30; ++i) db.interact("fan", "p" + std::to_string(pages), "view");  // scores turn over
  } while (!cursor.empty() && ++pages < 10);
  EXPECT_THAT(served, SizeIs(8));
  EXPECT_EQ(pages, 2u);
  EXPECT_EQ(db.recommend({.user = "ada", .cursor = "AAAA"}).status().field(), "cursor");
}

}  // namespace
}  // namespace tamis::engine
