#include "client/import/row_key.h"

#include <gtest/gtest.h>

#include <set>

namespace tamis::client {
namespace {

TEST(RowKeys, AreTheSameForTheSameFileAndDifferForEqualRows) {
  RowKeys first("day1/a.csv"), second("day1/a.csv");
  std::set<std::string> keys;
  for (const char* row : {"x", "y", "x", "x", "y"}) {
    const std::string key = first.next(row, false);
    EXPECT_EQ(key, second.next(row, false));
    EXPECT_LE(key.size(), 128u);
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 5u);
}

TEST(RowKeys, DoNotDependOnTheOrderOfRows) {
  RowKeys old_export("a.csv"), new_export("a.csv");
  std::set<std::string> before, after;
  for (const char* row : {"c", "b", "a", "b"}) before.insert(old_export.next(row, false));
  for (const char* row : {"b", "d", "c", "b", "a", "b"}) after.insert(new_export.next(row, false));
  for (const std::string& key : before) EXPECT_TRUE(after.contains(key));
  EXPECT_EQ(after.size(), before.size() + 2);
}

TEST(RowKeys, TellFilesApartWhereNoTimeDoes) {
  RowKeys monday("x/monday.csv"), tuesday("x/tuesday.csv");
  EXPECT_NE(monday.next("u,i,purchase", false), tuesday.next("u,i,purchase", false));
  EXPECT_TRUE(monday.has_used_source());
  RowKeys one("a.csv"), other("b.csv");
  EXPECT_EQ(one.next("u,i,purchase,12:00", true), other.next("u,i,purchase,12:00", true));
  EXPECT_FALSE(one.has_used_source());
}

TEST(RowKeys, CallAFileByItsFolderAndNameFromWherever) {
  EXPECT_EQ(source_name("/data/day1/buys.csv"), "day1/buys.csv");
  EXPECT_EQ(source_name("/other/day1/../day1/buys.csv.gz"), "day1/buys.csv");
  EXPECT_NE(source_name("/data/day1/buys.csv"), source_name("/data/day2/buys.csv"));
}

TEST(OccurrenceCounter, CountsAsAMapDoes) {
  OccurrenceCounter counter;
  std::map<std::uint64_t, std::uint64_t> expected;
  std::uint64_t state = 7;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t hash = (state >> 33) % 6'000;
    EXPECT_EQ(counter.next(hash == 0 ? 1 : hash), ++expected[hash == 0 ? 1 : hash]);
  }
}

}  // namespace
}  // namespace tamis::client
