#include "storage/commit_queue.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <future>
#include <new>
#include <thread>

#include "tests/crash/power_cut_file_system.h"
#include "tests/storage/mutation_source.h"
#include "tests/storage/store_fixture.h"
#include "tests/storage/store_model.h"

namespace tamis::storage {
namespace {

// Follows the log as an engine would.
class Follower final : public CommitListener {
 public:
  void on_commit(std::span<const CommittedRecord> records) override {
    ++groups_;
    for (const CommittedRecord& record : records) {
      EXPECT_FALSE(record.duplicate);
      EXPECT_EQ(record.sequence, last_ + 1);
      last_ = record.sequence;
      model_.apply(record);
    }
  }
  void on_rewind(Sequence last_sequence) override {
    ++rewinds_;
    last_ = last_sequence;
    if (store_ != nullptr) model_ = *replay_log(*store_);
  }
  const Store* store_ = nullptr;  // that it starts over from
  std::atomic<int> groups_ = 0;
  std::atomic<int> rewinds_ = 0;
  std::atomic<Sequence> last_ = 0;
  StoreModel model_;
};

class CommitQueueTest : public StoreTest {
 protected:
  CommitQueueTest() : disk_(std::make_shared<PowerCutFileSystem>()) {
    options_.file_system = disk_;
    spdlog::set_level(spdlog::level::off);
  }
  ~CommitQueueTest() override {
    store_.reset();
    spdlog::set_level(spdlog::level::info);
  }
  // Retries until the queue takes writes again.
  static Result<WriteAck> commit_when_resumed(CommitQueue* queue, const std::vector<Mutation>& write) {
    for (int i = 0; i < 2'000; ++i) {
      auto ack = queue->commit(write, Durability::kSync);
      if (ack.is_ok()) return ack;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Status::internal("never resumed");
  }
  std::shared_ptr<PowerCutFileSystem> disk_;
  Follower follower_;
};

TEST_F(CommitQueueTest, WaitingWritersShareABatchAndTheListenerIsAheadOfTheAck) {
  must_open();
  CommitQueue queue(store_.get(), &follower_, {});
  std::promise<void> release;
  std::thread blocker([&] { queue.run_exclusive([&] { release.get_future().wait(); }); });
  std::atomic<int> answered = 0;
  while (queue.pending_mutations() < 100) {
    const std::string user = "u" + std::to_string(queue.pending_mutations());
    queue.submit({interaction(user, "lamp")}, Durability::kSync, [&](Result<WriteAck> ack) {
      ASSERT_TRUE(ack.is_ok());
      EXPECT_GE(follower_.last_, ack->sequence);
      ++answered;
    });
    if (queue.pending_mutations() == 0) std::this_thread::yield();  // the blocker is not in yet
  }
  const int groups_before = follower_.groups_;
  release.set_value();
  blocker.join();
  EXPECT_TRUE(queue.commit({interaction("last", "lamp")}, Durability::kSync).is_ok());
  EXPECT_GE(answered, 100);
  EXPECT_LE(follower_.groups_ - groups_before, 3);
}

TEST_F(CommitQueueTest, ARefusedWriteDoesNotDisturbItsGroup) {
  must_open();
  CommitQueue queue(store_.get(), &follower_, {});
  std::vector<std::thread> writers;
  std::atomic<int> refused = 0;
  for (int w = 0; w < 8; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < 50; ++i) {
        const std::string user = std::to_string(w) + "-" + std::to_string(i);
        if (i % 5 == 0) {
          const auto ack =
              queue.commit({interaction(user, "lamp"), DeleteEntity{EntityKind::kItem, "nothing"}}, Durability::kNone);
          if (ack.status().code() == StatusCode::kNotFound) ++refused;
        } else {
          EXPECT_TRUE(queue.commit({interaction(user, "lamp")}, Durability::kNone).is_ok());
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(refused, 80);
  EXPECT_EQ(store_->last_sequence(), 320u);
  EXPECT_EQ(follower_.model_.difference(*store_), "");
}

TEST_F(CommitQueueTest, AFullQueueRefusesAndClosingDrains) {
  must_open();
  std::atomic<int> committed = 0;
  std::atomic<int> refused = 0;
  {
    CommitQueue queue(store_.get(), &follower_, {.max_pending_mutations = 10});
    std::promise<void> entered, release;
    std::thread blocker([&] {
      queue.run_exclusive([&] {
        entered.set_value();
        release.get_future().wait();
      });
    });
    entered.get_future().wait();
    for (int i = 0; i < 15; ++i) {
      queue.submit({interaction("u", "i" + std::to_string(i))}, Durability::kNone, [&](Result<WriteAck> ack) {
        if (ack.is_ok()) {
          ++committed;
        } else {
          EXPECT_EQ(ack.status().code(), StatusCode::kUnavailable);
          ++refused;
        }
      });
    }
    EXPECT_EQ(refused, 5);
    EXPECT_EQ(queue.pending_mutations(), 10u);
    release.set_value();
    blocker.join();
  }
  EXPECT_EQ(committed, 10);
  EXPECT_EQ(store_->last_sequence(), 10u);
}

TEST_F(CommitQueueTest, WritesBeyondTheBytesOfTheQueueAreRefused) {
  must_open();
  constexpr std::uint64_t kLimit = 1 << 20;
  CommitQueue queue(store_.get(), &follower_, {.max_pending_bytes = kLimit});
  const auto large = [](int i) {
    Entity item{.id = "i" + std::to_string(i)};
    for (int f = 0; f < 4; ++f) item.features["f" + std::to_string(f)] = Text{std::string(25'000, 'x')};
    return PutEntity{EntityKind::kItem, item};
  };
  std::promise<void> entered, release;
  std::thread blocker([&] {
    queue.run_exclusive([&] {
      entered.set_value();
      release.get_future().wait();
    });
  });
  entered.get_future().wait();  // a slow writer
  std::atomic<int> committed = 0;
  int refused = 0;
  std::string told;
  for (int i = 0; i < 50; ++i) {
    queue.submit({large(i)}, Durability::kNone, [&](Result<WriteAck> ack) {
      if (ack.is_ok()) {
        ++committed;
        return;
      }
      ++refused;
      EXPECT_EQ(ack.status().code(), StatusCode::kUnavailable);
      told = ack.status().message();
    });
    EXPECT_LE(queue.pending_bytes(), kLimit);
  }
  EXPECT_EQ(refused, 40) << "a megabyte holds ten writes of a hundred kilobytes";
  EXPECT_EQ(told.find("memory.commit_queue: commit_queue hold 10"), 0u) << told;
  EXPECT_NE(told.find("of 1048576 bytes"), std::string::npos) << told;
  release.set_value();
  blocker.join();
  std::vector<Mutation> whole;
  for (int i = 100; i < 130; ++i) whole.emplace_back(large(i));
  EXPECT_TRUE(commit_when_resumed(&queue, whole).is_ok()) << "what is larger than the queue is taken when it is empty";
  EXPECT_EQ(committed, 10);
  EXPECT_EQ(queue.pending_bytes(), 0u);
}

TEST_F(CommitQueueTest, IntervalWritesAreSyncedByTheTimer) {
  must_open();
  {
    CommitQueue queue(store_.get(), &follower_, {.interval_ms = 10});
    ASSERT_TRUE(queue.commit({interaction("ada", "lamp")}, Durability::kInterval).is_ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    disk_->cut();
  }
  store_.reset();
  Random random(1);
  options_.file_system = disk_ = disk_->restart(&random);
  must_open();
  EXPECT_EQ(store_->last_sequence(), 1u);
}

// The bytes of the failed write may or may not be in the log; either way the store and the listener agree, and the
// writer was not told that it succeeded.
class FailedSyncTest : public CommitQueueTest, public testing::WithParamInterface<bool> {};

TEST_P(FailedSyncTest, PoisonsReopensAndResumes) {
  must_open();
  follower_.store_ = store_.get();
  {
    CommitQueue queue(store_.get(), &follower_, {});
    ASSERT_TRUE(queue.commit({interaction("ada", "lamp")}, Durability::kSync).is_ok());
    disk_->fail_log_syncs(1, GetParam());
    const auto failed = queue.commit({interaction("ada", "vase"), interaction("bob", "vase")}, Durability::kSync);
    EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
    const auto resumed = commit_when_resumed(&queue, {interaction("eve", "cup")});
    ASSERT_TRUE(resumed.is_ok());
    EXPECT_EQ(follower_.last_, store_->last_sequence());
    EXPECT_EQ(follower_.model_.difference(*store_), "");
    EXPECT_EQ(resumed->sequence, GetParam() ? 2u : 4u) << "both rows of the failed write, or none";
  }
  must_open();
  EXPECT_EQ(follower_.model_.difference(*store_), "");
}

INSTANTIATE_TEST_SUITE_P(UnsyncedBytesDropped, FailedSyncTest, testing::Bool());

TEST_F(CommitQueueTest, LostUnsyncedWritesRewindTheListener) {
  must_open();
  CommitQueue queue(store_.get(), &follower_, {.interval_ms = 60'000});
  ASSERT_TRUE(queue.commit({interaction("ada", "lamp")}, Durability::kSync).is_ok());
  ASSERT_TRUE(queue.commit({interaction("new", "thing")}, Durability::kNone).is_ok());
  disk_->fail_log_syncs(1, true);
  EXPECT_FALSE(queue.commit({interaction("x", "y")}, Durability::kSync).is_ok());
  const auto resumed = commit_when_resumed(&queue, {interaction("eve", "cup")});
  ASSERT_TRUE(resumed.is_ok());
  EXPECT_EQ(follower_.rewinds_, 1);
  EXPECT_EQ(resumed->sequence, 2u);
  EXPECT_FALSE(store_->ids(EntityKind::kUser).find("new"));
  EXPECT_EQ(replay_log(*store_)->difference(*store_), "");
}

// A listener that fails in the midst of a commit may have taken in half of it: it starts over from the store.
TEST_F(CommitQueueTest, AListenerThatThrowsStartsOverAndNothingIsLost) {
  class Failing final : public CommitListener {
   public:
    void on_commit(std::span<const CommittedRecord> records) override {
      if (failures_-- > 0) throw std::bad_alloc();
      last_ = records.back().sequence;
    }
    void on_rewind(Sequence last_sequence) override {
      if (rewind_failures_-- > 0) throw std::bad_alloc();
      rewound_to_ = last_sequence;
    }
    std::atomic<int> failures_ = 1;
    std::atomic<int> rewind_failures_ = 1;
    std::atomic<Sequence> last_ = 0;
    std::atomic<Sequence> rewound_to_ = 0;
  } failing;
  must_open();
  CommitQueue queue(store_.get(), &failing, {});
  const auto ack = queue.commit({interaction("u", "lamp")}, Durability::kSync);
  EXPECT_EQ(ack.status().code(), StatusCode::kUnavailable) << "the write is stored, but not visible yet";
  const auto resumed = commit_when_resumed(&queue, {interaction("u", "chair")});
  ASSERT_TRUE(resumed.is_ok()) << resumed.status().to_string();
  EXPECT_EQ(failing.rewound_to_, 1u);
  EXPECT_EQ(failing.last_, 2u);
  EXPECT_EQ(store_->counts().interactions, 2u);
}

TEST_F(CommitQueueTest, WhatExclusiveWorkAndCallbacksThrowLeavesTheQueueWhole) {
  must_open();
  CommitQueue queue(store_.get(), &follower_, {});
  EXPECT_THROW(queue.run_exclusive([] { throw std::bad_alloc(); }), std::bad_alloc);
  queue.submit({interaction("u", "lamp")}, Durability::kNone, [](const Result<WriteAck>&) { throw std::bad_alloc(); });
  const auto ack = queue.commit({interaction("u", "chair")}, Durability::kNone);
  ASSERT_TRUE(ack.is_ok()) << ack.status().to_string();
  EXPECT_EQ(follower_.last_, 2u);
}

// Index files are saved by another thread, which syncs the store beside commits that make and drop spaces.
TEST_F(CommitQueueTest, SyncsRunBesideCommitsThatMakeAndDropSpaces) {
  options_.memtable_bytes = 1 << 20;
  must_open();
  CommitQueue queue(store_.get(), nullptr, {});
  std::atomic<bool> stop = false;
  std::thread syncer([&] {
    while (!stop) EXPECT_TRUE(store_->sync().is_ok());
  });
  for (int i = 0; i < 60; ++i) {
    Space space;
    space.name = "s" + std::to_string(i % 5);
    space.dim = 256;
    ASSERT_TRUE(queue.commit({PutSpace{space}}, Durability::kNone).is_ok());
    const std::vector<float> ones(256, 1);
    std::vector<Mutation> vectors;
    for (int row = 0; row < 100; ++row)
      vectors.push_back(PutVector{space.name, EntityKind::kItem, "i" + std::to_string(row), ones});
    ASSERT_TRUE(queue.commit(std::move(vectors), Durability::kNone).is_ok());
    ASSERT_TRUE(queue.commit({DeleteSpace{space.name}}, Durability::kNone).is_ok());
  }
  stop = true;
  syncer.join();
}

TEST_F(CommitQueueTest, AFullDiskKeepsReadsAndHealsByItself) {
  must_open();
  CommitQueue queue(store_.get(), &follower_, {});
  ASSERT_TRUE(queue.commit({interaction("ada", "lamp")}, Durability::kSync).is_ok());
  disk_->set_full(true);
  EXPECT_EQ(queue.commit({interaction("ada", "vase")}, Durability::kSync).status().code(), StatusCode::kUnavailable);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(store_->user_interactions(0, 10)->size(), 1u);
  EXPECT_FALSE(store_->is_writable());
  disk_->set_full(false);
  ASSERT_TRUE(commit_when_resumed(&queue, {interaction("ada", "cup")}).is_ok());
  EXPECT_EQ(follower_.model_.difference(*store_), "");
}

TEST_F(CommitQueueTest, ReadersRunBesideCommitsAndReopens) {
  must_open();
  follower_.store_ = store_.get();
  CommitQueue queue(store_.get(), &follower_, {});
  ASSERT_TRUE(queue.commit(source_spaces(), Durability::kNone).is_ok());
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        std::size_t rows = 0;
        (void)store_
            ->scan_interactions(/*with_context=*/false, [&](const StoredInteraction&) { return ++rows < 1'000; })
            .is_ok();
        (void)store_->get_entity(EntityKind::kItem, 0).is_ok();
        (void)store_->counts();
        for (const Space& space : store_->spaces()) (void)store_->get_vector(space.name, EntityKind::kUser, 1).is_ok();
        if (store_->ids(EntityKind::kUser).size() > 0) (void)store_->ids(EntityKind::kUser).name(0);
      }
    });
  }
  MutationSource source(4, "q");
  for (int i = 0; i < 200; ++i) {
    if (i % 50 == 25) disk_->fail_log_syncs(1, false);
    (void)queue.commit(source.next_write(5), Durability::kSync).is_ok();
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  ASSERT_TRUE(commit_when_resumed(&queue, {interaction("ada", "lamp")}).is_ok());
  EXPECT_EQ(follower_.model_.difference(*store_), "");
}

}  // namespace
}  // namespace tamis::storage
