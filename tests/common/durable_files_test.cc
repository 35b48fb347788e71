#include "common/durable_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace tamis {
namespace {

class DurableFiles : public ::testing::Test {
 protected:
  DurableFiles() : dir_(std::filesystem::temp_directory_path() / ("durable-files-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(dir_);
  }
  ~DurableFiles() override { std::filesystem::remove_all(dir_); }
  const std::filesystem::path dir_;
};

TEST_F(DurableFiles, AReaderGivesTheBytesInTurnAndTellsWhereTheyEnd) {
  ASSERT_TRUE(write_file_synced(dir_ / "numbers", "0123456789").is_ok());
  auto reader = FileReader::open(dir_ / "numbers");
  ASSERT_TRUE(reader.is_ok());
  EXPECT_EQ(reader->rest(), 10U);
  std::string part(4, ' ');
  ASSERT_TRUE(reader->read(part.data(), part.size()).is_ok());
  EXPECT_EQ(part, "0123");
  EXPECT_EQ(reader->rest(), 6U);
  ASSERT_TRUE(reader->read(part.data(), part.size()).is_ok());
  EXPECT_EQ(part, "4567");
  EXPECT_EQ(reader->read(part.data(), part.size()).code(), StatusCode::kIoError) << "two bytes are left";
}

TEST_F(DurableFiles, ReadingTellsAMissingFileFromADirectoryAndFromOneTooLarge) {
  EXPECT_EQ(FileReader::open(dir_ / "none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(FileReader::open(dir_).status().code(), StatusCode::kIoError);
  ASSERT_EQ(::mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(FileReader::open(dir_ / "pipe").status().code(), StatusCode::kIoError) << "and does not wait for a writer";
  EXPECT_EQ(read_whole_file(dir_ / "none", 10).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(replace_file(dir_ / "text", "eleven byte").is_ok());
  EXPECT_EQ(read_whole_file(dir_ / "text", 10).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(*read_whole_file(dir_ / "text", 11), "eleven byte");
}

}  // namespace
}  // namespace tamis
