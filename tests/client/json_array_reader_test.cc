#include "client/import/json_array_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_source.h"

namespace tamis::client {
namespace {

using ::testing::ElementsAre;

struct Read {
  Status status;
  std::vector<std::string> records;
  std::vector<std::uint64_t> lines;
};

Read read(const std::string& text, std::uint64_t seed = 0) {
  MemorySource source(text, seed);
  JsonArrayReader reader(&source, 1'000);
  Read got;
  for (std::string_view record;;) {
    const auto found = reader.next(&record);
    got.status = found.status();
    if (!found.is_ok() || !*found) return got;
    got.records.emplace_back(record);
    got.lines.push_back(reader.line_number());
  }
}

TEST(JsonArrayReader, SplitsAtItsOwnCommas) {
  const Read got = read("\xEF\xBB\xBF [\n {\"a\": [1, 2],\n  \"b\": \"x],{\\\"\"},\n {}\n]\n");
  EXPECT_TRUE(got.status.is_ok()) << got.status.to_string();
  EXPECT_THAT(got.records, ElementsAre("{\"a\": [1, 2],   \"b\": \"x],{\\\"\"}", "{} "));
  EXPECT_THAT(got.lines, ElementsAre(2, 4));
  EXPECT_TRUE(read("[]").status.is_ok());
  EXPECT_TRUE(read("[]").records.empty());
}

TEST(JsonArrayReader, RefusesWhatIsNoArray) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[{}"), std::string("[{},"), std::string("[\"a"),
        std::string("[\"a\\"), std::string("[1]x"), "[\"" + std::string(2'000, 'a') + "\"]"}) {
    EXPECT_EQ(read(text).status.code(), StatusCode::kCorruption) << text;
  }
}

TEST(JsonArrayReaderProperty, ArbitraryBytesEnd) {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Random random(seed);
    std::string text = "[";
    for (std::uint32_t n = random.below(60); n > 0; --n) text += "[]{},\"\\ \n1"[random.below(10)];
    EXPECT_LE(read(text, seed).records.size(), text.size());
  }
}

}  // namespace
}  // namespace tamis::client
