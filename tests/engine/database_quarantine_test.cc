// What the door refuses, and what happens to rows that came past it: they are set aside, and the rest serves.
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <limits>

#include "common/record_checks.h"
#include "engine/live/live_state.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class QuarantineTest : public DatabaseTest {
 protected:
  QuarantineTest() { spdlog::set_level(spdlog::level::off); }
  ~QuarantineTest() override { spdlog::set_level(spdlog::level::info); }

  // Past the door: straight into the store. REQUIRES: the database is closed.
  void write_past_the_door(const std::vector<Mutation>& mutations) {
    storage::StoreOptions made;
    made.block_cache_bytes = 8ull << 20;
    made.memtable_bytes = 8ull << 20;
    made.min_free_disk_bytes = 0;
    made.clock = &clock;
    auto store = storage::Store::open(directory / "data/store", made);
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    const auto committed = (*store)->commit(mutations, Durability::kNone);
    ASSERT_TRUE(committed.is_ok()) << committed.status().to_string();
  }
  std::map<std::string, std::uint64_t> quarantined() { return database->stats().quarantined; }
  static Mutation vector(const std::string& space, const std::string& item, std::vector<float> values) {
    return PutVector{space, EntityKind::kItem, item, std::move(values)};
  }
  Mutation rated(const std::string& user, const std::string& item, double value, std::string type = "rating") {
    Interaction made = interaction(user, item, std::move(type));
    made.value = value;
    made.timestamp_ms = clock.now_ms();
    return PutInteraction{made};
  }
};

// --- the door ---

TEST_F(QuarantineTest, TheDoorRefusesVectorsThatNoIndexTakes) {
  open();
  int number = 0;
  for (const Metric metric : {Metric::kDot, Metric::kCosine, Metric::kL2}) {
    for (const Quantization quantization : {Quantization::kF32, Quantization::kF16, Quantization::kInt8}) {
      Space space;
      space.name = "s" + std::to_string(number++);
      space.dim = 3;
      space.metric = metric;
      space.quantization = quantization;
      write({PutSpace{space}});
      for (const EntityKind kind : {EntityKind::kItem, EntityKind::kUser}) {
        for (const std::vector<float>& bad : std::vector<std::vector<float>>{
                 {3e38F, 0, 0}, {1e19F, 1, 1}, {1.1e18F, 0, 0}, {8e17F, 8e17F, 8e17F}, {0, -2e18F, 0}}) {
          const Status refused = refusal({PutVector{space.name, kind, "x", bad}});
          EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
          EXPECT_EQ(refused.field(), "vector");
          EXPECT_THAT(refused.message(), HasSubstr("norm"));
        }
        write({PutVector{space.name, kind, "good", {1, 0, 0}},
               PutVector{space.name, kind, "largest", {5e17F, 5e17F, 5e17F}},
               PutVector{space.name, kind, "smallest", {1e-45F, 0, 0}},
               PutVector{space.name, kind, "none", {0, 0, 0}}});
      }
      EXPECT_EQ(nearest(space.name, {1, 0, 0}).size(), 4u);
    }
  }
  close();
  open();
  for (int i = 0; i < number; ++i) EXPECT_EQ(nearest("s" + std::to_string(i), {1, 0, 0}).size(), 4u);
  EXPECT_THAT(quarantined(), IsEmpty());
}

TEST_F(QuarantineTest, TheDoorRefusesValuesAndTimesThatNoModelHolds) {
  open();
  for (const double value : {1e39, 1e30, -1e30, 1'700'000'000'000.0, 1'700'000'000.0, 1.1e9,
                             std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    for (const char* type : {"rating", "purchase", "view", "score"}) {
      const Status refused = refusal({rated("ada", "a", value, type)});
      EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << value;
      EXPECT_EQ(refused.field(), "value") << value;
    }
  }
  for (const double value : {kMaxInteractionValue, -kMaxInteractionValue, 0.0, 1e-300}) {
    write({rated("ada", "a", value, "score")});
  }
  Interaction late = interaction("ada", "a");
  late.timestamp_ms = kMaxTimestampMs + 1;
  EXPECT_EQ(refusal({PutInteraction{late}}).field(), "timestamp");
}

TEST_F(QuarantineTest, AbsentIsNotZero) {
  open();
  Interaction first = interaction("ada", "a");
  first.timestamp_ms = 0;
  write({PutInteraction{first}, PutInteraction{interaction("ada", "b")}});
  const auto rows = database->list_interactions(EntityKind::kUser, "ada", "", 10);
  ASSERT_TRUE(rows.is_ok());
  ASSERT_EQ(rows->rows.size(), 2u);
  EXPECT_EQ(rows->rows[0].interaction.timestamp_ms, clock.now_ms());
  EXPECT_EQ(rows->rows[1].interaction.timestamp_ms, 0);
  write({put_item("gone", {}, 1)});
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "gone").status().code(), StatusCode::kNotFound);
  write({put_item("older", {}, -86'400'000)});
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "older").status().code(), StatusCode::kNotFound);
}

