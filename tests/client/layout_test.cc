#include "client/import/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/import/csv_import.h"
#include "client/import/text_source.h"
#include "memory_source.h"
#include "tests/requirement.h"

namespace tamis::client {
namespace {

using ::testing::HasSubstr;

struct Rows {
  Layout layout;
  std::vector<Entity> items, users;
  std::vector<Interaction> interactions;
  CsvCounts counts;
};

void read_all(ByteSource* source, Rows* rows) {
  CsvReceiver receiver;
  receiver.entity = [&](EntityKind kind, const Entity& entity, std::uint64_t) {
    (kind == EntityKind::kItem ? rows->items : rows->users).push_back(entity);
    return Status::ok();
  };
  receiver.interaction = [&](const Interaction& interaction, std::uint64_t) {
    rows->interactions.push_back(interaction);
    return Status::ok();
  };
  receiver.vector = [](const VectorRow&, std::uint64_t) { return Status::ok(); };
  receiver.bad_row = [](std::uint64_t line, const Status& fault) {
    ADD_FAILURE() << "line " << line << ": " << fault.to_string();
    return Status::ok();
  };
  const auto counts = CsvImport(rows->layout.mapping, nullptr).run(source, {true, true, true, true}, receiver);
  ASSERT_TRUE(counts.is_ok()) << counts.status().to_string();
  rows->counts = *counts;
}

Rows infer(const std::string& name, const std::string& text, const std::string& kind = "", const CsvFlags& flags = {}) {
  Rows rows;
  auto layout = infer_layout(name, text, kind, flags);
  EXPECT_TRUE(layout.is_ok()) << name << ": " << layout.status().to_string();
  if (!layout.is_ok()) return rows;
  rows.layout = std::move(layout).value();
  MemorySource source(text);
  read_all(&source, &rows);
  return rows;
}

std::string refusal(const std::string& name, const std::string& text, const std::string& kind = "") {
  const auto layout = infer_layout(name, text, kind, {});
  EXPECT_FALSE(layout.is_ok());
  return layout.is_ok() ? layout->toml : layout.status().message();
}

TEST(Layout, ReadsRatingsByTheirHeadersOrWithoutOne) {
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"ratings.csv", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n2,10,4.0,835355493\n"},
           {"x.csv", "user_id;item_id;score;ts\n1;31;2.5;1260759144000\n2;10;4.0;835355493000\n"},
           {"u.data", "1\t31\t2.5\t1260759144\n2\t10\t4\t835355493\n"},
           {"ratings.dat", "1::31::2.5::1260759144\n2::10::4::835355493\n"},
           {"ratings.tsv.gz",
            "User-ID\tISBN\tBook-Rating\tdate\n1\t31\t2.5\t2009-12-14T02:52:24Z\n2\t10\t4\t1996-06-21 15:31:33Z\n"}}) {
    SCOPED_TRACE(name);
    const Rows rows = infer(name, text);
    ASSERT_EQ(rows.interactions.size(), 2u);
    EXPECT_EQ(rows.interactions[0].user, "1");
    EXPECT_EQ(rows.interactions[0].item, "31");
    EXPECT_EQ(rows.interactions[0].type, "rating");
    EXPECT_EQ(rows.interactions[0].value, 2.5);
    EXPECT_EQ(rows.interactions[0].timestamp_ms / 1'000, 1'260'759'144);
  }
}

TEST(Layout, KnowsTheTimesOfOrders) {
  for (const std::string time : {"purchased_at", "OrderedAt", "order time", "transaction_date", "purchasedOn"}) {
    const Rows rows = infer("orders.csv", "customer_id,product_id,qty," + time + "\nu,i,2,2020-01-02 03:04:05\n");
    ASSERT_EQ(rows.interactions.size(), 1u) << time;
    EXPECT_EQ(rows.interactions[0].timestamp_ms, 1'577'934'245'000) << time;
  }
}

TEST(Layout, ReadsRetailRocket) {
  const Rows rows = infer("events.csv",
                          "timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n"
                          "1433221999827,158090,addtocart,248676,\n1433222276276,599528,transaction,356475,4000\n");
  ASSERT_EQ(rows.interactions.size(), 3u);
  EXPECT_EQ(rows.interactions[0].type, "view");
  EXPECT_EQ(rows.interactions[1].type, "add_to_cart");
  EXPECT_EQ(rows.interactions[2].type, "purchase");
  EXPECT_EQ(rows.interactions[2].timestamp_ms, 1'433'222'276'276);
}

