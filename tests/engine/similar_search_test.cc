#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "query_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// A compass of items in a cosine space; "ada" and "bob" bought alike.
void add_compass(QueryDatabase& db) {
  db.add_space({.name = "text", .dim = 2, .metric = Metric::kCosine, .quantization = Quantization::kF32});
  for (const char* item : {"north", "south", "east", "northeast"}) {
    db.put_item(item, {{"warm", item != std::string("north")}});
  }
  db.put_item_vector("text", "north", {0, 1});
  db.put_item_vector("text", "south", {0, -1});
  db.put_item_vector("text", "east", {1, 0});
  db.put_item_vector("text", "northeast", {1, 1});
  db.interact("ada", "north");
  db.interact("ada", "east");
  db.interact("bob", "north");
  db.interact("bob", "east");
  db.interact("cy", "south");
  db.interact("cy", "east");
}

TEST(Similar, UsesTheTableThenTheSpace) {
  QueryDatabase db;
  add_compass(db);
  const auto in_space = similar(db.state(), {.id = "north", .k = 2, .space = "text"}, 5);
  ASSERT_TRUE(in_space.is_ok());
  EXPECT_THAT(ids_of(*in_space), ElementsAre("northeast", "east"));
  EXPECT_EQ(in_space->space, "text");
  EXPECT_EQ(in_space->sequence, 5u);
  EXPECT_NEAR(in_space->items[0].score, std::sqrt(0.5), 1e-6);

  db.train();
  const auto by_table = similar(db.state(), {.id = "north", .k = 3}, 0);
  ASSERT_TRUE(by_table.is_ok());
  EXPECT_EQ(by_table->space, "item_knn");
  EXPECT_THAT(ids_of(*by_table), ElementsAre("east"));
  EXPECT_NEAR(by_table->items[0].score, 2 / std::sqrt(2 * 3), 1e-6);  // by hand: two buyers in common, of two and three
  EXPECT_EQ(by_table->generation, "g1");
}

TEST(Similar, AnswersItemsThatNoModelKnows) {
  QueryDatabase db;
  add_compass(db);
  const auto live = similar(db.state(), {.id = "north", .k = 3}, 0);  // nothing is trained: from the store
  ASSERT_TRUE(live.is_ok());
  EXPECT_THAT(ids_of(*live), ElementsAre("east"));
  const auto by_text = similar(db.state(), {.id = "northeast", .k = 1}, 0);  // never bought, but it has a vector
  ASSERT_TRUE(by_text.is_ok());
  EXPECT_EQ(by_text->space, "text");
  EXPECT_THAT(by_text->items, SizeIs(1));
  db.put_item("lonely");
  const auto nothing = similar(db.state(), {.id = "lonely", .k = 3}, 0);
  ASSERT_TRUE(nothing.is_ok());
  EXPECT_THAT(nothing->items, IsEmpty());
}

TEST(Similar, FindsUsersWhoBoughtAlike) {
  QueryDatabase db;
  add_compass(db);
  db.train();
  const auto users = similar(db.state(), {.kind = EntityKind::kUser, .id = "ada", .k = 5}, 0);
  ASSERT_TRUE(users.is_ok());
  EXPECT_EQ(users->space, "user_knn");
  EXPECT_THAT(ids_of(*users), ElementsAre("bob", "cy"));
  EXPECT_NEAR(users->items[0].score, 1, 1e-6);
  EXPECT_NEAR(users->items[1].score, 0.5, 1e-6);
  db.interact("newcomer", "south");  // newer than the generation
  const auto live = similar(db.state(), {.kind = EntityKind::kUser, .id = "newcomer", .k = 1}, 0);
  EXPECT_THAT(ids_of(*live), ElementsAre("cy"));
}

