#include "engine/recovery/first_seen.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/engine/temporary_directory.h"

namespace tamis::engine {
namespace {

storage::CommittedRecord record(Sequence sequence, DenseId item, Mutation mutation) {
  storage::CommittedRecord made;
  made.sequence = sequence;
  made.committed_ms = static_cast<TimestampMs>(sequence) * 1'000;
  made.item = item;
  made.mutation = std::move(mutation);
  return made;
}

Mutation put(const std::string& id) {
  Entity entity;
  entity.id = id;
  return PutEntity{EntityKind::kItem, entity};
}

TEST(FirstSeenTest, TheFirstWriteCountsUntilADeletion) {
  FirstSeen seen;
  seen.apply(record(1, 0, put("a")));
  seen.apply(record(2, 0, put("a")));
  EXPECT_EQ(seen.get(0), 1'000);
  seen.apply(record(3, 0, DeleteEntity{EntityKind::kItem, "a"}));
  EXPECT_EQ(seen.get(0), 0);
  seen.apply(record(4, 0, DeleteVector{"style", EntityKind::kItem, "a"}));
  EXPECT_EQ(seen.get(0), 0) << "a deletion creates nothing";
  seen.apply(record(5, 0, PutInteraction{}));
  EXPECT_EQ(seen.get(0), 0) << "an event on a deleted item is history";
  seen.apply(record(6, 0, put("a")));
  EXPECT_EQ(seen.get(0), 6'000);
  EXPECT_EQ(seen.sequence(), 6u);
}

TEST(FirstSeenTest, TheFileIsCheckedByteByByte) {
  TemporaryDirectory directory;
  FirstSeen seen;
  seen.apply(record(1, 0, put("a")));
  seen.apply(record(2, 3, put("b")));
  const auto file = directory / "first_seen";
  ASSERT_TRUE(seen.save(file).is_ok());
  const auto loaded = FirstSeen::load(file, 2);
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  EXPECT_EQ(loaded->get(3), 2'000);
  EXPECT_EQ(loaded->get(1), 0);
  EXPECT_EQ(FirstSeen::load(file, 1).status().code(), StatusCode::kCorruption) << "it knows more than the store";
  EXPECT_EQ(FirstSeen::load(directory / "none", 1).status().code(), StatusCode::kNotFound);

  const auto size = std::filesystem::file_size(file);
  for (std::uintmax_t at = 0; at < size; ++at) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(bytes.get());
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(static_cast<char>(byte ^ 1));
    bytes.flush();
    EXPECT_FALSE(FirstSeen::load(file, 2).is_ok()) << "byte " << at;
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put(byte);
  }
  std::filesystem::resize_file(file, size - 8);
  EXPECT_FALSE(FirstSeen::load(file, 2).is_ok());
}

}  // namespace
}  // namespace tamis::engine
