#include "engine/learn/trainer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "models/neighbors.h"
#include "tests/engine/trainer_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using TrainerTest = TrainerFixture;

// The cluster of a row's user or item, by the number in its external id.
int cluster_of_item(const storage::Store& store, DenseId id) {
  return std::stoi(store.ids(EntityKind::kItem).name(id).substr(5)) / 15;
}
int cluster_of_user(const storage::Store& store, DenseId id) {
  return std::stoi(store.ids(EntityKind::kUser).name(id).substr(5)) % 2;
}

TEST_F(TrainerTest, LearnsTheClustersAndServesThem) {
  write_clusters();
  open_trainer();
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_EQ(job.id, "j1");
  EXPECT_EQ(job.generation, "g1");
  EXPECT_EQ(job.progress, 1);
  EXPECT_THAT(states(), ElementsAre("g1 serving"));

  const std::shared_ptr<const Generation> generation = host_->serving();
  ASSERT_NE(generation, nullptr);
  ASSERT_TRUE(generation->encoder("ials") && generation->item_neighbors && generation->user_neighbors);
  ASSERT_EQ(generation->users.size(), 40);
  ASSERT_EQ(generation->items.size(), 30);
  EXPECT_EQ(generation->info.models, options_.training.models);
  const models::Encoder& ials = *generation->encoder("ials");

  // Every neighbour and every user's best iALS item is of the own cluster.
  for (std::uint32_t row = 0; row < 30; ++row) {
    ASSERT_FALSE(generation->item_neighbors->row_neighbors(row).empty());
    for (const std::uint32_t neighbor : generation->item_neighbors->row_neighbors(row))
      EXPECT_EQ(cluster_of_item(*store_, generation->items[neighbor]),
                cluster_of_item(*store_, generation->items[row]));
  }
  for (std::uint32_t row = 0; row < 40; ++row) {
    for (const std::uint32_t neighbor : generation->user_neighbors->row_neighbors(row))
      EXPECT_EQ(cluster_of_user(*store_, generation->users[neighbor]),
                cluster_of_user(*store_, generation->users[row]));
    const std::uint32_t dim = generation->encoder("ials")->shape().dim;
    std::uint32_t best = 0;
    float best_score = -1e9f;
    for (std::uint32_t item = 0; item < 30; ++item) {
      float score = 0;
      for (std::uint32_t d = 0; d < dim; ++d)
        score += ials.user_vectors()[row * dim + d] * ials.item_vectors()[item * dim + d];
      if (score > best_score) best_score = score, best = item;
    }
    EXPECT_EQ(cluster_of_item(*store_, generation->items[best]), cluster_of_user(*store_, generation->users[row]));
  }

  // The hold-out metrics tell it, too.
  const GenerationInfo info = trainer_->list_generations().front();
  EXPECT_GT(info.metrics.at("ials").at("recall@10"), info.metrics.at("popular").at("recall@10"));
  EXPECT_GT(info.metrics.at("item_knn").at("ndcg@10"), info.metrics.at("popular").at("ndcg@10"));
}

TEST_F(TrainerTest, TooLittleDataFailsWithWhatIsNeeded) {
  open_trainer();
  const Job empty = train();
  EXPECT_EQ(empty.state, JobState::kFailed);
  EXPECT_THAT(empty.detail, HasSubstr("0 interactions"));
  EXPECT_THAT(empty.detail, HasSubstr("expected at least 10"));
  write({interaction("a", "b", kStartMs)});
  EXPECT_EQ(train().state, JobState::kFailed);
  EXPECT_THAT(states(), IsEmpty());
  EXPECT_EQ(host_->serving_id(), "");
  EXPECT_TRUE(std::filesystem::is_empty(generations()));
}

