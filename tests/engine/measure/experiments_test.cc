// Experiments through the database: documents, the split, what is served, what comes of it.
#include "engine/experiment.h"
#include "engine/experiments/layer_allocation.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

constexpr const char* kTwoArms =
    R"({"arms":[{"name":"old","share":0.5},{"name":"new","share":0.4,"funnel":"fresh"}],"holdout":0.1})";

class ExperimentsTest : public DatabaseTest {
 protected:
  void open_shop() {
    open();
    for (const char* id : {"lamp", "vase", "rug"}) write({put_item(id)});
    FunnelConfig fresh = FunnelConfig::default_funnel();
    fresh.name = "fresh";
    fresh.exclude_seen = false;
    ASSERT_TRUE(database->put_funnel(fresh).is_ok());
  }
  Status put(const std::string& name, const std::string& json) {
    const auto experiment = parse_experiment(name, json);
    return experiment.is_ok() ? database->put_experiment(*experiment).status() : experiment.status();
  }
  RecommendAnswer ask(const std::string& user) {
    RecommendRequest request;
    request.user = user;
    request.k = 2;
    auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }
  std::string arm_of(const std::string& user, const std::string& experiment) {
    const RecommendAnswer answer = ask(user);
    for (const ServedArm& arm : answer.arms) {
      if (arm.experiment == experiment) return arm.arm;
    }
    return "";
  }
  static std::string user(int number) { return "user-" + std::to_string(number); }
};

TEST_F(ExperimentsTest, AnArmServesItsFunnelAndTheAnswerNamesIt) {
  open_shop();
  ASSERT_EQ(put("ranking", kTwoArms).to_string(), Status::ok().to_string());
  std::map<std::string, int> arms;
  for (int i = 0; i < 400; ++i) {
    const RecommendAnswer answer = ask(user(i));
    ASSERT_EQ(answer.arms.size(), 1u);
    EXPECT_EQ(answer.arms[0].experiment, "ranking");
    EXPECT_EQ(answer.funnel, answer.arms[0].arm == "new" ? "fresh" : "default");
    ++arms[answer.arms[0].arm];
  }
  EXPECT_NEAR(arms["old"], 200, 45);
  EXPECT_NEAR(arms["new"], 160, 45);
  EXPECT_NEAR(arms["holdout"], 40, 25);
  EXPECT_TRUE(ask("").arms.empty()) << "nobody cannot be followed";
}

TEST_F(ExperimentsTest, WhatANameMayBeCanBeDeletedToo) {
  open_shop();
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.name = "Home.V2";
  ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  ASSERT_EQ(put("Ranking.V2", kTwoArms).to_string(), Status::ok().to_string());
  EXPECT_EQ(database->delete_experiment("Ranking.V2").status().to_string(), Status::ok().to_string());
  EXPECT_EQ(database->delete_funnel("Home.V2").status().to_string(), Status::ok().to_string());
  EXPECT_EQ(database->get_funnel("Home.V2").status().code(), StatusCode::kNotFound);
}

TEST_F(ExperimentsTest, AFunnelInUseIsNotDeleted) {
  open_shop();
  for (const char* name : {"home", "base", "lonely"}) {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = name;
    ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  }
  ASSERT_EQ(put("ranking", R"({"funnel":"home","arms":[{"name":"old","share":0.4},
      {"name":"new","share":0.3,"funnel":"fresh"},{"name":"laid","share":0.3,"override":{"base":"base"}}]})")
                .to_string(),
            Status::ok().to_string());
  const auto refused = [&](const std::string& name) {
    const Status status = database->delete_funnel(name).status();
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << name << status.to_string();
    EXPECT_EQ(refusal({DeleteDocument{"funnel", name}}).code(), StatusCode::kFailedPrecondition) << name;
    return status.message();
  };
  EXPECT_NE(refused("fresh").find("experiment \"ranking\" (arm \"new\")"), std::string::npos);
  EXPECT_NE(refused("home").find("experiment \"ranking\""), std::string::npos);
  EXPECT_NE(refused("base").find("arm \"laid\""), std::string::npos);
  EXPECT_TRUE(database->delete_funnel("lonely").is_ok());
  ExperimentConfig ends = *database->get_experiment("ranking");
  ends.end_ms = clock.now_ms() + 1;
  ASSERT_TRUE(database->put_experiment(ends).is_ok());
  clock.advance(2);
  EXPECT_TRUE(database->delete_funnel("fresh").is_ok()) << "the experiment has ended";
  ExperimentConfig later = *database->get_experiment("ranking");
  later.alpha = 0.1;
  EXPECT_EQ(database->put_experiment(later).status().to_string(), Status::ok().to_string());
}

