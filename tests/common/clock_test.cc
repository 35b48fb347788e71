#include "common/clock.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(Rfc3339, ParsesTheSpecificationsExamples) {
  // RFC 3339, section 5.8; the milliseconds were computed with GNU date.
  EXPECT_EQ(*parse_rfc3339("1985-04-12T23:20:50.52Z"), 482196050520);
  EXPECT_EQ(*parse_rfc3339("1996-12-19T16:39:57-08:00"), 851042397000);
  EXPECT_EQ(*parse_rfc3339("1937-01-01T12:00:27.87+00:20"), -1041337172130);
  EXPECT_EQ(*parse_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(*parse_rfc3339("2011-12-01 10:00:00Z"), 1322733600000);
  EXPECT_EQ(*parse_rfc3339("2012-02-29T00:00:00z"), 1330473600000);
}

TEST(Rfc3339, RefusesWhatIsNotATime) {
  for (const char* text :
       {"", "2011-12-01", "2011-12-01T10:00:00", "2011-13-01T10:00:00Z", "2011-02-29T10:00:00Z", "2011-12-01T24:00:00Z",
        "2011-12-01T10:60:00Z", "2011-12-01T10:00:00.Z", "2011-12-01T10:00:00+1:00", "2011-12-01T10:00:00Zjunk",
        "0000-12-01T10:00:00Z", "now", "20111201T100000Z"}) {
    const auto parsed = parse_rfc3339(text);
    ASSERT_FALSE(parsed.is_ok()) << text;
    EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(Rfc3339, FormatsWhatItParses) {
  for (const char* text : {"2011-12-01T10:00:00Z", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z",
                           "9999-12-31T23:59:59.999Z", "2012-02-29T12:34:56.007Z"}) {
    EXPECT_EQ(format_rfc3339(*parse_rfc3339(text)), text);
  }
  EXPECT_EQ(*parse_rfc3339("0001-01-01T00:00:00Z"), kMinTimestampMs);
  EXPECT_EQ(*parse_rfc3339("9999-12-31T23:59:59.999Z"), kMaxTimestampMs);
}

TEST(ManualClock, MovesWhenTold) {
  ManualClock clock(1'000);
  clock.advance(500);
  EXPECT_EQ(clock.now_ms(), 1'500);
}

}  // namespace
}  // namespace tamis
