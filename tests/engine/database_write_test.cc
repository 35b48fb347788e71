#include <gmock/gmock.h>

#include <cmath>
#include <future>
#include <limits>
#include <thread>
#include <utility>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(DatabaseTest, ReadsItsOwnWrites) {
  open();
  const WriteAck first = view("ada", "lantern");
  EXPECT_EQ(first.accepted, 1u);
  EXPECT_EQ(database->sequence(), first.sequence);
  EXPECT_THAT(recommended("bob"), ElementsAre("lantern"));
  EXPECT_THAT(recommended("ada"), IsEmpty()) << "seen items are left out";

  view("ada", "candle");
  EXPECT_THAT(recommended("bob"), ::testing::UnorderedElementsAre("lantern", "candle"));
  const auto rows = database->list_interactions(EntityKind::kUser, "ada", "", 10);
  ASSERT_TRUE(rows.is_ok());
  ASSERT_EQ(rows->rows.size(), 2u);
  EXPECT_EQ(rows->rows[0].interaction.item, "candle");
  EXPECT_EQ(rows->rows[0].interaction.timestamp_ms, clock.now_ms());
}

TEST_F(DatabaseTest, AnEmptyWriteIsAcknowledged) {
  open();
  const WriteAck ack = write({});
  EXPECT_EQ(ack.accepted, 0u);
  EXPECT_EQ(ack.sequence, database->sequence());
}

TEST_F(DatabaseTest, AVectorIsFoundWhenItsWriteReturns) {
  open();
  write({put_space("style", 2), PutVector{"style", EntityKind::kItem, "a", {1, 0}}});
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("a"));
  write({PutVector{"style", EntityKind::kItem, "b", {0, 1}}, PutVector{"style", EntityKind::kItem, "a", {0.6f, 0.8f}}});
  EXPECT_THAT(nearest("style", {0, 1}), ElementsAre("b", "a"));
  const auto stored = database->get_vector("style", EntityKind::kItem, "a");
  ASSERT_TRUE(stored.is_ok());
  EXPECT_THAT(stored->vector, ElementsAre(0.6f, 0.8f));
}

// Rows that stay on disk answer as rows in memory do.
TEST_F(DatabaseTest, ASpaceMayLeaveItsRowsOnDisk) {
  options.memory.embedding_cache_bytes = 40'000;  // a tenth of the rows
  open();
  constexpr std::uint32_t kDim = 16;
  const Space whole{.name = "whole", .dim = kDim};
  const Space lean{.name = "lean", .dim = kDim, .keep_f32 = false};
  std::vector<Mutation> mutations = {PutSpace{whole}, PutSpace{lean}};
  Random random(3);
  const auto put = [&](const std::string& item) {
    std::vector<float> vector(kDim);
    for (float& value : vector) value = static_cast<float>(random.normal());
    for (const char* space : {"whole", "lean"}) mutations.push_back(PutVector{space, EntityKind::kItem, item, vector});
  };
  for (int item = 0; item < 2'000; ++item) put("i" + std::to_string(item));
  write(std::exchange(mutations, {}));
  const auto answers_alike = [&](const char* when) {
    for (int query = 0; query < 40; ++query) {
      SearchRequest request{.query = "i" + std::to_string(query * 7), .k = 10};
      request.space = "whole";
      const auto expected = database->search(request);
      request.space = "lean";
      const auto found = database->search(request);
      ASSERT_TRUE(expected.is_ok() && found.is_ok()) << when;
      ASSERT_EQ(found->items.size(), 10u);
      for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(found->items[i].id, expected->items[i].id) << when << ": " << query;
        EXPECT_NEAR(found->items[i].score, expected->items[i].score, 1e-6) << when;
      }
    }
  };
  answers_alike("written");
  const auto bytes_of = [&](const char* name) {
    for (const SpaceStats& space : database->stats().spaces)
      if (space.space.name == name) return space.index_bytes;
    return std::uint64_t{0};
  };
  EXPECT_LT(bytes_of("lean") + 2'000 * kDim * sizeof(float), bytes_of("whole") + 65'536);
  EXPECT_LE(database->stats().memory_parts.at("embedding_cache"), 40'000u);
  for (int item = 0; item < 300; ++item) put("i" + std::to_string(item));
  mutations.push_back(DeleteEntity{EntityKind::kItem, "i1"});
  write(std::exchange(mutations, {}));
  write({put_item("i1")});
  answers_alike("changed");
  close();
  open();
  EXPECT_FALSE(database->get_space("lean")->keep_f32);
  answers_alike("opened again");
  EXPECT_LT(bytes_of("lean") + 2'000 * kDim * sizeof(float), bytes_of("whole") + 65'536);

  EXPECT_EQ(refusal({PutSpace{{.name = "lean", .dim = kDim}}}).code(), StatusCode::kAlreadyExists);
  const Status senseless =
      refusal({PutSpace{{.name = "raw", .dim = 2, .quantization = Quantization::kF32, .keep_f32 = false}}});
  EXPECT_EQ(senseless.field(), "keep_f32");
}

TEST_F(DatabaseTest, ADeletedItemIsGoneFromEveryAnswer) {
  open();
  write({put_space("style", 2), PutVector{"style", EntityKind::kItem, "a", {1, 0}},
         PutVector{"style", EntityKind::kItem, "b", {0, 1}}, PutInteraction{interaction("ada", "a")}});
  write({DeleteEntity{EntityKind::kItem, "a"}});
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("b"));
  EXPECT_THAT(recommended("bob"), Not(Contains("a")));
  EXPECT_THAT(listed(EntityKind::kItem), ElementsAre("b"));
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "a").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->get_vector("style", EntityKind::kItem, "a").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(refusal({DeleteEntity{EntityKind::kItem, "a"}}).code(), StatusCode::kNotFound);
}

