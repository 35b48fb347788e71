#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "query_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

FunnelConfig funnel_of(std::vector<RetrieverConfig> retrievers, std::vector<std::string> fallback = {}) {
  FunnelConfig funnel;
  funnel.retrievers = std::move(retrievers);
  funnel.fallback = std::move(fallback);
  return funnel;
}
RetrieverConfig retriever(std::string kind, std::uint32_t quota = 100, std::string space = {}) {
  return {.kind = std::move(kind), .quota = quota, .weight = 1, .space = std::move(space)};
}

// Two tastes: tea (teapot, cup, saucer, strainer) and light (lamp, bulb, lantern, shade); four users each take three
// of their four, the last of each group leaves out the last item.
QueryDatabase& add_two_tastes(QueryDatabase& db) {
  const std::vector<std::vector<std::string>> tastes = {{"teapot", "cup", "saucer", "strainer"},
                                                        {"lamp", "bulb", "lantern", "shade"}};
  for (std::size_t taste = 0; taste < tastes.size(); ++taste) {
    for (std::size_t user = 0; user < 4; ++user) {
      for (std::size_t item = 0; item < 4; ++item) {
        if (item != user) db.interact("u" + std::to_string(taste) + std::to_string(user), tastes[taste][item]);
      }
    }
  }
  return db;
}
const std::set<std::string> kTea = {"teapot", "cup", "saucer", "strainer"};

TEST(Recommend, AnswersAnEmptyDatabaseWithAnEmptyList) {
  QueryDatabase db;
  const auto answer = db.recommend({.user = "nobody", .explain = true});
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_THAT(answer->items, IsEmpty());
  EXPECT_FALSE(answer->known_user);
  EXPECT_EQ(answer->generation, "");
  EXPECT_EQ(answer->funnel, "default");
  EXPECT_THAT(answer->recommendation_id, SizeIs(32));
}

TEST(Recommend, FindsTheMissingItemOfATaste) {
  QueryDatabase db;
  add_two_tastes(db).train();
  for (const char* kind : {"ann", "item_knn", "user_knn", "similar"}) {
    db.put_funnel(funnel_of({retriever(kind)}));
    const auto answer = db.recommend({.user = "u03", .k = 1});
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
    EXPECT_THAT(ids_of(*answer), ElementsAre("strainer")) << kind;
    EXPECT_TRUE(answer->known_user);
    EXPECT_EQ(answer->generation, "g1");
    EXPECT_EQ(answer->sequence, 24u);
  }
}

TEST(Recommend, GivesStrangersTheFallbackInOrder) {
  QueryDatabase db;
  add_two_tastes(db);
  db.interact("u10", "teapot");
  db.put_item("newest");
  const auto answer = db.recommend({.user = "stranger", .k = 9, .explain = true});
  ASSERT_TRUE(answer.is_ok());
  EXPECT_THAT(answer->items, SizeIs(9));  // the whole catalogue, the unsold one included
  EXPECT_EQ(answer->items[0].item, "teapot");
  EXPECT_THAT(ids_of(*answer), Contains("newest"));
  EXPECT_FALSE(answer->known_user);
  std::set<std::string> distinct;
  for (const auto& row : answer->items) distinct.insert(row.item);
  EXPECT_THAT(distinct, SizeIs(9));
  for (std::size_t i = 1; i < answer->items.size(); ++i) {
    EXPECT_EQ(answer->items[i].rank, i + 1);
    EXPECT_GE(answer->items[i - 1].score, answer->items[i].score);
  }
}

TEST(Recommend, MarksFallbackItems) {
  QueryDatabase db;
  add_two_tastes(db).train();
  db.put_funnel(funnel_of({retriever("item_knn")}, {"popular"}));
  const auto answer = db.recommend({.user = "u03", .k = 5, .explain = true});
  ASSERT_TRUE(answer.is_ok());
  ASSERT_THAT(answer->items, SizeIs(5));  // strainer, then the four of the other taste
  EXPECT_FALSE(answer->items[0].fallback);
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_TRUE(answer->items[i].fallback);
    EXPECT_LT(answer->items[i].score, answer->items[i - 1].score);
    ASSERT_THAT(answer->items[i].explain->retrieved_by, SizeIs(1));
    EXPECT_EQ(answer->items[i].explain->retrieved_by[0].retriever, "popular");
  }
}

