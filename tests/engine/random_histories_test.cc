// Whatever the door takes, the database opens, serves, snapshots, restores and trains afterwards; and where a row came
// past the door, it is set aside and all else works.
//
// TAMIS_HISTORIES sets how many histories are tried (60), TAMIS_FIRST_HISTORY the first one's number (1). A failure
// names the number: TAMIS_FIRST_HISTORY=n TAMIS_HISTORIES=1 repeats it.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <limits>

#include "storage/store.h"
#include "tests/engine/camps_fixture.h"
#include "tests/engine/random_mutations.h"

namespace tamis::engine {
namespace {

constexpr int kSteps = 40;

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

class RandomHistoriesTest : public CampsTest {
 protected:
  RandomHistoriesTest() {
    spdlog::set_level(spdlog::level::off);
    options.training.settings["ials"] = {{"dim", "4"}, {"iterations", "2"}};
    options.training.settings["content"] = {{"dim", "4"}};
    options.training.settings["two_tower"] = {{"dim", "4"}, {"epochs", "1"}, {"feature_buckets", "64"}};
    options.training.settings["bpr"] = {{"dim", "4"}, {"epochs", "1"}};
    options.training.keep_generations = 2;
  }
  ~RandomHistoriesTest() override { spdlog::set_level(spdlog::level::info); }

  std::filesystem::path data() const { return directory / ("data" + std::to_string(place)); }

  void reopen() {
    database.reset();
    auto opened = Database::open(data(), options);
    ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
    database = std::move(opened).value();
    const Status ready = database->wait_ready(std::chrono::seconds(60));
    ASSERT_TRUE(ready.is_ok()) << ready.to_string();
  }

  // Goes on from a restored copy.
  void snapshot_and_restore() {
    const auto copy = directory / ("copy" + std::to_string(++place));
    const Status made = database->snapshot(copy);
    ASSERT_TRUE(made.is_ok()) << made.to_string();
    database.reset();
    const Status restored = Database::restore(copy, data(), options);
    ASSERT_TRUE(restored.is_ok()) << restored.to_string();
    reopen();
  }

  // A run may find too little to learn from, or lose at the gate; nothing else may stop it.
  void train_once() {
    const Job job = train();
    if (job.state == JobState::kSucceeded || job.state == JobState::kRejected) return;
    EXPECT_EQ(job.state, JobState::kFailed);
    EXPECT_NE(job.detail.find("too little"), std::string::npos) << job.detail;
  }

  // A refusal names what is wrong with the request; the database itself has no fault.
  static void expect_no_fault(const Status& status, const std::string& what) {
    const StatusCode code = status.code();
    EXPECT_TRUE(code == StatusCode::kOk || code == StatusCode::kInvalidArgument || code == StatusCode::kNotFound ||
                code == StatusCode::kAlreadyExists || code == StatusCode::kFailedPrecondition)
        << what << ": " << status.to_string();
  }

