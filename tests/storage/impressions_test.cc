// The table `impressions`: what is written comes back joined, in order, after a restart too.
#include <limits>
#include <string>
#include <thread>

#include "storage/impression_codec.h"
#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

constexpr TimestampMs kNoon = 1'700'000'000'000;

Impression list_at(TimestampMs served_ms, std::string id) {
  Impression list;
  list.recommendation_id = std::move(id);
  list.served_ms = served_ms;
  list.user = "ada";
  list.funnel = "home";
  list.funnel_version = 3;
  list.generation = "g2";
  list.sequence = 77;
  list.had_conditions = true;
  list.arms = {{"layout", "wide"}};
  list.context = {{"device", std::string("phone")}};
  list.slots = {{.item = 4, .score = 0.5F, .propensity = 0.9}, {.item = 2, .score = -1.25F, .propensity = 1}};
  return list;
}

OutcomeRow outcome_of(const Impression& list, Sequence interaction, std::uint32_t slot) {
  return {list.served_ms,
          list.recommendation_id,
          {.interaction = interaction, .slot = slot, .type = 1, .value = 2.5, .timestamp_ms = list.served_ms + 5}};
}

class ImpressionTableTest : public StoreTest {
 protected:
  struct Row {
    Impression list;
    std::vector<Outcome> outcomes;
  };
  std::vector<Row> rows(TimestampMs from_ms = 0, TimestampMs to_ms = std::numeric_limits<TimestampMs>::max()) {
    std::vector<Row> found;
    const Status scanned =
        store_->scan_impressions(from_ms, to_ms, [&](const Impression& list, std::span<const Outcome> outcomes) {
          found.push_back({list, {outcomes.begin(), outcomes.end()}});
          return true;
        });
    EXPECT_TRUE(scanned.is_ok()) << scanned.to_string();
    return found;
  }
};

TEST_F(ImpressionTableTest, ListsComeBackByTimeWithTheirOutcomesAfterAReopen) {
  must_open();
  const Impression late = list_at(kNoon + 10, "b");
  const Impression early = list_at(kNoon, "c");
  const Impression twin = list_at(kNoon + 10, "bb");
  ASSERT_TRUE(store_->write_impressions({{late, early, twin}, {outcome_of(late, 9, 1)}, 9}).is_ok());
  ASSERT_TRUE(store_->write_impressions({{}, {outcome_of(late, 12, 0), outcome_of(late, 9, 1)}, 12}).is_ok());
  must_open();
  const auto found = rows();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].list, early);
  EXPECT_EQ(found[1].list, late);
  EXPECT_EQ(found[2].list, twin);
  EXPECT_EQ(found[1].outcomes, (std::vector<Outcome>{outcome_of(late, 9, 1).outcome, outcome_of(late, 12, 0).outcome}));
  EXPECT_TRUE(found[2].outcomes.empty());
  EXPECT_EQ(*store_->attributed_through(), 12u);
}

TEST_F(ImpressionTableTest, AScanKeepsToItsTimes) {
  must_open();
  ASSERT_TRUE(store_->write_impressions({{list_at(10, "a"), list_at(20, "b"), list_at(30, "c")}, {}, 0}).is_ok());
  const auto found = rows(20, 30);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].list.recommendation_id, "b");
}

TEST_F(ImpressionTableTest, PruningRemovesOldListsWithTheirOutcomesAndNoOthers) {
  must_open();
  const Impression old = list_at(10, "a");
  const Impression kept = list_at(20, "b");
  ASSERT_TRUE(store_->write_impressions({{old, kept}, {outcome_of(old, 1, 0), outcome_of(kept, 2, 0)}, 2}).is_ok());
  ASSERT_TRUE(store_->prune_impressions(20).is_ok());
  ASSERT_TRUE(store_->prune_impressions(20).is_ok());
  const auto found = rows();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].list, kept);
  EXPECT_EQ(found[0].outcomes.size(), 1u);
  EXPECT_EQ(*store_->attributed_through(), 2u);
}

TEST_F(ImpressionTableTest, AnOutcomeWithoutItsListIsLeftOut) {
  must_open();
  const Impression kept = list_at(20, "b");
  ASSERT_TRUE(store_->write_impressions({{kept}, {outcome_of(list_at(20, "lost"), 4, 0)}, 4}).is_ok());
  const auto found = rows();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].outcomes.empty());
}

// The store takes commits, impressions and syncs from three threads at once; RocksDB joins them to one group.
TEST_F(ImpressionTableTest, ImpressionsBesideCommitsAndSyncsAreAllWritten) {
  constexpr int kWrites = 300;
  must_open();
  std::thread lists([this] {
    for (int i = 0; i < kWrites; ++i) {
      EXPECT_TRUE(store_->write_impressions({{list_at(kNoon + i, "list")}, {}, 0}).is_ok());
    }
  });
  std::thread syncs([this] {
    for (int i = 0; i < kWrites; ++i) EXPECT_TRUE(store_->sync().is_ok());
  });
  for (int i = 0; i < kWrites; ++i) must_commit({interaction("ada", std::to_string(i))});
  lists.join();
  syncs.join();
  must_open();
  EXPECT_EQ(rows().size(), static_cast<std::size_t>(kWrites));
  EXPECT_EQ(store_->last_sequence(), static_cast<Sequence>(kWrites));
}

// The rows of the worked example in docs/storage_format.md.
TEST(ImpressionCodecTest, WorkedExample) {
  const auto hex = [](std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
      char digits[4];
      std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
      text += (text.empty() ? "" : " ") + std::string(digits);
    }
    return text;
  };
  EXPECT_EQ(hex(impression_key(1'322'733'600'000, "f0")), "01 80 00 01 33 f9 10 fd 00 02 66 30");
  EXPECT_EQ(hex(impression_key(1'322'733'600'000, "f0", 42)),
            "01 80 00 01 33 f9 10 fd 00 02 66 30 00 00 00 00 00 00 00 2a");
  Impression list;
  list.user = "ada";
  list.funnel = "home";
  list.generation = "g3";
  list.sequence = 41;
  list.slots = {{.item = 2, .score = 0.5F, .propensity = 0.75}};
  std::string value;
  encode_impression(list, &value);
  EXPECT_EQ(hex(value),
            "01 02 03 61 64 61 04 68 6f 6d 65 01 02 67 33 29 0a 80 a3 05 00 01 02 00 00 00 3f 00 00 00 00 00 00 e8 3f");
  value.clear();
  encode_outcome({.interaction = 42, .slot = 0, .type = 0, .value = 6, .timestamp_ms = 1'322'733'600'000}, &value);
  EXPECT_EQ(hex(value), "01 01 00 00 00 00 00 00 00 00 18 40 80 f4 87 91 ff 4c");
}

TEST(ImpressionCodecTest, EveryTruncationAndTrailingByteIsCorruption) {
  std::string value;
  encode_impression(list_at(kNoon, "x"), &value);
  Impression list;
  ASSERT_TRUE(decode_impression(value, &list).is_ok());
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(decode_impression(value.substr(0, size), &list).is_ok()) << size;
  }
  EXPECT_EQ(decode_impression(value + "x", &list).code(), StatusCode::kCorruption);
  const std::string key = impression_key(kNoon, "abc", 7);
  for (std::size_t size = 0; size < key.size(); ++size) {
    EXPECT_EQ(decode_impression_key(std::string_view(key).substr(0, size)).has_value(), size == key.size() - 8) << size;
  }
}

}  // namespace
}  // namespace tamis::storage
