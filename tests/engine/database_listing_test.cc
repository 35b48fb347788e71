// When items count as listed, however their date is stored.
#include <gmock/gmock.h>

#include "common/clock.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class ListingTest : public DatabaseTest {
 protected:
  void SetUp() override { open(); }
  std::vector<std::string> asked(const std::string& members) {
    RecommendRequest request{.user = "ada", .k = 10};
    request.override_funnel = *parse_funnel("override", "{" + members + R"(,"fallback":[]})");
    std::vector<std::string> items;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (!answer.is_ok()) return items;
    for (const RecommendedItem& item : answer->items) items.push_back(item.item);
    return items;
  }
  std::vector<std::string> latest() { return asked(R"("retrievers":[{"kind":"latest"}])"); }
  double ago(double days) const { return static_cast<double>(clock.now_ms()) - days * static_cast<double>(kDayMs); }
};

TEST_F(ListingTest, LatestAndFreshnessReadOneDateAlike) {
  write({put_item("ms", {{"listed_at", ago(1)}}), put_item("s", {{"listed_at", ago(2) / 1'000}}),
         put_item("time", {{"listed_at", Timestamp{clock.now_ms() - 3 * kDayMs}}}),
         put_item("text", {{"listed_at", format_rfc3339(clock.now_ms() - 4 * kDayMs)}}),
         put_item("old ms", {{"listed_at", ago(50)}})});
  EXPECT_THAT(latest(), ElementsAre("ms", "s", "time", "text", "old ms"));
  for (const char* item : {"old ms", "text", "time", "s", "ms"}) view("crowd", item);
  EXPECT_THAT(asked(R"("retrievers":[{"kind":"popular"}],"rules":[{"kind":"freshness","scale_s":43200}])"),
              ElementsAre("ms", "s", "time", "text", "old ms"));
  close();
  open();
  EXPECT_THAT(latest(), ElementsAre("ms", "s", "time", "text", "old ms"));
}

TEST_F(ListingTest, ADateToComeIsHeldBackUntilThen) {
  write({put_item("now", {{"listed_at", Timestamp{clock.now_ms()}}}),
         put_item("2099", {{"listed_at", Timestamp{4'070'908'800'000}}}),
         put_item("next week", {{"listed_at", ago(-7)}}), put_item("next month", {{"listed_at", ago(-30) / 1'000}}),
         put_item("undated")});
  EXPECT_THAT(latest(), UnorderedElementsAre("now", "undated"));
  for (const char* item : {"2099", "next week", "now"}) view("crowd", item);
  EXPECT_EQ(
      asked(R"("retrievers":[{"kind":"popular"}],"rules":[{"kind":"freshness","missing_age_s":8640000}])").front(),
      "now");
  clock.advance(8 * kDayMs);
  EXPECT_EQ(latest().front(), "next week");
  EXPECT_EQ(latest().size(), 3u);
  clock.advance(30 * kDayMs);
  EXPECT_EQ(latest().front(), "next month");
}

TEST_F(ListingTest, AClockSetBackHidesNothing) {
  write({put_item("a"), put_item("b")});
  clock.set(clock.now_ms() - 30 * kDayMs);
  close();
  open();
  EXPECT_THAT(latest(), UnorderedElementsAre("a", "b"));
}

TEST_F(ListingTest, WhatIsNoTimeCountsAsFirstSeen) {
  write({put_item("year", {{"listed_at", 2'012.0}})});
  clock.advance(1'000'000);
  write({put_item("day", {{"listed_at", 20'240'501.0}})});
  clock.advance(1'000'000);
  write({put_item("word", {{"listed_at", std::string("soon")}})});
  EXPECT_THAT(latest(), ElementsAre("word", "day", "year"));
}

}  // namespace
}  // namespace tamis::engine
