// Batches: lists for many, in files, through restarts.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BatchesTest : public DatabaseTest {
 protected:
  void write_users(int users) {
    std::vector<Mutation> batch;
    for (int i = 0; i < users; ++i) {
      Entity user{.id = name(i), .features = {{"country", std::string(i % 2 == 0 ? "France" : "Spain")}}};
      batch.push_back(PutEntity{EntityKind::kUser, user});
    }
    for (const char* item : {"a", "b", "c"}) batch.push_back(PutInteraction{interaction("fan", item)});
    write(std::move(batch));
  }
  static std::string name(int i) { return "u" + std::to_string(1'000 + i); }

  std::uint64_t logged() const {
    for (int i = 0; i < 4'000 && database->stats().impressions.pending > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return database->stats().impressions.logged;
  }
  Batch start(const BatchRequest& request = {}) {
    const auto batch = database->start_batch(request);
    EXPECT_TRUE(batch.is_ok()) << batch.status().to_string();
    return batch.is_ok() ? *batch : Batch{};
  }
  Batch wait(const std::string& id) {
    for (int i = 0; i < 4'000; ++i) {
      const auto batch = database->get_batch(id);
      EXPECT_TRUE(batch.is_ok()) << batch.status().to_string();
      if (!batch.is_ok() || batch->finished_ms != 0) return batch.is_ok() ? *batch : Batch{};
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << id << " does not end";
    return {};
  }
  void wait_for_lists(const std::string& id, std::uint64_t lists) {
    for (int i = 0; i < 4'000 && database->get_batch(id)->lists < lists; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ASSERT_GE(database->get_batch(id)->lists, lists);
  }
  static std::vector<std::string> lines(const Batch& batch) {
    std::ifstream file(batch.path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  static std::vector<std::string> users_of(const Batch& batch) {
    std::vector<std::string> users;
    for (const std::string& line : lines(batch)) users.push_back(nlohmann::json::parse(line)["user"]);
    return users;
  }
};

TEST_F(BatchesTest, HoldsAListForEveryUser) {
  open();
  write_users(3);
  const Batch queued = start({.k = 2});
  EXPECT_EQ(queued.id, "b1");
  const Batch done = wait("b1");
  EXPECT_EQ(done.state, "succeeded") << done.detail;
  EXPECT_EQ(done.lists, 4);
  EXPECT_EQ(done.progress, 1);
  EXPECT_EQ(done.first_sequence, done.last_sequence);
  EXPECT_EQ(done.bytes, std::filesystem::file_size(done.path));
  EXPECT_THAT(users_of(done), ElementsAre(name(0), name(1), name(2), "fan"));
  const auto line = nlohmann::json::parse(lines(done)[0]);
  ASSERT_EQ(line["items"].size(), 2);
  EXPECT_EQ(line["items"][1]["rank"], 2);
  EXPECT_EQ(line["items"][0]["item"], recommended(name(0))[0]);
  EXPECT_EQ(database->get_job("b1")->kind, "batch");
  EXPECT_EQ(database->list_jobs()[0].id, "b1");
}

TEST_F(BatchesTest, ListsAreLoggedForAttribution) {
  open();
  write_users(2);
  const std::uint64_t before = logged();
  const Batch done = wait(start().id);
  EXPECT_EQ(logged(), before + 2);  // the fan has seen everything, and an empty list is not logged
  wait(start({.log = false}).id);
  EXPECT_EQ(logged(), before + 2);
  EXPECT_FALSE(nlohmann::json::parse(lines(done)[0])["recommendation_id"].get<std::string>().empty());
}

TEST_F(BatchesTest, IsOfASegmentAndOfSomeItems) {
  open();
  write_users(4);
  const Filter french{.op = Filter::Op::kEqual, .children = {}, .field = "country", .values = {std::string("France")}};
  const Filter not_a{
      .op = Filter::Op::kIn, .children = {}, .field = "id", .values = {std::string("b"), std::string("c")}};
  const Batch done = wait(start({.format = "csv", .segment = french, .filter = not_a}).id);
  const auto all = lines(done);
  ASSERT_EQ(all.size(), 5);
  EXPECT_EQ(all[0], "user,rank,item,score,recommendation_id");
  EXPECT_THAT(all[1], HasSubstr(name(0) + ",1,"));
  EXPECT_THAT(all[3], HasSubstr(name(2) + ",1,"));
  for (const std::string& line : all) EXPECT_THAT(line, Not(HasSubstr(",a,")));
}

TEST_F(BatchesTest, MayBeOfSimilarItems) {
  open();
  write_users(1);
  const Batch done = wait(start({.kind = "similar_items", .k = 5}).id);
  EXPECT_EQ(done.state, "succeeded") << done.detail;
  const auto all = lines(done);
  ASSERT_EQ(all.size(), 3);
  const auto first = nlohmann::json::parse(all[0]);
  EXPECT_EQ(first["item"], "a");
  EXPECT_EQ(first["items"].size(), 2);
}

TEST_F(BatchesTest, GoesOnAfterARestart) {
  open();
  write_users(400);
  const Batch slow = start({.k = 1, .max_per_second = 400});
  wait_for_lists(slow.id, 1);
  close();
  {  // what a crash may leave behind the last saved state
    std::ofstream file(slow.path, std::ios::app);
    file << "{\"user\":\"half a li";
  }
  open();
  EXPECT_EQ(database->get_batch(slow.id)->finished_ms, 0);
  const Batch done = wait(slow.id);
  EXPECT_EQ(done.state, "succeeded") << done.detail;
  EXPECT_EQ(done.resumed, 1);
  EXPECT_EQ(done.lists, 401);
  std::vector<std::string> expected;
  for (int i = 0; i < 400; ++i) expected.push_back(name(i));
  expected.emplace_back("fan");
  EXPECT_EQ(users_of(done), expected);  // each once
  close();
  open();
  EXPECT_EQ(database->get_batch(slow.id)->state, "succeeded");
  EXPECT_EQ(start().id, "b2");
}

TEST_F(BatchesTest, IsCancelledAndRemoved) {
  open();
  write_users(200);
  const Batch slow = start({.max_per_second = 20});
  wait_for_lists(slow.id, 1);
  ASSERT_TRUE(database->cancel_job(slow.id).is_ok());
  const Batch cancelled = wait(slow.id);
  EXPECT_EQ(cancelled.state, "cancelled");
  EXPECT_LT(cancelled.lists, 200);
  EXPECT_EQ(lines(cancelled).size(), cancelled.lists);
  const Batch running = start({.max_per_second = 20});
  ASSERT_TRUE(database->delete_batch(running.id).is_ok());
  ASSERT_TRUE(database->delete_batch(slow.id).is_ok());
  EXPECT_THAT(*database->list_batches(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(slow.path));
  EXPECT_EQ(database->delete_batch(slow.id).code(), StatusCode::kNotFound);
  EXPECT_EQ(database->get_batch("../store").status().code(), StatusCode::kNotFound);
}

TEST_F(BatchesTest, KeepsToItsPace) {
  open();
  write_users(20);
  const auto begin = std::chrono::steady_clock::now();
  wait(start({.max_per_second = 40}).id);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GE(seconds, 0.4);  // 21 lists at 40 a second
}

TEST_F(BatchesTest, NamesNoUserWhoWasErased) {
  options.storage.erase_within_s = 1;
  open();
  write_users(3);
  const Batch done = wait(start().id);
  ASSERT_TRUE(database->delete_user(name(1), /*keep_log=*/false, {}).is_ok());
  for (int i = 0; i < 2'000 && users_of(done).size() == 4; ++i) {
    clock.advance(1'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(users_of(done), ElementsAre(name(0), name(2), "fan"));
  EXPECT_EQ(database->get_batch(done.id)->lists, 3);
}

TEST_F(BatchesTest, RefusesWhatIsNotThere) {
  open();
  write_users(1);
  EXPECT_EQ(database->start_batch({.funnel = "nowhere"}).status().field(), "funnel");
  EXPECT_EQ(database->start_batch({.kind = "similar_items", .space = "nowhere"}).status().field(), "space");
  EXPECT_THAT(*database->list_batches(), IsEmpty());
}

TEST(BatchDocument, ReadsBackWhatItSays) {
  const auto request = parse_batch(
      R"({"kind":"recommendations","format":"csv","k":3,"funnel":"home","segment":{"field":"country","eq":"France"},
          "exclude_seen":false,"log":false,"max_per_second":12.5})");
  ASSERT_TRUE(request.is_ok()) << request.status().to_string();
  const auto again = parse_batch(batch_request_to_json(*request));
  ASSERT_TRUE(again.is_ok()) << again.status().to_string();
  EXPECT_EQ(batch_request_to_json(*again), batch_request_to_json(*request));
  EXPECT_EQ(again->k, 3);
  EXPECT_EQ(again->exclude_seen, false);
  EXPECT_EQ(again->max_per_second, 12.5);
  EXPECT_EQ(parse_batch(R"({"k":0})").status().field(), "/k");
  EXPECT_EQ(parse_batch(R"({"kind":"recommendation"})").status().field(), "/kind");
  EXPECT_EQ(parse_batch(R"({"max_per_second":-1})").status().field(), "/max_per_second");
}

}  // namespace
}  // namespace tamis::engine