TEST_F(TrainerTest, ContentNeedsNoInteractions) {
  options_.training.models = {"popular", "item_knn", "user_knn", "ials", "content", "dlrm"};
  options_.training.settings["content"] = {{"dim", "16"}};
  std::vector<Mutation> items;
  for (int n = 0; n < 20; ++n) {
    Entity item{.id = "item-" + std::to_string(n), .features = {}, .expires_ms = 0};
    item.features["title"] = Text{(n % 2 == 0 ? "red wooden lantern " : "blue china cup ") + std::to_string(n)};
    items.push_back(PutEntity{EntityKind::kItem, item});
  }
  write(std::move(items));
  open_trainer();
  host_->use_funnels({FunnelConfig::default_funnel()});
  const Job alone = train({.models = {"content"}});
  ASSERT_EQ(alone.state, JobState::kSucceeded) << alone.detail;
  EXPECT_THAT(alone.warnings, testing::IsEmpty());
  ASSERT_NE(host_->serving(), nullptr);
  ASSERT_NE(host_->serving()->encoder("content"), nullptr);
  std::vector<float> vector(16);
  EXPECT_TRUE(host_->serving()->encoder("content")->embed_text("lantern", vector).is_ok());

  const Job all = train({.models = {}, .inherit = false});
  ASSERT_EQ(all.state, JobState::kSucceeded) << all.detail;
  const GenerationInfo newest = trainer_->list_generations().front();
  EXPECT_THAT(newest.models, testing::ElementsAre("content"));
  for (const char* model : {"popular", "item_knn", "user_knn", "ials", "dlrm"}) {
    ASSERT_TRUE(newest.left_out.contains(model)) << model;
    EXPECT_THAT(newest.left_out.at(model), HasSubstr("too little to learn from")) << model;
  }
  EXPECT_EQ(all.warnings.size(), 5);
  restart();
  EXPECT_EQ(load_and_serve(), newest.id);

  const Job without = train({.models = {"item_knn"}});
  EXPECT_EQ(without.state, JobState::kFailed);
  EXPECT_THAT(without.detail, HasSubstr("too little to learn from"));
}

// What interactions are there is learned from, however few.
TEST_F(TrainerTest, ContentLearnsBesideTooFewInteractions) {
  options_.training.settings["content"] = {{"dim", "16"}};
  Entity item{.id = "lantern", .features = {{"title", Text{"a red wooden lantern"}}}, .expires_ms = 0};
  write({PutEntity{EntityKind::kItem, item}, interaction("ada", "lantern", kStartMs, "dislike"),
         interaction("ada", "cup", kStartMs + 1)});
  open_trainer();
  const Job job = train({.models = {"content", "bpr"}});
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_THAT(job.warnings, testing::ElementsAre(HasSubstr("bpr is left out: too little to learn from")));
}

TEST_F(TrainerTest, NamesTheOutliersThatItClips) {
  write_clusters();
  std::vector<Mutation> mutations;
  for (int n = 0; n < 90; ++n)
    mutations.push_back(interaction("user-" + std::to_string(n % 40), "item-" + std::to_string(n % 30), kStartMs + n,
                                    "rating", 3 + n % 3));
  mutations.push_back(interaction("user-3", "item-4", kStartMs, "rating", 900));
  mutations.push_back(interaction("user-5", "item-6", kStartMs, "rating", 700));
  write(std::move(mutations));
  open_trainer();
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_THAT(job.warnings, testing::ElementsAre(testing::AllOf(
                                HasSubstr("2 values far out were clipped"),
                                HasSubstr("user 'user-3' with item 'item-4': rating of 900"), HasSubstr("'user-5'"))));
  // The generation outlives its users: it counts them, and names nobody.
  const std::string note = trainer_->list_generations().front().note;
  EXPECT_THAT(note, HasSubstr("2 values far out were clipped"));
  EXPECT_THAT(note, testing::Not(HasSubstr("user-3")));
}

TEST_F(TrainerTest, DataOfOneMomentIsLearnedWithoutEvaluation) {
  std::vector<Mutation> mutations;
  for (int i = 0; i < 20; ++i)
    mutations.push_back(interaction("u" + std::to_string(i % 4), "i" + std::to_string(i % 5), kStartMs));
  write(std::move(mutations));
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const GenerationInfo info = trainer_->list_generations().front();
  EXPECT_EQ(info.state, "serving");
  EXPECT_THAT(info.note, HasSubstr("not evaluated"));
}

TEST_F(TrainerTest, IgnoresTypesOfNoWeightAndDeletedEntities) {
  write_clusters();
  options_.interaction_weights["impression"] = 0;
  write({interaction("user-0", "ghost", kStartMs, "impression"), interaction("user-0", "gone", kStartMs),
         interaction("left", "item-0", kStartMs)});
  write({DeleteEntity{EntityKind::kItem, "gone"}, DeleteEntity{EntityKind::kUser, "left"}});
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_EQ(host_->serving()->items.size(), 30);
  EXPECT_EQ(host_->serving()->users.size(), 40);
}

