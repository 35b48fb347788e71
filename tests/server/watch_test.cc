// Signals and failed recoveries while serving.
#include "server/watch.h"

#include <gmock/gmock.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

TEST(Watch, ASignalEndsIt) {
  FakeDatabase database;
  Watch watch;
  std::raise(SIGTERM);  // before it runs: not lost
  EXPECT_TRUE(watch.run(&database, [] {}).is_ok());
}

TEST(Watch, HangUpReloadsAndNeverEnds) {
  FakeDatabase database;
  Watch watch;
  std::atomic<int> reloads{0};
  std::thread sender([&] {
    for (int wanted = 1; wanted <= 3; ++wanted) {
      kill(getpid(), SIGHUP);
      while (reloads < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(getpid(), SIGINT);
  });
  EXPECT_TRUE(watch.run(&database, [&] { ++reloads; }).is_ok());
  sender.join();
  EXPECT_EQ(reloads, 3);
  std::raise(SIGHUP);  // and while the server closes it does nothing
}

TEST(Watch, AFailedRecoveryEndsItWithTheReason) {
  FakeDatabase database;
  database.ready = false;
  database.recovery_fails = true;
  Watch watch;
  const Status outcome = watch.run(&database, [] {});
  EXPECT_EQ(outcome.code(), StatusCode::kCorruption);
  EXPECT_THAT(outcome.message(), ::testing::HasSubstr("a row is damaged"));
}

TEST(Watch, ARecoveryThatFailsLaterDoesToo) {
  FakeDatabase database;
  Watch watch;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    database.recovery_fails = true;
  });
  EXPECT_FALSE(watch.run(&database, [] {}).is_ok());
  later.join();
}

}  // namespace
}  // namespace tamis::server