TEST(Recommend, CountsTheInteractionJustPosted) {
  QueryDatabase db;
  add_two_tastes(db).train();
  for (const char* kind : {"ann", "item_knn", "user_knn"}) {
    db.put_funnel(funnel_of({retriever(kind)}));
    EXPECT_THAT(db.recommend({.user = std::string("fresh ") + kind, .k = 3})->items, IsEmpty()) << kind;
    db.interact(std::string("fresh ") + kind, "teapot");
    const auto answer = db.recommend({.user = std::string("fresh ") + kind, .k = 3});
    ASSERT_THAT(answer->items, SizeIs(3)) << kind;
    for (const auto& row : answer->items) EXPECT_TRUE(kTea.contains(row.item)) << kind << " " << row.item;
    EXPECT_TRUE(answer->known_user);
  }
}

TEST(Recommend, TakesASessionFromTheRequest) {
  QueryDatabase db;
  add_two_tastes(db).train();
  db.put_funnel(funnel_of({retriever("item_knn")}));
  const auto answer = db.recommend({.history = {{.item = "lamp"}, {.item = "unheard of"}}, .k = 3});
  ASSERT_TRUE(answer.is_ok());
  EXPECT_THAT(ids_of(*answer), Contains("bulb"));
  EXPECT_THAT(ids_of(*answer), Not(Contains("lamp")));  // seen in the session
  EXPECT_FALSE(answer->known_user);
}

TEST(Recommend, WeighsInteractionsByType) {
  QueryDatabase db;
  add_two_tastes(db).train();
  db.interact("mixed", "lamp", "view");
  db.interact("mixed", "teapot", "purchase");
  db.put_funnel(funnel_of({retriever("item_knn")}));
  EXPECT_TRUE(kTea.contains(db.recommend({.user = "mixed", .k = 1})->items.at(0).item));
  for (int i = 0; i < 20; ++i) db.interact("mixed", "lamp", "view");  // 21 views outweigh a purchase of 5
  EXPECT_FALSE(kTea.contains(db.recommend({.user = "mixed", .k = 1})->items.at(0).item));
}

TEST(Recommend, ExcludesSeenItemsOfAllOrSomeTypesOrNone) {
  QueryDatabase db;
  add_two_tastes(db);
  db.interact("ada", "lamp", "view");
  db.interact("ada", "teapot", "purchase");
  FunnelConfig funnel = funnel_of({retriever("popular")});
  db.put_funnel(funnel);
  const auto all = ids_of(*db.recommend({.user = "ada", .k = 100}));
  EXPECT_THAT(all, SizeIs(6));
  EXPECT_THAT(all, Not(Contains("lamp")));
  EXPECT_THAT(all, Not(Contains("teapot")));
  funnel.seen_types = {"purchase", "never happened"};
  db.put_funnel(funnel);
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 100})), Contains("lamp"));
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 100})), Not(Contains("teapot")));
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 100, .exclude_seen = false})), SizeIs(8));
  funnel.exclude_seen = false;
  db.put_funnel(funnel);
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 100})), SizeIs(8));
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 100, .exclude_seen = true})), SizeIs(7));
}

TEST(Recommend, ExcludesWhatTheRequestNames) {
  QueryDatabase db;
  add_two_tastes(db);
  const auto answer = db.recommend({.k = 100, .exclude = {"cup", "no such item"}});
  ASSERT_TRUE(answer.is_ok());
  EXPECT_THAT(ids_of(*answer), SizeIs(7));
  EXPECT_THAT(ids_of(*answer), Not(Contains("cup")));
}

