#include "common/checksum.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tamis {
namespace {

TEST(Checksum, IsXxh3) {
  // The reference value of XXH3_64bits for the empty input (xxHash's own sanity tests).
  EXPECT_EQ(checksum64("", 0), 0x2D06800538D394C2ULL);
}

TEST(Checksum, StreamAndFileAgreeWithTheWhole) {
  std::string bytes(3'000'001, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
  const std::uint64_t whole = checksum64(bytes.data(), bytes.size());

  Checksum64 stream;
  stream.update(bytes.data(), 17);
  stream.update(bytes.data() + 17, bytes.size() - 17);
  EXPECT_EQ(stream.digest(), whole);

  const auto path = std::filesystem::path(testing::TempDir()) / "checksum_test.bin";
  std::ofstream(path, std::ios::binary) << bytes;
  EXPECT_EQ(*checksum_file(path), whole);
  std::filesystem::remove(path);
  EXPECT_EQ(checksum_file(path).status().code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace tamis