TEST_F(ExperimentsTest, NamesFunnelsThatAreThere) {
  open_shop();
  const auto fault = [&](const std::string& json) {
    const Status status = put("ranking", json);
    EXPECT_EQ(status.code(), StatusCode::kNotFound) << status.to_string();
    EXPECT_EQ(refusal({PutDocument{"experiment", "ranking", json}}).code(), StatusCode::kNotFound) << json;
    return status.field();
  };
  EXPECT_EQ(fault(R"({"funnel":"hoem","arms":[{"name":"a","share":1}]})"), "/funnel");
  EXPECT_EQ(fault(R"({"arms":[{"name":"a","share":0.5},{"name":"b","share":0.5,"funnel":"frsh"}]})"), "/arms/1/funnel");
  EXPECT_EQ(fault(R"({"arms":[{"name":"a","share":1,"override":{"base":"nope"}}]})"), "/arms/0/override/base");
}

TEST_F(ExperimentsTest, ASpaceInUseIsNotDeleted) {
  open_shop();
  write({put_space("looks", 2), put_space("sounds", 2), put_space("idle", 2)});
  FunnelConfig funnel = *parse_funnel("home", R"({"retrievers":[{"kind":"ann","space":"looks"}],
      "rules":[{"kind":"diversity","space":"sounds"}]})");
  ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  for (const char* space : {"looks", "sounds"}) {
    const Status status = refusal({DeleteSpace{space}});
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << space;
    EXPECT_NE(status.message().find("funnel \"home\""), std::string::npos) << status.message();
  }
  EXPECT_TRUE(refusal({DeleteSpace{"idle"}}).is_ok());
  ASSERT_EQ(put("ranking", R"({"arms":[{"name":"a","share":1,
      "override":{"rules":[{"kind":"diversity","space":"sounds"}]}}]})")
                .to_string(),
            Status::ok().to_string());
  ASSERT_TRUE(database->delete_funnel("home").is_ok());
  EXPECT_TRUE(refusal({DeleteSpace{"looks"}}).is_ok());
  EXPECT_NE(refusal({DeleteSpace{"sounds"}}).message().find("experiment \"ranking\" (arm \"a\")"), std::string::npos);
}

