// Ids that are loaded all at once are found as those that came one by one.
#include "storage/id_table.h"

#include <gtest/gtest.h>

#include <string>

namespace tamis::storage {
namespace {

constexpr DenseId kMany = 100'000;
constexpr DenseId kNameless = 777;

std::string name_of(DenseId id) { return id == kNameless ? "" : "name " + std::to_string(id); }

TEST(IdTableTest, AppendedIdsAreFoundOnceLinkedAndGoOnAsOthers) {
  IdTable loaded;
  IdTable assigned;
  for (DenseId id = 0; id < kMany; ++id) {
    loaded.append(name_of(id));
    assigned.set(id, name_of(id));
  }
  ASSERT_EQ(loaded.link_appended(), std::nullopt);
  ASSERT_EQ(loaded.size(), kMany);
  for (DenseId id = 0; id < kMany; ++id) {
    ASSERT_EQ(loaded.name(id), name_of(id));
    ASSERT_EQ(loaded.find(name_of(id)), id == kNameless ? std::nullopt : std::optional(id));
  }
  EXPECT_EQ(loaded.find(""), std::nullopt);
  EXPECT_EQ(loaded.find("a stranger"), std::nullopt);
  EXPECT_EQ(loaded.memory_bytes(), assigned.memory_bytes());

  EXPECT_EQ(loaded.assign("a stranger"), kMany);
  EXPECT_EQ(loaded.assign("name 5"), 5);
  loaded.set(5, "renamed");
  EXPECT_EQ(loaded.find("name 5"), std::nullopt);
  EXPECT_EQ(loaded.find("renamed"), 5);
  loaded.truncate(3);
  EXPECT_EQ(loaded.find("name 2"), 2);
  EXPECT_EQ(loaded.find("name 3"), std::nullopt);
}

TEST(IdTableTest, ANameThatTwoNumbersHaveIsTold) {
  IdTable table;
  for (const char* name : {"a", "", "b", "", "a"}) table.append(name);
  EXPECT_EQ(table.link_appended(), 4);
}

}  // namespace
}  // namespace tamis::storage
