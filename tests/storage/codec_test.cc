// Every codec: values survive a round trip; no truncation and no flipped byte crashes a decoder or decodes to something
// that would be encoded otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "common/random.h"
#include "storage/key_codec.h"
#include "storage/log_codec.h"
#include "storage/presence_set.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

Features every_kind() {
  return {{"bool", true},
          {"number", -12.5},
          {"time", Timestamp{-5}},
          {"word", std::string("red")},
          {"words", std::vector<std::string>{"a", "", "b"}},
          {"prose", Text{std::string(300, 'p')}}};
}

// Decodes and encodes again; nullopt where the bytes are refused.
using Recode = std::function<std::optional<std::string>(std::string_view)>;

void expect_strict(const std::string& bytes, const Recode& recode) {
  ASSERT_EQ(recode(bytes), bytes);
  EXPECT_EQ(recode(bytes + '\0'), std::nullopt) << "a byte too many";
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(recode(bytes.substr(0, size)), std::nullopt) << "cut to " << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      const auto again = recode(changed);
      if (again) {
        ASSERT_EQ(*again, changed) << "byte " << at << " set to " << value;
      }
    }
  }
}

TEST(CodecTest, Entity) {
  std::string bytes;
  encode_entity({.id = "", .features = every_kind(), .updated_ms = 1'700'000'000'000, .expires_ms = 7}, &bytes);
  expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
    Entity entity;
    if (!decode_entity(value, &entity).is_ok()) return std::nullopt;
    std::string again;
    encode_entity(entity, &again);
    return again;
  });
  Entity entity;
  ASSERT_TRUE(decode_entity(bytes, &entity).is_ok());
  EXPECT_EQ(entity.features, every_kind());
  EXPECT_EQ(entity.updated_ms, 1'700'000'000'000);
  EXPECT_EQ(entity.expires_ms, 7);
}

Interaction details_of(const StoredInteraction& row) {
  return {.context = row.context,
          .recommendation_id = row.recommendation_id,
          .idempotency_key = row.idempotency_key,
          .import_id = row.import_id};
}

TEST(CodecTest, InteractionWithKeyAndImport) {
  const Interaction details{.recommendation_id = "rec-1", .idempotency_key = "k-1", .import_id = "orders-2026"};
  std::string bytes;
  encode_interaction({.item = 7, .type = 3, .value = std::nullopt}, details, &bytes);
  EXPECT_EQ(bytes[0], 2);  // the version: one that has neither stays version 1
  expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
    StoredInteraction row;
    if (!decode_interaction(value, true, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_interaction({.item = row.item, .type = row.type, .value = row.value}, details_of(row), &again);
    return again;
  });
  StoredInteraction row;
  ASSERT_TRUE(decode_interaction(bytes, true, &row).is_ok());
  EXPECT_EQ(details_of(row), details);
}

TEST(CodecTest, HiddenEntity) {
  std::string bytes;
  encode_entity(
      {.id = "", .features = every_kind(), .updated_ms = 7, .expires_ms = 0, .hidden = true, .version = kMaxVersion},
      &bytes);
  expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
    Entity entity;
    if (!decode_entity(value, &entity).is_ok()) return std::nullopt;
    std::string again;
    encode_entity(entity, &again);
    return again;
  });
  Entity entity;
  ASSERT_TRUE(decode_entity(bytes, &entity).is_ok());
  EXPECT_TRUE(entity.hidden);
  EXPECT_EQ(entity.version, kMaxVersion);
  EXPECT_EQ(entity.features, every_kind());
}

