// A database to train: two camps of users who share no item, so that what a model must learn is plain.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {

class CampsTest : public DatabaseTest {
 protected:
  CampsTest() {
    options.training.settings["ials"] = {{"dim", "8"}, {"iterations", "4"}};
    options.training.threads = 1;
  }

  // Even users take even items, odd users odd ones: u0..u199, i0..i39.
  void write_camps() {
    Random random(5);
    std::vector<Mutation> batch;
    for (int i = 0; i < 1'500; ++i) {
      const std::uint32_t user = random.below(200);
      const std::uint32_t item = random.below(20) * 2 + user % 2;
      Interaction made = interaction("u" + std::to_string(user), "i" + std::to_string(item), "purchase");
      made.timestamp_ms = clock.now_ms() - 1'000'000 + i;
      batch.push_back(PutInteraction{made});
    }
    write(std::move(batch));
  }

  Job wait_for_end(std::string_view id) {
    auto job = database->get_job(id);
    while (job.is_ok() && (job->state == JobState::kQueued || job->state == JobState::kRunning))
      job = database->wait_job(id, *job, std::chrono::seconds(30));
    EXPECT_TRUE(job.is_ok()) << job.status().to_string();
    return job.is_ok() ? *job : Job{};
  }
  // However it ends.
  Job train(const TrainRequest& request = {}) {
    const auto job = database->train(request);
    EXPECT_TRUE(job.is_ok()) << job.status().to_string();
    return job.is_ok() ? wait_for_end(job->id) : Job{};
  }
};

}  // namespace tamis::engine
