#include "engine/database/periodic_tasks.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <new>

namespace tamis::engine {
namespace {

TEST(PeriodicTasksTest, ATaskThatThrowsIsRunAgainAndHoldsUpNoOther) {
  spdlog::set_level(spdlog::level::off);
  std::atomic<int> failed{0};
  std::atomic<int> ran{0};
  {
    PeriodicTasks tasks({{std::chrono::milliseconds(1),
                          [&] {
                            ++failed;
                            throw std::bad_alloc();
                          }},
                         {std::chrono::milliseconds(1), [&] { ++ran; }}});
    for (int i = 0; i < 5'000 && (failed < 3 || ran < 3); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  spdlog::set_level(spdlog::level::info);
  EXPECT_GE(failed, 3);
  EXPECT_GE(ran, 3);
}

}  // namespace
}  // namespace tamis::engine
