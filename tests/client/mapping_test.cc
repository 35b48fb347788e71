#include "client/import/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/import/cell.h"

namespace tamis::client {
namespace {

using ::testing::HasSubstr;

TimestampMs moment(const std::string& format, const std::string& text) {
  const auto parsed = TimeFormat::parse(format);
  EXPECT_TRUE(parsed.is_ok()) << format;
  const auto read = parsed->read(text);
  EXPECT_TRUE(read.is_ok()) << text << ": " << read.status().to_string();
  return read.is_ok() ? *read : -1;
}

// Expected values from `date -u -d ... +%s`.
TEST(TimeFormat, ReadsPatternsAndEpochs) {
  EXPECT_EQ(moment("%Y-%m-%d %H:%M:%S", "2010-12-01 08:26:00"), 1'291'191'960'000);
  EXPECT_EQ(moment("%m/%d/%Y %H:%M", "12/1/2010 8:26"), 1'291'191'960'000);
  EXPECT_EQ(moment("%d %b %y %I:%M%p", "01 dec 10 12:26am"), 1'291'163'160'000);
  EXPECT_EQ(moment("%Y-%m-%dT%H:%M:%S.%f%z", "2010-12-01T09:26:00.25+01:00"), 1'291'191'960'250);
  EXPECT_EQ(moment("%Y%%%m%%%d", "2010%12%01"), 1'291'161'600'000);
  EXPECT_EQ(moment("epoch_s", "1291191960.5"), 1'291'191'960'500);
  EXPECT_EQ(moment("epoch_ms", "1291191960500"), 1'291'191'960'500);
  EXPECT_EQ(moment("rfc3339", "2010-12-01T08:26:00Z"), 1'291'191'960'000);
}

// A column of seconds read as milliseconds puts every event into January 1970.
TEST(TimeFormat, RefusesUnixTimeInAnotherUnit) {
  const std::pair<const char*, const char*> kTimes[] = {
      {"epoch_s", "1700000000"},           {"epoch_ms", "1700000000000"}, {"epoch_us", "1700000000000000"},
      {"epoch_ns", "1700000000000000000"}, {"epoch_s", "400000000"},      {"epoch_ms", "400000000000"},
  };
  for (const auto& [right, text] : kTimes) {
    for (const char* format : {"epoch_s", "epoch_ms", "epoch_us", "epoch_ns"}) {
      const auto read = TimeFormat::parse(format)->read(text);
      EXPECT_EQ(read.is_ok(), std::string(format) == right) << text << " as " << format;
      if (read.is_ok()) continue;
      EXPECT_THAT(read.status().message(), HasSubstr(std::string("set the format to ") + right));
    }
    EXPECT_EQ(TimeFormat::epoch_of(std::stod(text)), right);
  }
  EXPECT_EQ(moment("epoch_ms", "5000"), 5'000);  // near 1970 nothing is likelier than what was asked for
  EXPECT_EQ(moment("epoch_s", "-86400"), -86'400'000);
  EXPECT_EQ(moment("epoch_us", "1700000000000000"), 1'700'000'000'000);
}

TEST(TimeFormat, RefusesWhatIsNoTime) {
  const auto format = TimeFormat::parse("%Y-%m-%d");
  ASSERT_TRUE(format.is_ok());
  for (const char* text : {"", "2010", "2010-02-30", "2010-13-01", "2010-12-01 ", "x2010-12-01", "2010-12-"}) {
    EXPECT_FALSE(format->read(text).is_ok()) << text;
  }
  EXPECT_FALSE(TimeFormat::parse("epoch_s")->read("nan").is_ok());
  EXPECT_FALSE(TimeFormat::parse("epoch_s")->read("1e300").is_ok());
  EXPECT_FALSE(TimeFormat::parse("%Y-%m-%q").is_ok());
  EXPECT_FALSE(TimeFormat::parse("%Y-%m-%d %").is_ok());
  EXPECT_FALSE(TimeFormat::parse("%H:%M").is_ok());
}

bool holds(const std::string& condition, const std::string& cell) {
  const auto parsed = RowCondition::parse(condition);
  EXPECT_TRUE(parsed.is_ok()) << parsed.status().to_string();
  const auto result = parsed->holds(cell);
  EXPECT_TRUE(result.is_ok()) << condition << " on " << cell;
  return result.is_ok() && *result;
}

TEST(RowCondition, ComparesNumbersAndText) {
  EXPECT_TRUE(holds("Quantity > 0", "6"));
  EXPECT_FALSE(holds("Quantity > 0", "-1"));
  EXPECT_TRUE(holds("Quantity >= 6", "6.0"));
  EXPECT_TRUE(holds("a <= 6", "6"));
  EXPECT_FALSE(holds("a < 6", "6"));
  EXPECT_TRUE(holds("a = 6", "6.00"));
  EXPECT_TRUE(holds("Country = \"United Kingdom\"", "United Kingdom"));
  EXPECT_TRUE(holds("Country != France", "Spain"));
  EXPECT_TRUE(holds("CustomerID not empty", "1"));
  EXPECT_FALSE(holds("CustomerID not empty", ""));
  EXPECT_TRUE(holds("CustomerID empty", ""));
  EXPECT_FALSE(holds("InvoiceNo not starts with C", "C123"));
  EXPECT_TRUE(holds("InvoiceNo starts with C", "C123"));
  EXPECT_TRUE(holds("name contains LIGHT", "T-LIGHT"));
  EXPECT_EQ(RowCondition::parse("\"Unit Price\" > 1")->column(), "Unit Price");
  EXPECT_EQ(RowCondition::parse("Unit Price > 1")->column(), "Unit Price");
}

TEST(RowCondition, CallsARowBadThatHasNoNumber) {
  EXPECT_FALSE(RowCondition::parse("Quantity > 0")->holds("many").is_ok());
  EXPECT_FALSE(RowCondition::parse("Quantity > 0")->holds("").is_ok());
}

TEST(RowCondition, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "Quantity", "Quantity >", "> 0", "Quantity ~ 3", "Quantity > many", "a = \"open"}) {
    EXPECT_FALSE(RowCondition::parse(text).is_ok()) << text;
  }
}

constexpr const char* kShop = R"(
[csv]
delimiter = ";"
where = ["Quantity > 0"]
[items]
id = "StockCode"
[items.features]
name = { column = "Description", kind = "text", keep = "most_frequent" }
price = { column = "UnitPrice", kind = "numeric", keep = "median" }
shop = { constant = "uk" }
[users]
id = "CustomerID"
features = { country = "Country" }
[interactions]
user = "CustomerID"
item = "StockCode"
type = "purchase"
value = "Quantity"
timestamp = "InvoiceDate"
timestamp_format = "%Y-%m-%d %H:%M:%S"
idempotency = ["InvoiceNo", "StockCode"]
)";