TEST_F(ExperimentsTest, PeopleStayWhereTheyAreOverARestartAndAnEnd) {
  open_shop();
  ASSERT_EQ(put("ranking", kTwoArms).to_string(), Status::ok().to_string());
  std::vector<std::string> before;
  for (int i = 0; i < 50; ++i) before.push_back(arm_of(user(i), "ranking"));
  close();
  open();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(arm_of(user(i), "ranking"), before[static_cast<std::size_t>(i)]);
  ExperimentConfig ends = *database->get_experiment("ranking");
  ends.end_ms = clock.now_ms() + 1'000;
  ASSERT_TRUE(database->put_experiment(ends).is_ok());
  EXPECT_EQ(arm_of(user(0), "ranking"), before[0]);
  clock.advance(1'000);
  EXPECT_EQ(arm_of(user(0), "ranking"), "");
}

TEST_F(ExperimentsTest, ALayersExperimentsNeverMeetAndLayersOverlap) {
  open_shop();
  const auto in_layer = [](const char* layer, const char* traffic) {
    return std::string(R"({"layer":")") + layer + R"(","traffic":)" + traffic +
           R"(,"arms":[{"name":"a","share":0.5},{"name":"b","share":0.5,"override":{"exclude_seen":false}}]})";
  };
  ASSERT_EQ(put("one", in_layer("list", "0.5")).to_string(), Status::ok().to_string());
  ASSERT_EQ(put("two", in_layer("list", "0.5")).to_string(), Status::ok().to_string());
  ASSERT_EQ(put("other", in_layer("page", "1")).to_string(), Status::ok().to_string());
  const Status full = put("three", in_layer("list", "0.01"));
  EXPECT_EQ(full.code(), StatusCode::kFailedPrecondition) << full.to_string();
  EXPECT_EQ(full.field(), "/traffic");
  int in_one = 0;
  int both_b = 0;
  for (int i = 0; i < 600; ++i) {
    const auto arms = ask(user(i)).arms;
    ASSERT_EQ(arms.size(), 2u) << "one of each layer";
    in_one += arms[0].experiment == "one" ? 1 : 0;
    EXPECT_EQ(arms[arms[0].experiment == "other" ? 0 : 1].experiment, "other");
    both_b += arms[0].arm == "b" && arms[1].arm == "b" ? 1 : 0;
  }
  EXPECT_NEAR(in_one, 300, 50);
  EXPECT_NEAR(both_b, 150, 43) << "independent splits";
  ASSERT_TRUE(database->delete_experiment("one").is_ok());
  EXPECT_TRUE(put("three", in_layer("list", "0.5")).is_ok()) << "its buckets are free again";
}

TEST_F(ExperimentsTest, OnlyThoseItIsForTakePart) {
  open_shop();
  ASSERT_EQ(put("ranking", R"({"arms":[{"name":"all","share":1}],"users":{"field":"country","eq":"DE"}})").to_string(),
            Status::ok().to_string());
  Entity entity;
  entity.id = "ada";
  entity.features = {{"country", std::string("DE")}};
  write({PutEntity{EntityKind::kUser, entity}});
  EXPECT_EQ(arm_of("ada", "ranking"), "all");
  EXPECT_EQ(arm_of("bob", "ranking"), "");
}

TEST_F(ExperimentsTest, WhatHasBegunKeepsItsSplit) {
  open_shop();
  ASSERT_EQ(put("ranking", kTwoArms).to_string(), Status::ok().to_string());
  const Status changed = put("ranking", R"({"arms":[{"name":"old","share":0.9},{"name":"new","share":0.1}]})");
  EXPECT_EQ(changed.code(), StatusCode::kFailedPrecondition) << changed.to_string();
  EXPECT_EQ(database->get_experiment("ranking")->arms[0].share, 0.5);
  EXPECT_EQ(database->get_experiment("nothing").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(put("lost", R"({"funnel":"nowhere","arms":[{"name":"a","share":1}]})").field(), "/funnel");
  EXPECT_EQ(put("lost", R"({"arms":[{"name":"a","share":1,"funnel":"nowhere"}]})").field(), "/arms/0/funnel");
}

TEST_F(ExperimentsTest, ResultsAreThoseOfThePeopleInEachArm) {
  open_shop();
  ASSERT_TRUE(
      put("ranking", R"({"arms":[{"name":"old","share":0.5},{"name":"new","share":0.5,"funnel":"fresh"}]})").is_ok());
  std::map<std::string, double> users, clicks, orders, value;
  for (int i = 0; i < 300; ++i) {
    const RecommendAnswer answer = ask(user(i));
    const std::string arm = answer.arms[0].arm;
    ++users[arm];
    const bool acts = arm == "new" ? i % 2 == 0 : i % 4 == 0;
    if (!acts) continue;
    Interaction made = interaction(user(i), answer.items[0].item, "click");
    made.recommendation_id = answer.recommendation_id;
    write({PutInteraction{made}});
    ++clicks[arm];
    if (i % 8 != 0) continue;
    made.type = "purchase";
    made.item = answer.items[1].item;
    made.value = 7;
    write({PutInteraction{made}});
    ++clicks[arm];  // of the second slot
    ++orders[arm];
    value[arm] += 7;
  }
  const auto results = database->experiment_results("ranking");
  ASSERT_TRUE(results.is_ok()) << results.status().to_string();
  ASSERT_EQ(results->arms.size(), 2u);
  for (const ArmResult& arm : results->arms) {
    EXPECT_EQ(static_cast<double>(arm.users), users[arm.arm]);
    EXPECT_EQ(arm.exposures, arm.users);
    EXPECT_EQ(arm.slots, 2 * arm.users);
    EXPECT_EQ(static_cast<double>(arm.clicked), clicks[arm.arm]);
    EXPECT_DOUBLE_EQ(arm.click_through_rate.value, clicks[arm.arm] / (2 * users[arm.arm]));
    EXPECT_DOUBLE_EQ(arm.conversions_per_user.value, orders[arm.arm] / users[arm.arm]);
    EXPECT_DOUBLE_EQ(arm.value_per_user.value, value[arm.arm] / users[arm.arm]);
  }
  EXPECT_FALSE(results->has_sample_ratio_mismatch);
  ASSERT_EQ(results->comparisons.size(), 3u);
  EXPECT_EQ(results->comparisons[0].arm, "new");
  EXPECT_EQ(results->comparisons[0].metric, "click_through_rate");
  EXPECT_GT(results->comparisons[0].difference.low, 0);
  EXPECT_NE(experiment_results_to_json(*results).find("always_valid_low"), std::string::npos);
  bool has_arm = false;
  const Stats stats = database->stats();
  for (const FunnelFigures& figures : stats.funnels) has_arm |= figures.arm == "new";
  EXPECT_TRUE(has_arm) << "the arm's figures stand in the statistics, too";
}

TEST(ExperimentJsonTest, FaultsNameTheirPlace) {
  const std::pair<const char*, const char*> kFaults[] = {
      {R"({"arms":[]})", "/arms"},
      {R"({"arms":[{"name":"a","share":0.5}]})", "/arms"},
      {R"({"arms":[{"name":"a","share":1.5}]})", "/arms/0/share"},
      {R"({"arms":[{"name":"a","share":0.5},{"name":"a","share":0.5}]})", "/arms/1/name"},
      {R"({"arms":[{"name":"holdout","share":1}]})", "/arms/0/name"},
      {R"({"arms":[{"name":"a","share":1,"shares":2}]})", "/arms/0/shares"},
      {R"({"arms":[{"name":"a","share":1}],"traffic":0})", "/traffic"},
      {R"({"arms":[{"name":"a","share":1}],"control":"b"})", "/control"},
      {R"({"arms":[{"name":"a","share":1}],"start":"yesterday"})", "/start"},
      {R"({"arms":[{"name":"a","share":1}],"start":1700000000020,"end":1700000000010})", "/end"},
      {R"({"arms":[{"name":"a","share":1}],"start":18446744073709551615})", "/start"},
      {R"({"arms":[{"name":"a","share":1}],"end":9223372036854775807})", "/end"},
      {R"({"arms":[{"name":"a","share":1,"override":{"merge":"none"}}]})", "/arms/0/override/merge"},
      {R"({"arms":[{"name":"a","share":1}],"alpha":0})", "/alpha"},
      {R"({"arms":[{"name":"a","share":1}],"name":"other"})", "/name"},
  };
  for (const auto& [json, field] : kFaults) {
    const auto parsed = parse_experiment("ranking", json);
    ASSERT_FALSE(parsed.is_ok()) << json;
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument) << json;
    EXPECT_EQ(parsed.status().field(), field) << json << ": " << parsed.status().to_string();
  }
}

TEST(ExperimentJsonTest, ADocumentComesBackAsItWas) {
  const std::string json =
      R"({"layer":"list","traffic":0.25,"salt":"s","funnel":"home","arms":[{"name":"a","share":0.6},)"
      R"({"name":"b","share":0.3,"override":{"exclude_seen":false}}],"holdout":0.1,"control":"a",)"
      R"("start":"2026-01-01T00:00:00Z","end":"2026-02-01T00:00:00Z","users":{"field":"country","eq":"DE"},)"
      R"("alpha":0.01,"planned_users":500,"buckets":[[0,10],[20,30]]})";
  const auto first = parse_experiment("x", json);
  ASSERT_TRUE(first.is_ok()) << first.status().to_string();
  const auto second = parse_experiment("x", experiment_to_json(*first));
  ASSERT_TRUE(second.is_ok()) << second.status().to_string();
  EXPECT_EQ(experiment_to_json(*second), experiment_to_json(*first));
  EXPECT_EQ(second->buckets.size(), 2u);
}

TEST(LayerAllocationTest, WhatWasHeldIsKept) {
  const std::vector<BucketRange> taken = {{0, 2'000}, {3'000, 4'000}};
  const auto made = allocate_buckets(1'500, {}, taken);
  ASSERT_TRUE(made.is_ok());
  ASSERT_EQ(made->size(), 2u);
  EXPECT_EQ((*made)[0].first, 2'000u);
  EXPECT_EQ((*made)[1].first, 4'000u);
  EXPECT_EQ((*made)[1].end, 4'500u);
  const std::vector<BucketRange> held = {{9'000, 9'500}};
  const auto grown = allocate_buckets(600, held, taken);
  ASSERT_TRUE(grown.is_ok());
  EXPECT_EQ(grown->back().first, 9'000u);
  EXPECT_EQ(grown->back().end, 9'500u);
  EXPECT_FALSE(allocate_buckets(8'000, {}, taken).is_ok());
}

}  // namespace
}  // namespace tamis::engine
