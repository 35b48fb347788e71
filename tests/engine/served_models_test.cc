// Every model that learns from interactions trains in the database, is measured, serves in a funnel and survives a
// reopen.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "engine/generations/generation_files.h"
#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::vector<std::string> kModels = {"popular", "bpr", "mf", "ease", "graph_filter", "bspm"};

class ServedModelsTest : public CampsTest {
 protected:
  ServedModelsTest() {
    options.training.settings["bpr"] = {{"dim", "8"}, {"epochs", "20"}, {"batch", "128"}};
    options.training.settings["mf"] = {{"dim", "4"}, {"epochs", "60"}, {"learning_rate", "0.03"}};
    options.training.settings["ease"] = {{"regularization", "20"}};
    options.training.settings["bspm"] = {{"rank", "8"}};
  }

  void SetUp() override {
    CampsTest::SetUp();
    open();
    write_camps();
    write_ratings();
    const Job job = train({.models = kModels});
    ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
    for (const std::string kind : {"ease", "graph_filter", "bspm"}) put_funnel(kind, "");
    for (const std::string space : {"bpr", "mf"}) put_funnel("ann", space);
  }

  // Everybody rates a few items of their own camp with 5 and of the other with 1.
  void write_ratings() {
    Random random(6);
    std::vector<Mutation> batch;
    for (int i = 0; i < 500; ++i) {
      const std::uint32_t user = random.below(200);
      const std::uint32_t item = random.below(40);
      Interaction made = interaction("u" + std::to_string(user), "i" + std::to_string(item), "rating");
      made.value = item % 2 == user % 2 ? 5 : 1;
      made.timestamp_ms = clock.now_ms() - 1'000'000 + i;
      batch.push_back(PutInteraction{made});
    }
    write(std::move(batch));
  }

  void put_funnel(const std::string& kind, const std::string& space) {
    FunnelConfig funnel;
    funnel.name = space.empty() ? kind : space;
    funnel.retrievers = {RetrieverConfig{.kind = kind, .quota = 20, .weight = 1, .space = space}};
    funnel.fallback = {};
    const auto ack = database->put_funnel(funnel);
    ASSERT_TRUE(ack.is_ok()) << ack.status().to_string();
  }

  // By the funnel of that name, for a stranger with these ratings.
  RecommendAnswer ask(const std::string& funnel, const std::vector<std::pair<std::string, double>>& rated,
                      bool explain = false) {
    RecommendRequest request;
    for (const auto& [item, value] : rated) request.history.push_back({.item = item, .type = "rating", .value = value});
    request.k = 6;
    request.funnel = funnel;
    request.explain = explain;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << funnel << ": " << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }

  static std::vector<std::string> ids(const RecommendAnswer& answer) {
    std::vector<std::string> items;
    for (const auto& item : answer.items) items.push_back(item.item);
    return items;
  }
  static std::ptrdiff_t even(const RecommendAnswer& answer) {
    return std::count_if(answer.items.begin(), answer.items.end(),
                         [](const auto& item) { return std::stoi(item.item.substr(1)) % 2 == 0; });
  }
};

const std::vector<std::string> kFunnels = {"bpr", "mf", "ease", "graph_filter", "bspm"};
const std::vector<std::pair<std::string, double>> kLikesEven = {{"i0", 5}, {"i4", 5}, {"i8", 5}};

TEST_F(ServedModelsTest, EachAnswersAStrangersTasteAndSurvivesAReopen) {
  std::map<std::string, std::vector<std::string>> before;
  for (const std::string& funnel : kFunnels) {
    const RecommendAnswer answer = ask(funnel, kLikesEven);
    ASSERT_THAT(answer.items, SizeIs(6)) << funnel;
    EXPECT_GE(even(answer), 4) << funnel;  // of six; bad ratings of the other camp are interactions, too
    before[funnel] = ids(answer);
    for (const auto& [item, value] : kLikesEven)
      EXPECT_THAT(before[funnel], testing::Not(testing::Contains(item))) << funnel;
  }
  close();
  open();
  for (const std::string& funnel : kFunnels) EXPECT_EQ(ids(ask(funnel, kLikesEven)), before[funnel]) << funnel;
}

TEST_F(ServedModelsTest, EachIsMeasuredByTheGate) {
  const std::vector<GenerationInfo> generations = database->list_generations();
  ASSERT_THAT(generations, SizeIs(1));
  for (const std::string& model : kModels) {
    ASSERT_TRUE(generations[0].metrics.contains(model)) << model;
    // Of 40 items that is what chance gives; those who know the camps halve the choice.
    EXPECT_GT(generations[0].metrics.at(model).at("recall_all@10"), model == "popular" ? 0.25 : 0.4) << model;
  }
  const auto& metrics = generations[0].metrics;
  for (const std::string model : {"bpr", "ease", "graph_filter", "bspm"})  // camps are what popularity cannot tell
    EXPECT_GT(metrics.at(model).at("ndcg_all@10"), metrics.at("popular").at("ndcg_all@10")) << model;
}

TEST_F(ServedModelsTest, ARatingTellsTasteByItsValue) {
  // The same items, judged the other way round.
  EXPECT_GT(even(ask("mf", {{"i0", 5}, {"i1", 1}, {"i4", 5}, {"i5", 1}, {"i8", 5}, {"i9", 1}})),
            even(ask("mf", {{"i0", 1}, {"i1", 5}, {"i4", 1}, {"i5", 5}, {"i8", 1}, {"i9", 5}})) + 2);
}

TEST_F(ServedModelsTest, WhatIsNotEligibleMakesRoomForOthers) {
  for (const std::string item : {"i2", "i6"}) write({DeleteEntity{EntityKind::kItem, item}});
  for (const std::string kind : {"ease", "graph_filter", "bspm"}) {
    const auto items = ids(ask(kind, kLikesEven));
    EXPECT_THAT(items, testing::Not(testing::Contains("i2"))) << kind;
    EXPECT_THAT(items, SizeIs(6)) << kind;
  }
}

TEST_F(ServedModelsTest, ADamagedFileIsRefused) {
  const std::string id = database->list_generations().at(0).id;
  close();
  const auto dir = directory / "data/generations" / id;
  for (const std::string file : {"ease", "graph_filter", "bspm", "bpr", "mf"}) {
    const auto path = dir / (file + ".safetensors");
    std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(stream.is_open()) << path;
    stream.seekg(-3, std::ios::end);
    const char old = static_cast<char>(stream.get());
    stream.seekp(-3, std::ios::end);
    stream.put(static_cast<char>(old ^ 0x40));
    stream.close();
    const auto read = read_generation(dir);
    EXPECT_EQ(read.status().code(), StatusCode::kCorruption) << file;
    EXPECT_THAT(read.status().message(), HasSubstr(file)) << file;
    std::fstream repair(path, std::ios::in | std::ios::out | std::ios::binary);
    repair.seekp(-3, std::ios::end);
    repair.put(old);
  }
  EXPECT_TRUE(read_generation(dir).is_ok());
}

}  // namespace
}  // namespace tamis::engine