TEST(Recommend, LeavesOutDeletedAndExpiredItems) {
  QueryDatabase db;
  add_two_tastes(db).train();
  db.delete_item("cup");
  db.put_item("saucer", {}, QueryDatabase::kNow + 1'000'000);
  const RecommendRequest request{.user = "u13", .k = 100, .exclude_seen = false};
  EXPECT_THAT(ids_of(*db.recommend(request)), SizeIs(7));
  EXPECT_THAT(ids_of(*db.recommend(request)), Not(Contains("cup")));
  db.clock.advance(2'000'000);
  EXPECT_THAT(ids_of(*db.recommend(request)), SizeIs(6));
  EXPECT_THAT(ids_of(*db.recommend(request)), Not(Contains("saucer")));
  RecommendRequest earlier = request;
  earlier.as_of_ms = QueryDatabase::kNow;
  EXPECT_THAT(ids_of(*db.recommend(earlier)), Contains("saucer"));
}

// 600 items, all bought by one crowd; every n-th carries a mark of that selectivity.
TEST(Recommend, HonoursFiltersOfEverySelectivity) {
  QueryDatabase db;
  for (int i = 0; i < 600; ++i) {
    db.put_item("i" + std::to_string(i), {{"half", i % 2 == 0}, {"tenth", i % 10 == 0}, {"rare", i % 300 == 7}});
  }
  for (int user = 0; user < 60; ++user) {
    for (int i = user % 7; i < 600; i += 7 + user % 3) db.interact("u" + std::to_string(user), "i" + std::to_string(i));
  }
  db.train();
  for (const auto& [field, expected] : std::map<std::string, std::size_t>{{"half", 100}, {"tenth", 60}, {"rare", 2}}) {
    for (const char* kind : {"ann", "item_knn", "user_knn", "popular", "latest"}) {
      db.put_funnel(funnel_of({retriever(kind, 100)}));
      const auto answer =
          db.recommend({.user = "u5",
                        .k = 100,
                        .filter = {.op = Filter::Op::kEqual, .children = {}, .field = field, .values = {true}},
                        .exclude_seen = false,
                        .with_features = true});
      ASSERT_TRUE(answer.is_ok());
      EXPECT_THAT(answer->items, SizeIs(expected)) << kind << " " << field;
      for (const auto& row : answer->items) EXPECT_EQ(row.features->at(field), FeatureValue(true)) << kind;
    }
  }
}

TEST(Recommend, AndsTheRequestsFilterWithTheFunnels) {
  QueryDatabase db;
  for (int i = 0; i < 12; ++i) db.put_item("i" + std::to_string(i), {{"even", i % 2 == 0}, {"third", i % 3 == 0}});
  FunnelConfig funnel = funnel_of({retriever("latest")});
  funnel.filter = *parse_filter(R"({"field":"even","eq":true})");
  db.put_funnel(funnel);
  const auto answer = db.recommend({.k = 100, .filter = *parse_filter(R"({"field":"third","eq":true})")});
  EXPECT_EQ(std::set<std::string>(), [&] {
    auto ids = ids_of(*answer);
    std::set<std::string> rest(ids.begin(), ids.end());
    EXPECT_THAT(rest, SizeIs(2));
    rest.erase("i0");
    rest.erase("i6");
    return rest;
  }());
}

TEST(Recommend, SearchesExternalSpacesByTheUsersVectorOrTheirItems) {
  QueryDatabase db;
  db.add_space({.name = "text", .dim = 2, .metric = Metric::kCosine, .quantization = Quantization::kF32});
  for (const char* item : {"north", "south", "east", "northeast"}) db.put_item(item);
  db.put_item_vector("text", "north", {0, 1});
  db.put_item_vector("text", "south", {0, -1});
  db.put_item_vector("text", "east", {1, 0});
  db.put_item_vector("text", "northeast", {1, 1});
  db.put_funnel(funnel_of({retriever("ann", 100, "text")}));
  db.interact("ada", "north");
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 3})), ElementsAre("northeast", "east", "south"));
  db.put_vector("text", EntityKind::kUser, *db.store.users.find("ada"), std::vector<float>{0.1F, -1});
  EXPECT_THAT(ids_of(*db.recommend({.user = "ada", .k = 1})), ElementsAre("south"));
}

