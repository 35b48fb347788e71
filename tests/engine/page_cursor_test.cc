#include "engine/query/page_cursor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"

namespace tamis::engine {
namespace {

TEST(PageCursor, GivesBackWhatWasServed) {
  Random random(1);
  for (const std::size_t count : {1u, 2u, 3u, 100u, 2'000u}) {
    std::vector<DenseId> served;
    for (std::size_t i = 0; i < count; ++i) served.push_back(static_cast<DenseId>(i * 1'000 + random.below(1'000)));
    std::vector<DenseId> shuffled = served;
    std::reverse(shuffled.begin(), shuffled.end());
    const auto read = decode_page_cursor(encode_page_cursor(shuffled));
    ASSERT_TRUE(read.is_ok()) << read.status().to_string();
    EXPECT_EQ(*read, served);
  }
  EXPECT_TRUE(decode_page_cursor("")->empty());
  EXPECT_EQ(decode_page_cursor(encode_page_cursor({0, kNoDenseId - 1}))->back(), kNoDenseId - 1);
}

TEST(PageCursor, IsSmall) {
  std::vector<DenseId> served;
  for (DenseId i = 0; i < kMaxPagedItems; ++i) served.push_back(i * 500);  // of a million items
  EXPECT_LT(encode_page_cursor(served).size(), 6'000u);
}

TEST(PageCursor, RefusesWhatItDidNotMake) {
  const std::string good = encode_page_cursor({3, 70'000, 70'001});
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto read = decode_page_cursor(changed);
    if (read.is_ok()) {  // unused bits of the last digit
      EXPECT_EQ(*read, (std::vector<DenseId>{3, 70'000, 70'001}));
    }
    EXPECT_FALSE(decode_page_cursor(good.substr(0, i)).is_ok() && i > 0) << i;
  }
  EXPECT_EQ(decode_page_cursor("not a cursor!").status().field(), "cursor");
  EXPECT_FALSE(decode_page_cursor(std::string(100'000, 'A')).is_ok());
}

}  // namespace
}  // namespace tamis::engine