TEST(Layout, ReadsGorse) {
  CsvFlags flags;
  flags.timestamp_format = "%Y-%m-%d %H:%M:%S %z UTC";
  const Rows feedback =
      infer("feedback.csv",
            "feedback_type,user_id,item_id,time_stamp\nstar,alice,repo:a,2021-03-01 10:00:00 +0000 UTC\n", "", flags);
  ASSERT_EQ(feedback.interactions.size(), 1u);
  EXPECT_EQ(feedback.interactions[0].type, "star");
  const Rows items =
      infer("items.csv",
            "item_id,is_hidden,categories,time_stamp,labels,description\n"
            "a,false,book|web,2021-03-01 10:00:00,go|rust,A tool\nb,true,web,2021-03-02 10:00:00,,Another\n");
  ASSERT_EQ(items.items.size(), 2u);
  EXPECT_EQ(items.items[0].features.at("categories"), FeatureValue(std::vector<std::string>{"book", "web"}));
  EXPECT_FALSE(items.items[0].hidden);
  EXPECT_TRUE(items.items[1].hidden);
  EXPECT_EQ(items.items[0].features.at("time_stamp"), FeatureValue(Timestamp{1'614'592'800'000}));
  EXPECT_EQ(infer("users.csv", "user_id,labels\nu,a|b\nv,a\n").users.size(), 2u);
}

TEST(Layout, ReadsBookCrossingWithItsEscapesAndNulls) {
  const Rows ratings =
      infer("BX-Book-Ratings.csv",
            "\"User-ID\";\"ISBN\";\"Book-Rating\"\n\"276725\";\"034545104X\";\"0\"\n\"276726\";\"0155061224\";\"5\"\n");
  ASSERT_EQ(ratings.interactions.size(), 2u);
  EXPECT_EQ(ratings.interactions[0].item, "034545104X");
  const Rows books =
      infer("BX-Books.csv",
            "\"ISBN\";\"Book-Title\";\"Year-Of-Publication\";\"Image-URL-S\"\n"
            "\"1\";\"The \\\"Big\\\" One; twice\";\"1999\";\"http://a\"\n\"2\";\"Two\";\"2000\";\"http://b\"\n");
  ASSERT_EQ(books.items.size(), 2u);
  EXPECT_EQ(books.items[0].features.at("Book-Title"), FeatureValue(Text{"The \"Big\" One; twice"}));
  EXPECT_FALSE(books.items[0].features.contains("Image-URL-S"));
  const Rows users =
      infer("BX-Users.csv", "\"User-ID\";\"Location\";\"Age\"\n\"1\";\"nyc, usa\";NULL\n\"2\";\"porto\";\"18\"\n");
  ASSERT_EQ(users.users.size(), 2u);
  EXPECT_FALSE(users.users[0].features.contains("Age"));
  EXPECT_EQ(users.users[1].features.at("Age"), FeatureValue(18.0));
}

TEST(Layout, ReadsListsOfPairsAndCounts) {
  const Rows pairs = infer("train.txt", "1 31\n2 10\n");
  ASSERT_EQ(pairs.interactions.size(), 2u);
  EXPECT_EQ(pairs.interactions[0].type, "view");
  const Rows plays = infer("usersha1-plays.tsv", "a1\t31\t142\nb1\t10\t7\n");
  ASSERT_EQ(plays.interactions.size(), 2u);
  EXPECT_EQ(plays.interactions[0].type, "play");
  EXPECT_EQ(plays.interactions[0].value, 142.0);
}

TEST(Layout, WhatItPrintsReadsTheSame) {
  const Rows rows = infer("u.item.csv", "id,name,price,tags\n1,\"A, b\",3.5,x|y\n2,c,,z\n", "items");
  const auto again = parse_mapping(rows.layout.toml, "printed");
  ASSERT_TRUE(again.is_ok()) << again.status().to_string() << rows.layout.toml;
  EXPECT_EQ(rows.items[0].features.at("price"), FeatureValue(3.5));
  EXPECT_THAT(rows.layout.summary, HasSubstr("price numeric"));
}

TEST(Layout, FlagsWinOverWhatIsInferred) {
  CsvFlags flags;
  flags.user = "who";
  flags.item = "2";
  flags.type = "order";
  flags.timestamp = "when";
  flags.timestamp_format = "%d/%m/%Y %H:%M";
  const Rows rows = infer("x.csv", "who,what,when\nu,i,03/04/2021 10:00\n", "", flags);
  ASSERT_EQ(rows.interactions.size(), 1u);
  EXPECT_EQ(rows.interactions[0].item, "i");
  EXPECT_EQ(rows.interactions[0].type, "order");
  EXPECT_EQ(rows.interactions[0].timestamp_ms, 1'617'444'000'000);  // `date -u -d '2021-04-03 10:00' +%s`
}

