#include "client/import/csv_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_source.h"

namespace tamis::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMapping = R"(
[csv]
where = ["Quantity > 0", "CustomerID not empty"]
[items]
id = "StockCode"
[items.features]
name = { column = "Description", kind = "text", keep = "most_frequent" }
price = { column = "UnitPrice", kind = "numeric", keep = "median" }
listed_at = { column = "InvoiceDate", kind = "timestamp", format = "%Y-%m-%d", keep = "min" }
[users]
id = "CustomerID"
[users.features]
country = "Country"
[interactions]
user = "CustomerID"
item = "StockCode"
type = "purchase"
value = "Quantity"
timestamp = "InvoiceDate"
timestamp_format = "%Y-%m-%d"
)";

constexpr const char* kRows =
    "StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "A,LANTERN,6,2010-12-02,2.50,1,UK\n"
    "A,LANTERN,1,2010-12-01,3.50,2,FR\n"
    "A,lantern?,2,2010-12-03,9.00,1,DE\n"
    "B,MUG,-1,2010-12-01,1,1,UK\n"    // filtered: a return
    "B,MUG,1,2010-12-01,1,,UK\n"      // filtered: no customer
    "B,MUG,many,2010-12-01,1,1,UK\n"  // bad: no number
    "B,MUG,1,2010-12-99,1,1,UK\n"     // bad: no date
    "B,MUG\n"                         // bad: fields
    "B,MUG,1,2010-12-05,1,3,UK\n";

struct Collected {
  std::vector<Entity> items, users;
  std::vector<Interaction> interactions;
  std::vector<std::uint64_t> bad_lines;
  std::vector<std::string> faults;
};

Result<CsvCounts> collect(const std::string& toml, const std::string& rows, Collected* out, bool keys = false,
                          CsvSelection selection = {true, true, true, true}) {
  const auto mapping = parse_mapping(toml, "m.toml");
  EXPECT_TRUE(mapping.is_ok()) << mapping.status().to_string();
  MemorySource source(rows);
  CsvReceiver receiver;
  receiver.entity = [&](EntityKind kind, const Entity& entity, std::uint64_t) {
    (kind == EntityKind::kItem ? out->items : out->users).push_back(entity);
    return Status::ok();
  };
  receiver.interaction = [&](const Interaction& interaction, std::uint64_t) {
    out->interactions.push_back(interaction);
    return Status::ok();
  };
  receiver.vector = [](const VectorRow&, std::uint64_t) { return Status::ok(); };
  receiver.bad_row = [&](std::uint64_t line, const Status& fault) {
    out->bad_lines.push_back(line);
    out->faults.push_back(fault.message());
    return Status::ok();
  };
  return CsvImport(*mapping, keys).run(&source, selection, receiver);
}

TEST(CsvImport, FeedsItemsUsersAndInteractionsFromOneFile) {
  Collected got;
  const auto counts = collect(kMapping, kRows, &got);
  ASSERT_TRUE(counts.is_ok()) << counts.status().to_string();
  EXPECT_EQ(counts->rows, 9u);
  EXPECT_EQ(counts->filtered, 2u);
  EXPECT_EQ(counts->bad, 3u);
  EXPECT_THAT(got.bad_lines, ElementsAre(7, 8, 9));

  ASSERT_EQ(got.items.size(), 2u);
  EXPECT_EQ(got.items[0].id, "A");
  EXPECT_EQ(got.items[0].features.at("name"), FeatureValue(Text{"LANTERN"}));                    // twice against once
  EXPECT_EQ(got.items[0].features.at("price"), FeatureValue(3.5));                               // of 2.5, 3.5, 9
  EXPECT_EQ(got.items[0].features.at("listed_at"), FeatureValue(Timestamp{1'291'161'600'000}));  // 2010-12-01
  ASSERT_EQ(got.users.size(), 3u);
  EXPECT_EQ(got.users[0].features.at("country"), FeatureValue(std::string("DE")));  // the last one

  ASSERT_EQ(got.interactions.size(), 4u);
  EXPECT_EQ(got.interactions[0].user, "1");
  EXPECT_EQ(got.interactions[0].type, "purchase");
  EXPECT_EQ(got.interactions[0].value, 6.0);
  EXPECT_EQ(got.interactions[0].timestamp_ms, 1'291'248'000'000);
  EXPECT_TRUE(got.interactions[0].idempotency_key.empty());
}

TEST(CsvImport, DerivesTheSameKeysAgainAndDifferentOnesForEqualRows) {
  const std::string rows = std::string(kRows) + "B,MUG,1,2010-12-05,1,3,UK\n";  // the last row once more
  Collected first, second;
  ASSERT_TRUE(collect(kMapping, rows, &first, true).is_ok());
  ASSERT_TRUE(collect(kMapping, rows, &second, true).is_ok());
  ASSERT_EQ(first.interactions.size(), 5u);
  std::set<std::string> keys;
  for (std::size_t i = 0; i < first.interactions.size(); ++i) {
    EXPECT_EQ(first.interactions[i].idempotency_key, second.interactions[i].idempotency_key);
    EXPECT_LE(first.interactions[i].idempotency_key.size(), 128u);
    keys.insert(first.interactions[i].idempotency_key);
  }
  EXPECT_EQ(keys.size(), 5u);
}

TEST(CsvImport, NamesAColumnThatIsNotThere) {
  Collected got;
  const auto counts = collect("[items]\nid = \"Sku\"\n", "StockCode,Price\nA,1\n", &got);
  ASSERT_FALSE(counts.is_ok());
  EXPECT_THAT(counts.status().message(), HasSubstr("no column \"Sku\"; it has: StockCode, Price"));
}

TEST(CsvImport, EndsWhereSendingFailsWhateverItsCode) {
  const auto mapping = parse_mapping(kMapping, "m.toml");
  MemorySource source(kRows);
  CsvReceiver receiver;
  receiver.interaction = [](const Interaction&, std::uint64_t) { return Status::invalid_argument("refused"); };
  receiver.bad_row = [](std::uint64_t, const Status&) {
    ADD_FAILURE() << "a refused request is no bad row";
    return Status::ok();
  };
  CsvSelection selection;
  selection.interactions = true;
  const auto counts = CsvImport(*mapping, false).run(&source, selection, receiver);
  ASSERT_FALSE(counts.is_ok());
  EXPECT_EQ(counts.status().message(), "refused");
}

TEST(CsvImport, RefusesIdsThatTheDatabaseWould) {
  Collected got;
  const auto counts = collect("[items]\nid = \"a\"\none_row_each = true\n",
                              "a\nok\n" + std::string(257, 'x') + "\n\"\x01\"\n\xFF\xFE\n", &got);
  ASSERT_TRUE(counts.is_ok());
  EXPECT_EQ(counts->bad, 3u);
  EXPECT_EQ(got.items.size(), 1u);
}

}  // namespace
}  // namespace tamis::client
