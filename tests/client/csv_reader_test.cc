#include "client/import/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_source.h"

namespace tamis::client {
namespace {

using ::testing::ElementsAre;
using Rows = std::vector<std::vector<std::string>>;

struct Parsed {
  Rows rows;
  std::vector<std::uint64_t> lines;
  std::vector<std::pair<std::uint64_t, std::string>> faults;
};

Parsed parse(const std::string& text, CsvFormat format = {}, std::uint64_t seed = 0) {
  MemorySource source(text, seed);
  CsvReader reader(&source, format);
  Parsed parsed;
  for (;;) {
    CsvRecord record;
    const auto found = reader.next(&record);
    if (!found.is_ok()) {
      parsed.faults.emplace_back(reader.line(), found.status().message());
      continue;
    }
    if (!*found) return parsed;
    parsed.rows.push_back(record.fields);
    parsed.lines.push_back(record.line);
  }
}

TEST(CsvReader, ReadsPlainFields) {
  EXPECT_EQ(parse("a,b,c\n1,,3\n").rows, (Rows{{"a", "b", "c"}, {"1", "", "3"}}));
  EXPECT_EQ(parse("a,b\n1,2").rows, (Rows{{"a", "b"}, {"1", "2"}}));  // no newline at the end
  EXPECT_EQ(parse("a,\n,\n").rows, (Rows{{"a", ""}, {"", ""}}));
  EXPECT_EQ(parse("a,").rows, (Rows{{"a", ""}}));
  EXPECT_TRUE(parse("").rows.empty());
}

TEST(CsvReader, ReadsQuotedFieldsWithDelimitersQuotesAndLineBreaks) {
  const auto parsed = parse("\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\"\nnext,\"\",x\n");
  EXPECT_EQ(parsed.rows, (Rows{{"a,b", "say \"hi\"", "two\r\nlines"}, {"next", "", "x"}}));
  EXPECT_THAT(parsed.lines, ElementsAre(1, 3));
}

TEST(CsvReader, TakesEveryLineBreakAndAByteOrderMark) {
  EXPECT_EQ(parse("\xEF\xBB\xBFid,x\r\n1,2\r3,4\n").rows, (Rows{{"id", "x"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_THAT(parse("a\r\n\r\nb\n").lines, ElementsAre(1, 3));  // a blank line is skipped, and counted
}

TEST(CsvReader, TakesAnyDelimiterAndQuote) {
  EXPECT_EQ(parse("a;'b;c'\n", {.delimiter = ';', .quote = '\''}).rows, (Rows{{"a", "b;c"}}));
  EXPECT_EQ(parse("a\tb c\n", {.delimiter = '\t'}).rows, (Rows{{"a", "b c"}}));
}

TEST(CsvReader, LeavesAQuoteWithinAnUnquotedFieldAlone) {
  EXPECT_EQ(parse("5\" pipe,x\n").rows, (Rows{{"5\" pipe", "x"}}));
}

TEST(CsvReader, RefusesTextAfterAClosingQuoteAndGoesOn) {
  const auto parsed = parse("a,b\n\"x\"y,1\nok,2\n");
  EXPECT_EQ(parsed.rows, (Rows{{"a", "b"}, {"ok", "2"}}));
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.faults[0].first, 2u);
}

TEST(CsvReader, RefusesAQuoteThatNeverCloses) {
  const auto parsed = parse("a,b\n1,\"open\n2,3\n");
  EXPECT_EQ(parsed.rows, (Rows{{"a", "b"}}));
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.faults[0].first, 2u);
}

TEST(CsvReader, BoundsARecord) {
  const auto parsed =
      parse("\"" + std::string(5'000, 'x') + "\n" + std::string(5'000, 'y') + "\nok\n", {.max_record_bytes = 1'000});
  ASSERT_GE(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.rows.back(), std::vector<std::string>{"ok"});
}

// Whatever is written by the rules reads back the same, wherever the reads are cut.
TEST(CsvReaderProperty, WhatIsWrittenReadsBack) {
  static constexpr std::string_view kAlphabet = "ab,\"\r\n; '\t\xC3\xA9";
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const char delimiter = random.below(2) == 0 ? ',' : ';';
    const std::string line_break = random.below(2) == 0 ? "\n" : "\r\n";
    Rows rows(1 + random.below(6));
    std::string text = random.below(2) == 0 ? "" : "\xEF\xBB\xBF";
    const std::size_t width = 1 + random.below(5);
    for (auto& row : rows) {
      for (std::size_t i = 0; i < width; ++i) {
        std::string field;
        for (std::uint32_t n = random.below(8); n > 0; --n) field += kAlphabet[random.below(kAlphabet.size())];
        text += (i > 0 ? std::string(1, delimiter) : "") + csv_field(field, delimiter);
        row.push_back(field);
      }
      text += line_break;
    }
    const auto parsed = parse(text, {.delimiter = delimiter}, seed);
    EXPECT_EQ(parsed.rows, rows) << text;
    EXPECT_TRUE(parsed.faults.empty());
  }
}

// Arbitrary bytes end, and every row or fault has a line that exists.
TEST(CsvReaderProperty, ArbitraryBytesNeverHang) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Random random(seed);
    std::string text;
    for (std::uint32_t n = random.below(60); n > 0; --n) {
      text += random.below(2) == 0 ? "\",\n\r"[random.below(4)] : static_cast<char>(random.below(256));
    }
    const auto parsed = parse(text, {.max_record_bytes = 16}, seed);
    const auto breaks = static_cast<std::uint64_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }));
    for (const std::uint64_t line : parsed.lines) EXPECT_LE(line, breaks + 1);
    for (const auto& [line, message] : parsed.faults) EXPECT_LE(line, breaks + 1);
  }
}

}  // namespace
}  // namespace tamis::client