TEST(Layout, RefusesWhatCannotBeToldAndSaysWhatToDo) {
  EXPECT_THAT(refusal("x.csv", "user,item,time\nu,i,03/04/2021\n"), HasSubstr("--timestamp-format"));
  EXPECT_THAT(refusal("x.csv", "who,what\nu,i\n", "interactions"), HasSubstr("--user COLUMN"));
  EXPECT_THAT(refusal("x.csv", "who,what\nu,i\n"), HasSubstr("who, what"));
  EXPECT_THAT(refusal("x.csv", "name,price\nu,1\n", "items"), HasSubstr("--id COLUMN"));
  EXPECT_THAT(refusal("x.dat", "1|a|b\n2|c|d\n", "items"), HasSubstr("--columns"));
  EXPECT_THAT(refusal("x.csv", "", "items"), HasSubstr("no rows"));
  EXPECT_THAT(refusal("x.csv", "item,vector\na,1\n", "vectors"), HasSubstr("--mapping"));
}

// The first rows of public data sets, and all of them along what was inferred.
struct DataSet {
  const char* file;
  std::size_t items, users, interactions;
  const char* type;
};

class RealFiles : public testing::TestWithParam<DataSet> {
 protected:
  void SetUp() override { TAMIS_REQUIRE_DATA(GetParam().file); }
};

TEST_P(RealFiles, AreReadWithoutAMapping) {
  const std::string path = (data_directory() / GetParam().file).string();
  const auto open = [&] { return as_utf8(std::move(open_source(path)).value(), "auto").value(); };
  std::string sample(100'000, '\0');
  std::size_t size = 0;
  const auto start = open();
  for (std::size_t got = 1; got > 0 && size < sample.size(); size += got) {
    got = start->read(sample.data() + size, sample.size() - size).value();
  }
  sample.resize(size);
  if (size == 100'000) sample.resize(sample.rfind('\n') + 1);
  Rows rows;
  auto layout = infer_layout(path, sample, "", {});
  ASSERT_TRUE(layout.is_ok()) << layout.status().to_string();
  rows.layout = std::move(layout).value();
  const auto source = open();
  read_all(source.get(), &rows);
  EXPECT_EQ(rows.items.size(), GetParam().items) << rows.layout.toml;
  EXPECT_EQ(rows.users.size(), GetParam().users);
  EXPECT_EQ(rows.interactions.size(), GetParam().interactions);
  EXPECT_EQ(rows.counts.bad, 0u);
  for (const Interaction& interaction : rows.interactions) {
    ASSERT_EQ(interaction.type, GetParam().type);
  }
  for (const Entity& item : rows.items) {
    for (const auto& [name, value] : item.features) {
      const auto* text = std::get_if<Text>(&value);
      ASSERT_TRUE(text == nullptr || is_valid_utf8(text->text)) << item.id << " " << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layout, RealFiles,
                         testing::Values(DataSet{"ml-100k/u.data.xz", 0, 0, 100'000, "rating"},
                                         DataSet{"ml-100k/u.item.xz", 1'682, 0, 0, ""},
                                         DataSet{"ml-100k/u.user.xz", 0, 943, 0, ""},
                                         DataSet{"ml-1m/movies.dat.xz", 3'883, 0, 0, ""},
                                         DataSet{"ml-1m/users.dat.xz", 0, 6'040, 0, ""},
                                         DataSet{"ml-1m/sasrec-ml-1m.txt.xz", 0, 0, 999'611, "view"},
                                         DataSet{"movietweetings/ratings.dat.xz", 0, 0, 100'000, "rating"},
                                         DataSet{"movietweetings/movies.dat.xz", 10'506, 0, 0, ""},
                                         DataSet{"retailrocket/view.dat.xz", 0, 0, 78'371, "view"},
                                         DataSet{"retailrocket/add_to_cart.dat.xz", 0, 0, 9'028, "add_to_cart"},
                                         DataSet{"retailrocket/purchase.dat.xz", 0, 0, 5'088, "purchase"},
                                         DataSet{"steam/game_purchase.dat.xz", 0, 0, 129'511, "purchase"},
                                         DataSet{"steam/game_play.dat.xz", 0, 0, 70'489, "play"},
                                         DataSet{"steam/item_info.dat.xz", 5'155, 0, 0, ""}),
                         [](const auto& parameter) {
                           std::string name = parameter.param.file;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

TEST(Layout, FoldsTheGenresOfMovieLens) {
  const std::string row = "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n";
  const Rows rows = infer("u.item", row + "2|B|||x|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0\n");
  ASSERT_EQ(rows.items.size(), 2u);
  const auto genres = std::get<std::vector<std::string>>(rows.items[0].features.at("genres"));
  EXPECT_THAT(genres, testing::UnorderedElementsAre("Animation", "Children's", "Comedy"));
  EXPECT_EQ(rows.items[0].features.at("released_at"), FeatureValue(Timestamp{788'918'400'000}));
}

}  // namespace
}  // namespace tamis::client
