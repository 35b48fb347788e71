#include "client/import/byte_source.h"

#include <gtest/gtest.h>
#include <lzma.h>
#include <zstd.h>

#include "client/import/line_reader.h"
#include "memory_source.h"
#include "tests/gzip_of.h"

namespace tamis::client {
namespace {

std::string xz_of(const std::string& text) {
  std::string out(text.size() + 1'000, '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                    text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

std::string zstd_of(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

Result<std::string> read_all(const std::string& bytes) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, decompress(std::make_unique<MemorySource>(bytes)));
  std::string all;
  char buffer[100];
  for (;;) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t got, source->read(buffer, sizeof buffer));
    if (got == 0) return all;
    all.append(buffer, got);
  }
}

std::string sample() {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "row " + std::to_string(i * 7919 % 1000) + "\n";
  return text;
}

TEST(ByteSource, ReadsPlainGzipXzAndZstd) {
  const std::string text = sample();
  for (const std::string& bytes : {text, gzip_of(text), xz_of(text), zstd_of(text), zstd_of("") + zstd_of(text)}) {
    const auto read = read_all(bytes);
    ASSERT_TRUE(read.is_ok()) << read.status().to_string();
    EXPECT_EQ(*read, text);
  }
  EXPECT_EQ(*read_all(""), "");
  EXPECT_EQ(*read_all("\x1f"), "\x1f");
}

TEST(ByteSource, ReadsConcatenatedStreams) {
  EXPECT_EQ(*read_all(gzip_of("a\n") + gzip_of("b\n")), "a\nb\n");
  EXPECT_EQ(*read_all(xz_of("a\n") + xz_of("b\n")), "a\nb\n");
}

TEST(ByteSource, NoticesTruncationAndDamage) {
  for (const std::string& bytes : {gzip_of(sample()), xz_of(sample()), zstd_of(sample())}) {
    for (const std::size_t cut : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}}) {
      const auto read = read_all(bytes.substr(0, cut));
      ASSERT_FALSE(read.is_ok()) << cut;
      EXPECT_EQ(read.status().code(), StatusCode::kCorruption);
    }
    std::string damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x40);
    EXPECT_FALSE(read_all(damaged).is_ok());
  }
}

TEST(ByteSource, NamesAFileThatIsNotThere) {
  const auto source = open_source("/nonexistent/file.csv");
  ASSERT_FALSE(source.is_ok());
  EXPECT_EQ(source.status().code(), StatusCode::kNotFound);
}

TEST(LineReader, NumbersLinesAndSkipsThoseThatAreTooLong) {
  MemorySource source("\xEF\xBB\xBFone\r\n\n" + std::string(100, 'x') + "\nlast");
  LineReader reader(&source, 50);
  std::string_view line;
  ASSERT_TRUE(*reader.next(&line));
  EXPECT_EQ(line, "one");
  ASSERT_TRUE(*reader.next(&line));
  EXPECT_EQ(line, "");
  EXPECT_FALSE(reader.next(&line).is_ok());
  EXPECT_EQ(reader.line_number(), 3u);
  ASSERT_TRUE(*reader.next(&line));
  EXPECT_EQ(line, "last");
  EXPECT_FALSE(*reader.next(&line));
}

}  // namespace
}  // namespace tamis::client
