// Reopening where the disk has no room: reads go on, and RocksDB's own log takes no file.
#include <rocksdb/file_system.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <sstream>

#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

using testing::HasSubstr;

// Files that are open can be written; new ones cannot be made, but for a small probe.
class CrowdedDisk final : public rocksdb::FileSystemWrapper {
 public:
  explicit CrowdedDisk(std::shared_ptr<rocksdb::FileSystem> target) : FileSystemWrapper(std::move(target)) {}
  static const char* kClassName() { return "CrowdedDisk"; }
  const char* Name() const override { return kClassName(); }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    if (is_crowded && !name.ends_with("PROBE.tmp")) return rocksdb::IOStatus::NoSpace("the disk is full");
    return FileSystemWrapper::NewWritableFile(name, options, result, context);
  }
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* bytes,
                                 rocksdb::IODebugContext* context) override {
    if (free_bytes == 0) return FileSystemWrapper::GetFreeSpace(path, options, bytes, context);
    *bytes = free_bytes;
    return rocksdb::IOStatus::OK();
  }

  std::atomic<bool> is_crowded{false};
  std::atomic<std::uint64_t> free_bytes{0};  // 0: as it is
};

class ReopenTest : public StoreTest {
 protected:
  ReopenTest() { options_.file_system = disk_; }
  std::shared_ptr<CrowdedDisk> disk_ = std::make_shared<CrowdedDisk>(rocksdb::FileSystem::Default());
};

TEST_F(ReopenTest, ReadsGoOnWhereTheStoreCannotBeOpenedForWriting) {
  must_open();
  must_commit({PutSpace{{.name = "looks", .dim = 2}},
               PutEntity{.kind = EntityKind::kItem, .entity = {.id = "lamp", .features = {{"price", 3.0}}}},
               PutVector{.space = "looks", .kind = EntityKind::kItem, .id = "lamp", .vector = {1, 2}},
               interaction("ada", "lamp")});
  disk_->is_crowded = true;
  ASSERT_FALSE(store_->reopen().is_ok());
  EXPECT_FALSE(store_->is_writable());
  EXPECT_TRUE(store_->attributed_through().is_ok());
  EXPECT_EQ(store_->get_entity(EntityKind::kItem, 0)->id, "lamp");
  EXPECT_EQ(store_->user_interactions(0, 10)->size(), 1U);
  EXPECT_EQ(store_->get_vector("looks", EntityKind::kItem, 0)->vector, (std::vector<float>{1, 2}));
  EXPECT_EQ(store_->last_sequence(), 4U);
  EXPECT_EQ(commit({interaction("bob", "vase")}).status().code(), StatusCode::kUnavailable);
  ASSERT_FALSE(store_->reopen().is_ok()) << "and again";
  EXPECT_EQ(store_->user_interactions(0, 10)->size(), 1U);

  disk_->is_crowded = false;
  ASSERT_TRUE(store_->reopen().is_ok());
  EXPECT_TRUE(store_->is_writable());
  must_commit({interaction("bob", "vase")});
  EXPECT_EQ(store_->counts().interactions, 2U);
  must_open();
  EXPECT_EQ(store_->counts().interactions, 2U);
}

TEST_F(ReopenTest, AStoreWhoseLogsDoNotFitIsNotClosed) {
  must_open();
  for (int i = 0; i < 100; ++i)
    must_commit(
        {PutEntity{.kind = EntityKind::kItem,
                   .entity = {.id = "i" + std::to_string(i), .features = {{"text", std::string(10'000, 'x')}}}}});
  disk_->free_bytes = 500'000;  // more than the probe of 64 KiB, less than the log of 1 MB
  const Status reopened = store_->reopen();
  EXPECT_EQ(reopened.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(reopened.message(), HasSubstr("free bytes"));
  EXPECT_TRUE(store_->attributed_through().is_ok());
  EXPECT_TRUE(store_->get_entity(EntityKind::kItem, 99).is_ok());
  disk_->free_bytes = 0;
  EXPECT_TRUE(store_->reopen().is_ok());
}

// Collects the lines of the default logger, from `level` on, for as long as it lives.
class CapturedLog {
 public:
  explicit CapturedLog(spdlog::level::level_enum level) : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_));
    logger->set_level(level);
    spdlog::set_default_logger(logger);
  }
  ~CapturedLog() { spdlog::set_default_logger(before_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;
  std::string text() const { return lines_.str(); }

 private:
  std::ostringstream lines_;
  const std::shared_ptr<spdlog::logger> before_;
};

TEST_F(ReopenTest, TheLogOfRocksDbIsOurs) {
  const CapturedLog log(spdlog::level::debug);
  must_open();
  must_commit({interaction("ada", "lamp")});
  store_.reset();
  EXPECT_THAT(log.text(), HasSubstr("rocksdb: "));
  for (const auto& entry : std::filesystem::directory_iterator(dir()))
    EXPECT_FALSE(entry.path().filename().string().starts_with("LOG")) << entry.path();
}

// A training makes one each time.
TEST_F(ReopenTest, ACheckpointWarnsOfNothing) {
  const CapturedLog log(spdlog::level::warn);
  must_open();
  must_commit({interaction("ada", "lamp")});
  EXPECT_TRUE(store_->checkpoint(root_ / "copy").is_ok());
  store_.reset();
  EXPECT_EQ(log.text(), "");
}

}  // namespace
}  // namespace tamis::storage