  void expect_serves(RandomMutations* random) {
    for (const auto& funnel : database->list_funnels()) {
      RecommendRequest request;
      request.user = random->user();
      request.funnel = funnel.name;
      request.explain = random->one_in(3);
      request.with_features = true;
      const auto answer = database->recommend(request);
      EXPECT_TRUE(answer.is_ok()) << "funnel " << funnel.name << ": " << answer.status().to_string();
    }
    for (const Space& space : database->list_spaces()) {
      SearchRequest request;
      request.space = space.name;
      request.query = std::vector<float>(space.dim, 1e17F);
      const auto found = database->search(request);
      EXPECT_TRUE(found.is_ok()) << "space " << space.name << ": " << found.status().to_string();
    }
    EXPECT_TRUE(database->list_entities(EntityKind::kItem, "", 100).is_ok());
    EXPECT_TRUE(database->read_log(1, 1'000).is_ok());
    expect_no_fault(database->list_interactions(EntityKind::kUser, random->user(), "", 100).status(), "history");
    SimilarRequest similar;
    similar.id = random->item();
    expect_no_fault(database->similar(similar).status(), "similar");
  }

  void step(RandomMutations* random) {
    switch (random->below(20)) {
      case 0: return reopen();
      case 1:
        if (random->one_in(3)) return snapshot_and_restore();
        break;
      case 2:
        if (random->one_in(3)) return train_once();
        break;
      case 3: {
        const FunnelDocument funnel =
            database->check_funnel("f" + std::to_string(random->below(3)), random->funnel_json());
        if (funnel.faults.empty()) expect_no_fault(database->put_funnel(funnel.funnel).status(), "funnel");
        return;
      }
      case 4: {
        const auto experiment = parse_experiment("e" + std::to_string(random->below(2)), random->experiment_json());
        if (experiment.is_ok()) expect_no_fault(database->put_experiment(*experiment).status(), "experiment");
        return;
      }
      case 5: return expect_no_fault(database->merge_user(random->user(), random->user()).status(), "merge");
      case 6: return expect_serves(random);
      case 7: clock.advance(random->below(3) * 86'400'000LL); return random->set_now(clock.now_ms());
      case 8:
        return expect_no_fault(database->delete_funnel("f" + std::to_string(random->below(3))).status(), "funnel");
      default: break;
    }
    std::vector<Mutation> mutations;
    for (std::uint32_t i = 1 + random->below(6); i > 0; --i) mutations.push_back(random->any());
    const auto spaces = database->list_spaces();
    if (!spaces.empty()) {
      const Space& space = spaces[random->below(static_cast<std::uint32_t>(spaces.size()))];
      for (int i = 0; i < 3; ++i) mutations.push_back(random->vector(space.name, space.dim));
    }
    // One write each: a refused one must not hide the others.
    for (Mutation& mutation : mutations) expect_no_fault(database->write({mutation}).status(), "write");
  }

  // Rows of one kind that the door refuses, straight into the store.
  std::string write_past_the_door(std::uint32_t which, RandomMutations* random) {
    database.reset();
    storage::StoreOptions made;
    made.min_free_disk_bytes = 0;
    made.block_cache_bytes = 8ull << 20;
    made.memtable_bytes = 8ull << 20;
    made.clock = &clock;
    auto store = storage::Store::open(data() / "store", made);
    EXPECT_TRUE(store.is_ok()) << store.status().to_string();
    if (!store.is_ok()) return "";
    std::vector<Mutation> bad;
    std::string kind;
    Interaction odd = interaction("u1", "i1", "rating");
    odd.timestamp_ms = clock.now_ms();
    switch (which) {
      case 0: {
        kind = "vector";
        Space space;
        space.name = "bad-space";
        space.dim = 2;
        space.metric = static_cast<Metric>(1 + random->below(3));
        space.quantization = static_cast<Quantization>(1 + random->below(3));
        space.keep_f32 = space.quantization == Quantization::kF32 || random->below(2) == 0;
        bad.push_back(PutSpace{space});
        bad.push_back(put_item("i1"));  // may have been deleted: a vector of what is not live is set aside by nobody
        for (int i = 0; i < 4; ++i)
          bad.push_back(
              PutVector{space.name, EntityKind::kItem, "i" + std::to_string(i), {i % 2 == 0 ? 1.0F : 3e38F, 1}});
        bad.push_back(PutVector{space.name, EntityKind::kUser, "u1", {-2e18F, 0}});
        break;
      }
      case 1:
        kind = "interaction";
        for (const double value : {1e300, -1e39, 1.7e12}) {
          odd.value = value;
          bad.push_back(PutInteraction{odd});
        }
        break;
      case 2:
        kind = "interaction";
        for (const TimestampMs time :
             {std::numeric_limits<TimestampMs>::min(), std::numeric_limits<TimestampMs>::max()}) {
          odd.timestamp_ms = time;
          bad.push_back(PutInteraction{odd});
        }
        break;
      case 3:
        kind = "features";
        bad.push_back(put_item(
            "i2", {{"color", std::string("\xff")}, {"at", Timestamp{std::numeric_limits<TimestampMs>::max()}}}));
        break;
      case 4:
        kind = "document";
        bad.push_back(PutDocument{"funnel", "f1", "{\"retrievers\":[{\"kind\":\"no such\"}]}"});
        bad.push_back(PutDocument{"experiment", "e1", "[]"});
        bad.push_back(PutDocument{"interaction_type", "like", "{\"meaning\":7}"});
        break;
      default:
        kind = "document";
        bad.push_back(PutDocument{"generation", "g77", "{\"id\":true}"});
        bad.push_back(PutDocument{"setting", "trainer", "{\"next_job\":1e30}"});
    }
    bad.push_back(PutInteraction{interaction("u2", "i3")});
    std::get<PutInteraction>(bad.back()).interaction.timestamp_ms = clock.now_ms();
    const auto committed = (*store)->commit(bad, Durability::kNone);
    EXPECT_TRUE(committed.is_ok()) << committed.status().to_string();
    return kind;
  }

  void run(std::uint64_t number) {
    place = 0;
    options.training.models = {"popular", "item_knn", "user_knn", "ials"};
    if (number % 8 == 3) options.training.models.insert(options.training.models.end(), {"content", "two_tower", "bpr"});
    clock.set(1'700'000'000'000);
    RandomMutations random(number * 7'919, clock.now_ms());
    reopen();
    std::vector<Mutation> first;
    for (int i = 0; i < 60; ++i) first.push_back(random.ordinary_view());
    write(std::move(first));
    for (int i = 0; i < kSteps && !HasFatalFailure(); ++i) step(&random);
    if (HasFatalFailure()) return;
    if (number % 2 == 0) {
      const std::string kind = write_past_the_door((number / 2) % 6, &random);
      ASSERT_NO_FATAL_FAILURE(reopen());
      EXPECT_GE(database->stats().quarantined[kind], 1u) << kind;
      expect_serves(&random);
      for (int i = 0; i < kSteps / 4 && !HasFatalFailure(); ++i) step(&random);
    }
    if (HasFatalFailure()) return;
    train_once();
    expect_serves(&random);
    ASSERT_NO_FATAL_FAILURE(snapshot_and_restore());
    train_once();
    ASSERT_NO_FATAL_FAILURE(reopen());
    expect_serves(&random);
    database.reset();
    std::error_code ignored;
    for (int i = 0; i <= place; ++i) {
      std::filesystem::remove_all(directory / ("data" + std::to_string(i)), ignored);
      std::filesystem::remove_all(directory / ("copy" + std::to_string(i)), ignored);
    }
  }

  int place = 0;
};

TEST_F(RandomHistoriesTest, OpenServeAndTrain) {
  const std::uint64_t first = from_environment("TAMIS_FIRST_HISTORY", 1);
  const std::uint64_t count = from_environment("TAMIS_HISTORIES", 60);
  for (std::uint64_t number = first; number < first + count; ++number) {
    SCOPED_TRACE("history " + std::to_string(number));
    run(number);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace tamis::engine
