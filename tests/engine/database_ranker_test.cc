// A ranker as part of a generation: learned, kept, served, moved, taken back.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/random.h"
#include "engine/learn/gate.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;

class DatabaseRankerTest : public DatabaseTest {
 protected:
  // Whoever retrieves by the past alone is misled: of 60 items, users take the cheap ones, and those in season more
  // than others; seasons of 20 items each follow one another.
  void fill() {
    options.training.settings["ials"] = {{"dim", "8"}, {"iterations", "4"}};
    options.training.settings["dlrm"] = {{"windows", "2"}, {"window", "0.15"}, {"candidates", "40"},
                                         {"epochs", "6"},  {"batch", "256"},   {"dim", "8"},
                                         {"top", "32"},    {"repeats", "true"}};
    options.training.threads = 1;
    open();
    Random random(11);
    std::vector<Mutation> mutations;
    for (int item = 0; item < 60; ++item)
      mutations.push_back(put_item(name_of(item), {{"price", static_cast<double>(item % 10 + 1)}}));
    for (int step = 0; step < 6'000; ++step) {
      const auto user = random.below(80);
      const auto season = static_cast<std::uint32_t>(step / 2'000);
      const std::uint32_t item = random.uniform() < 0.7 ? season * 20 + random.below(20) : random.below(60);
      if (random.uniform() < (item % 10) / 12.0) continue;  // too dear
      Interaction made = interaction("u" + std::to_string(user), name_of(static_cast<int>(item)),
                                     random.uniform() < 0.3 ? "purchase" : "click");
      made.timestamp_ms = clock.now_ms() - (6'000 - step) * kHourMs / 4;
      mutations.push_back(PutInteraction{std::move(made)});
    }
    write(std::move(mutations));
  }

  static std::string name_of(int item) { return "i" + std::to_string(item); }

  Job train(std::vector<std::string> models) {
    auto job = database->train({.models = std::move(models), .promote = true});
    EXPECT_TRUE(job.is_ok()) << job.status().to_string();
    while (job.is_ok() && (job->state == JobState::kQueued || job->state == JobState::kRunning))
      job = database->wait_job(job->id, *job, std::chrono::seconds(10));
    EXPECT_TRUE(job.is_ok() && job->state == JobState::kSucceeded) << (job.is_ok() ? job->detail : "");
    return job.is_ok() ? *job : Job{};
  }

  RecommendAnswer ask(const std::string& user, const std::string& objective = "") {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.exclude_seen = false;
    funnel.ranker = {.kind = "dlrm", .candidates = 40, .objective = objective};
    RecommendRequest request;
    request.user = user;
    request.explain = true;
    request.override_funnel = funnel;
    auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }
  static std::string rank_note(const RecommendAnswer& answer) {
    for (const StageTrace& stage : answer.stages)
      if (stage.stage == "rank") return stage.note;
    return "there was no such stage";
  }
  static std::vector<std::pair<std::string, double>> scores_of(const RecommendAnswer& answer) {
    std::vector<std::pair<std::string, double>> scores;
    for (const RecommendedItem& item : answer.items) scores.emplace_back(item.item, item.score);
    return scores;
  }
};

TEST_F(DatabaseRankerTest, IsLearnedServedMovedAndTakenBack) {
  fill();
  train({"item_knn", "ials"});
  EXPECT_EQ(rank_note(ask("u1")), "the serving generation has no ranker");
  EXPECT_EQ(ask("u1").items.size(), 10U);

  const std::string ranked = train({"popular", "item_knn", "ials", "dlrm"}).generation;
  GenerationInfo info;
  for (const GenerationInfo& known : database->list_generations())
    if (known.id == ranked) info = known;
  ASSERT_EQ(info.state, "serving") << info.note;
  auto metrics = info.metrics["dlrm"];
  EXPECT_GT(metrics["ndcg@10"], metrics["retrieval_ndcg@10"] * 2);
  EXPECT_GT(metrics["auc.purchase"], 0.64);
  EXPECT_LT(metrics["ece.purchase"], 0.1);
  EXPECT_TRUE(metrics.contains("log_loss.click"));

  const RecommendAnswer answer = ask("u1");
  EXPECT_EQ(rank_note(answer), "");
  for (const RecommendedItem& item : answer.items) {
    ASSERT_TRUE(item.explain.has_value());
    ASSERT_TRUE(item.explain->objectives.contains("purchase"));
    EXPECT_GT(item.score, 0);
    EXPECT_LT(item.score, 1);
    EXPECT_DOUBLE_EQ(item.score, item.explain->objectives.at("purchase"));
  }
  // A formula is what it says.
  for (const RecommendedItem& item : ask("u1", "5 * p(purchase) + click").items)
    EXPECT_NEAR(item.score, 5 * item.explain->objectives.at("purchase") + item.explain->objectives.at("click"), 1e-12);
  EXPECT_THAT(rank_note(ask("u1", "p(watch)")), HasSubstr("\"watch\""));
  // Strangers and new items.
  EXPECT_EQ(ask("nobody").items.size(), 10U);
  write({put_item("brand-new", {{"price", 1.0}})});
  EXPECT_EQ(ask("u2").items.size(), 10U);

  // The generation is one unit: given away and taken in, it ranks alike; rolled back, it ranks no more.
  const auto before = scores_of(ask("u3"));
  ASSERT_TRUE(database->export_generation(ranked, directory / "out").is_ok());
  const auto imported = database->import_generation(directory / "out", "copy");
  ASSERT_TRUE(imported.is_ok()) << imported.status().to_string();
  ASSERT_TRUE(database->promote("copy").is_ok());
  EXPECT_EQ(scores_of(ask("u3")), before);
  close();
  open();
  EXPECT_EQ(scores_of(ask("u3")), before);
  ASSERT_TRUE(database->rollback().is_ok());
  ASSERT_TRUE(database->rollback().is_ok());
  EXPECT_EQ(rank_note(ask("u3")), "the serving generation has no ranker");
}

// What does not fit is read from the generation's file and computed again, and nobody sees a difference.
TEST_F(DatabaseRankerTest, ServesAlikeThroughCachesThatHoldLittle) {
  fill();
  close();
  options.training.settings["dlrm"]["features"] = "user.id,item.id,item.price,crossed.score.ials,crossed.popularity";
  options.training.settings["dlrm"]["dim"] = "64";
  open();
  train({"item_knn", "ials", "dlrm"});
  const auto answers = [&] {
    std::vector<std::vector<std::pair<std::string, double>>> all;
    for (int user = 0; user < 80; ++user) all.push_back(scores_of(ask("u" + std::to_string(user))));
    return all;
  };
  const auto whole = answers();
  const Stats before = database->stats();
  EXPECT_GT(before.memory_parts.at("ranker_items"), 40u * 4 * 64);
  EXPECT_GT(before.caches.at("ranker_items").hits, before.caches.at("ranker_items").misses);

  constexpr std::uint64_t kItemsBytes = 32 << 10;
  options.memory.embedding_cache_bytes = 16 << 10;  // the tables of an objective have 140 rows of 256 bytes
  options.memory.ranker_items_bytes = kItemsBytes;
  close();
  open();
  EXPECT_EQ(answers(), whole);
  const Stats after = database->stats();
  EXPECT_LE(after.memory_parts.at("generation"), before.memory_parts.at("generation") - 140 * 256);
  EXPECT_LE(after.memory_parts.at("embedding_cache"), 16u << 10);
  EXPECT_GT(after.memory_parts.at("embedding_cache"), 0u);
  EXPECT_GT(after.caches.at("embedding_cache").misses, 0u);
  EXPECT_LE(after.memory_parts.at("ranker_items"), kItemsBytes + 2 * 64 * 64) << "parts, and the places of 60 items";
  EXPECT_GT(after.caches.at("ranker_items").misses, before.caches.at("ranker_items").misses * 2);
  RankerAccountRequest asked;
  asked.request.user = "u1";
  asked.item = ask("u1").items.front().item;
  asked.request.override_funnel = FunnelConfig::default_funnel();
  asked.request.override_funnel->exclude_seen = false;
  EXPECT_TRUE(database->ranker_account(asked).is_ok());
}

TEST_F(DatabaseRankerTest, AccountsForAScore) {
  fill();
  const RankerAccountRequest unranked{.request = {.user = "u1"}, .item = "i1"};
  train({"item_knn", "ials"});
  EXPECT_EQ(database->ranker_account(unranked).status().code(), StatusCode::kFailedPrecondition);
  train({"item_knn", "ials", "dlrm"});

  const RecommendAnswer answer = ask("u1");
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.exclude_seen = false;
  funnel.ranker = {.kind = "dlrm", .candidates = 40, .objective = ""};
  RankerAccountRequest asked;
  asked.request.user = "u1";
  asked.request.override_funnel = funnel;
  for (const RecommendedItem& item : answer.items) {
    asked.item = item.item;
    const auto account = database->ranker_account(asked);
    ASSERT_TRUE(account.is_ok()) << account.status().to_string();
    EXPECT_NEAR(account->score, item.score, 1e-4) << item.item;
    EXPECT_EQ(account->rank, item.rank) << item.item;
    EXPECT_EQ(account->objective, "purchase");
    EXPECT_FALSE(account->changed_score.has_value());
    EXPECT_EQ(account->dots.size(), account->vectors.size() * account->vectors.size());
    ASSERT_EQ(account->pair_effects.size(), account->paired.size() * account->paired.size());
    for (std::size_t a = 0; a < account->paired.size(); ++a) {
      EXPECT_EQ(account->paired[a], account->features[a].name);
      EXPECT_NEAR(account->pair_effects[a * account->paired.size() + a], account->features[a].effect, 1e-4);
    }
    for (std::size_t i = 1; i < account->features.size(); ++i)
      EXPECT_GE(std::abs(account->features[i - 1].effect), std::abs(account->features[i].effect));
  }

  // What is dear is not taken: the price speaks, and another price changes the score and the place.
  asked.item = answer.items.front().item;
  const auto price_of = [](const RankerAccount& account) {
    return *std::find_if(account.features.begin(), account.features.end(),
                         [](const RankedFeature& feature) { return feature.name == "item.price"; });
  };
  asked.changes = {{"item.price", 10.0}};
  const auto dear = database->ranker_account(asked);
  ASSERT_TRUE(dear.is_ok()) << dear.status().to_string();
  asked.changes = {{"item.price", 1.0}};
  const auto cheap = database->ranker_account(asked);
  ASSERT_TRUE(cheap.is_ok());
  EXPECT_LT(*dear->changed_score, *cheap->changed_score);
  EXPECT_GE(*dear->changed_rank, *cheap->changed_rank);
  EXPECT_EQ(dear->score, cheap->score);
  EXPECT_TRUE(price_of(*dear).is_known);
  EXPECT_NE(price_of(*dear).effect, 0);
  EXPECT_EQ(std::get<double>(*price_of(*dear).changed), 10.0);

  asked.changes = {{"item.prize", 1.0}};
  const Status misspelt = database->ranker_account(asked).status();
  EXPECT_EQ(misspelt.field(), "changes.item.prize");
  EXPECT_THAT(misspelt.message(), HasSubstr("did you mean \"item.price\""));
  asked.changes = {{"item.price", std::string("cheap")}};
  EXPECT_EQ(database->ranker_account(asked).status().field(), "changes.item.price");
  asked.changes.clear();
  asked.objective = "love";
  EXPECT_EQ(database->ranker_account(asked).status().field(), "objective");
  asked.objective = "click";
  EXPECT_EQ(database->ranker_account(asked)->objective, "click");
  asked.item = "never heard of";
  EXPECT_EQ(database->ranker_account(asked).status().field(), "item");
}

TEST_F(DatabaseRankerTest, OldDataRankAsOnTheirLastDay) {
  fill();
  train({"item_knn", "ials", "dlrm"});
  const auto before = scores_of(ask("u1"));
  ASSERT_EQ(before.size(), 10U);
  for (const int weeks : {1, 52, 15 * 52}) {  // whole weeks: the hour and the weekday are the request's own
    clock.advance(TimestampMs{weeks} * 7 * 24 * kHourMs);
    EXPECT_EQ(scores_of(ask("u1")), before) << weeks << " weeks later";
  }
}

// The ranker's vocabulary names users where user.id is among its features.
TEST_F(DatabaseRankerTest, ForgetsAUserWhoIsErased) {
  options.storage.erase_within_s = 1;
  fill();
  close();
  options.training.settings["dlrm"]["features"] = "user.id,item.id,item.price,crossed.score.ials";
  open();
  const std::string id = train({"item_knn", "ials", "dlrm"}).generation;
  const auto before = scores_of(ask("u8"));
  const auto ranker_says = [&](const std::string& user) {
    std::ifstream file(directory / "data" / "generations" / id / "ranker.safetensors", std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    EXPECT_FALSE(bytes.empty());
    return bytes.find("\\\"" + user + "\\\"") != std::string::npos;
  };
  ASSERT_TRUE(ranker_says("u7"));
  ASSERT_TRUE(database->delete_user("u7", /*keep_log=*/false, {}).is_ok());
  for (int i = 0; i < 300 && ranker_says("u7"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(ranker_says("u7"));
  EXPECT_TRUE(ranker_says("u8"));
  close();
  open();
  EXPECT_EQ(database->stats().generation, id) << "the generation is whole without the user";
  EXPECT_EQ(scores_of(ask("u8")), before);
}

TEST_F(DatabaseRankerTest, AChangedFeatureCountsInTheNextAnswer) {
  fill();
  train({"item_knn", "ials", "dlrm"});
  const RecommendAnswer before = ask("u1");
  ASSERT_FALSE(before.items.empty());
  const std::string& first = before.items.front().item;
  write({put_item(first, {{"price", 1'000.0}})});
  for (const RecommendedItem& item : ask("u1").items) {
    if (item.item == first) {
      EXPECT_NE(item.score, before.items.front().score);
    }
  }
}

// Many events of a kind on one item must not cost the ranker of the other kinds.
TEST_F(DatabaseRankerTest, AnObjectiveWithoutExamplesIsLeftOutAlone) {
  fill();
  std::vector<Mutation> views(1'000, PutInteraction{interaction("ops", "probe", "view")});
  write(std::move(views));
  options.training.settings["dlrm"]["objectives"] = "view,click";
  close();
  open();
  const Job job = train({"item_knn", "ials", "dlrm"});
  const GenerationInfo info = database->list_generations().front();
  EXPECT_THAT(info.models, ::testing::Contains("dlrm"));
  ASSERT_TRUE(info.left_out.contains("dlrm.view")) << info.note;
  EXPECT_THAT(job.warnings, ::testing::Contains(HasSubstr("dlrm.view is left out")));
  EXPECT_EQ(rank_note(ask("u1")), "");
}

TEST_F(DatabaseRankerTest, TooLittleDataLeavesTheRankerOut) {
  open();
  for (int i = 0; i < 30; ++i) view("u" + std::to_string(i % 5), "i" + std::to_string(i % 7));
  train({"item_knn", "dlrm"});
  const auto generations = database->list_generations();
  ASSERT_EQ(generations.size(), 1U);
  EXPECT_EQ(generations[0].models, std::vector<std::string>{"item_knn"});
  EXPECT_THAT(generations[0].note, HasSubstr("no ranker: too little to learn"));
  EXPECT_EQ(database->train({.models = {"popular", "dlrm"}, .inherit = false}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(RankerGateTest, ARankerMustNotHarm) {
  GenerationInfo candidate;
  candidate.models = {"ials", "dlrm"};
  candidate.metrics["ials"]["ndcg@10"] = 0.2;
  candidate.metrics["dlrm"] = {{"ndcg@10", 0.1}, {"retrieval_ndcg@10", 0.2}};
  EXPECT_FALSE(check_gate(candidate, std::nullopt, 0.02).holds);
  candidate.metrics["dlrm"]["ndcg@10"] = 0.25;
  EXPECT_TRUE(check_gate(candidate, std::nullopt, 0.02).holds);
  GenerationInfo serving = candidate;
  serving.metrics["dlrm"]["ndcg@10"] = 0.3;
  EXPECT_FALSE(check_gate(candidate, serving, 0.02).holds);
  serving.metrics.erase("dlrm");
  EXPECT_TRUE(check_gate(candidate, serving, 0.02).holds);
}

}  // namespace
}  // namespace tamis::engine