TEST(Similar, LeavesOutItselfDeletedExpiredAndFiltered) {
  QueryDatabase db;
  add_compass(db);
  db.delete_item("south");
  db.put_item("east", {{"warm", true}}, db.clock.now_ms() - 1);
  EXPECT_THAT(ids_of(*similar(db.state(), {.id = "north", .k = 9, .space = "text"}, 0)), ElementsAre("northeast"));
  const Filter cold = *parse_filter(R"({"field":"warm","eq":false})");
  EXPECT_THAT(similar(db.state(), {.id = "north", .k = 9, .space = "text", .filter = cold}, 0)->items, IsEmpty());
  EXPECT_EQ(similar(db.state(), {.id = "south"}, 0).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(similar(db.state(), {.id = "east"}, 0).status().code(), StatusCode::kNotFound);
}

TEST(Similar, RefusesBadRequests) {
  QueryDatabase db;
  add_compass(db);
  EXPECT_EQ(similar(db.state(), {.id = "nothing"}, 0).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(similar(db.state(), {.id = ""}, 0).status().field(), "id");
  EXPECT_EQ(similar(db.state(), {.id = "north", .k = 0}, 0).status().field(), "k");
  const auto space = similar(db.state(), {.id = "north", .space = "none"}, 0);
  EXPECT_EQ(space.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(space.status().field(), "space");
}

TEST(Search, FindsNeighboursOfAVectorAndOfAnEntity) {
  QueryDatabase db;
  add_compass(db);
  SearchRequest request{.space = "text", .query = std::vector<float>{0.1F, 1}, .k = 2};
  EXPECT_THAT(ids_of(*search(db.state(), request, 0)), ElementsAre("north", "northeast"));
  request.exact = true;
  EXPECT_THAT(ids_of(*search(db.state(), request, 0)), ElementsAre("north", "northeast"));
  request.query = std::string("east");
  request.k = 1;
  EXPECT_THAT(ids_of(*search(db.state(), request, 0)), ElementsAre("northeast"));  // not itself
  request.filter = *parse_filter(R"({"field":"warm","eq":true})");
  request.k = 10;
  EXPECT_THAT(ids_of(*search(db.state(), request, 0)), UnorderedElementsAre("northeast", "south"));
}

TEST(Search, FindsUsersOfAnItemAndItemsOfAUser) {
  QueryDatabase db;
  add_compass(db);
  db.put_vector("text", EntityKind::kUser, *db.store.users.find("ada"), std::vector<float>{0, 1});
  db.put_vector("text", EntityKind::kUser, *db.store.users.find("bob"), std::vector<float>{0, -1});
  const auto users =
      search(db.state(), {.space = "text", .kind = EntityKind::kUser, .query = std::string("south"), .k = 1}, 0);
  ASSERT_TRUE(users.is_ok()) << users.status().to_string();
  EXPECT_THAT(ids_of(*users), ElementsAre("bob"));
  const auto items =
      search(db.state(), {.space = "text", .query = std::string("bob"), .query_kind = EntityKind::kUser, .k = 1}, 0);
  EXPECT_THAT(ids_of(*items), ElementsAre("south"));
}

TEST(Search, RefusesBadRequests) {
  QueryDatabase db;
  add_compass(db);
  const auto expect = [&](const SearchRequest& request, StatusCode code, const std::string& field,
                          const std::string& message) {
    const auto answer = search(db.state(), request, 0);
    ASSERT_FALSE(answer.is_ok()) << field;
    EXPECT_EQ(answer.status().code(), code) << answer.status().to_string();
    EXPECT_EQ(answer.status().field(), field) << answer.status().to_string();
    EXPECT_THAT(answer.status().message(), HasSubstr(message));
  };
  expect({.space = "none", .query = std::vector<float>{1, 2}}, StatusCode::kNotFound, "space", "none");
  expect({.space = "text", .query = std::vector<float>{1, 2, 3}}, StatusCode::kInvalidArgument, "vector",
         "expected the 2");
  expect({.space = "text", .query = std::vector<float>{1, std::nanf("")}}, StatusCode::kInvalidArgument, "vector[1]",
         "finite");
  expect({.space = "text", .query = std::vector<float>{1, 2}, .k = 1'001}, StatusCode::kInvalidArgument, "k", "1000");
  expect({.space = "text", .query = std::vector<float>{1, 2}, .ef = 10'001}, StatusCode::kInvalidArgument, "ef",
         "10001");
  expect({.space = "text", .query = std::string("nothing")}, StatusCode::kNotFound, "id", "nothing");
  db.put_item("no vector");
  expect({.space = "text", .query = std::string("no vector")}, StatusCode::kNotFound, "id", "has no vector");
}

}  // namespace
}  // namespace tamis::engine