TEST_F(TrainerTest, KeepsWithoutPromotingWhenAsked) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train({.models = {"item_knn"}, .promote = false}).state, JobState::kSucceeded);
  EXPECT_THAT(states(), ElementsAre("g1 ready"));
  EXPECT_EQ(host_->serving_id(), "");
  ASSERT_TRUE(trainer_->promote("g1").is_ok());
  EXPECT_EQ(host_->serving_id(), "g1");
  EXPECT_EQ(host_->serving()->encoder("ials"), nullptr);
}

TEST_F(TrainerTest, UnknownModelsAndGenerationsAreRefused) {
  open_trainer();
  const Status unknown = trainer_->train({.models = {"ails"}}).status();
  EXPECT_EQ(unknown.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.field(), "models[0]");
  EXPECT_THAT(unknown.message(), HasSubstr("ials"));
  EXPECT_EQ(trainer_->promote("g9").code(), StatusCode::kNotFound);
  EXPECT_EQ(trainer_->rollback().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(trainer_->get_job("j9").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(trainer_->cancel_job("j9").code(), StatusCode::kNotFound);
}

TEST_F(TrainerTest, OpenRefusesBadSettings) {
  options_.training.settings["ials"]["dim"] = "many";
  const Status status = Trainer::open(generations(), store_.get(), host_.get(), &options_).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), "training.settings.ials.dim");
}

TEST_F(TrainerTest, PromotesRollsBackAndKeepsN) {
  options_.training.keep_generations = 2;
  options_.training.gate_tolerance = 1;
  write_clusters();
  open_trainer();
  for (int run = 0; run < 4; ++run) ASSERT_EQ(train().state, JobState::kSucceeded);
  EXPECT_THAT(states(), ElementsAre("g4 serving", "g3 ready"));
  EXPECT_FALSE(std::filesystem::exists(generations() / "g2"));
  EXPECT_TRUE(std::filesystem::exists(generations() / "g3"));

  auto back = trainer_->rollback();
  ASSERT_TRUE(back.is_ok()) << back.status().to_string();
  EXPECT_EQ(*back, "g3");
  EXPECT_EQ(host_->serving_id(), "g3");
  EXPECT_THAT(states(), ElementsAre("g4 ready", "g3 serving"));
  EXPECT_EQ(trainer_->rollback().status().code(), StatusCode::kFailedPrecondition);  // g2 is gone
  ASSERT_TRUE(trainer_->promote("g4").is_ok());
  EXPECT_EQ(host_->serving_id(), "g4");
}

TEST_F(TrainerTest, TheGateRejectsAWorseModel) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  // The next generation knows of popularity alone, which sees nothing of the clusters.
  const Job job = train({.models = {"popular"}, .inherit = false});
  EXPECT_EQ(job.state, JobState::kRejected);
  EXPECT_THAT(job.detail, HasSubstr("rejected"));
  EXPECT_THAT(states(), ElementsAre("g2 rejected", "g1 serving"));
  EXPECT_THAT(trainer_->list_generations().front().note, HasSubstr("below"));
  EXPECT_EQ(host_->serving_id(), "g1");
  // A person may decide otherwise.
  ASSERT_TRUE(trainer_->promote("g2").is_ok());
  EXPECT_THAT(states(), ElementsAre("g2 serving", "g1 ready"));
}

TEST_F(TrainerTest, RestartKeepsTheRegistryAndTheNumbers) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const Generation before = *host_->serving();
  restart();
  EXPECT_THAT(states(), ElementsAre("g1 serving"));
  auto loaded = trainer_->load_serving();
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  ASSERT_NE(*loaded, nullptr);
  EXPECT_THAT((*loaded)->encoder("ials")->user_vectors(),
              ::testing::ElementsAreArray(before.encoder("ials")->user_vectors()));
  EXPECT_EQ((*loaded)->info.metrics, before.info.metrics);
  EXPECT_THAT(trainer_->list_jobs(), IsEmpty());
  const Job job = train();
  EXPECT_EQ(job.id, "j2");
  EXPECT_EQ(job.generation, "g2");
}

