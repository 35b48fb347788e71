#include "engine/learn/job_queue.h"

#include <gmock/gmock.h>

#include <future>

namespace tamis::engine {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class JobQueueTest : public ::testing::Test {
 protected:
  Job wait_for_end(const std::string& id) {
    Job job = queue_.get(id).value();
    while (job.state == JobState::kQueued || job.state == JobState::kRunning)
      job = queue_.wait(id, job, milliseconds(1'000)).value();
    return job;
  }
  ManualClock clock_{1'000};
  JobQueue queue_{&clock_, nullptr};
};

TEST_F(JobQueueTest, RunsInOrderAndReports) {
  std::vector<int> order;
  auto first = queue_.submit(1, [&](JobRun& run) -> Result<std::string> {
    order.push_back(1);
    run.report(0.5, "ials", "sweep 1");
    run.report(0.25, "ials", "sweep 2");  // never goes back
    run.set_generation("g1");
    return std::string("done");
  });
  auto second = queue_.submit(2, [&](JobRun&) -> Result<std::string> {
    order.push_back(2);
    return Status::io_error("no disk");
  });
  ASSERT_TRUE(first.is_ok() && second.is_ok());
  EXPECT_EQ(first->id, "j1");
  const Job one = wait_for_end("j1");
  EXPECT_EQ(one.state, JobState::kSucceeded);
  EXPECT_EQ(one.progress, 1);
  EXPECT_EQ(one.detail, "done");
  EXPECT_EQ(one.generation, "g1");
  const Job two = wait_for_end("j2");
  EXPECT_EQ(two.state, JobState::kFailed);
  EXPECT_THAT(two.detail, HasSubstr("no disk"));
  EXPECT_THAT(order, ::testing::ElementsAre(1, 2));
  EXPECT_EQ(queue_.list().front().id, "j2");
  EXPECT_TRUE(queue_.is_idle());
}

TEST_F(JobQueueTest, CancelReachesWhatRunsAndWhatWaits) {
  std::promise<void> started;
  ASSERT_TRUE(queue_
                  .submit(1,
                          [&](JobRun& run) -> Result<std::string> {
                            started.set_value();
                            while (!run.cancelled()->load()) std::this_thread::yield();
                            return Status::unavailable("training was cancelled");
                          })
                  .is_ok());
  bool ran = false;
  ASSERT_TRUE(queue_
                  .submit(2,
                          [&](JobRun&) -> Result<std::string> {
                            ran = true;
                            return std::string();
                          })
                  .is_ok());
  started.get_future().wait();
  EXPECT_FALSE(queue_.is_idle());
  EXPECT_TRUE(queue_.cancel("j2").is_ok());
  EXPECT_TRUE(queue_.cancel("j1").is_ok());
  EXPECT_EQ(wait_for_end("j1").state, JobState::kCancelled);
  EXPECT_EQ(wait_for_end("j2").state, JobState::kCancelled);
  EXPECT_FALSE(ran);
  EXPECT_EQ(queue_.cancel("j1").code(), StatusCode::kFailedPrecondition);
}

TEST_F(JobQueueTest, WaitEndsAtTheTimeout) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  auto job = queue_.submit(1, [gate](JobRun&) -> Result<std::string> {
    gate.wait();
    return std::string();
  });
  Job running = queue_.wait("j1", *job, milliseconds(1'000)).value();
  while (running.state != JobState::kRunning) running = queue_.wait("j1", running, milliseconds(1'000)).value();
  const auto start = std::chrono::steady_clock::now();
  const Job same = queue_.wait("j1", running, milliseconds(50)).value();
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(50));
  EXPECT_EQ(same.state, JobState::kRunning);
  go.set_value();
  EXPECT_EQ(wait_for_end("j1").state, JobState::kSucceeded);
}

TEST_F(JobQueueTest, AnExceptionIsAFailureNotACrash) {
  ASSERT_TRUE(queue_.submit(1, [](JobRun&) -> Result<std::string> { throw std::bad_alloc(); }).is_ok());
  const Job job = wait_for_end("j1");
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_THAT(job.detail, HasSubstr("memory"));
}

TEST_F(JobQueueTest, RemembersTheLastHundred) {
  for (std::uint64_t number = 1; number <= 130; ++number) {
    ASSERT_TRUE(queue_.submit(number, [](JobRun&) -> Result<std::string> { return std::string(); }).is_ok());
    wait_for_end("j" + std::to_string(number));
  }
  EXPECT_EQ(queue_.list().size(), JobQueue::kMaxFinishedJobs);
  EXPECT_EQ(queue_.get("j30").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(queue_.get("j31").is_ok());
}

TEST_F(JobQueueTest, AfterShutDownNothingIsTaken) {
  queue_.shut_down();
  EXPECT_EQ(queue_.submit(1, [](JobRun&) -> Result<std::string> { return std::string(); }).status().code(),
            StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::engine
