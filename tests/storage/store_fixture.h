// A store in a directory of its own, gone with the test.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.h"

namespace tamis::storage {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string path = (std::filesystem::temp_directory_path() / "tamis-store-XXXXXX").string();
    root_ = mkdtemp(path.data());
    options_.clock = &clock_;
    options_.block_cache_bytes = 8 << 20;
    options_.memtable_bytes = 1 << 20;
    options_.min_free_disk_bytes = 0;
  }
  ~StoreTest() override {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }

  std::filesystem::path dir() const { return root_ / "data"; }
  Status open() {
    store_.reset();
    auto opened = Store::open(dir(), options_);
    if (!opened.is_ok()) return opened.status();
    store_ = std::move(opened).value();
    return Status::ok();
  }
  void must_open() {
    const Status opened = open();
    ASSERT_TRUE(opened.is_ok()) << opened.to_string();
  }
  Result<std::vector<CommittedRecord>> commit(std::vector<Mutation> mutations,
                                              Durability durability = Durability::kNone) {
    return store_->commit(mutations, durability);
  }
  void must_commit(std::vector<Mutation> mutations) {
    const auto committed = commit(std::move(mutations));
    ASSERT_TRUE(committed.is_ok()) << committed.status().to_string();
  }

  static Mutation interaction(std::string user, std::string item, TimestampMs timestamp_ms = 1'000,
                              std::string key = "") {
    Interaction in;
    in.user = std::move(user);
    in.item = std::move(item);
    in.timestamp_ms = timestamp_ms;
    in.idempotency_key = std::move(key);
    return PutInteraction{std::move(in)};
  }

  std::filesystem::path root_;
  ManualClock clock_{1'700'000'000'000};
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

}  // namespace tamis::storage