TEST_F(DatabaseTest, ADeletedUserTakesTheirCountsAlong) {
  open();
  for (const char* type : {"view", "click", "save"}) write({PutInteraction{interaction("ada", "lantern", type)}});
  view("ada", "candle");
  view("bob", "candle");
  ASSERT_THAT(recommended("eve"), ElementsAre("lantern", "candle"));
  write({DeleteEntity{EntityKind::kUser, "ada"}});
  EXPECT_EQ(database->stats().interactions_by_type.at("view"), 1u);
  EXPECT_THAT(recommended("eve"), ElementsAre("candle", "lantern")) << "nobody is left who viewed the lantern";
  EXPECT_EQ(database->list_interactions(EntityKind::kUser, "ada", "", 10).status().code(), StatusCode::kNotFound);
}

TEST_F(DatabaseTest, ABatchIsAppliedWholeOrNotAtAll) {
  open();
  const Status refused = refusal({put_item("good"), PutInteraction{interaction("", "x")}});
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.field(), "mutations[1].user");
  // What only the store can tell: a patch of an entity that does not exist.
  EXPECT_EQ(refusal({put_item("good"), PatchEntity{EntityKind::kItem, "missing", {}, {}, {}}}).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(database->sequence(), 0u);
  EXPECT_THAT(listed(EntityKind::kItem), IsEmpty());
}

TEST_F(DatabaseTest, ARepeatedIdempotencyKeyIsNotStoredTwice) {
  open();
  Interaction purchase = interaction("ada", "lantern", "purchase");
  purchase.idempotency_key = "order-1";
  EXPECT_EQ(write({PutInteraction{purchase}}).accepted, 1u);
  const WriteAck again = write({PutInteraction{purchase}});
  EXPECT_EQ(again.accepted, 0u);
  EXPECT_EQ(again.duplicates, 1u);
  EXPECT_EQ(database->stats().interactions, 1u);
  EXPECT_EQ(database->stats().interactions_by_type.at("purchase"), 1u);
}

TEST_F(DatabaseTest, APatchMergesFeatures) {
  open();
  write({put_item("a", {{"price", 3.5}, {"color", std::string("red")}})});
  write({PatchEntity{EntityKind::kItem, "a", {{"price", 4.0}}, {"color"}, {}}});
  const auto entity = database->get_entity(EntityKind::kItem, "a");
  ASSERT_TRUE(entity.is_ok());
  EXPECT_EQ(entity->features, (Features{{"price", 4.0}}));
}

TEST_F(DatabaseTest, APatchRemovesWhatAPutMayName) {
  open();
  for (const std::string& name : {std::string("a\tb"), std::string(128, 'n'), std::string("\x01")}) {
    write({put_item("a", {{name, 3.5}})});
    write({PatchEntity{EntityKind::kItem, "a", {}, {name}, {}}});
    EXPECT_EQ(database->get_entity(EntityKind::kItem, "a")->features, Features{}) << name;
  }
  for (const std::string& name : {std::string(), std::string(129, 'n'), std::string("\xff")}) {
    EXPECT_EQ(database->write({PatchEntity{EntityKind::kItem, "a", {}, {name}, {}}}, {}).status().field(), "features");
  }
}