// --- behind the door ---

TEST_F(QuarantineTest, AVectorThatTheIndexRefusesIsSetAside) {
  open();
  write({put_space("looks", 2), vector("looks", "good", {1, 0}), vector("looks", "changed", {0, 1})});
  close();
  write_past_the_door({vector("looks", "bad", {3e38F, 0}), vector("looks", "better", {1, 1}),
                       vector("looks", "changed", {1e19F, 0}),
                       PutVector{"looks", EntityKind::kUser, "ada", {0, 3e38F}}});
  for (int start = 0; start < 3; ++start) {  // from the log after the index files, then from files that lack the rows
    open();
    EXPECT_THAT(nearest("looks", {1, 0}), ElementsAre("good", "better"));
    EXPECT_THAT(quarantined(), ElementsAre(Pair("vector", 3)));
    const auto kept = database->get_vector("looks", EntityKind::kItem, "bad");
    ASSERT_TRUE(kept.is_ok()) << "it is kept in the store";
    EXPECT_EQ(kept->vector.at(0), 3e38F);
    close();
  }
  std::filesystem::remove_all(directory / "data/index");  // and without files
  open();
  EXPECT_THAT(nearest("looks", {1, 0}), ElementsAre("good", "better"));
  EXPECT_THAT(quarantined(), ElementsAre(Pair("vector", 3)));

  ASSERT_TRUE(database->snapshot(directory / "copy").is_ok());
  const Status restored = Database::restore(directory / "copy", directory / "restored", options);
  EXPECT_TRUE(restored.is_ok()) << restored.to_string();

  write({vector("looks", "bad", {0, 1})});
  write({DeleteVector{"looks", EntityKind::kItem, "changed"}});
  EXPECT_THAT(quarantined(), ElementsAre(Pair("vector", 1)));
  EXPECT_THAT(nearest("looks", {1, 0}), ElementsAre("good", "better", "bad"));
  write({DeleteSpace{"looks"}});
  EXPECT_THAT(quarantined(), IsEmpty());
}

TEST_F(QuarantineTest, InteractionsOutOfBoundsCountForNothing) {
  options.training.models = {"popular", "item_knn", "ials"};
  open();
  for (int user = 0; user < 30; ++user) {
    for (int item = 0; item < 6; ++item)
      write({rated("u" + std::to_string(user), "i" + std::to_string((user + item) % 10), 1 + item % 5)});
  }
  close();
  Interaction early = interaction("u1", "i1", "rating");
  early.timestamp_ms = std::numeric_limits<TimestampMs>::min() + 1;
  write_past_the_door({rated("u1", "huge", 1e39), rated("u1", "huge", 1e300), rated("u2", "huge", -1e39),
                       rated("u3", "huge", 1'700'000'000'000), PutInteraction{early}});
  open();
  EXPECT_THAT(quarantined(), ElementsAre(Pair("interaction", 5)));
  EXPECT_EQ(database->stats().interactions, 185u) << "all are stored";
  EXPECT_EQ(database->stats().interactions_by_type.at("rating"), 180u) << "those of sense count";
  const auto job = database->train({});
  ASSERT_TRUE(job.is_ok()) << job.status().to_string();
  Job seen = *job;
  while (seen.state == JobState::kQueued || seen.state == JobState::kRunning)
    seen = *database->wait_job(job->id, seen, std::chrono::seconds(60));
  EXPECT_EQ(seen.state, JobState::kSucceeded) << seen.detail;
  EXPECT_FALSE(recommended("u1").empty());
  write({DeleteEntity{EntityKind::kUser, "u1"}});
  EXPECT_THAT(quarantined(), ElementsAre(Pair("interaction", 2)));
}

