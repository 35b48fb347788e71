// A thousand past answers, given over restarts and a promotion, asked again and compared to the bit.
#include <algorithm>

#include "tests/engine/replay_fixture.h"

namespace tamis::engine {
namespace {

TEST_F(ReplayTest, GivesAThousandPastAnswersAgain) {
  begin();
  live(1'000, 250);
  close();
  open();
  for (std::size_t i = past.size(); i > 1; --i)
    std::swap(past[i - 1], past[random.below(static_cast<std::uint32_t>(i))]);
  // Runs of rising sequences, so that most replays roll on.
  constexpr std::size_t kRun = 50;
  for (std::size_t begin = 0; begin < past.size(); begin += kRun) {
    const auto first = past.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = past.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kRun, past.size()));
    std::sort(first, last,
              [](const PastAnswer& a, const PastAnswer& b) { return a.answer.sequence < b.answer.sequence; });
  }
  std::size_t equal = 0;
  for (const PastAnswer& noted : past) {
    const auto again = replay(noted);
    ASSERT_TRUE(again.is_ok()) << again.status().to_string();
    EXPECT_TRUE(same(noted.answer, *again)) << shown(noted.answer) << "\n" << shown(*again);
    equal += same(noted.answer, *again) ? 1 : 0;
  }
  EXPECT_EQ(equal, 1'000u);
}

}  // namespace
}  // namespace tamis::engine