TEST(Recommend, ExplainsMissingParts) {
  QueryDatabase db;
  add_two_tastes(db);
  db.put_funnel(funnel_of({retriever("ann", 100, "ials"), retriever("item_knn"), retriever("user_knn")}, {"popular"}));
  const auto answer = db.recommend({.user = "u00", .explain = true});
  ASSERT_TRUE(answer.is_ok());
  std::map<std::string, StageTrace> stages;
  for (const auto& stage : answer->stages) stages[stage.stage] = stage;
  EXPECT_EQ(stages.at("retrieve:ann:ials").count, 0u);
  EXPECT_THAT(stages.at("retrieve:ann:ials").note, Not(IsEmpty()));
  EXPECT_EQ(stages.at("retrieve:item_knn").note, "item_knn is not trained");
  EXPECT_EQ(stages.at("retrieve:user_knn").note, "user_knn is not trained");
  EXPECT_EQ(stages.at("user_state").count, 3u);
  EXPECT_EQ(stages.at("merge").count, 0u);
  EXPECT_EQ(stages.at("fallback").count, 5u);  // eight items less three seen
  EXPECT_TRUE(db.recommend({.user = "u00"})->stages.empty());
}

double sum_of_reasons(const RetrievedBy& by) {
  double sum = 0;
  for (const auto& [item, share] : by.because) sum += share;
  return sum;
}

TEST(Recommend, ReasonsSumToTheScore) {
  QueryDatabase db;
  add_two_tastes(db).train();
  db.add_space({.name = "text", .dim = 2, .metric = Metric::kCosine, .quantization = Quantization::kF32});
  db.put_item_vector("text", "teapot", {1, 0});
  db.put_item_vector("text", "cup", {0.5F, 2});
  db.put_item_vector("text", "strainer", {3, 1});
  db.put_funnel(funnel_of({retriever("ann"), retriever("item_knn"), retriever("ann", 100, "text")}));
  const auto answer = db.recommend({.user = "u03", .k = 1, .explain = true});
  ASSERT_TRUE(answer.is_ok());
  ASSERT_THAT(ids_of(*answer), ElementsAre("strainer"));
  const auto& retrieved_by = answer->items[0].explain->retrieved_by;
  ASSERT_THAT(retrieved_by, SizeIs(3));
  for (const RetrievedBy& by : retrieved_by) {
    EXPECT_EQ(by.rank, 1u) << by.retriever;
    EXPECT_GT(by.score, 0.1) << by.retriever;
    EXPECT_THAT(by.because, SizeIs(by.retriever == "ann:text" ? 2 : 3)) << by.retriever;
    EXPECT_NEAR(sum_of_reasons(by), by.score, 1e-4) << by.retriever;
  }
  EXPECT_DOUBLE_EQ(answer->items[0].explain->merged_score, 3.0 / 61);
}

TEST(Recommend, NamesTheNearestOwnItem) {
  QueryDatabase db;
  db.add_space({.name = "text", .dim = 2, .metric = Metric::kL2, .quantization = Quantization::kF32});
  for (const char* item : {"a", "b", "near b"}) db.put_item(item);
  db.put_item_vector("text", "a", {0, 0});
  db.put_item_vector("text", "b", {10, 0});
  db.put_item_vector("text", "near b", {9, 0});
  db.interact("ada", "b");
  db.interact("ada", "a");
  db.put_funnel(funnel_of({retriever("similar", 100, "text")}));
  const auto answer = db.recommend({.user = "ada", .k = 3, .explain = true});
  ASSERT_THAT(ids_of(*answer), ElementsAre("near b"));
  const auto& by = answer->items[0].explain->retrieved_by.at(0);
  EXPECT_EQ(by.retriever, "similar:text");
  ASSERT_THAT(by.because, SizeIs(1));
  EXPECT_EQ(by.because[0].first, "b");
  EXPECT_NEAR(by.because[0].second, -1, 1e-5);
}