TEST_F(DatabaseTest, AnAsynchronousWriteIsVisibleInItsCallback) {
  open();
  std::promise<Sequence> seen;
  database->write_async({PutInteraction{interaction("ada", "lantern")}}, {}, [&](Result<WriteAck> ack) {
    seen.set_value(ack.is_ok() && database->sequence() >= ack->sequence ? ack->sequence : 0);
  });
  EXPECT_GT(seen.get_future().get(), 0u);
  std::promise<StatusCode> refused;
  database->write_async({PutInteraction{interaction("", "x")}}, {},
                        [&](Result<WriteAck> ack) { refused.set_value(ack.status().code()); });
  EXPECT_EQ(refused.get_future().get(), StatusCode::kInvalidArgument);
}

TEST_F(DatabaseTest, UnknownIdsAreRefusedWhereTheyAreNotCreated) {
  options.create_unknown_ids = false;
  open();
  EXPECT_EQ(refusal({PutInteraction{interaction("ada", "a")}}).code(), StatusCode::kNotFound);
  Entity ada;
  ada.id = "ada";
  write({put_item("a"), PutEntity{EntityKind::kUser, ada}, PutInteraction{interaction("ada", "a")}});
  view("ada", "a");
  EXPECT_EQ(refusal({PutInteraction{interaction("bob", "a")}}).field(), "user");
}

TEST_F(DatabaseTest, ThePreparedMutationIsTheOneThatIsWritten) {
  open();
  Mutation mutation = PutInteraction{interaction("ada", "a")};
  ASSERT_TRUE(database->prepare(&mutation).is_ok());
  EXPECT_EQ(std::get<PutInteraction>(mutation).interaction.timestamp_ms, clock.now_ms());
  Mutation bad = PutVector{"nowhere", EntityKind::kItem, "a", {1}};
  EXPECT_EQ(database->prepare(&bad).code(), StatusCode::kNotFound);
}

struct BadInput {
  const char* name;
  Mutation mutation;
  StatusCode code;
  const char* field;
};

Interaction with_type(std::string type) { return interaction("u", "i", std::move(type)); }

Interaction with_value(double value) {
  Interaction made = interaction("u", "i");
  made.value = value;
  return made;
}

Interaction with_timestamp(TimestampMs timestamp_ms) {
  Interaction made = interaction("u", "i");
  made.timestamp_ms = timestamp_ms;
  return made;
}

Space space_of(std::string name, std::uint32_t dim, std::string encoder = "external") {
  Space space;
  space.name = std::move(name);
  space.dim = dim;
  space.encoder = std::move(encoder);
  return space;
}

std::vector<BadInput> bad_inputs() {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto invalid = StatusCode::kInvalidArgument;
  Interaction long_key = interaction("u", "i");
  long_key.idempotency_key = std::string(129, 'k');
  return {
      {"empty user", PutInteraction{interaction("", "i")}, invalid, "user"},
      {"long item", PutInteraction{interaction("u", std::string(257, 'x'))}, invalid, "item"},
      {"item not UTF-8", PutInteraction{interaction("u", "\xff")}, invalid, "item"},
      {"empty type", PutInteraction{with_type("")}, invalid, "type"},
      {"long type", PutInteraction{with_type(std::string(65, 't'))}, invalid, "type"},
      {"value NaN", PutInteraction{with_value(std::nan(""))}, invalid, "value"},
      {"value infinite", PutInteraction{with_value(INFINITY)}, invalid, "value"},
      {"time too early", PutInteraction{with_timestamp(kMinTimestampMs - 1)}, invalid, "timestamp"},
      {"time too late", PutInteraction{with_timestamp(kMaxTimestampMs + 1)}, invalid, "timestamp"},
      {"long key", PutInteraction{long_key}, invalid, "idempotency_key"},
      {"empty id", put_item(""), invalid, "id"},
      {"feature NaN", put_item("i", {{"price", std::nan("")}}), invalid, "features.price"},
      {"feature against the schema", put_item("i", {{"listed_at", std::string("soon")}}), invalid,
       "features.listed_at"},
      {"unknown space", PutVector{"nowhere", EntityKind::kItem, "i", {1, 2}}, StatusCode::kNotFound, "space"},
      {"space that is no name", PutVector{"No Where", EntityKind::kItem, "i", {1, 2}}, invalid, "space"},
      {"reserved space", PutVector{"ials", EntityKind::kItem, "i", {1, 2}}, invalid, "space"},
      {"short vector", PutVector{"style", EntityKind::kItem, "i", {1}}, invalid, "vector"},
      {"vector NaN", PutVector{"style", EntityKind::kItem, "i", {1, nan}}, invalid, "vector[1]"},
      {"making the reserved space", PutSpace{space_of("ials", 2)}, invalid, "space"},
      {"space of dim 0", PutSpace{space_of("empty", 0)}, invalid, "dim"},
      {"space of dim 4097", PutSpace{space_of("wide", 4097)}, invalid, "dim"},
      {"space of another encoder", PutSpace{space_of("own", 2, "bpr")}, invalid, "encoder"},
      {"space defined otherwise", PutSpace{space_of("style", 3)}, StatusCode::kAlreadyExists, "name"},
      {"deleting no space", DeleteSpace{"nowhere"}, StatusCode::kNotFound, "space"},
      {"a document of the database's own", PutDocument{"generation", "g1", "{}"}, invalid, "collection"},
      {"a funnel that is no JSON", PutDocument{"funnel", "home", "{"}, invalid, nullptr},
      {"a kind that is none", DeleteEntity{static_cast<EntityKind>(7), "i"}, invalid, "kind"},
  };
}

