// A store with small buffers and no watermark, for tests of what stands on it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "storage/store.h"
#include "tests/engine/temporary_directory.h"

namespace tamis::engine {

inline std::unique_ptr<storage::Store> open_small_store(const TemporaryDirectory& directory) {
  storage::StoreOptions options;
  options.block_cache_bytes = 8ull << 20;
  options.memtable_bytes = 4ull << 20;
  options.min_free_disk_bytes = 0;
  auto opened = storage::Store::open(directory / "store", options);
  EXPECT_TRUE(opened.is_ok()) << opened.status().to_string();
  return opened.is_ok() ? std::move(opened).value() : nullptr;
}

}  // namespace tamis::engine