TEST_F(QuarantineTest, FeaturesSpacesAndDocumentsAreSetAside) {
  open();
  write({put_item("good", {{"color", std::string("red")}})});
  FunnelConfig fresh = FunnelConfig::default_funnel();
  fresh.name = "fresh";
  ASSERT_TRUE(database->put_funnel(fresh).is_ok());
  close();
  Features unsound = {{"color", std::string("\xff\xfe")}, {"listed_at", Timestamp{kMaxTimestampMs + 1}}};
  Interaction timed = interaction("ada", "odd");
  timed.timestamp_ms = clock.now_ms();
  write_past_the_door({put_item("odd", unsound), PutDocument{"funnel", "broken", "{\"retrievers\":"},
                       PutDocument{"funnel", "fresh", "[]"}, PutDocument{"experiment", "ab", "{\"arms\":7}"},
                       PutDocument{"generation", "g9", "true"}, PutDocument{"setting", "trainer", "[1]"},
                       PutDocument{"setting", "serving_generation", "{\"generation\":5}"}, PutInteraction{timed}});
  open();
  EXPECT_THAT(quarantined(), UnorderedElementsAre(Pair("features", 1), Pair("document", 6)));
  const auto odd = database->get_entity(EntityKind::kItem, "odd");
  ASSERT_TRUE(odd.is_ok()) << "it serves without its features";
  EXPECT_TRUE(odd->features.empty());
  EXPECT_FALSE(recommended("eve").empty());
  EXPECT_EQ(database->get_funnel("fresh").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(database->put_funnel(fresh).is_ok());
  write({put_item("odd", {{"color", std::string("blue")}}), DeleteEntity{EntityKind::kItem, "good"}});
  EXPECT_THAT(quarantined(), ElementsAre(Pair("document", 5)));
}

// What its own codecs could not read again, the store itself refuses.
TEST_F(QuarantineTest, TheStoreTakesNothingThatItCannotRead) {
  storage::StoreOptions made;
  made.min_free_disk_bytes = 0;
  auto store = storage::Store::open(directory / "store", made);
  ASSERT_TRUE(store.is_ok());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Space flat;
  flat.name = "flat";
  Interaction context = interaction("ada", "a");
  context.timestamp_ms = 1;
  context.context = {{"x", nan}};
  Space looks;
  looks.name = "looks";
  looks.dim = 1;
  ASSERT_TRUE((*store)->commit(std::vector<Mutation>{PutSpace{looks}}, Durability::kNone).is_ok());
  for (const Mutation& bad :
       std::vector<Mutation>{rated("ada", "a", nan), PutInteraction{context}, put_item("a", {{"price", nan}}),
                             PutSpace{flat}, vector("looks", "a", {std::numeric_limits<float>::infinity()})}) {
    const auto refused = (*store)->commit({&bad, 1}, Durability::kNone);
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument) << bad.index();
    EXPECT_FALSE(refused.status().field().empty());
  }
  EXPECT_EQ((*store)->last_sequence(), 1u);
}

// The committing thread meets them, too: of one commit the other rows serve at once.
TEST_F(QuarantineTest, TheRestOfACommitIsApplied) {
  storage::StoreOptions made;
  made.min_free_disk_bytes = 0;
  auto store = storage::Store::open(directory / "store", made);
  ASSERT_TRUE(store.is_ok());
  LiveState live(&options, store->get());
  const auto apply = [&](const std::vector<Mutation>& mutations) {
    const auto records = (*store)->commit(mutations, Durability::kNone);
    ASSERT_TRUE(records.is_ok()) << records.status().to_string();
    live.apply(*records);
  };
  std::vector<Mutation> batch = {put_space("looks", 2)};
  for (int i = 0; i < 50; ++i)
    batch.push_back(vector("looks", "i" + std::to_string(i), {i == 20 ? 1e30F : 1.0F, static_cast<float>(i)}));
  batch.push_back(rated("ada", "i1", 1e39));
  batch.push_back(rated("ada", "i2", 4));
  batch.push_back(put_item("i3", {{"name", std::string("\xff")}}));
  apply(batch);
  const auto state = live.pin();
  EXPECT_EQ(state->spaces.at("looks")->items->size(), 49u);
  EXPECT_THAT(live.quarantine().counts(),
              UnorderedElementsAre(Pair("vector", 1), Pair("interaction", 1), Pair("features", 1)));
  EXPECT_EQ(live.interactions_by_type().at("rating"), 1u);
  const auto history = state->histories->get(*(*store)->ids(EntityKind::kUser).find("ada"));
  ASSERT_TRUE(history.is_ok());
  EXPECT_EQ((*history)->events.size(), 1u);
  apply({vector("looks", "i20", {1, 1}), put_item("i3")});
  EXPECT_EQ(state->spaces.at("looks")->items->size(), 50u);
  EXPECT_THAT(live.quarantine().counts(), ElementsAre(Pair("interaction", 1)));
  apply({vector("looks", "i20", {0, 2e18F})});
  EXPECT_EQ(state->spaces.at("looks")->items->size(), 49u) << "the vector before is no longer the item's";
}

}  // namespace
}  // namespace tamis::engine