TEST(Recommend, TellsTheObserverOfEveryStage) {
  struct Recorder final : Observer {
    std::vector<std::string> stages;
    std::string funnel;
    void on_funnel_stage(std::string_view name, std::string_view stage, double seconds, std::uint64_t) override {
      EXPECT_GE(seconds, 0);
      funnel = name;
      stages.emplace_back(stage);
    }
  } recorder;
  QueryDatabase db;
  db.put_funnel(funnel_of({retriever("popular"), retriever("ann", 10, "text")}));
  ASSERT_TRUE(db.recommend({}, &recorder).is_ok());
  EXPECT_THAT(recorder.stages, ElementsAre("user_state", "filter", "retrieve:popular", "retrieve:ann:text", "merge",
                                           "fallback", "answer"));
  EXPECT_EQ(recorder.funnel, "default");
  FunnelConfig own = funnel_of({retriever("popular")});
  own.name = "of-the-client";
  const auto answer = db.recommend({.override_funnel = own}, &recorder);
  EXPECT_EQ(recorder.funnel, "override");
  EXPECT_EQ(answer->funnel, "of-the-client");
}

TEST(Recommend, IgnoresVocabularyThatTheDatabaseLacks) {
  QueryDatabase db;
  add_two_tastes(db).train();
  auto imported = std::make_shared<Generation>(*db.generation);
  imported->items[imported->item_rows[*db.store.items.find("strainer")]] = kNoDenseId;
  db.generation = imported;
  db.put_funnel(funnel_of({retriever("item_knn"), retriever("user_knn")}));
  const auto answer = db.recommend({.user = "u03", .k = 10});
  ASSERT_TRUE(answer.is_ok());
  EXPECT_THAT(ids_of(*answer), Not(Contains("strainer")));
}

TEST(Recommend, NamesAnswersUniquely) {
  QueryDatabase db;
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.insert(db.recommend({})->recommendation_id);
  EXPECT_THAT(ids, SizeIs(1'000));
}

TEST(Recommend, RefusesBadRequests) {
  QueryDatabase db;
  const auto expect = [&](const RecommendRequest& request, StatusCode code, const std::string& field) {
    const auto answer = db.recommend(request);
    ASSERT_FALSE(answer.is_ok()) << field;
    EXPECT_EQ(answer.status().code(), code) << answer.status().to_string();
    EXPECT_EQ(answer.status().field(), field) << answer.status().to_string();
  };
  expect({.k = 0}, StatusCode::kInvalidArgument, "k");
  expect({.k = 1'001}, StatusCode::kInvalidArgument, "k");
  expect({.user = "bad\x01id"}, StatusCode::kInvalidArgument, "user");
  expect({.user = std::string(257, 'u')}, StatusCode::kInvalidArgument, "user");
  expect({.funnel = "nowhere"}, StatusCode::kNotFound, "funnel");
  expect({.exclude = {"a", ""}}, StatusCode::kInvalidArgument, "exclude[1]");
  expect({.history = {{.item = ""}}}, StatusCode::kInvalidArgument, "history[0].item");
  expect({.history = {{.item = "a", .value = std::nan("")}}}, StatusCode::kInvalidArgument, "history[0].value");
  expect({.filter = {.op = Filter::Op::kNot, .children = {}, .field = {}, .values = {}}}, StatusCode::kInvalidArgument,
         "filter");
  expect({.as_of_ms = kMaxTimestampMs + 1}, StatusCode::kInvalidArgument, "as_of");
  RecommendRequest request;
  request.override_funnel = funnel_of({retriever("popular"), retriever("ann", 10, "no-such")});
  expect(request, StatusCode::kInvalidArgument, "/retrievers/1/space");
  EXPECT_THAT(db.recommend(request).status().message(), HasSubstr("no-such"));
}

}  // namespace
}  // namespace tamis::engine
