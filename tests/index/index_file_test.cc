#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "index/vector_index.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

namespace fs = std::filesystem;

class IndexFileTest : public testing::Test {
 protected:
  IndexFileTest() : dir_(fs::temp_directory_path() / ("tamis_index_" + std::to_string(getpid()))) {
    fs::create_directories(dir_);
    options_.dim = 12;
    options_.growing_limit = 64;
    options_.ef_construction = 40;
    options_.m = 8;
  }
  ~IndexFileTest() override { fs::remove_all(dir_); }

  // A sealed segment and a growing one, tombstones in both.
  std::unique_ptr<VectorIndex> make_index(std::size_t rows = 100) {
    data_ = clustered_vectors(rows, options_.dim, 21);
    auto index = *VectorIndex::create(options_);
    EXPECT_TRUE(index->upsert_batch(data_.ids(), data_.values).is_ok());
    for (DenseId id = 1'000; id < 1'020; ++id) EXPECT_TRUE(index->upsert(id, data_.row(id % rows)).is_ok());
    for (const DenseId id : {3U, 50U, 1'003U}) index->remove(id);
    EXPECT_TRUE(index->upsert(7, data_.row(8)).is_ok());
    return index;
  }
  fs::path file() const { return dir_ / "index.tamis"; }
  std::string read_file() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_file(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<long>(bytes.size()));
  }

  fs::path dir_;
  IndexOptions options_;
  VectorData data_;
};

TEST_F(IndexFileTest, LoadedIndexAnswersAsTheSavedOne) {
  for (const bool keep_f32 : {true, false}) {
    options_.keep_f32 = keep_f32;
    const auto saved = make_index(3'000);
    ASSERT_TRUE(saved->save(dir_, 4'242).is_ok());
    Sequence sequence = 0;
    const auto loaded = VectorIndex::load(dir_, options_, &sequence);
    ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
    EXPECT_EQ(sequence, 4'242U);
    EXPECT_EQ((*loaded)->size(), saved->size());
    EXPECT_FALSE((*loaded)->contains(3));
    EXPECT_FALSE((*loaded)->contains(1'003));
    for (std::size_t q = 0; q < 30; ++q) {
      const auto expected = *saved->search(data_.row(q), 10, {.ef = 40});
      const auto found = *(*loaded)->search(data_.row(q), 10, {.ef = 40});
      ASSERT_EQ(found.size(), expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_FLOAT_EQ(found[i].score, expected[i].score);
    }
    // It takes writes like any other.
    ASSERT_TRUE((*loaded)->upsert(3, data_.row(3)).is_ok());
    EXPECT_TRUE((*loaded)->contains(3));
  }
}

TEST_F(IndexFileTest, ALoadedIndexGoesOnMerging) {
  const VectorData data = clustered_vectors(20'000, options_.dim, 22);
  const std::vector<DenseId> ids = data.ids();
  {
    const auto saved = *VectorIndex::create(options_);
    for (std::size_t begin = 0; begin < data.rows(); begin += 2'000) {
      const auto vectors = std::span(data.values).subspan(begin * options_.dim, 2'000 * options_.dim);
      ASSERT_TRUE(saved->upsert_batch(std::span(ids).subspan(begin, 2'000), vectors).is_ok());
    }
    ASSERT_TRUE(saved->save(dir_, 1).is_ok());
  }
  Sequence sequence = 0;
  const auto loaded = VectorIndex::load(dir_, options_, &sequence);
  ASSERT_TRUE(loaded.is_ok());
  for (int i = 0; i < 6'000 && (*loaded)->stats().segments > 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ((*loaded)->stats().segments, 2U) << "one, and an empty growing one";
  EXPECT_EQ((*loaded)->size(), 20'000U);
}

TEST_F(IndexFileTest, EmptyIndexAndMissingFile) {
  Sequence sequence = 9;
  EXPECT_EQ(VectorIndex::load(dir_, options_, &sequence).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE((*VectorIndex::create(options_))->save(dir_, 5).is_ok());
  const auto loaded = VectorIndex::load(dir_, options_, &sequence);
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  EXPECT_EQ((*loaded)->size(), 0U);
  EXPECT_EQ(sequence, 5U);
}

TEST_F(IndexFileTest, EverySingleBitFlipIsDetected) {
  ASSERT_TRUE(make_index()->save(dir_, 1).is_ok());
  const std::string good = read_file();
  ASSERT_TRUE(VectorIndex::load(dir_, options_, nullptr).is_ok());
  std::size_t tried = 0;
  for (std::size_t byte = 0; byte < good.size(); byte += byte < 1'024 ? 1 : 7) {
    for (int bit = static_cast<int>(byte % 3); bit < 8; bit += 3) {
      std::string bad = good;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      write_file(bad);
      const auto loaded = VectorIndex::load(dir_, options_, nullptr);
      ASSERT_FALSE(loaded.is_ok()) << "byte " << byte << ", bit " << bit;
      ASSERT_EQ(loaded.status().code(), StatusCode::kCorruption) << loaded.status().to_string();
      ++tried;
    }
  }
  EXPECT_GT(tried, 4'000U);
}

TEST_F(IndexFileTest, EveryTruncationAndExtensionIsDetected) {
  ASSERT_TRUE(make_index()->save(dir_, 1).is_ok());
  const std::string good = read_file();
  for (std::size_t length = 0; length < good.size(); length += length < 1'024 ? 1 : 61) {
    write_file(good.substr(0, length));
    ASSERT_EQ(VectorIndex::load(dir_, options_, nullptr).status().code(), StatusCode::kCorruption) << length;
  }
  write_file(good + '\0');
  EXPECT_EQ(VectorIndex::load(dir_, options_, nullptr).status().code(), StatusCode::kCorruption);
}

TEST_F(IndexFileTest, AnIndexWithOtherOptionsIsRefused) {
  ASSERT_TRUE(make_index()->save(dir_, 1).is_ok());
  IndexOptions other = options_;
  other.dim = 13;
  EXPECT_EQ(VectorIndex::load(dir_, other, nullptr).status().code(), StatusCode::kCorruption);
  other = options_;
  other.metric = Metric::kL2;
  EXPECT_EQ(VectorIndex::load(dir_, other, nullptr).status().code(), StatusCode::kCorruption);
  other = options_;
  other.quantization = Quantization::kF16;
  EXPECT_EQ(VectorIndex::load(dir_, other, nullptr).status().code(), StatusCode::kCorruption);
}

// RLIMIT_FSIZE stands in for a full disk: writes stop in the middle of the file.
TEST_F(IndexFileTest, AFullDiskIsReportedAndLeavesTheOldFile) {
  const auto index = make_index();
  ASSERT_TRUE(index->save(dir_, 1).is_ok());
  const std::string old = read_file();
  ASSERT_TRUE(index->upsert(77, data_.row(1)).is_ok());
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t limit : {std::size_t{0}, std::size_t{10}, std::size_t{4'096}, old.size() - 1}) {
    rlimit small = before;
    small.rlim_cur = limit;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status status = index->save(dir_, 2);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << limit;
  }
  EXPECT_EQ(read_file(), old);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), fs::directory_iterator()), 1);  // no temporary left
  const fs::path blocked = file() / "below_a_file";
  EXPECT_EQ(index->save(blocked, 2).code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace tamis::index