TEST_F(TrainerTest, OpenRemovesWhatACrashLeft) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  std::filesystem::create_directories(generations() / "g2.tmp");
  std::filesystem::create_directories(generations() / "g7");
  std::filesystem::create_directories(generations() / "notes");
  restart();
  EXPECT_FALSE(std::filesystem::exists(generations() / "g2.tmp"));
  EXPECT_FALSE(std::filesystem::exists(generations() / "g7"));
  EXPECT_TRUE(std::filesystem::exists(generations() / "notes"));
  EXPECT_TRUE(std::filesystem::exists(generations() / "g1"));
}

TEST_F(TrainerTest, ADamagedServingGenerationIsToldAndMarked) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  {
    std::fstream file(generations() / "g2" / "ials.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('\x5a');
  }
  restart();
  EXPECT_EQ(load_and_serve(), "g1") << "the newest that is whole";
  EXPECT_THAT(trainer_->problem(), HasSubstr("ials.safetensors"));
  EXPECT_THAT(states(), ElementsAre("g2 corrupt", "g1 serving"));
  EXPECT_EQ(trainer_->promote("g2").code(), StatusCode::kCorruption);
  auto back = trainer_->rollback();
  ASSERT_TRUE(back.is_ok()) << back.status().to_string();
  EXPECT_EQ(*back, "g1");
  EXPECT_EQ(host_->serving_id(), "g1");
}

TEST_F(TrainerTest, AMendedGenerationServesAgain) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_EQ(train().state, JobState::kSucceeded);
  std::filesystem::rename(generations() / "g2" / "items.txt", dir_ / "items.txt");
  restart();
  ASSERT_EQ(load_and_serve(), "g1");
  trainer_->start_schedule();
  std::filesystem::rename(dir_ / "items.txt", generations() / "g2" / "items.txt");
  for (int turn = 0; turn < 200 && host_->serving_id() != "g2"; ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(host_->serving_id(), "g2");
  EXPECT_EQ(trainer_->problem(), "");
  EXPECT_THAT(states(), ElementsAre("g2 serving", "g1 ready"));
}

TEST_F(TrainerTest, ANewGenerationReplacesADamagedOne) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  std::filesystem::remove(generations() / "g1" / "manifest.json");
  restart();
  EXPECT_EQ(load_and_serve(), "") << "there is no other";
  EXPECT_THAT(trainer_->problem(), HasSubstr("none serves"));
  const Job job = train();
  EXPECT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_EQ(host_->serving_id(), "g2");
  EXPECT_EQ(trainer_->problem(), "");
}