TEST(CodecTest, Interaction) {
  std::string bytes;
  encode_interaction({.item = 70'000, .type = 3, .value = 6.0},
                     Interaction{.context = {{"page", std::string("home")}}, .recommendation_id = "rec-1"}, &bytes);
  expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
    StoredInteraction row;
    if (!decode_interaction(value, true, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_interaction({.item = row.item, .type = row.type, .value = row.value}, details_of(row), &again);
    return again;
  });
}

TEST(CodecTest, ByItem) {
  std::string bytes;
  encode_by_item({.user = 1, .type = 65'535, .value = 0.5, .has_details = true}, &bytes);
  expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
    ByItemRow row;
    if (!decode_by_item(value, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_by_item(row, &again);
    return again;
  });
}

TEST(CodecTest, Vector) {
  std::string bytes;
  for (const std::uint64_t of : {std::uint64_t{0}, std::uint64_t{1'700'000'000'000}}) {
    bytes.clear();
    encode_vector({1.5f, -2.0f, 0.0f}, of, &bytes);
    expect_strict(bytes, [&](std::string_view value) -> std::optional<std::string> {
      std::vector<float> vector;
      std::uint64_t version = 0;
      if (!decode_vector(value, 3, &vector, &version).is_ok()) return std::nullopt;
      std::string again;
      encode_vector(vector, version, &again);
      return again;
    });
  }
  std::string infinite;
  encode_vector({std::numeric_limits<float>::infinity()}, 0, &infinite);
  std::vector<float> vector;
  std::uint64_t version = 0;
  EXPECT_EQ(decode_vector(infinite, 1, &vector, &version).code(), StatusCode::kCorruption);
}

TEST(CodecTest, SmallRows) {
  std::string space;
  encode_space_row({.space = {.name = "taste", .dim = 64, .metric = Metric::kDot, .encoder = "ials"},
                    .column_family = "vectors.taste@3"},
                   &space);
  expect_strict(space, [](std::string_view value) -> std::optional<std::string> {
    SpaceRow row;
    if (!decode_space_row(value, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_space_row(row, &again);
    return again;
  });
  std::string totals;
  encode_totals({.sequence = 300, .interactions = std::numeric_limits<std::uint64_t>::max()}, &totals);
  expect_strict(totals, [](std::string_view value) -> std::optional<std::string> {
    Totals row;
    if (!decode_totals(value, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_totals(row, &again);
    return again;
  });
  std::string departed;
  encode_departed_user({.name = "s-1", .sequence = 300, .erased = true, .into = 7}, &departed);
  expect_strict(departed, [](std::string_view value) -> std::optional<std::string> {
    DepartedUser row;
    if (value.starts_with('\x01') || !decode_departed_user(value, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_departed_user(row, &again);
    return again;
  });
  DepartedUser older;  // version 1 does not say into whom
  ASSERT_TRUE(decode_departed_user(std::string_view("\x01\x00\x05\x03s-1", 7), &older).is_ok());
  EXPECT_EQ(older, (DepartedUser{.name = "s-1", .sequence = 5}));
  std::string key;
  encode_idempotency({.expires_ms = -1, .sequence = 1'000}, &key);
  expect_strict(key, [](std::string_view value) -> std::optional<std::string> {
    IdempotencyRow row;
    if (!decode_idempotency(value, &row).is_ok()) return std::nullopt;
    std::string again;
    encode_idempotency(row, &again);
    return again;
  });
}

std::vector<Mutation> one_of_each() {
  Interaction full;
  full.user = "u";
  full.item = "i";
  full.value = 2;
  full.timestamp_ms = -1;
  full.context = every_kind();
  full.recommendation_id = "r";
  full.idempotency_key = "k";
  Interaction bare;
  bare.user = "u";
  bare.item = "i";
  std::vector<Mutation> all;
  all.push_back(PutInteraction{full});
  all.push_back(PutInteraction{bare});
  all.push_back(PutEntity{EntityKind::kItem, {.id = "i", .features = every_kind(), .updated_ms = 9, .expires_ms = 5}});
  all.push_back(DeleteEntity{EntityKind::kUser, "u"});
  all.push_back(PutVector{"s", EntityKind::kItem, "i", {1, 2}});
  all.push_back(DeleteVector{"s", EntityKind::kUser, "u"});
  all.push_back(PutSpace{{.name = "s", .dim = 2}});
  all.push_back(DeleteSpace{"s"});
  all.push_back(PutDocument{"funnel", "home", "{}"});
  all.push_back(DeleteDocument{"funnel", "home"});
  bare.import_id = "orders";
  all.push_back(PutInteraction{bare});
  all.push_back(PutEntity{EntityKind::kItem, {.id = "i", .features = every_kind(), .hidden = true}});
  all.push_back(PutEntity{EntityKind::kUser, {.id = "u", .features = {}, .version = 7}});
  all.push_back(PutVector{"taste", EntityKind::kItem, "i", {0.5f}, 300});
  all.push_back(DeleteEntity{EntityKind::kUser, "u", /*erase=*/true});
  all.push_back(DeleteInteractions{{{"u", -1, 3}, {"v", 1'000, 70'000}}});
  all.push_back(DeleteInteractions{});
  all.push_back(MergeUser{.user = "u", .session = "s", .moved = {1, 2, 900}, .complete = true});
  all.push_back(MergeUser{.user = "u", .session = "s", .moved = {}, .complete = false});
  return all;
}

TEST(CodecTest, LogRecords) {
  for (const Mutation& mutation : one_of_each()) {
    SCOPED_TRACE("alternative " + std::to_string(mutation.index()));
    std::string bytes;
    encode_log_record(9, mutation, &bytes);
    TimestampMs committed = 0;
    Mutation decoded;
    ASSERT_TRUE(decode_log_record(bytes, &committed, &decoded).is_ok());
    EXPECT_EQ(committed, 9);
    EXPECT_EQ(decoded.index(), mutation.index());
    expect_strict(bytes, [](std::string_view value) -> std::optional<std::string> {
      TimestampMs at = 0;
      Mutation read;
      if (!decode_log_record(value, &at, &read).is_ok()) return std::nullopt;
      std::string again;
      encode_log_record(at, read, &again);
      return again;
    });
  }
}

TEST(CodecTest, RandomBytesNeverCrash) {
  Random random(3);
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes(random.below(40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(i % 2 == 0 ? 256 : 12));
    if (!bytes.empty()) bytes[0] = static_cast<char>(i % 3 == 0 ? kWiderVersion : kValueVersion);
    TimestampMs at = 0;
    Mutation mutation;
    Entity entity;
    StoredInteraction row;
    (void)decode_log_record(bytes, &at, &mutation).is_ok();
    (void)decode_entity(bytes, &entity).is_ok();
    (void)decode_interaction(bytes, true, &row).is_ok();
    (void)decode_presence_key(bytes).has_value();
  }
}

TEST(KeyCodecTest, HistoriesSortNewestFirstWithinTheirOwner) {
  const HistoryPosition newest{.owner = 5, .timestamp_ms = 20, .sequence = 1};
  const HistoryPosition tie_later{.owner = 5, .timestamp_ms = 10, .sequence = 9};
  const HistoryPosition tie_earlier{.owner = 5, .timestamp_ms = 10, .sequence = 8};
  const HistoryPosition before_1970{.owner = 5, .timestamp_ms = -10, .sequence = 99};
  const HistoryPosition next_owner{.owner = 256, .timestamp_ms = 99, .sequence = 1};
  const std::vector<HistoryPosition> order = {newest, tie_later, tie_earlier, before_1970, next_owner};
  for (std::size_t i = 0; i < order.size(); ++i) {
    EXPECT_EQ(decode_history_key(history_key(order[i]).view()), order[i]);
    if (i > 0) {
      EXPECT_LT(history_key(order[i - 1]).view(), history_key(order[i]).view());
    }
  }
}

TEST(KeyCodecTest, WrongLengthsAreRefused) {
  EXPECT_FALSE(decode_history_key("short"));
  EXPECT_FALSE(decode_log_key("1234567"));
  EXPECT_FALSE(decode_entity_key("12345"));
  EXPECT_FALSE(decode_id_key(std::string("\x03\0\0\0\0", 5))) << "no such space";
  EXPECT_FALSE(decode_vector_key(EntityKind::kItem, std::string(5, '\0'))) << "a user's";
  const auto block = decode_presence_key(presence_key("vectors.taste@1/users", 70'000));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->set, "vectors.taste@1/users");
  EXPECT_EQ(block->block, 70'000u);
}

TEST(KeyCodecTest, PrefixEnd) {
  EXPECT_EQ(prefix_end(std::string("\x01\xFF", 2)), "\x02");
  EXPECT_EQ(prefix_end("\xFF\xFF"), "");
  EXPECT_EQ(prefix_end("ab"), "ac");
}

TEST(PresenceSetTest, CountsAndSurvivesEncoding) {
  PresenceSet set("users");
  for (const DenseId id : {0u, 63u, 64u, 4'095u, 4'096u, 9'000u}) set.set(id, true);
  set.set(64, false);
  set.set(64, false);
  EXPECT_EQ(set.count(), 5u);
  EXPECT_FALSE(set.contains(64));
  EXPECT_FALSE(set.contains(1'000'000));
  EXPECT_THAT(set.take_dirty_blocks(), testing::ElementsAre(0, 1, 2));
  PresenceSet loaded("users");
  for (std::uint32_t block = 0; block < set.block_count(); ++block) {
    std::string bytes;
    set.encode_block(block, &bytes);
    ASSERT_TRUE(loaded.load_block(block, bytes).is_ok());
  }
  EXPECT_EQ(loaded.count(), 5u);
  EXPECT_TRUE(loaded.contains(9'000));
  EXPECT_EQ(loaded.load_block(0, "short").code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace tamis::storage
