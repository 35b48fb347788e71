// Training beside serving: runs in a process of their own, generations from elsewhere, switches under query load, and
// those whom a model has never seen.
#include <gmock/gmock.h>
#include <signal.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/random.h"
#include "common/sha256.h"
#include "models/matrix_io.h"
#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DatabaseTrainingTest : public CampsTest {
 protected:
  DatabaseTrainingTest() { options.training.worker_command = {"/proc/self/exe", "train-worker"}; }

  std::size_t files_of_generations() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "data/generations"))
      count += entry.exists() ? 1 : 0;
    return count;
  }
  // The processes that this one has started and not yet reaped.
  static std::vector<pid_t> children() {
    std::vector<pid_t> pids;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream list(task.path() / "children");
      for (pid_t pid = 0; list >> pid;) pids.push_back(pid);
    }
    return pids;
  }

 public:
  // Asks for recommendations from two threads until it is stopped; counts the failures and the empty answers.
  class QueryLoad {
   public:
    explicit QueryLoad(Database* database) {
      for (int n = 0; n < 2; ++n)
        threads_.emplace_back([this, database, n] {
          Random random(static_cast<std::uint64_t>(n));
          while (!stop_) {
            RecommendRequest request;
            request.user = "u" + std::to_string(random.below(200));
            const auto answer = database->recommend(request);
            if (!answer.is_ok() || answer->items.empty()) ++failures;
            ++queries;
          }
        });
    }
    ~QueryLoad() {
      stop_ = true;
      for (std::thread& thread : threads_) thread.join();
    }
    std::atomic<std::uint64_t> queries = 0;
    std::atomic<std::uint64_t> failures = 0;

   private:
    std::atomic<bool> stop_ = false;
    std::vector<std::thread> threads_;
  };
};

TEST_F(DatabaseTrainingTest, AProcessOfItsOwnMakesTheSameGeneration) {
  open();
  write_camps();
  const Job apart = train();
  ASSERT_EQ(apart.state, JobState::kSucceeded) << apart.detail;
  EXPECT_EQ(database->stats().generation, apart.generation);
  const auto there = database->get_vector("ials", EntityKind::kItem, "i0");
  EXPECT_EQ(files_of_generations(), 1) << "neither the checkpoint nor anything else stays";
  close();
  options.training.worker_command.clear();
  open();
  const Job here = train();
  ASSERT_EQ(here.state, JobState::kSucceeded) << here.detail;
  EXPECT_EQ(*database->get_vector("ials", EntityKind::kItem, "i0"), *there);
}

TEST_F(DatabaseTrainingTest, KillingTheWorkerFailsTheJobAndNoQuery) {
  open();
  write_camps();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  options.training.settings["ials"] = {{"dim", "512"}, {"iterations", "1000"}};  // longer than anybody waits
  close();
  open();
  const std::string serving = database->stats().generation;
  QueryLoad load(database.get());
  const auto job = database->train({});
  ASSERT_TRUE(job.is_ok());
  std::vector<pid_t> workers;
  for (int turn = 0; turn < 3'000 && workers.empty(); ++turn) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (database->get_job(job->id)->progress > 0.05) workers = children();
  }
  ASSERT_EQ(workers.size(), 1);
  ::kill(workers[0], SIGKILL);
  const Job ended = wait_for_end(job->id);
  EXPECT_EQ(ended.state, JobState::kFailed);
  EXPECT_THAT(ended.detail, HasSubstr("signal 9"));
  EXPECT_EQ(database->stats().generation, serving);
  EXPECT_EQ(files_of_generations(), 1);
  while (load.queries < 100) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(load.failures, 0);
}

