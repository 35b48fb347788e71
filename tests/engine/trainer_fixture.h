// A store in a temporary directory, a host that commits to it, and a shop of two clusters to learn from.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/random.h"
#include "engine/learn/trainer.h"
#include "storage/store.h"

namespace tamis::engine {

inline constexpr TimestampMs kStartMs = 1'322'733'600'000;  // 2011-12-01T10:00:00Z

// Commits in turn, as the committing thread would, and remembers what it was told to serve. Thread-safe.
class StoreHost final : public TrainerHost {
 public:
  explicit StoreHost(storage::Store* store) : store_(store) {}

  Status commit(std::vector<Mutation> mutations) override {
    MutexLock lock(mutex_);
    if (!commit_failure_.is_ok()) return commit_failure_;
    return store_->commit(mutations, Durability::kNone).status();
  }
  Status serve(std::shared_ptr<const Generation> generation) override {
    MutexLock lock(mutex_);
    if (!serve_failure_.is_ok()) return serve_failure_;
    serving_ = std::move(generation);
    return Status::ok();
  }

  std::string serving_id() const override {
    MutexLock lock(mutex_);
    return serving_ == nullptr ? "" : serving_->info.id;
  }
  std::vector<FunnelConfig> funnels_in_use() const override {
    MutexLock lock(mutex_);
    return funnels_;
  }
  void use_funnels(std::vector<FunnelConfig> funnels) {
    MutexLock lock(mutex_);
    funnels_ = std::move(funnels);
  }
  std::shared_ptr<const Generation> serving() const {
    MutexLock lock(mutex_);
    return serving_;
  }
  void fail_commits(Status status) {
    MutexLock lock(mutex_);
    commit_failure_ = std::move(status);
  }
  void fail_serving(Status status) {
    MutexLock lock(mutex_);
    serve_failure_ = std::move(status);
  }

 private:
  storage::Store* store_;
  mutable Mutex mutex_;
  std::shared_ptr<const Generation> serving_ TAMIS_GUARDED_BY(mutex_);
  Status commit_failure_ TAMIS_GUARDED_BY(mutex_);
  Status serve_failure_ TAMIS_GUARDED_BY(mutex_);
  std::vector<FunnelConfig> funnels_ TAMIS_GUARDED_BY(mutex_);
};

class TrainerFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::path(::testing::TempDir()) /
           (std::string("trainer_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_);
    options_.clock = &clock_;
    options_.training.models = {"popular", "item_knn", "user_knn", "ials"};
    options_.training.threads = 2;
    options_.training.holdout = 0.2;
    options_.training.settings["ials"] = {{"dim", "8"}, {"iterations", "6"}};
    open_store();
  }
  void TearDown() override {
    trainer_.reset();
    host_.reset();
    store_.reset();
    std::filesystem::remove_all(dir_);
  }

  void open_store() {
    storage::StoreOptions options;
    options.clock = &clock_;
    options.min_free_disk_bytes = 0;
    auto store = storage::Store::open(dir_ / "store", options);
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    store_ = std::move(*store);
    host_ = std::make_unique<StoreHost>(store_.get());
  }
  void open_trainer() {
    auto trainer = Trainer::open(generations(), store_.get(), host_.get(), &options_);
    ASSERT_TRUE(trainer.is_ok()) << trainer.status().to_string();
    trainer_ = std::move(*trainer);
  }
  void restart() {
    trainer_.reset();
    host_.reset();
    store_.reset();
    open_store();
    open_trainer();
  }
  std::filesystem::path generations() const { return dir_ / "generations"; }

  void write(std::vector<Mutation> mutations) {
    const Status status = host_->commit(std::move(mutations));
    ASSERT_TRUE(status.is_ok()) << status.to_string();
  }
  static Mutation interaction(const std::string& user, const std::string& item, TimestampMs timestamp_ms,
                              const std::string& type = "purchase", std::optional<double> value = std::nullopt) {
    Interaction row;
    row.user = user;
    row.item = item;
    row.type = type;
    row.value = value;
    row.timestamp_ms = timestamp_ms;
    return PutInteraction{row};
  }
  // 40 users and 30 items in two clusters of half each: a user takes `per_user` items of their own cluster, spread over
  // time, so that what the head lacks of a cluster is what the tail brings.
  void write_clusters(int per_user = 12, std::uint64_t seed = 7, TimestampMs from_ms = kStartMs) {
    Random random(seed);
    std::vector<Mutation> mutations;
    for (int user = 0; user < 40; ++user) {
      for (int n = 0; n < per_user; ++n) {
        const int item = static_cast<int>(random.below(15)) + (user % 2) * 15;
        mutations.push_back(interaction("user-" + std::to_string(user), "item-" + std::to_string(item),
                                        from_ms + static_cast<TimestampMs>(n * 60'000 + user)));
      }
    }
    write(std::move(mutations));
  }

  Job train(const TrainRequest& request = {}) {
    auto job = trainer_->train(request);
    EXPECT_TRUE(job.is_ok()) << job.status().to_string();
    return job.is_ok() ? wait_for_end(job->id) : Job{};
  }
  Job wait_for_end(const std::string& id) {
    auto job = trainer_->get_job(id);
    for (int turn = 0; job.is_ok() && turn < 100'000; ++turn) {
      if (job->state != JobState::kQueued && job->state != JobState::kRunning) return *job;
      job = trainer_->wait_job(id, *job, std::chrono::milliseconds(1'000));
    }
    ADD_FAILURE() << "job " << id << " did not end: " << job.status().to_string();
    return {};
  }
  // As the database does when it opens; the generation that serves then.
  std::string load_and_serve() {
    const auto loaded = trainer_->load_serving();
    EXPECT_TRUE(host_->serve(loaded.is_ok() ? *loaded : nullptr).is_ok());
    return host_->serving_id();
  }
  std::vector<std::string> states() const {
    std::vector<std::string> states;
    for (const GenerationInfo& info : trainer_->list_generations()) states.push_back(info.id + " " + info.state);
    return states;
  }

  ManualClock clock_{kStartMs + 86'400'000};
  DatabaseOptions options_;
  std::filesystem::path dir_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<StoreHost> host_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace tamis::engine