TEST(Mapping, ReadsEveryPart) {
  const auto mapping = parse_mapping(kShop, "shop.toml");
  ASSERT_TRUE(mapping.is_ok()) << mapping.status().to_string();
  EXPECT_EQ(mapping->format.delimiter, ";");
  EXPECT_EQ(mapping->where.size(), 1u);
  ASSERT_TRUE(mapping->items && mapping->users && mapping->interactions);
  ASSERT_EQ(mapping->items->features.size(), 3u);
  EXPECT_EQ(mapping->items->features[0].kind, FeatureKind::kText);
  EXPECT_EQ(mapping->items->features[0].keep, Keep::kMostFrequent);
  EXPECT_EQ(mapping->items->features[1].keep, Keep::kMedian);
  EXPECT_EQ(mapping->items->features[2].source.constant, "uk");
  EXPECT_EQ(mapping->users->features[0].source.column, "Country");
  EXPECT_EQ(mapping->interactions->type.constant, "purchase");
  EXPECT_EQ(mapping->interactions->idempotency_columns.size(), 2u);
}

TEST(Mapping, NamesThePlaceOfAFault) {
  const std::pair<const char*, const char*> cases[] = {
      {"[items]\nid = \"a\"\ncolour = 1\n", "items.colour (line 3)"},
      {"[items]\n", "items.id"},
      {"[items]\nid = true\n", "items.id (line 2): must be a column"},
      {"[items]\nid=\"a\"\n[items.features]\nx = {column=\"b\", kind=\"colour\"}\n", "items.features.x.kind"},
      {"[items]\nid=\"a\"\n[items.features]\nx = {column=\"b\", keep=\"median\"}\n", "needs a numeric"},
      {"[items]\nid=\"a\"\n[items.features]\nx = {column=\"b\", constant=\"c\"}\n", "either a column or a constant"},
      {"[csv]\ndelimiter = \"\"\n", "csv.delimiter"},
      {"[csv]\nquote = \"ab\"\n", "csv.quote"},
      {"[csv]\nescape = \"ab\"\n", "csv.escape"},
      {"[csv]\nextra_fields = \"drop\"\n", "csv.extra_fields"},
      {"[interactions]\nuser = 0\nitem = 2\n", "must be a column: its name, or its number from 1"},
      {"[items]\nid=1\nfeatures = { g = { columns = [] } }\n", "items.features.g.columns"},
      {"[items]\nid=1\nfeatures = { g = { prefix = \"g\", kind = \"text\" } }\n", "must be multi_categorical"},
      {"[csv]\nwhere = [\"Quantity\"]\n[items]\nid=\"a\"\n", "csv.where"},
      {"[interactions]\nuser=\"u\"\nitem=\"i\"\ntimestamp_format=\"%Q\"\n", "timestamp_format"},
      {"[items\n", "line 1"},
      {"", "maps nothing"},
      {"[vectors]\nitem=\"a\"\n", "either a column or a prefix"},
  };
  for (const auto& [toml, expected] : cases) {
    const auto mapping = parse_mapping(toml, "m.toml");
    ASSERT_FALSE(mapping.is_ok()) << toml;
    EXPECT_EQ(mapping.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(mapping.status().message(), HasSubstr(expected)) << toml;
  }
}

TEST(Mapping, TakesDelimitersAndQuotesByName) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {",", ","}, {"::", "::"}, {"\\t", "\t"}, {"\t", "\t"}, {"tab", "\t"}, {"space", " "}, {"\\x01", "\x01"}}) {
    const auto delimiter = parse_delimiter(text);
    ASSERT_TRUE(delimiter.is_ok()) << text;
    EXPECT_EQ(*delimiter, expected);
  }
  for (const std::string& text : {std::string(), std::string("\n"), std::string(20, ',')}) {
    EXPECT_FALSE(parse_delimiter(text).is_ok()) << text;
  }
  EXPECT_EQ(parse_quote("", "quote").value(), std::nullopt);
  EXPECT_EQ(parse_quote("none", "quote").value(), std::nullopt);
  EXPECT_EQ(parse_quote("'", "quote").value(), '\'');
  EXPECT_FALSE(parse_quote("\xC3\xA9", "quote").is_ok());
  EXPECT_FALSE(parse_quote("\n", "quote").is_ok());
}