TEST_F(DatabaseTrainingTest, RunningOutOfMemoryFailsTheJobAndNoQuery) {
  options.training.settings["ials"] = {{"dim", "2048"}, {"iterations", "2"}};
  options.training.memory_limit_bytes = 48ull << 20;
  open();
  write_camps();
  QueryLoad load(database.get());
  const Job job = train({.models = {"ials"}});
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_THAT(job.detail, HasSubstr("memory"));
  EXPECT_EQ(files_of_generations(), 0);
  EXPECT_EQ(load.failures, 0);
}

TEST_F(DatabaseTrainingTest, ACancelledRunLeavesNothingBehind) {
  options.training.settings["ials"] = {{"dim", "512"}, {"iterations", "1000"}};
  open();
  write_camps();
  const auto job = database->train({.models = {"ials"}});
  ASSERT_TRUE(job.is_ok());
  while (database->get_job(job->id)->progress < 0.06) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(database->cancel_job(job->id).is_ok());
  EXPECT_EQ(wait_for_end(job->id).state, JobState::kCancelled);
  EXPECT_THAT(children(), IsEmpty());
  EXPECT_EQ(files_of_generations(), 0);
}

TEST_F(DatabaseTrainingTest, MemoryIsToldByPart) {
  options.training.worker_command.clear();
  open();
  write_camps();
  EXPECT_EQ(database->stats().memory_parts.at("generation"), 0u);
  train();
  const Stats stats = database->stats();
  std::uint64_t sum = 0;
  for (const auto& [part, bytes] : stats.memory_parts) sum += bytes;
  EXPECT_EQ(stats.memory_bytes, sum);
  EXPECT_GT(stats.memory_parts.at("generation"), 240u * 8 * 4) << "the factors of 200 users and 40 items";
  for (const char* part : {"ids", "entities", "counts", "indexes"}) EXPECT_GT(stats.memory_parts.at(part), 0u) << part;
}

TEST_F(DatabaseTrainingTest, PromotionAndRollbackFailNoQuery) {
  options.training.worker_command.clear();
  open();
  write_camps();
  const Job first = train();
  const Job second = train();
  ASSERT_EQ(database->stats().generation, second.generation) << second.detail;
  QueryLoad load(database.get());
  for (int turn = 0; turn < 10; ++turn) {
    const auto back = database->rollback();
    ASSERT_TRUE(back.is_ok()) << back.status().to_string();
    EXPECT_EQ(*back, first.generation);
    ASSERT_TRUE(database->promote(second.generation).is_ok());
  }
  EXPECT_GT(load.queries, 0);
  EXPECT_EQ(load.failures, 0);
}

// Of the users and items that come and go while a generation is made ready, its spaces hold those that are there.
TEST_F(DatabaseTrainingTest, WhatChangesDuringAPromotionIsReconciled) {
  options.training.worker_command.clear();
  open();
  write_camps();
  const Job first = train({.models = {"ials"}});
  const Job second = train({.models = {"ials"}});
  ASSERT_EQ(database->stats().generation, second.generation) << second.detail;
  std::vector<std::pair<EntityKind, std::string>> trained;
  for (int id = 0; id < 200; ++id) {
    for (const EntityKind kind : {EntityKind::kUser, EntityKind::kItem}) {
      const std::string name = (kind == EntityKind::kUser ? "u" : "i") + std::to_string(id);
      if (database->get_vector("ials", kind, name).is_ok()) trained.emplace_back(kind, name);
    }
  }
  ASSERT_GT(trained.size(), 200u);
  for (int turn = 0; turn < 60; ++turn) {
    std::atomic<bool> stop = false;
    std::thread writer([&] {
      Random random(static_cast<std::uint64_t>(turn));
      while (!stop) {
        std::vector<Mutation> mutations;
        for (int i = 0; i < 20; ++i) {
          const auto& [kind, name] = trained[random.below(static_cast<std::uint32_t>(trained.size()))];
          if (database->get_entity(kind, name).is_ok()) {
            mutations.push_back(DeleteEntity{kind, name});
          } else {
            mutations.push_back(PutEntity{kind, Entity{.id = name}});
          }
        }
        for (Mutation& mutation : mutations) (void)database->write({std::move(mutation)}, {Durability::kNone});
      }
    });
    EXPECT_TRUE(database->promote(turn % 2 == 0 ? first.generation : second.generation).is_ok());
    stop = true;
    writer.join();
    const auto there = [&](EntityKind wanted) {
      return static_cast<std::uint64_t>(std::count_if(trained.begin(), trained.end(), [&](const auto& entity) {
        return entity.first == wanted && database->get_entity(wanted, entity.second).is_ok();
      }));
    };
    const SpaceStats space = database->stats().spaces.front();
    ASSERT_EQ(space.space.name, "ials");
    ASSERT_EQ(space.user_vectors, there(EntityKind::kUser)) << "turn " << turn;
    ASSERT_EQ(space.item_vectors, there(EntityKind::kItem)) << "turn " << turn;
  }
}

