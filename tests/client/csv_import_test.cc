#include "client/import/csv_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

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
                          CsvSelection selection = {true, true, true, true}, const std::string& file = "a.csv") {
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
  RowKeys row_keys(file);
  return CsvImport(*mapping, keys ? &row_keys : nullptr).run(&source, selection, receiver);
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

constexpr const char* kBuys = "[interactions]\nuser = \"user\"\nitem = \"item\"\ntype = \"purchase\"\n";

std::set<std::string> keys_of(const std::string& toml, const std::string& rows, const std::string& file) {
  Collected got;
  const auto counts = collect(toml, rows, &got, true, {true, true, true, true}, file);
  EXPECT_TRUE(counts.is_ok()) << counts.status().to_string();
  std::set<std::string> keys;
  for (const Interaction& interaction : got.interactions) keys.insert(interaction.idempotency_key);
  EXPECT_EQ(keys.size(), got.interactions.size());
  return keys;
}

std::size_t shared(const std::set<std::string>& one, const std::set<std::string>& other) {
  return static_cast<std::size_t>(
      std::ranges::count_if(one, [&](const std::string& key) { return other.contains(key); }));
}

// Tuesday's purchase is not Monday's.
TEST(CsvImport, EqualRowsOfTwoFilesWithoutATimeAreTwo) {
  const std::string rows = "user,item\nu,i\nv,j\n";
  EXPECT_EQ(shared(keys_of(kBuys, rows, "shop/monday.csv"), keys_of(kBuys, rows, "shop/tuesday.csv")), 0u);
  EXPECT_EQ(shared(keys_of(kBuys, rows, "monday/part-0.csv"), keys_of(kBuys, rows, "tuesday/part-0.csv")), 0u);
}

TEST(CsvImport, AnExportThatHasGrownAddsItsNewRowsAlone) {
  const std::string old = "v,j\nu,i\nu,i\n";
  for (const std::string& grown : {"w,k\n" + old, old + "w,k\n", "u,i\n" + old, std::string("v,j\nu,i\nw,k\nu,i\n")}) {
    const auto before = keys_of(kBuys, "user,item\n" + old, "a/export.csv");
    const auto after = keys_of(kBuys, "user,item\n" + grown, "a/export.csv");
    EXPECT_EQ(shared(before, after), 3u) << grown;
    EXPECT_EQ(after.size(), 4u);
  }
}

TEST(CsvImport, OverlappingExportsWithTimesShareTheirRows) {
  const std::string toml = std::string(kBuys) + "timestamp = \"t\"\n";
  const auto monday = keys_of(toml, "user,item,t\nu,i,2024-01-01T10:00:00Z\nv,j,2024-01-01T11:00:00Z\n", "a/1.csv");
  const auto week = keys_of(toml, "user,item,t\nw,k,2024-01-02T10:00:00Z\nv,j,2024-01-01T11:00:00Z\n", "a/2.csv");
  EXPECT_EQ(shared(monday, week), 1u);
}

TEST(CsvImport, AnotherTypeTimeOrValueIsAnotherRow) {
  const std::string rows = "user,item,n,t\nu,i,1,1700000000\n";
  const auto with = [&](const std::string& more) {
    return keys_of("[interactions]\nuser = \"user\"\nitem = \"item\"\n" + more, rows, "a/a.csv");
  };
  const auto view = with("type = \"view\"\n");
  EXPECT_EQ(shared(view, with("type = \"purchase\"\n")), 0u);
  EXPECT_EQ(shared(view, with("type = \"view\"\nvalue = \"n\"\n")), 0u);
  EXPECT_EQ(shared(view, with("type = \"view\"\ntimestamp = \"t\"\ntimestamp_format = \"epoch_s\"\n")), 0u);
  EXPECT_EQ(shared(view, with("type = \"view\"\n")), 1u);
}

TEST(CsvImport, ColumnsThatNameARowDoSoInEveryFile) {
  const std::string toml = std::string(kBuys) + "idempotency = [\"order\"]\n";
  const auto one = keys_of(toml, "user,item,order\nu,i,7\n", "a/1.csv");
  EXPECT_EQ(shared(one, keys_of(toml, "order,user,item\n7,u,other\n", "a/2.csv")), 1u);
}

TEST(CsvImport, AKeyInTheFileIsTakenAsItStands) {
  EXPECT_EQ(keys_of(std::string(kBuys) + "idempotency_key = \"key\"\n", "user,item,key\nu,i,mine\n", "a/1.csv"),
            std::set<std::string>{"mine"});
}

TEST(CsvImport, TakesColumnsByNumberWithAndWithoutAHeader) {
  const std::string mapping = "[interactions]\nuser = 2\nitem = 1\nvalue = 3\ntype = \"rating\"\n";
  for (const auto& [csv, rows] : std::vector<std::pair<std::string, std::string>>{
           {"", "film,who,stars\ni,u,4\n"},
           {"[csv]\nheader = false\n", "i,u,4\n"},
           {"[csv]\ncolumns = [\"film\", \"who\", \"stars\"]\n", "i,u,4\n"},
           {"[csv]\ncolumns = [\"film\", \"who\", \"stars\"]\nheader = true\n", "x,y,z\ni,u,4\n"},
           {"[csv]\ndelimiter = \"::\"\nheader = false\n", "i::u::4\n"}}) {
    Collected got;
    ASSERT_TRUE(collect(csv + mapping, rows, &got).is_ok());
    ASSERT_EQ(got.interactions.size(), 1u) << csv;
    EXPECT_EQ(got.interactions[0].user, "u");
    EXPECT_EQ(got.interactions[0].item, "i");
    EXPECT_EQ(got.interactions[0].value, 4.0);
  }
}

TEST(CsvImport, FoldsColumnsOfOnesAndZeros) {
  for (const std::string columns :
       {"columns = [\"g_Action\", \"g_Drama\"]", "prefix = \"g_\"", "columns = { Action = 2, Drama = \"g_Drama\" }"}) {
    Collected got;
    ASSERT_TRUE(collect("[items]\nid = \"id\"\nfeatures = { genres = { " + columns + " } }\n",
                        "id,g_Action,g_Drama\na,1,0\nb,1,1\nc,0,0\nd,x,0\n", &got)
                    .is_ok());
    ASSERT_EQ(got.items.size(), 3u);
    const std::string prefix = columns.starts_with("columns = [") ? "g_" : "";
    EXPECT_EQ(got.items[0].features.at("genres"), FeatureValue(std::vector<std::string>{prefix + "Action"}));
    EXPECT_EQ(std::get<std::vector<std::string>>(got.items[1].features.at("genres")).size(), 2u);
    EXPECT_TRUE(got.items[2].features.empty());
    EXPECT_THAT(got.bad_lines, ElementsAre(5));
  }
}

TEST(CsvImport, TakesRowsOfOtherLengthsWhereAllowed) {
  const std::string mapping = "[items]\nid = \"id\"\nfeatures = { a = \"a\" }\n";
  const std::string rows = "id,a\n1,x,\n2\n3,y\n";
  Collected strict, lax;
  ASSERT_TRUE(collect(mapping, rows, &strict).is_ok());
  EXPECT_THAT(strict.bad_lines, ElementsAre(2, 3));
  EXPECT_THAT(strict.faults[0], HasSubstr("the last one is empty (--extra-fields ignore takes it)"));
  EXPECT_THAT(strict.faults[1], HasSubstr("--missing-fields empty"));
  ASSERT_TRUE(collect("[csv]\nextra_fields = \"ignore\"\nmissing_fields = \"empty\"\n" + mapping, rows, &lax).is_ok());
  EXPECT_TRUE(lax.bad_lines.empty());
  EXPECT_EQ(lax.items.size(), 3u);
}

TEST(CsvImport, TakesTokensForNothing) {
  Collected got;
  ASSERT_TRUE(
      collect("[csv]\nnull = [\"NULL\", \"\\\\N\"]\n[items]\nid = \"id\"\nfeatures = { p = { column = \"p\", kind = "
              "\"numeric\" } }\n",
              "id,p\na,NULL\nb,\\N\nc,3\nNULL,4\n", &got)
          .is_ok());
  EXPECT_EQ(got.items.size(), 3u);
  EXPECT_TRUE(got.items[0].features.empty());
  EXPECT_THAT(got.bad_lines, ElementsAre(5));  // an item needs an id
}

TEST(CsvImport, RenamesTypes) {
  Collected got;
  ASSERT_TRUE(collect("[interactions]\nuser = 1\nitem = 2\ntype_column = 3\ntypes = { addtocart = \"add_to_cart\" }\n",
                      "u,i,t\na,b,addtocart\na,b,view\na,b,\n", &got)
                  .is_ok());
  ASSERT_EQ(got.interactions.size(), 2u);
  EXPECT_EQ(got.interactions[0].type, "add_to_cart");
  EXPECT_EQ(got.interactions[1].type, "view");
  EXPECT_THAT(got.faults, ElementsAre("the row has no type"));
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
  const auto counts = CsvImport(*mapping, nullptr).run(&source, selection, receiver);
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
