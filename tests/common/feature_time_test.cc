#include "common/feature_time.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(FeatureTime, ReadsATimeOfEveryKind) {
  constexpr TimestampMs kTime = 1'714'521'600'000;  // 2024-05-01T00:00:00Z
  EXPECT_EQ(time_of(Timestamp{kTime}), kTime);
  EXPECT_EQ(time_of(1'714'521'600'000.0), kTime);
  EXPECT_EQ(time_of(1'714'521'600.0), kTime);
  EXPECT_EQ(time_of(1'714'521'600.25), kTime + 250);
  EXPECT_EQ(time_of(std::string("2024-05-01T00:00:00Z")), kTime);
  EXPECT_EQ(time_of(std::string("2024-05-01T02:00:00+02:00")), kTime);
  EXPECT_EQ(time_of(std::string("2024-05-01")), kTime);
  EXPECT_EQ(time_of(Text{"2024-05-01T00:00:00.5Z"}), kTime + 500);
  EXPECT_EQ(find_time({{"listed_at", 1'714'521'600.0}}, "listed_at"), kTime);
}

TEST(FeatureTime, TakesNothingElseForATime) {
  for (const double number : {0.0, 1.0, -1'714'521'600.0, 2024.0, 20'240'501.0, 1e14, 1e300}) {
    EXPECT_FALSE(time_of(number).has_value()) << number;
  }
  for (const char* text : {"", "soon", "2024", "2024-13-01", "2024-05-01T00:00:00", "01/05/2024"}) {
    EXPECT_FALSE(time_of(std::string(text)).has_value()) << text;
  }
  EXPECT_FALSE(time_of(true).has_value());
  EXPECT_FALSE(time_of(std::vector<std::string>{"2024-05-01"}).has_value());
  EXPECT_FALSE(find_time({}, "listed_at").has_value());
}

}  // namespace
}  // namespace tamis
