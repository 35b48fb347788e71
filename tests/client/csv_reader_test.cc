#include "client/import/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

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

Parsed parse(const std::string& text, CsvFormat format = {}, std::uint64_t seed = 0, std::size_t width = 0) {
  MemorySource source(text, seed);
  CsvReader reader(&source, format);
  reader.expect_fields(width);
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
  EXPECT_EQ(parse("a;'b;c'\n", {.delimiter = ";", .quote = '\''}).rows, (Rows{{"a", "b;c"}}));
  EXPECT_EQ(parse("a\tb c\n", {.delimiter = "\t"}).rows, (Rows{{"a", "b c"}}));
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

TEST(CsvReader, AQuoteThatNeverClosesCostsItsLine) {
  const auto parsed = parse("a,b\n1,\"open\n2,3\n");
  EXPECT_EQ(parsed.rows, (Rows{{"a", "b"}, {"2", "3"}}));
  ASSERT_EQ(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.faults[0].first, 2u);
}

// A file of `rows` lines, with `stray` in front of the title on each line of `at`.
std::string films(std::size_t rows, const std::string& delimiter, const std::set<std::size_t>& at,
                  const std::string& stray = "\"", const std::string& behind = "") {
  std::string text = "id" + delimiter + "title" + delimiter + "year\n";
  for (std::size_t i = 2; i <= rows + 1; ++i) {
    const bool is_stray = at.contains(i);
    text += std::to_string(i) + delimiter + (is_stray ? stray : "") + "Film" + (is_stray ? behind : "") + delimiter +
            "1999\n";
  }
  return text;
}

TEST(CsvReader, AStrayQuoteCostsOneLineOfMany) {
  for (const std::string delimiter : {",", ";", "\t", "|", "::"}) {
    for (const std::set<std::size_t>& at : std::vector<std::set<std::size_t>>{
             {2}, {100}, {20'001}, {100, 200}, {100, 101}, {100, 101, 102}, {50, 60, 9'000}}) {
      SCOPED_TRACE(delimiter + " first at " + std::to_string(*at.begin()) + " of " + std::to_string(at.size()));
      const auto parsed = parse(films(20'000, delimiter, at), {.delimiter = delimiter}, 1, 3);
      EXPECT_EQ(parsed.rows.size() + parsed.faults.size(), 20'001u);
      EXPECT_LE(parsed.faults.size(), at.size());
      for (const auto& [line, message] : parsed.faults) EXPECT_TRUE(at.contains(line)) << line << message;
    }
  }
}

// A quote at the start of one field and one at the end of another, lines apart: by RFC 4180 one long field.
TEST(CsvReader, APairOfStrayQuotesDoesNotSwallowTheRowsBetween) {
  for (const std::string delimiter : {",", "\t", "::"}) {
    std::string text = films(300, delimiter, {100});
    const std::string closing = "\n200" + delimiter + "Film";
    text.insert(text.find(closing) + closing.size(), "\"");
    const auto parsed = parse(text, {.delimiter = delimiter}, 1, 3);
    EXPECT_EQ(parsed.rows.size(), 300u);
    ASSERT_EQ(parsed.faults.size(), 1u);
    EXPECT_EQ(parsed.faults[0].first, 100u);
  }
}

TEST(CsvReader, KeepsLongProseInOneField) {
  std::string prose = "A film, for all.\nWith commas, here.\n\nAnd, after, a blank line, more.";
  const auto parsed = parse("id,text,year\n1,\"" + prose + "\",1999\n2,x,2000\n", {}, 1, 3);
  EXPECT_TRUE(parsed.faults.empty());
  EXPECT_EQ(parsed.rows[1], (std::vector<std::string>{"1", prose, "1999"}));
  // With a delimiter at the end of the row, which the reader leaves to others.
  EXPECT_EQ(parse("id,text,year\n1,\"a\nb\",1999,\n", {}, 1, 3).rows[1],
            (std::vector<std::string>{"1", "a\nb", "1999", ""}));
}

TEST(CsvReader, ReadsWhatOnlyBeginsWithAQuotedWordAsItStands) {
  const auto parsed = parse("1\t\"Weird Al\" Yankovic\t1983\n2\t\"all\"\t1984\n", {.delimiter = "\t"}, 1, 3);
  EXPECT_TRUE(parsed.faults.empty());
  EXPECT_EQ(parsed.rows, (Rows{{"1", "\"Weird Al\" Yankovic", "1983"}, {"2", "all", "1984"}}));
  // Inner quotes that should have been doubled: not to be guessed at.
  EXPECT_EQ(parse("1,\"say \"hi\" twice\",2\n", {}, 1, 3).faults.size(), 1u);
}

TEST(CsvReader, TakesQuotesForCharactersWhereThereAreNone) {
  const CsvFormat format{.delimiter = "\t", .quote = std::nullopt};
  EXPECT_EQ(parse("1\t\"Duck Soup\t\"x\"\n2\t\"\ty\n", format, 1, 3).rows,
            (Rows{{"1", "\"Duck Soup", "\"x\""}, {"2", "\"", "y"}}));
}

TEST(CsvReader, TakesEscapes) {
  const CsvFormat format{.delimiter = ";", .escape = '\\'};
  EXPECT_EQ(parse("\"say \\\"hi\\\"\";a\\;b;\"c:\\\\d\"\n", format, 1, 3).rows, (Rows{{"say \"hi\"", "a;b", "c:\\d"}}));
  EXPECT_EQ(parse("c:\\dir;\\N\n", format).rows, (Rows{{"c:\\dir", "\\N"}}));  // before others it stands for itself
}

TEST(CsvReader, TakesDelimitersOfSeveralCharacters) {
  EXPECT_EQ(parse("1::a:b::c\n2::\"x::y\"::\n", {.delimiter = "::"}, 1, 3).rows,
            (Rows{{"1", "a:b", "c"}, {"2", "x::y", ""}}));
  EXPECT_EQ(parse("1:\n", {.delimiter = "::"}).rows, (Rows{{"1:"}}));
}

TEST(CsvReader, RefusesARecordThatIsNoUtf8WithItsLine) {
  const auto parsed = parse("a,b\n1,Mis\xE9rables\n2,Mis\xC3\xA9rables\n3,\xFF\n");
  EXPECT_EQ(parsed.rows, (Rows{{"a", "b"}, {"2", "Mis\xC3\xA9rables"}}));
  ASSERT_EQ(parsed.faults.size(), 2u);
  EXPECT_EQ(parsed.faults[0].first, 2u);
  EXPECT_THAT(parsed.faults[0].second, ::testing::HasSubstr("field 2 is not text in the file's encoding (byte 0xE9)"));
  EXPECT_EQ(parsed.faults[1].first, 4u);
}

TEST(CsvReader, BoundsARecord) {
  const auto parsed =
      parse("\"" + std::string(5'000, 'x') + "\n" + std::string(5'000, 'y') + "\nok\n", {.max_record_bytes = 1'000});
  ASSERT_GE(parsed.faults.size(), 1u);
  EXPECT_EQ(parsed.rows.back(), std::vector<std::string>{"ok"});
}

// Whatever is written by the rules reads back the same, wherever the reads are cut.
TEST(CsvReaderProperty, WhatIsWrittenReadsBack) {
  static const std::vector<std::string> kAlphabet = {"a", "b", ",", "\"", "\r", "\n", ";", " ", "'", "\t", "\xC3\xA9"};
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
        for (std::uint32_t n = random.below(8); n > 0; --n) field += kAlphabet[random.below(11)];
        text += (i > 0 ? std::string(1, delimiter) : "") + csv_field(field, delimiter);
        row.push_back(field);
      }
      text += line_break;
    }
    const auto parsed = parse(text, {.delimiter = std::string(1, delimiter)}, seed);
    EXPECT_EQ(parsed.rows, rows) << text;
    EXPECT_TRUE(parsed.faults.empty());
  }
}

// One byte of a good file changed, dropped or doubled: reading ends, and the lines that were not touched, but for the
// neighbours of a lost or added line break, come out as they were.
TEST(CsvReaderProperty, ADamagedByteCostsItsLines) {
  for (std::uint64_t seed = 1; seed <= 1'500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const std::string delimiter = std::vector<std::string>{",", "\t", "::", "|"}[random.below(4)];
    const CsvFormat format{.delimiter = delimiter};
    std::string text;
    std::vector<std::size_t> starts;
    Rows rows;
    for (std::size_t i = 0; i < 60; ++i) {
      starts.push_back(text.size());
      std::vector<std::string> row = {"u" + std::to_string(i), "Film no. " + std::to_string(random.below(9)), "3.5",
                                      "x"};
      if (random.below(4) == 0) row[1] = "Film, the " + std::to_string(i);
      for (std::size_t j = 0; j < row.size(); ++j) {
        const bool quoted = delimiter == "," && row[j].find(',') != std::string::npos;
        text += (j > 0 ? delimiter : "") + (quoted ? "\"" + row[j] + "\"" : row[j]);
      }
      text += '\n';
      rows.push_back(row);
    }
    const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
    const std::size_t line = static_cast<std::size_t>(std::ranges::upper_bound(starts, at) - starts.begin()) - 1;
    const char byte = random.below(2) == 0 ? '"' : static_cast<char>(random.below(256));
    switch (random.below(3)) {
      case 0: text[at] = byte; break;
      case 1: text.erase(at, 1); break;
      default: text.insert(at, 1, byte);
    }
    const auto parsed = parse(text, format, seed, 4);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i + 1 >= line && i <= line + 1) continue;
      EXPECT_TRUE(std::ranges::find(parsed.rows, rows[i]) != parsed.rows.end()) << "line " << i + 1 << " of\n" << text;
    }
    EXPECT_LE(parsed.faults.size(), 3u);
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
