#include "models/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <vector>

namespace tamis::models {
namespace {

TEST(ParallelBlocks, VisitsEveryIndexOnceWhateverTheThreads) {
  for (const std::uint32_t threads : {0U, 1U, 3U, 100U}) {
    std::vector<int> visits(1000);
    const Status status =
        parallel_blocks({.threads = threads}, visits.size(), 7, [&](std::size_t begin, std::size_t end) {
          EXPECT_EQ(begin % 7, 0);
          for (std::size_t i = begin; i < end; ++i) ++visits[i];
        });
    EXPECT_TRUE(status.is_ok());
    EXPECT_THAT(visits, testing::Each(1)) << threads << " threads";
  }
}

TEST(ParallelBlocks, DoesNothingForNothing) {
  EXPECT_TRUE(parallel_blocks({}, 0, 8, [](std::size_t, std::size_t) { FAIL(); }).is_ok());
}

TEST(ParallelBlocks, StopsOnceCancelled) {
  std::atomic<bool> cancelled{false};
  std::atomic<int> blocks{0};
  const Status status =
      parallel_blocks({.threads = 2, .report = {}, .cancelled = &cancelled}, 1000, 1, [&](std::size_t, std::size_t) {
        if (++blocks == 10) cancelled = true;
      });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_LT(blocks, 20);
}

TEST(ParallelBlocks, TurnsExceptionsIntoStatuses) {
  const auto run = [](const std::function<void()>& raise) {
    return parallel_blocks({.threads = 3}, 100, 1, [&](std::size_t begin, std::size_t) {
      if (begin == 40) raise();
    });
  };
  EXPECT_EQ(run([] { throw std::bad_alloc(); }).code(), StatusCode::kResourceExhausted);
  const Status failed = run([] { throw std::runtime_error("broken"); });
  EXPECT_EQ(failed.code(), StatusCode::kInternal);
  EXPECT_EQ(failed.message(), "broken");
}

}  // namespace
}  // namespace tamis::models
