#include "engine/database/visible_sequence.h"

#include <gtest/gtest.h>

#include <thread>

namespace tamis::engine {
namespace {

TEST(VisibleSequence, CallsAtOnceWhatIsReached) {
  VisibleSequence visible;
  visible.advance(5);
  int calls = 0;
  const auto wait = visible.when_reached(5, [&] { ++calls; });
  EXPECT_EQ(calls, 1);
  visible.advance(6);
  EXPECT_EQ(calls, 1);
}

TEST(VisibleSequence, CallsEachOnceWhenItsSequenceIsReached) {
  VisibleSequence visible;
  std::vector<int> called;
  const auto third = visible.when_reached(3, [&] { called.push_back(3); });
  const auto first = visible.when_reached(1, [&] { called.push_back(1); });
  const auto again = visible.when_reached(1, [&] { called.push_back(10); });
  EXPECT_TRUE(called.empty());
  visible.advance(2);
  EXPECT_EQ(called, (std::vector<int>{1, 10}));
  visible.advance(3);
  visible.advance(4);
  EXPECT_EQ(called, (std::vector<int>{1, 10, 3}));
}

TEST(VisibleSequence, AWaitEndsWithItsHandleWhichMayOutliveAll) {
  std::shared_ptr<const void> late;
  int calls = 0;
  {
    VisibleSequence visible;
    (void)visible.when_reached(1, [&] { ++calls; });
    visible.advance(1);
    late = visible.when_reached(9, [&] { ++calls; });
  }
  late.reset();
  EXPECT_EQ(calls, 0);
}

TEST(VisibleSequence, NoWaitIsMissedWhileItAdvances) {
  VisibleSequence visible;
  std::atomic<int> calls{0};
  std::thread writer([&] {
    for (Sequence sequence = 1; sequence <= 20'000; ++sequence) visible.advance(sequence);
  });
  std::vector<std::shared_ptr<const void>> waits;
  for (Sequence sequence = 1; sequence <= 20'000; sequence += 7)
    waits.push_back(visible.when_reached(sequence, [&] { ++calls; }));
  writer.join();
  EXPECT_EQ(calls, static_cast<int>(waits.size()));
}

}  // namespace
}  // namespace tamis::engine
