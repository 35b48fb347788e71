#include "models/sequence/training_windows.h"

#include <gmock/gmock.h>

#include <numeric>

namespace tamis::models {
namespace {

using testing::ElementsAre;

TEST(TrainingWindowsTest, CutsWhatPrecedesTheNewestTargets) {
  EXPECT_THAT(
      with_older_windows({{1, 2, 3, 4, 5, 6, 7, 8}, {9, 10}}, 3),
      ElementsAre(ElementsAre(1, 2, 3, 4, 5, 6, 7, 8), ElementsAre(9, 10), ElementsAre(2, 3, 4, 5), ElementsAre(1, 2)));
}

TEST(TrainingWindowsTest, EveryActionButTheFirstIsATargetOnce) {
  for (std::size_t length = 0; length < 30; ++length) {
    for (std::size_t max_length = 1; max_length < 8; ++max_length) {
      std::vector<std::uint32_t> sequence(length);
      std::iota(sequence.begin(), sequence.end(), 0U);
      const Sequences windows = with_older_windows({sequence}, max_length);
      std::vector<int> times(length);
      for (const auto& window : windows) {
        const std::size_t first = window.size() > max_length + 1 ? window.size() - max_length : 1;
        for (std::size_t t = first; t < window.size(); ++t) ++times[window[t]];
      }
      for (std::size_t t = 0; t < length; ++t)
        EXPECT_EQ(times[t], t == 0 ? 0 : 1) << length << " actions, " << max_length << " considered, action " << t;
    }
  }
}

}  // namespace
}  // namespace tamis::models
