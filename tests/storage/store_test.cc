// What store.h promises, one promise a test. Random mixes are in store_model_test.cc, crashes in tests/crash.
#include "storage/store.h"

#include <rocksdb/db.h>

#include <fstream>

#include "storage/byte_writer.h"
#include "storage/format_version.h"
#include "storage/key_codec.h"
#include "storage/value_codec.h"
#include "tests/crash/power_cut_file_system.h"
#include "tests/storage/mutation_source.h"
#include "tests/storage/store_fixture.h"
#include "tests/storage/store_model.h"

namespace tamis::storage {
namespace {

using testing::HasSubstr;

PutEntity item(std::string id, Features features) {
  return {.kind = EntityKind::kItem, .entity = {.id = std::move(id), .features = std::move(features)}};
}

TEST_F(StoreTest, AnInteractionCreatesItsUserAndItem) {
  must_open();
  const auto records = commit({interaction("ada", "lamp", 500)});
  ASSERT_TRUE(records.is_ok());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(records->front().sequence, 1u);
  EXPECT_EQ(records->front().committed_ms, clock_.now_ms());
  const auto user = store_->get_entity(EntityKind::kUser, records->front().user);
  ASSERT_TRUE(user.is_ok());
  EXPECT_EQ(user->id, "ada");
  EXPECT_TRUE(user->features.empty());
  EXPECT_EQ(user->updated_ms, clock_.now_ms());
  EXPECT_EQ(store_->counts().interactions, 1u);
  EXPECT_EQ(store_->counts().users, 1u);
  EXPECT_EQ(store_->interaction_type_name(*store_->find_interaction_type("view")), "view");
}

TEST_F(StoreTest, APatchSeesThePutBeforeItInTheSameWrite) {
  must_open();
  PatchEntity patch{.kind = EntityKind::kItem, .id = "lamp", .features = {}, .removed = {"old"}, .expires_ms = {}};
  patch.features["price"] = 4.0;
  const auto records = commit({item("lamp", {{"price", 3.0}, {"old", true}, {"kept", true}}), patch});
  ASSERT_TRUE(records.is_ok()) << records.status().to_string();
  // Recorded as the put that it amounts to.
  const auto* put = std::get_if<PutEntity>(&records->back().mutation);
  ASSERT_NE(put, nullptr);
  EXPECT_EQ(put->entity.features, (Features{{"kept", true}, {"price", 4.0}}));
  EXPECT_EQ(store_->get_entity(EntityKind::kItem, 0)->features, put->entity.features);
}

TEST_F(StoreTest, ARefusedWriteLeavesNoTraceAndItsNeighboursStand) {
  must_open();
  must_commit(source_spaces());
  const Sequence before = store_->last_sequence();
  std::vector<std::vector<Mutation>> writes(3);
  writes[0] = {interaction("ada", "lamp")};
  writes[1] = {interaction("bob", "vase", 1, "key"), PutSpace{{.name = "new", .dim = 2}},
               DeleteEntity{EntityKind::kUser, "ada"}, PatchEntity{EntityKind::kItem, "nobody", {}, {}, {}}};
  writes[2] = {interaction("ada", "cup", 1, "key")};
  const auto group = store_->commit_group(writes, Durability::kNone);
  ASSERT_TRUE(group.is_ok());
  EXPECT_TRUE(group->acks[0].is_ok());
  EXPECT_EQ(group->acks[1].status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(group->acks[2].is_ok());
  EXPECT_EQ(group->acks[2]->accepted, 1u) << "the refused write's idempotency key must not count";
  EXPECT_EQ(group->acks[2]->sequence, before + 2);
  EXPECT_FALSE(store_->ids(EntityKind::kUser).find("bob"));
  EXPECT_EQ(store_->get_space("new").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

TEST_F(StoreTest, IdempotencyKeysHoldWithinAWriteOverWritesAndUntilTheirTime) {
  options_.idempotency_ttl_s = 60;
  must_open();
  const auto twice = commit({interaction("ada", "lamp", 1, "k1"), interaction("ada", "lamp", 1, "k1")});
  ASSERT_TRUE(twice.is_ok());
  EXPECT_FALSE((*twice)[0].duplicate);
  EXPECT_TRUE((*twice)[1].duplicate);
  EXPECT_EQ(store_->last_sequence(), 1u);
  must_open();
  EXPECT_TRUE(commit({interaction("ada", "lamp", 1, "k1")})->front().duplicate);
  clock_.advance(61'000);
  EXPECT_TRUE(commit({interaction("ada", "lamp", 1, "k1")})->front().duplicate) << "the interaction itself tells";
  EXPECT_FALSE(commit({interaction("ada", "lamp", clock_.now_ms(), "k1")})->front().duplicate);
  EXPECT_EQ(store_->counts().interactions, 2u);
}

TEST_F(StoreTest, HistoriesPageNewestFirst) {
  must_open();
  must_commit({interaction("ada", "a", 10), interaction("ada", "b", 30), interaction("bob", "c", 40),
               interaction("ada", "c", 20), interaction("ada", "d", 20)});
  const auto first = store_->user_interactions(0, 3);
  ASSERT_TRUE(first.is_ok());
  std::vector<Sequence> sequences;
  for (const auto& row : *first) sequences.push_back(row.sequence);
  EXPECT_THAT(sequences, testing::ElementsAre(2, 5, 4));
  const auto rest = store_->user_interactions(
      0, 3, Store::InteractionCursor{.timestamp_ms = first->back().timestamp_ms, .sequence = first->back().sequence});
  ASSERT_TRUE(rest.is_ok());
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ(rest->front().sequence, 1u);
}

TEST_F(StoreTest, DeletingAUserTakesInteractionsAndVectorsDeletingAnItemKeepsHistories) {
  must_open();
  must_commit(source_spaces());
  must_commit({interaction("ada", "lamp"), interaction("bob", "lamp"),
               PutVector{"taste", EntityKind::kUser, "ada", {1, 2, 3, 4}},
               PutVector{"taste", EntityKind::kItem, "lamp", {1, 2, 3, 4}}});
  must_commit({DeleteEntity{EntityKind::kUser, "ada"}});
  EXPECT_EQ(store_->counts().interactions, 1u);
  EXPECT_EQ(store_->counts().vectors.at("taste"), 1u);
  EXPECT_EQ(store_->item_interactions(0, 10)->size(), 1u);
  EXPECT_EQ(commit({DeleteEntity{EntityKind::kUser, "ada"}}).status().code(), StatusCode::kNotFound);
  must_commit({DeleteEntity{EntityKind::kItem, "lamp"}});
  EXPECT_EQ(store_->counts().vectors.at("taste"), 0u);
  EXPECT_EQ(store_->item_interactions(0, 10)->size(), 0u);
  EXPECT_EQ(store_->user_interactions(*store_->ids(EntityKind::kUser).find("bob"), 10)->size(), 1u);
  // The dense id stays taken: the same name comes back to it.
  must_commit({interaction("ada", "vase")});
  EXPECT_EQ(store_->ids(EntityKind::kUser).find("ada"), DenseId{0});
}

TEST_F(StoreTest, AnItemWithManyInteractionsIsDeletedByRange) {
  must_open();
  std::vector<Mutation> many;
  for (int i = 0; i < 1'500; ++i) many.push_back(interaction("u" + std::to_string(i % 7), "lamp", i));
  must_commit(std::move(many));
  must_commit({interaction("u1", "vase"), interaction("u1", "lamp", 9'999), DeleteEntity{EntityKind::kItem, "lamp"},
               interaction("u2", "lamp", 5)});
  EXPECT_EQ(store_->item_interactions(0, 10)->size(), 1u);
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

TEST_F(StoreTest, SpacesRefuseAnotherDefinitionAndStartEmptyWhenCreatedAgain) {
  must_open();
  must_commit({PutSpace{{.name = "s", .dim = 2}}, PutVector{"s", EntityKind::kItem, "lamp", {1, 2}}});
  EXPECT_TRUE(commit({PutSpace{{.name = "s", .dim = 2}}}).is_ok());
  EXPECT_EQ(commit({PutSpace{{.name = "s", .dim = 3}}}).status().code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(commit({PutVector{"s", EntityKind::kItem, "lamp", {1}}}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(commit({PutVector{"t", EntityKind::kItem, "lamp", {1}}}).status().code(), StatusCode::kNotFound);
  must_commit({DeleteSpace{"s"}, PutSpace{{.name = "s", .dim = 2}}});
  EXPECT_EQ(store_->get_vector("s", EntityKind::kItem, 0).status().code(), StatusCode::kNotFound);
  must_open();
  EXPECT_EQ(store_->counts().vectors.at("s"), 0u);
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

TEST_F(StoreTest, ASpaceRemembersThatItsRowsStayOnDisk) {
  must_open();
  const Space space{.name = "s", .dim = 2, .quantization = Quantization::kF16, .keep_f32 = false};
  must_commit({PutSpace{space}, PutVector{"s", EntityKind::kItem, "lamp", {1, 2}},
               PutVector{"s", EntityKind::kItem, "vase", {3, 4}}, PutVector{"s", EntityKind::kUser, "ada", {5, 6}}});
  EXPECT_EQ(commit({PutSpace{{.name = "s", .dim = 2, .quantization = Quantization::kF16}}}).status().code(),
            StatusCode::kAlreadyExists);
  must_open();
  EXPECT_EQ(*store_->get_space("s"), space);
  std::map<std::size_t, std::vector<float>> read;
  const std::vector<DenseId> ids = {1, 99, 0};
  ASSERT_TRUE(store_
                  ->get_vectors("s", EntityKind::kItem, ids,
                                [&](std::size_t i, VersionedVector&& found) { read[i] = std::move(found.vector); })
                  .is_ok());
  EXPECT_EQ(read, (std::map<std::size_t, std::vector<float>>{{0, {3, 4}}, {2, {1, 2}}}));
  EXPECT_EQ(store_->get_vectors("t", EntityKind::kItem, ids, [](std::size_t, VersionedVector&&) {}).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

TEST_F(StoreTest, TheLogIsTheChangeFeed) {
  must_open();
  must_commit({interaction("ada", "lamp"), PutDocument{"funnel", "home", "{}"}});
  std::vector<Sequence> sequences;
  ASSERT_TRUE(store_
                  ->read_log(2,
                             [&](const CommittedRecord& record) {
                               sequences.push_back(record.sequence);
                               EXPECT_TRUE(std::holds_alternative<PutDocument>(record.mutation));
                               return true;
                             })
                  .is_ok());
  EXPECT_THAT(sequences, testing::ElementsAre(2));
  EXPECT_TRUE(store_->read_log(99, [](const CommittedRecord&) { return true; }).is_ok());
}

TEST_F(StoreTest, ASecondOpenerIsToldWhoHoldsTheDirectory) {
  must_open();
  const auto second = Store::open(dir(), options_);
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("this process"));
}

TEST_F(StoreTest, AReaderOpensBesideNobodyAndRefusesWrites) {
  must_open();
  must_commit({interaction("ada", "lamp")});
  store_.reset();
  options_.read_only = true;
  must_open();
  EXPECT_EQ(store_->user_interactions(0, 10)->size(), 1u);
  EXPECT_FALSE(store_->is_writable());
  EXPECT_EQ(commit({interaction("ada", "lamp")}).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(StoreTest, CheckpointsAreWholeDatabases) {
  must_open();
  must_commit(source_spaces());
  MutationSource source(5, "c");
  for (int i = 0; i < 50; ++i) (void)commit(source.next_write(4)).is_ok();
  const auto expected = replay_log(*store_);
  ASSERT_TRUE(store_->checkpoint(root_ / "copy").is_ok());
  EXPECT_EQ(store_->checkpoint(root_ / "copy").code(), StatusCode::kAlreadyExists);
  must_commit({interaction("late", "lamp")});
  store_.reset();
  const auto copy = Store::open(root_ / "copy", options_);
  ASSERT_TRUE(copy.is_ok()) << copy.status().to_string();
  EXPECT_EQ(expected->difference(**copy), "");
}

TEST_F(StoreTest, BelowTheWatermarkReadsAndDeletesGoOnAndWritesResume) {
  const auto disk = std::make_shared<PowerCutFileSystem>();
  options_.file_system = disk;
  options_.min_free_disk_bytes = 100 << 20;
  must_open();
  must_commit({interaction("ada", "lamp"), interaction("bob", "lamp")});
  disk->set_free_space(99 << 20);
  EXPECT_FALSE(store_->is_writable());
  EXPECT_EQ(store_->free_disk_bytes(), 99u << 20);
  EXPECT_EQ(commit({interaction("ada", "vase")}).status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(commit({DeleteEntity{EntityKind::kUser, "ada"}}).is_ok());
  EXPECT_EQ(store_->user_interactions(1, 10)->size(), 1u);
  disk->set_free_space(101 << 20);
  EXPECT_TRUE(store_->is_writable());
  EXPECT_TRUE(commit({interaction("ada", "vase")}).is_ok());
  store_.reset();
}

TEST_F(StoreTest, StatisticsNameTheirUnits) {
  must_open();
  must_commit({interaction("ada", "lamp")});
  const auto figures = store_->statistics();
  EXPECT_GT(figures.at("rocksdb_memtable_bytes"), 0);
  EXPECT_GT(figures.at("rocksdb_block_cache_capacity_bytes"), 0);
  for (const auto& [name, value] : figures) EXPECT_TRUE(name.starts_with("rocksdb_")) << name;
}

// A table that holds a quarter of the memory for writes goes to a file while the store runs.
TEST_F(StoreTest, FullTablesAreWrittenToFilesMeanwhile) {
  must_open();
  const auto table_files = [&] {
    return std::count_if(std::filesystem::directory_iterator(dir()), std::filesystem::directory_iterator(),
                         [](const auto& file) { return file.path().extension() == ".sst"; });
  };
  const auto write_users = [&](int first, int count) {
    for (int user = first; user < first + count; ++user) {
      PutEntity put;
      put.entity.id = "user-" + std::to_string(user);
      put.entity.features["note"] = std::string(1'000, 'n');
      must_commit({put});
    }
  };
  write_users(0, 150);
  EXPECT_EQ(table_files(), 0);
  write_users(150, 150);
  for (int wait = 0; wait < 500 && table_files() == 0; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_GT(table_files(), 0);
}

// --- format versions ---

class FormatTest : public StoreTest {
 protected:
  // Changes a closed database behind the store's back.
  void with_raw_database(const std::function<void(OpenDatabase*)>& change) {
    store_.reset();
    const RocksResources resources(options_);
    auto database = OpenDatabase::open(dir().string(), resources, false);
    ASSERT_TRUE(database.is_ok()) << database.status().to_string();
    change(database->get());
  }
  static void set_version(OpenDatabase* database, std::uint64_t version) {
    std::string value;
    ByteWriter(&value).put_varint(version);
    ASSERT_TRUE(database->db()->Put({}, database->table(Table::kMeta), kFormatVersionKey, value).ok());
  }
};

TEST_F(FormatTest, ANewerFormatIsRefusedNamingBothVersions) {
  must_open();
  must_commit({interaction("ada", "lamp")});
  with_raw_database([](OpenDatabase* database) { set_version(database, kFormatVersion + 1); });
  const Status opened = open();
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(opened.message(), HasSubstr("format " + std::to_string(kFormatVersion + 1)));
  EXPECT_THAT(opened.message(), HasSubstr("up to " + std::to_string(kFormatVersion)));
  with_raw_database([](OpenDatabase* database) { set_version(database, kFormatVersion); });
  must_open();
  EXPECT_EQ(store_->counts().interactions, 1u);
}

// Format 2 is format 3 without values of version 2.
TEST_F(FormatTest, Format2IsUpgradedAsItIs) {
  must_open();
  must_commit({interaction("ada", "lamp", 1, "key")});
  with_raw_database([this](OpenDatabase* database) {
    set_version(database, 2);
    // As format 2 wrote it: the key raw, the row without it.
    std::string value;
    encode_idempotency({.expires_ms = clock_.now_ms() + 1'000, .sequence = 1}, &value);
    ASSERT_TRUE(database->db()->Put({}, database->table(Table::kIdempotency), "key", value).ok());
    ASSERT_TRUE(database->db()->Delete({}, database->table(Table::kIdempotency), idempotency_table_key("key")).ok());
    value.clear();
    encode_interaction({.item = 0, .type = 0, .value = std::nullopt}, Interaction{}, &value);
    const HistoryKey row = history_key({.owner = 0, .timestamp_ms = 1, .sequence = 1});
    ASSERT_TRUE(database->db()->Put({}, database->table(Table::kInteractions), row.view(), value).ok());
  });
  must_open();
  EXPECT_TRUE(commit({interaction("ada", "lamp", clock_.now_ms(), "key")})->front().duplicate);
  clock_.advance(2'000);
  EXPECT_FALSE(commit({interaction("ada", "lamp", clock_.now_ms(), "key")})->front().duplicate);
  EXPECT_TRUE(commit({interaction("ada", "lamp", clock_.now_ms(), "key")})->front().duplicate);
}

// Format 3 is format 4 without versions of the writers.
TEST_F(FormatTest, Format3IsUpgradedAsItIsAndAnOlderBuildThenRefusesIt) {
  must_open();
  must_commit({PutEntity{EntityKind::kItem, {.id = "lamp", .features = {{"price", 3.0}}, .hidden = true}}});
  with_raw_database([](OpenDatabase* database) {
    set_version(database, 3);
    std::string hidden("\x02\x02\x00\x01\x00", 5);  // updated 1 ms, never expires, hidden, no features
    ASSERT_TRUE(database->db()->Put({}, database->table(Table::kItems), entity_key(DenseId{0}).view(), hidden).ok());
  });
  must_open();
  EXPECT_TRUE(store_->get_entity(EntityKind::kItem, 0)->hidden);
  must_commit({PutEntity{EntityKind::kItem, {.id = "lamp", .features = {}, .version = 7}}});
  with_raw_database([](OpenDatabase* database) {
    std::string version;
    ASSERT_TRUE(database->db()->Get({}, database->table(Table::kMeta), kFormatVersionKey, &version).ok());
    EXPECT_EQ(version, std::string("\x04")) << "a build that reads formats up to 3 does not know such rows";
  });
}

// Format 1 is format 2 without the table `counters`.
TEST_F(FormatTest, Format1IsUpgradedByCounting) {
  must_open();
  must_commit(source_spaces());
  MutationSource source(6, "f");
  for (int i = 0; i < 60; ++i) (void)commit(source.next_write(6)).is_ok();
  const auto expected = replay_log(*store_);
  const StoreCounts counts = store_->counts();
  with_raw_database([](OpenDatabase* database) {
    set_version(database, 1);
    ASSERT_TRUE(database->db()->DropColumnFamily(database->table(Table::kCounters)).ok());
  });
  options_.read_only = true;
  EXPECT_EQ(open().code(), StatusCode::kFailedPrecondition) << "a reader cannot upgrade";
  options_.read_only = false;
  must_open();
  EXPECT_EQ(expected->difference(*store_), "");
  EXPECT_EQ(store_->counts().interactions, counts.interactions);
  EXPECT_EQ(store_->counts().vectors, counts.vectors);
  must_commit({interaction("ada", "lamp")});
  must_open();
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

TEST_F(FormatTest, AMissingTableIsCorruptionNotAnEmptyTable) {
  must_open();
  must_commit({interaction("ada", "lamp")});
  with_raw_database([](OpenDatabase* database) {
    ASSERT_TRUE(database->db()->DropColumnFamily(database->table(Table::kInteractions)).ok());
  });
  const Status opened = open();
  EXPECT_EQ(opened.code(), StatusCode::kCorruption);
  EXPECT_THAT(opened.message(), HasSubstr("interactions"));
}

}  // namespace
}  // namespace tamis::storage
