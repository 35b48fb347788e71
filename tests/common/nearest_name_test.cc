#include "common/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tamis {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsAndSubstitutions) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // the textbook's example
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(NearestName, FindsTheMisspeltName) {
  constexpr std::array<std::string_view, 4> kKnown = {"retrievers", "merge", "fallback", "filter"};
  EXPECT_EQ(nearest_name("retreivers", kKnown), "retrievers");
  EXPECT_EQ(nearest_name("filtre", kKnown), "filter");
  EXPECT_EQ(nearest_name("merg", kKnown), "merge");
}

TEST(NearestName, TakesABeginningForItsName) {
  constexpr std::array<std::string_view, 4> kKnown = {"user", "type", "timestamp", "import_id"};
  EXPECT_EQ(nearest_name("time", kKnown), "timestamp");
  EXPECT_EQ(nearest_name("import", kKnown), "import_id");
  EXPECT_EQ(nearest_name("typ", kKnown), "type");
  EXPECT_EQ(nearest_name("ti", kKnown), "");
}

TEST(NearestName, IsSilentWhereNothingIsNear) {
  constexpr std::array<std::string_view, 3> kKnown = {"retrievers", "merge", "k"};
  EXPECT_EQ(nearest_name("colour", kKnown), "");
  EXPECT_EQ(nearest_name("x", kKnown), "");  // one letter for another says nothing
  EXPECT_EQ(nearest_name("", kKnown), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'm'), kKnown), "");
}

}  // namespace
}  // namespace tamis