TEST_F(TrainerTest, EqualRunsThatWaitAreOne) {
  write_clusters(200);
  options_.training.settings["ials"] = {{"dim", "512"}, {"iterations", "1000"}};
  open_trainer();
  auto running = trainer_->train({});
  ASSERT_TRUE(running.is_ok());
  for (Job now = *running; now.state == JobState::kQueued;)
    now = trainer_->wait_job(running->id, now, std::chrono::milliseconds(1'000)).value();
  const auto first = trainer_->train({.models = {"item_knn", "popular"}});
  const auto again = trainer_->train({.models = {"popular", "item_knn"}});
  const auto other = trainer_->train({.models = {"item_knn", "popular"}, .promote = false});
  const auto all = trainer_->train({});
  ASSERT_TRUE(first.is_ok() && again.is_ok() && other.is_ok() && all.is_ok());
  EXPECT_FALSE(first->coalesced);
  EXPECT_TRUE(again->coalesced);
  EXPECT_EQ(again->id, first->id);
  EXPECT_NE(other->id, first->id);
  EXPECT_NE(all->id, running->id) << "what runs may have read the data already";
  EXPECT_EQ(trainer_->list_jobs().size(), 4);
}

TEST_F(TrainerTest, AFailedPromotionLeavesTheOldOneServing) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  host_->fail_serving(Status::resource_exhausted("no memory for the index"));
  const Job job = train();
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_THAT(job.detail, HasSubstr("no memory for the index"));
  EXPECT_EQ(host_->serving_id(), "g1");
  EXPECT_THAT(states(), ElementsAre("g2 ready", "g1 serving"));
  host_->fail_serving(Status::ok());
  host_->fail_commits(Status::unavailable("poisoned"));
  EXPECT_EQ(trainer_->promote("g2").code(), StatusCode::kUnavailable);
  EXPECT_EQ(host_->serving_id(), "g1");
}

TEST_F(TrainerTest, CancelStopsARunWithinASecondAndLeavesNothing) {
  write_clusters(200);
  options_.training.settings["ials"] = {{"dim", "512"}, {"iterations", "1000"}};
  open_trainer();
  auto job = trainer_->train({});
  auto waiting = trainer_->train({.models = {}, .promote = false});
  ASSERT_TRUE(job.is_ok() && waiting.is_ok());
  Job now = *job;
  while (now.stage.find("ials") == std::string::npos && now.state != JobState::kFailed)
    now = trainer_->wait_job(job->id, now, std::chrono::milliseconds(1'000)).value();
  ASSERT_TRUE(trainer_->cancel_job(waiting->id).is_ok());
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(trainer_->cancel_job(job->id).is_ok());
  EXPECT_EQ(wait_for_end(job->id).state, JobState::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));  // a second, but for a loaded machine
  EXPECT_EQ(trainer_->get_job(waiting->id)->state, JobState::kCancelled);
  EXPECT_EQ(trainer_->cancel_job(job->id).code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(states(), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_empty(generations()));
}

TEST_F(TrainerTest, ClosingCancelsTheRun) {
  write_clusters(200);
  options_.training.settings["ials"] = {{"dim", "512"}, {"iterations", "1000"}};
  open_trainer();
  ASSERT_TRUE(trainer_->train({}).is_ok());
  trainer_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(generations()));
}

TEST_F(TrainerTest, ProgressNeverGoesBackAndNamesStages) {
  write_clusters();
  open_trainer();
  auto job = trainer_->train({});
  ASSERT_TRUE(job.is_ok());
  std::vector<double> progress;
  std::vector<std::string> stages;
  Job seen = *job;
  while (seen.state == JobState::kQueued || seen.state == JobState::kRunning) {
    seen = trainer_->wait_job(job->id, seen, std::chrono::milliseconds(1'000)).value();
    progress.push_back(seen.progress);
    if (stages.empty() || stages.back() != seen.stage) stages.push_back(seen.stage);
  }
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 1);
  EXPECT_GE(stages.size(), 2);
}

// Counts how often it is read. Between trainings nobody reads it but the schedule, which does so at every look.
class CountingClock final : public Clock {
 public:
  explicit CountingClock(const Clock* clock) : clock_(clock) {}
  TimestampMs now_ms() const override {
    ++reads_;
    return clock_->now_ms();
  }
  // Until a look that began after this call has ended.
  void await_look() const {
    const int wanted = reads_ + 3;
    for (int turn = 0; turn < 2'000 && reads_ < wanted; ++turn)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_GE(reads_, wanted) << "the schedule does not look";
  }

 private:
  const Clock* clock_;
  mutable std::atomic<int> reads_{0};
};

TEST_F(TrainerTest, TheScheduleTrainsWhenTimeAndInteractionsHaveCome) {
  const CountingClock clock(&clock_);
  options_.clock = &clock;
  options_.training.schedule_s = 3'600;
  options_.training.min_new_interactions = 100;
  open_trainer();
  trainer_->start_schedule();
  clock.await_look();
  EXPECT_THAT(trainer_->list_jobs(), IsEmpty());  // nothing to learn from
  write_clusters();
  const auto jobs_after = [&](std::size_t count) {
    for (int turn = 0; turn < 200 && trainer_->list_jobs().size() < count; ++turn) {
      clock_.advance(1'000);  // interactions have stopped coming in for a while
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    if (!trainer_->list_jobs().empty()) wait_for_end(trainer_->list_jobs().front().id);
    return trainer_->list_jobs().size();
  };
  EXPECT_EQ(jobs_after(1), 1);
  write_clusters(12, 8, kStartMs + 3'000'000);
  clock.await_look();
  EXPECT_EQ(trainer_->list_jobs().size(), 1);  // too soon
  clock_.advance(3'600'000);
  EXPECT_EQ(jobs_after(2), 2);
  clock_.advance(3'600'000);
  clock.await_look();
  EXPECT_EQ(trainer_->list_jobs().size(), 2);  // nothing new
  trainer_.reset();                            // before the clock
}

TEST_F(TrainerTest, ReadOnlyTrainsNothing) {
  write_clusters();
  open_trainer();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  trainer_.reset();
  options_.read_only = true;
  open_trainer();
  EXPECT_EQ(trainer_->train({}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(trainer_->promote("g1").code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(trainer_->load_serving().is_ok());
}

}  // namespace
}  // namespace tamis::engine