TEST(Cell, BecomesAValueOfItsKind) {
  FeatureMapping mapping;
  mapping.source.column = "c";
  const auto value = [&](FeatureKind kind, const char* cell) {
    mapping.kind = kind;
    return parse_feature_cell(mapping, cell);
  };
  EXPECT_EQ(**value(FeatureKind::kNumeric, " 3.50 "), FeatureValue(3.5));
  EXPECT_EQ(**value(FeatureKind::kBoolean, "yes"), FeatureValue(true));
  EXPECT_EQ(**value(FeatureKind::kMultiCategorical, "a| b ||c"), FeatureValue(std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(**value(FeatureKind::kText, "x y"), FeatureValue(Text{"x y"}));
  EXPECT_EQ(**value(FeatureKind::kTimestamp, "1970-01-01T00:00:01Z"), FeatureValue(Timestamp{1'000}));
  EXPECT_FALSE(value(FeatureKind::kNumeric, "")->has_value());
  EXPECT_FALSE(value(FeatureKind::kNumeric, "1e999").is_ok());
  EXPECT_FALSE(value(FeatureKind::kNumeric, "nan").is_ok());
  EXPECT_FALSE(value(FeatureKind::kNumeric, "3,5").is_ok());
  EXPECT_EQ(**value(FeatureKind::kNumeric, "-9007199254740992"), FeatureValue(-9007199254740992.0));
  for (const char* rounded : {"9007199254740993", "-9007199254740993", "99999999999999999999"})
    EXPECT_FALSE(value(FeatureKind::kNumeric, rounded).is_ok()) << rounded;
  EXPECT_EQ(**value(FeatureKind::kNumeric, "1e20"), FeatureValue(1e20));
  EXPECT_FALSE(value(FeatureKind::kBoolean, "maybe").is_ok());
}

}  // namespace
}  // namespace tamis::client