// --- generations from elsewhere ---

// The file format written by hand, as docs/models.md tells others to.
class ImportTest : public DatabaseTrainingTest {
 protected:
  void write_generation_files(const std::filesystem::path& dir, float poison = 0, float users_scale = 1,
                              float tower_scale = 1) {
    std::filesystem::create_directories(dir);
    std::ofstream(dir / "users.txt") << "u0\nu1\n";
    std::ofstream(dir / "items.txt") << "i0\ni1\ni2\n";
    std::vector<float> items = {1, 0, 0, 1, 0.5F, 0.5F + poison};
    const std::vector<float> users = {2, 0, 0, 3 * users_scale};
    const std::vector<float> inputs = {1, 0, 0, 0, 1, 0, 0, 0, 1};                  // [items, 3]
    const std::vector<float> weight = {tower_scale, 0, -1, 0, 2 * tower_scale, 0};  // [2, 3]
    const std::vector<float> bias = {0.25F, 0};
    models::TensorWriter tensors;
    tensors.add<float>("item_vectors", {3, 2}, items);
    tensors.add<float>("user_vectors", {2, 2}, users);
    tensors.add<float>("history_vectors", {3, 3}, inputs);
    tensors.add<float>("layer0.weight", {2, 3}, weight);
    tensors.add<float>("layer0.bias", {2}, bias);
    ASSERT_TRUE(tensors.write(dir / "towers.safetensors").is_ok());
    std::string files;
    for (const char* name : {"users.txt", "items.txt", "towers.safetensors"})
      files += std::string(files.empty() ? "" : ",") + "\"" + name +
               "\":{\"bytes\":" + std::to_string(std::filesystem::file_size(dir / name)) + ",\"sha256\":\"" +
               *sha256_of_file(dir / name) + "\"}";
    std::ofstream(dir / "manifest.json")
        << R"({"format":"tamis.generation","version":2,"generation":{"id":"torch","state":"ready",)"
        << R"("created":"2026-01-01T00:00:00Z","sequence":0,"models":["towers"],"metrics":{},"note":"by hand"},)"
        << R"("users":2,"items":3,"encoders":{"towers":{"kind":"imported","dim":2,"metric":"dot","settings":{"history":2}}},)"
        << R"("files":{)" << files << "}}";
  }
  std::map<std::string, double> scores_of(const std::string& user) {
    SearchRequest request;
    request.space = "towers";
    request.query = user;
    request.query_kind = EntityKind::kUser;
    request.exact = true;
    const auto answer = database->search(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::map<std::string, double> scores;
    if (!answer.is_ok()) return scores;
    for (const auto& item : answer->items) scores[item.id] = item.score;
    return scores;
  }
  void open_with_entities() {
    open();
    for (const char* item : {"i0", "i1", "i2"}) write({put_item(item)});
    for (const char* user : {"u0", "u1"}) write({PutEntity{EntityKind::kUser, Entity{.id = user, .features = {}}}});
  }
};

TEST_F(ImportTest, ServesTheScoresOfTheTowers) {
  open_with_entities();
  write_generation_files(directory / "torch");
  const auto info = database->import_generation(directory / "torch", "torch-1");
  ASSERT_TRUE(info.is_ok()) << info.status().to_string();
  EXPECT_EQ(info->state, "ready");
  ASSERT_TRUE(database->promote("torch-1").is_ok());
  EXPECT_EQ(database->stats().generation, "torch-1");
  // Without a history: the user's own vector.
  auto scores = scores_of("u1");
  EXPECT_NEAR(scores["i0"], 0, 1e-5);
  EXPECT_NEAR(scores["i1"], 3, 1e-5);
  EXPECT_NEAR(scores["i2"], 1.5, 1e-5);
  // With one, by hand: the mean of the last two inputs is (0, 0.5, 0.5), the tower gives (-0.5 + 0.25, 1).
  view("u1", "i0");
  view("u1", "i1");
  view("u1", "i2");
  scores = scores_of("u1");
  EXPECT_NEAR(scores["i0"], -0.25, 1e-5);
  EXPECT_NEAR(scores["i1"], 1, 1e-5);
  EXPECT_NEAR(scores["i2"], 0.375, 1e-5);
  // What was written is what is served after a restart, and what goes out comes in again.
  ASSERT_TRUE(database->export_generation("torch-1", directory / "copy").is_ok());
  close();
  open();
  EXPECT_EQ(scores_of("u1"), scores);
  ASSERT_TRUE(database->import_generation(directory / "copy", "torch-2").is_ok());
  ASSERT_TRUE(database->promote("torch-2").is_ok());
  EXPECT_EQ(scores_of("u1"), scores);
  EXPECT_EQ(refusal({PutVector{"towers", EntityKind::kItem, "i0", {1, 2}}}).field(), "space");
}

TEST_F(ImportTest, RefusesWhatIsNotWholeOrNotOurs) {
  open_with_entities();
  const auto refused = [&](const char* name = "torch-1") {
    return database->import_generation(directory / "torch", name).status();
  };
  write_generation_files(directory / "torch", std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(refused().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused().message(), HasSubstr("item_vectors[5]"));
  write_generation_files(directory / "torch");
  EXPECT_EQ(refused("g5").field(), "name");
  EXPECT_EQ(refused("../x").field(), "name");
  {
    std::fstream file(directory / "torch/towers.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('\x41');
  }
  EXPECT_THAT(refused().message(), HasSubstr("checksum"));
  write_generation_files(directory / "torch");
  write({DeleteEntity{EntityKind::kItem, "i2"}});
  EXPECT_TRUE(refused("once-known").is_ok()) << "a deleted item keeps its id";
  EXPECT_EQ(refused("once-known").code(), StatusCode::kAlreadyExists);
  close();
  options.training.worker_command.clear();
  auto other = Database::open(directory / "other", options);
  ASSERT_TRUE(other.is_ok());
  database = std::move(other).value();
  ASSERT_TRUE(database->wait_ready(std::chrono::seconds(60)).is_ok());
  write_generation_files(directory / "torch");
  EXPECT_EQ(refused().code(), StatusCode::kFailedPrecondition) << "users and items of another shop";
  EXPECT_TRUE(std::filesystem::is_empty(directory / "other/generations"));
}

// Finite numbers are not enough: no index takes such rows, and no query may be refused for them.
TEST_F(ImportTest, RefusesVectorsThatNoIndexTakes) {
  open_with_entities();
  write_generation_files(directory / "torch", 1e30F);
  Status refused = database->import_generation(directory / "torch", "torch-1").status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.field(), "item_vectors[2]");
  write_generation_files(directory / "torch", 0, 1e38F);
  refused = database->import_generation(directory / "torch", "torch-1").status();
  EXPECT_EQ(refused.field(), "user_vectors[1]");
  EXPECT_THAT(refused.message(), HasSubstr("towers: user_vectors[1] has a norm of 3e+38"));
  EXPECT_THAT(database->list_generations(), ::testing::IsEmpty());
}

TEST_F(ImportTest, AUserWhomTheTowerSendsBeyondTheSpaceGetsTheFallback) {
  open_with_entities();
  write_generation_files(directory / "torch", 0, 1, 1e38F);
  ASSERT_TRUE(database->import_generation(directory / "torch", "torch-1").is_ok());
  ASSERT_TRUE(database->promote("torch-1").is_ok());
  for (const char* item : {"i0", "i1"}) view("u1", item);
  const auto check = [&] {
    RecommendRequest request;
    request.user = "u1";
    request.explain = true;
    FunnelConfig funnel;
    funnel.retrievers = {RetrieverConfig{.kind = "ann", .quota = 20, .weight = 1, .space = "towers"}};
    funnel.fallback = {"popular"};
    funnel.exclude_seen = false;
    request.override_funnel = funnel;
    const auto answer = database->recommend(request);
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
    EXPECT_EQ(answer->items.size(), 2u) << "popular ones";
    const auto ann = std::find_if(answer->stages.begin(), answer->stages.end(),
                                  [](const auto& stage) { return stage.stage == "retrieve:ann:towers"; });
    ASSERT_NE(ann, answer->stages.end());
    EXPECT_THAT(ann->note, HasSubstr("beyond the space"));
  };
  check();
  close();
  open();
  check();
}

// --- those whom no model has seen ---

TEST_F(DatabaseTrainingTest, AnAnonymousSessionOfThreeClicksIsServedFromItsCamp) {
  options.training.worker_command.clear();
  open();
  write_camps();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  RecommendRequest request;
  request.history = {{.item = "i3"}, {.item = "i9"}, {.item = "i11"}};
  request.k = 5;
  const auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_FALSE(answer->known_user);
  ASSERT_EQ(answer->items.size(), 5);
  for (const auto& item : answer->items) EXPECT_EQ(std::stoi(item.item.substr(1)) % 2, 1) << item.item;
}

// Two towers that know the camps by features: "team" of users, "colour" of items.
class ColdStartTest : public DatabaseTrainingTest {
 protected:
  ColdStartTest() {
    options.training.worker_command.clear();
    options.training.models = {"popular", "two_tower"};
    options.training.holdout = 0;
    options.training.settings["two_tower"] = {{"dim", "16"}, {"epochs", "30"}, {"feature_buckets", "64"}};
  }

  void SetUp() override {
    open();
    std::vector<Mutation> entities;
    for (int user = 0; user < 200; ++user)
      entities.push_back(
          PutEntity{EntityKind::kUser, Entity{.id = "u" + std::to_string(user), .features = team(user)}});
    for (int item = 0; item < 40; ++item) entities.push_back(put_item("i" + std::to_string(item), colour(item)));
    write(std::move(entities));
    write_camps();
    const Job job = train();
    ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = "towers";
    funnel.retrievers = {{.kind = "ann", .quota = 100, .weight = 1, .space = "two_tower"}};
    funnel.fallback.clear();
    ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  }

  static Features team(int number) { return {{"team", std::string(number % 2 == 0 ? "north" : "south")}}; }
  static Features colour(int number) { return {{"colour", std::string(number % 2 == 0 ? "red" : "blue")}}; }

  // How many of the first ten of the towers' items are of a camp.
  int of_camp(RecommendRequest request, int camp) {
    request.funnel = "towers";
    request.k = 10;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (!answer.is_ok()) return -1;
    EXPECT_EQ(answer->items.size(), 10);
    int count = 0;
    for (const auto& item : answer->items) count += std::stoi(item.item.substr(1)) % 2 == camp ? 1 : 0;
    return count;
  }
};

TEST_F(ColdStartTest, ANewUserWithAProfileAlone) {
  for (const int camp : {0, 1}) {
    const std::string user = "newcomer" + std::to_string(camp);
    write({PutEntity{EntityKind::kUser, Entity{.id = user, .features = team(camp)}}});
    EXPECT_GE(of_camp({.user = user}, camp), 9) << user;
  }
}

TEST_F(ColdStartTest, ANewItemWithFeaturesAlone) {
  write({put_item("i100", colour(0)), put_item("i101", colour(1))});
  const auto score = [&](const std::string& user, const std::string& item) {
    SearchRequest request;
    request.space = "two_tower";
    request.query = user;
    request.query_kind = EntityKind::kUser;
    request.k = 1'000;
    request.exact = true;
    const auto answer = database->search(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (answer.is_ok())
      for (const auto& found : answer->items)
        if (found.id == item) return found.score;
    ADD_FAILURE() << item << " is not in the space";
    return 0.0;
  };
  EXPECT_GT(score("u2", "i100"), score("u2", "i101"));
  EXPECT_LT(score("u3", "i100"), score("u3", "i101"));
  // It changes its features, and survives a restart with the index files and without.
  write({put_item("i101", colour(0))});
  EXPECT_GT(score("u2", "i101"), score("u3", "i101"));
  close();
  open();
  EXPECT_GT(score("u2", "i101"), score("u3", "i101"));
  close();
  std::filesystem::remove_all(directory / "data/index");
  open();
  EXPECT_GT(score("u2", "i101"), score("u3", "i101"));
}

TEST_F(ColdStartTest, AnAnonymousSessionOfThreeClicks) {
  RecommendRequest request;
  request.history = {{.item = "i4"}, {.item = "i8"}, {.item = "i30"}};
  EXPECT_GE(of_camp(request, 0), 9);
  request.history = {{.item = "i5"}, {.item = "i9"}, {.item = "i31"}};
  EXPECT_GE(of_camp(request, 1), 9);
}

// Everybody walks the ring i0, i1, ..., i19, i0 from somewhere: only the order tells what comes next.
TEST_F(DatabaseTrainingTest, ASequenceEncoderReadsTheOrderAtQueryTime) {
  options.training.worker_command.clear();
  options.training.models = {"sasrec"};
  options.training.holdout = 0;
  options.training.settings["sasrec"] = {
      {"dim", "16"},    {"inner", "16"}, {"max_length", "16"},      {"batch", "32"},        {"epochs", "150"},
      {"dropout", "0"}, {"blocks", "1"}, {"learning_rate", "0.01"}, {"warmup_steps", "20"}, {"patience", "0"}};
  open();
  std::vector<Mutation> batch;
  for (int user = 0; user < 80; ++user)
    for (int step = 0; step < 12; ++step) {
      Interaction made = interaction("u" + std::to_string(user), "i" + std::to_string((user + step) % 20), "click");
      made.timestamp_ms = clock.now_ms() - 1'000'000 + step * 1'000 + user;
      batch.push_back(PutInteraction{made});
    }
  write(std::move(batch));
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_EQ(database->get_space("sasrec")->encoder, "sasrec");

  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.name = "next";
  funnel.retrievers = {{.kind = "ann", .quota = 20, .weight = 1, .space = "sasrec"}};
  funnel.fallback.clear();
  ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  const auto next_of = [&](const RecommendRequest& request) {
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() && !answer->items.empty() ? answer->items.front().item : "";
  };
  RecommendRequest session;
  session.funnel = "next";
  session.history = {{.item = "i3"}, {.item = "i4"}, {.item = "i5"}};
  EXPECT_EQ(next_of(session), "i6");
  session.history = {{.item = "i12"}, {.item = "i13"}, {.item = "i14"}};
  EXPECT_EQ(next_of(session), "i15");
  // A stored user's next click moves the answer on.
  RecommendRequest known{.user = "u0", .funnel = "next"};
  EXPECT_EQ(next_of(known), "i12");
  view("u0", "i12");
  EXPECT_EQ(next_of(known), "i13");
}

}  // namespace
}  // namespace tamis::engine