TEST_F(DatabaseTest, BadInputIsRefusedByNameAndChangesNothing) {
  options.item_schema = {{"listed_at", FeatureKind::kTimestamp}};
  open();
  write({put_space("style", 2)});
  const Sequence before = database->sequence();
  for (const BadInput& bad : bad_inputs()) {
    SCOPED_TRACE(bad.name);
    const Status status = refusal({bad.mutation});
    EXPECT_EQ(status.code(), bad.code) << status.to_string();
    if (bad.field != nullptr) {
      EXPECT_EQ(status.field(), bad.field) << status.to_string();
    }
    EXPECT_THAT(status.message(), Not(IsEmpty()));
  }
  EXPECT_EQ(database->sequence(), before);
  EXPECT_THAT(listed(EntityKind::kItem), IsEmpty());
  EXPECT_THAT(listed(EntityKind::kUser), IsEmpty());
}

TEST_F(DatabaseTest, PastTheMemoryLimitDeletesAndReadsGoOn) {
  options.memory.limit_bytes = 256 << 10;
  open();
  Status refused;
  for (int i = 0; i < 100'000 && refused.is_ok(); ++i) {
    refused = refusal({put_item("item-" + std::to_string(i), {{"name", std::string("lantern")}})});
  }
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), HasSubstr("memory.limit"));
  EXPECT_THAT(refused.message(), HasSubstr("most of them by "));
  EXPECT_TRUE(database->get_entity(EntityKind::kItem, "item-0").is_ok());
  write({DeleteEntity{EntityKind::kItem, "item-0"}});
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "item-0").status().code(), StatusCode::kNotFound);
}

TEST_F(DatabaseTest, WhatAServerHoldsCountsTowardsTheMemoryLimit) {
  options.memory.limit_bytes = 64 << 20;
  open();
  const auto bodies = std::make_shared<ByteBudget>("request_bodies", "memory.request_bodies", 128ull << 20);
  database->count_memory(bodies);
  {
    ByteHold hold(*bodies);
    ASSERT_TRUE(hold.grow(100 << 20).is_ok());
    EXPECT_EQ(database->stats().memory_parts.at("request_bodies"), 100u << 20);
    EXPECT_EQ(database->stats().memory_part_limits.at("request_bodies"), 128u << 20);
    Status refused;
    for (int i = 0; i < 2'000 && refused.is_ok(); ++i) {  // memory is measured every 100 ms
      refused = refusal({put_item("a", {})});
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
    EXPECT_THAT(refused.message(), HasSubstr("most of them by request_bodies (104857600)"));
  }
  bool is_taken = false;
  for (int i = 0; i < 2'000 && !is_taken; ++i) {
    is_taken = refusal({put_item("a", {})}).is_ok();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(is_taken);
  const Stats stats = database->stats();
  EXPECT_EQ(stats.memory_parts.at("commit_queue"), 0u);
  EXPECT_EQ(stats.memory_part_limits.at("commit_queue"), options.memory.commit_queue_bytes);
}

TEST_F(DatabaseTest, ADatabaseOpenForReadingRefusesWrites) {
  open();
  view("ada", "lantern");
  close();
  options.read_only = true;
  open();
  EXPECT_THAT(recommended("bob"), ElementsAre("lantern"));
  EXPECT_EQ(refusal({PutInteraction{interaction("ada", "x")}}).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tamis::engine
