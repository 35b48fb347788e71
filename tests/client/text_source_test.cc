#include "client/import/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/import/csv_reader.h"
#include "common/ids.h"
#include "memory_source.h"

namespace tamis::client {
namespace {

struct Read {
  Status status;
  std::string text;
  std::string encoding = "UTF-8";
  bool guessed = false;
};

Read read(const std::string& bytes, const std::string& encoding = "auto", std::uint64_t seed = 0) {
  Read got;
  const auto source =
      as_utf8(std::make_unique<MemorySource>(bytes, seed), encoding, [&](const std::string& name, bool guessed) {
        got.encoding = name;
        got.guessed = guessed;
      });
  got.status = source.status();
  char buffer[16];
  while (got.status.is_ok()) {
    const auto count = (*source)->read(buffer, sizeof buffer);
    got.status = count.status();
    if (!count.is_ok() || *count == 0) break;
    got.text.append(buffer, *count);
  }
  return got;
}

// "é" and "€" in each encoding; the text goes on far beyond the first bytes.
const std::string kText = "id,name\n1,caf\xC3\xA9 \xE2\x82\xAC\n2,plain\n";

std::string utf16(const std::string& ascii, bool little, bool with_mark) {
  std::string bytes = !with_mark ? "" : little ? "\xFF\xFE" : "\xFE\xFF";
  for (const char c : ascii) bytes += little ? std::string{c, '\0'} : std::string{'\0', c};
  return bytes;
}

TEST(TextSource, LeavesUtf8Alone) {
  for (const std::string& text : {std::string(), std::string("a,b\n"), kText, "\xEF\xBB\xBF" + kText}) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      const Read got = read(text, "auto", seed);
      EXPECT_TRUE(got.status.is_ok()) << got.status.to_string();
      EXPECT_EQ(got.text, text);
      EXPECT_EQ(got.encoding, "UTF-8");
    }
  }
}

TEST(TextSource, TellsUtf16WithAndWithoutItsMark) {
  const std::string ascii = "user,item,type\nu1,i1,view\nu2,i2,view\n";
  for (const bool little : {true, false}) {
    for (const bool marked : {true, false}) {
      const Read got = read(utf16(ascii, little, marked));
      ASSERT_TRUE(got.status.is_ok()) << got.status.to_string();
      EXPECT_EQ(got.text, (marked ? "\xEF\xBB\xBF" : "") + ascii);
      EXPECT_EQ(got.encoding, little ? "UTF-16LE" : "UTF-16BE");
    }
  }
  EXPECT_EQ(read(std::string("\xFF\xFE\0\0a\0\0\0", 8)).text,
            "\xEF\xBB\xBF"
            "a");
}

TEST(TextSource, TellsWindows1252WhereverItsFirstLetterStands) {
  for (const std::size_t before : {0u, 10u, 5'000u, 300'000u}) {
    const std::string plain(before, 'x');
    const Read got = read(plain + "Les Mis\xE9rables \x80 5 \x93quoted\x94\n");
    ASSERT_TRUE(got.status.is_ok()) << got.status.to_string();
    EXPECT_EQ(got.text, plain + "Les Mis\xC3\xA9rables \xE2\x82\xAC 5 \xE2\x80\x9Cquoted\xE2\x80\x9D\n");
    EXPECT_EQ(got.encoding, "WINDOWS-1252");
    EXPECT_TRUE(got.guessed);
  }
}

TEST(TextSource, TellsWindows1252ByTheLastByte) {
  EXPECT_EQ(read("caf\xE9").text, "caf\xC3\xA9");
  EXPECT_EQ(read("caf\xC3\xA9").text, "caf\xC3\xA9");
}

TEST(TextSource, TakesAFewBadBytesInUtf8ForBad) {
  const Read got = read(
      "caf\xC3\xA9\nCr\xE9"
      "pe\nna\xC3\xAFve\n");
  EXPECT_EQ(got.encoding, "UTF-8");
  EXPECT_EQ(got.text,
            "caf\xC3\xA9\nCr\xE9"
            "pe\nna\xC3\xAFve\n");  // the reader refuses its record
}

TEST(TextSource, RefusesToGuessOtherScripts) {
  // "Война и мир" in windows-1251.
  const Read got = read("id,name\n1,\xC2\xEE\xE9\xED\xE0 \xE8 \xEC\xE8\xF0\n2,\xC8\xE4\xE8\xEE\xF2\n");
  EXPECT_EQ(got.status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(got.status.message(), ::testing::HasSubstr("--encoding"));
  EXPECT_EQ(read("\xC2\xEE\xE9\xED\xE0", "windows-1251").text, "\xD0\x92\xD0\xBE\xD0\xB9\xD0\xBD\xD0\xB0");
}

TEST(TextSource, TakesTheEncodingThatItIsTold) {
  EXPECT_EQ(read("\xE9", "latin-1").text, "\xC3\xA9");
  EXPECT_EQ(read("\xE9", "Latin1").text, "\xC3\xA9");
  EXPECT_EQ(read("\x80", "windows-1252").text, "\xE2\x82\xAC");
  EXPECT_EQ(read("\xC3\xA9", "utf-8").text, "\xC3\xA9");
  EXPECT_EQ(read("\xC3\xA9", "latin-1").text, "\xC3\x83\xC2\xA9");  // forced is forced
  EXPECT_EQ(read(utf16("abc", false, true), "utf-16").text, "abc");
  EXPECT_EQ(read("\x83\x41", "shift_jis").text, "\xE3\x82\xA2");
  const Read unknown = read("a", "klingon");
  EXPECT_EQ(unknown.status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(unknown.status.field(), "encoding");
}

TEST(TextSource, MarksWhatCannotBeDecodedAndNeverReplacesIt) {
  EXPECT_EQ(read("a\x81"
                 "b",
                 "windows-1252")
                .text,
            "a\xFF"
            "b");
  EXPECT_EQ(read(std::string("\xFF\xFE"
                             "a\0\x00\xD8"
                             "b\0",
                             8))
                .text,
            "\xEF\xBB\xBF"
            "a\xFF"
            "b");  // half a surrogate pair
  EXPECT_EQ(read(std::string("\xFF\xFE"
                             "a\0b",
                             5))
                .text,
            "\xEF\xBB\xBF"
            "a\xFF");  // half a unit
}

// Whatever the bytes: reading ends, and each record is text or refused.
TEST(TextSourceProperty, ArbitraryBytesEnd) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::string bytes;
    for (std::uint32_t n = random.below(200); n > 0; --n) bytes += static_cast<char>(random.below(256));
    for (const char* encoding : {"auto", "utf-16", "windows-1252", "shift_jis", "gb18030"}) {
      const auto source = as_utf8(std::make_unique<MemorySource>(bytes, seed), encoding);
      if (!source.is_ok()) continue;
      CsvReader reader(source->get(), {});
      CsvRecord record;
      for (std::size_t records = 0;; ++records) {
        ASSERT_LE(records, bytes.size() + 1);
        const auto found = reader.next(&record);
        if (!found.is_ok() && found.status().code() != StatusCode::kInvalidArgument) break;  // the source has ended
        if (!found.is_ok()) continue;
        if (!*found) break;
        for (const std::string& field : record.fields) EXPECT_TRUE(is_valid_utf8(field));
      }
    }
  }
}

}  // namespace
}  // namespace tamis::client
