// What a space and a user's vector are made of, on two camps that share nothing; and simulations as jobs.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <tuple>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

int camp_of(const std::string& item) { return std::atoi(item.c_str() + 1) % 2; }

class AccountsTest : public CampsTest {
 protected:
  void SetUp() override {
    CampsTest::SetUp();
    open();
    write_camps();
  }
  UserParts parts_of(UserPartsRequest request) {
    auto parts = database->user_parts(request);
    EXPECT_TRUE(parts.is_ok()) << parts.status().to_string();
    return parts.is_ok() ? *std::move(parts) : UserParts{};
  }
  static const UserPart& part(const UserParts& parts, std::string_view name) {
    const auto found =
        std::find_if(parts.parts.begin(), parts.parts.end(), [&](const UserPart& one) { return one.part == name; });
    return found == parts.parts.end() ? (ADD_FAILURE() << "no part " << name, parts.parts.front()) : *found;
  }
};

TEST_F(AccountsTest, TheFirstFactorTellsTheCampsApart) {
  ASSERT_EQ(train({.models = {"ials"}}).state, JobState::kSucceeded);
  const auto factors = database->find_space_factors({.space = "ials", .factors = 4, .items = 6});
  ASSERT_TRUE(factors.is_ok()) << factors.status().to_string();
  EXPECT_EQ(factors->generation, "g1");
  EXPECT_EQ(factors->dim, 8U);
  EXPECT_EQ(factors->total, 40U);
  EXPECT_EQ(factors->sampled, 40U);
  ASSERT_THAT(factors->factors, SizeIs(4));
  const SpaceFactor& first = factors->factors.front();
  ASSERT_THAT(first.high, SizeIs(6));
  ASSERT_THAT(first.low, SizeIs(6));
  for (const LoadedItem& item : first.high)
    EXPECT_EQ(camp_of(item.item), camp_of(first.high.front().item)) << item.item;
  for (const LoadedItem& item : first.low) EXPECT_NE(camp_of(item.item), camp_of(first.high.front().item)) << item.item;
  EXPECT_GT(first.high.front().loading, first.high.back().loading);
  EXPECT_LT(first.low.front().loading, first.low.back().loading);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_LE(factors->factors[i].share, factors->factors[i - 1].share);
  // More factors keep more of who is near whom, all of them everything.
  ASSERT_GE(factors->recall.size(), 3U);
  EXPECT_EQ(factors->recall.front().factors, 1U);
  EXPECT_LT(factors->recall.front().recall, factors->recall.back().recall);
  EXPECT_NEAR(factors->recall.back().recall, 1, 0.02);
  EXPECT_EQ(database->find_space_factors({.space = "nowhere"}).status().code(), StatusCode::kNotFound);
}

TEST_F(AccountsTest, MapsNeighboursNearEachOther) {
  ASSERT_EQ(train({.models = {"ials"}}).state, JobState::kSucceeded);
  auto map = database->map_space({.space = "ials", .method = MapMethod::kUmap});
  ASSERT_TRUE(map.is_ok()) << map.status().to_string();
  if (map->method == MapMethod::kPca) {  // a busy machine
    EXPECT_FALSE(map->pending.empty());
    wait_for_end(map->pending);
    map = database->map_space({.space = "ials", .method = MapMethod::kUmap});
  }
  ASSERT_EQ(map->method, MapMethod::kUmap);
  EXPECT_TRUE(map->pending.empty());
  ASSERT_THAT(map->items, SizeIs(40));
  EXPECT_THAT(database->list_jobs(), SizeIs(2));
  // The nearest in the picture is of the same camp.
  for (std::size_t a = 0; a < map->items.size(); ++a) {
    std::size_t nearest = a == 0 ? 1 : 0;
    const auto distance = [&](std::size_t b) { return std::hypot(map->x[a] - map->x[b], map->y[a] - map->y[b]); };
    for (std::size_t b = 0; b < map->items.size(); ++b)
      if (b != a && distance(b) < distance(nearest)) nearest = b;
    EXPECT_EQ(camp_of(map->items[a]), camp_of(map->items[nearest])) << map->items[a];
  }
  // It is kept, and made anew for the next generation.
  const auto again = database->map_space({.space = "ials", .method = MapMethod::kUmap});
  EXPECT_EQ(again->x, map->x);
  EXPECT_THAT(database->list_jobs(), SizeIs(2));
  write({PutInteraction{interaction("u0", "i2", "purchase")}});
  ASSERT_EQ(train({.models = {"ials"}}).state, JobState::kSucceeded);
  auto next = database->map_space({.space = "ials", .method = MapMethod::kUmap});
  ASSERT_TRUE(next.is_ok());
  if (!next->pending.empty()) {
    wait_for_end(next->pending);
    next = database->map_space({.space = "ials", .method = MapMethod::kUmap});
  }
  EXPECT_THAT(database->list_jobs(), SizeIs(4));
  // A camp is where it was.
  const auto middle = [](const SpaceMap& of, int camp) {
    std::array<double, 2> sum = {0, 0};
    for (std::size_t i = 0; i < of.items.size(); ++i) {
      if (camp_of(of.items[i]) != camp) continue;
      sum[0] += of.x[i] / 20;
      sum[1] += of.y[i] / 20;
    }
    return sum;
  };
  for (const int camp : {0, 1}) {
    const auto [was, is, other] = std::tuple(middle(*map, camp), middle(*next, camp), middle(*map, 1 - camp));
    EXPECT_LT(std::hypot(is[0] - was[0], is[1] - was[1]), std::hypot(is[0] - other[0], is[1] - other[1])) << camp;
  }
  EXPECT_EQ(database->map_space({.space = "ials"})->method, MapMethod::kPca);
  EXPECT_EQ(database->map_space({.space = "nowhere", .method = MapMethod::kUmap}).status().code(),
            StatusCode::kNotFound);
}

TEST_F(AccountsTest, AUsersPlaceComesFromTheHistory) {
  ASSERT_EQ(train({.models = {"ials"}}).state, JobState::kSucceeded);
  const UserParts parts = parts_of({.space = "ials", .user = "u4", .k = 5});
  EXPECT_TRUE(parts.known_user);
  EXPECT_TRUE(parts.has_place);
  EXPECT_TRUE(parts.has_stored_vector);
  EXPECT_EQ(parts.encoder, "ials");
  EXPECT_EQ(parts.item_vectors, 40U);
  ASSERT_THAT(parts.nearest, SizeIs(5));
  for (const std::string& item : parts.nearest) EXPECT_EQ(camp_of(item), 0) << item;
  ASSERT_THAT(parts.parts, SizeIs(4));
  EXPECT_GT(part(parts, "history").count, 0U);
  EXPECT_GT(part(parts, "history").change, 0.5);
  EXPECT_EQ(part(parts, "history").replaced, 1);
  EXPECT_EQ(part(parts, "profile").count, 0U);
  EXPECT_EQ(part(parts, "profile").change, 0);
  EXPECT_EQ(part(parts, "profile").nearest, parts.nearest);
  EXPECT_FALSE(parts.history.empty());
  EXPECT_LE(parts.history.size(), kMaxHistoryShares);
  EXPECT_TRUE(std::is_sorted(parts.history.begin(), parts.history.end(),
                             [](const HistoryShare& a, const HistoryShare& b) { return a.change > b.change; }));
  ASSERT_THAT(parts.stages, SizeIs(3));
  EXPECT_EQ(parts.stages[1].stage, "embed");

  // A session's own history places a stranger; without one nothing does.
  const UserParts stranger = parts_of({.space = "ials", .user = "nobody"});
  EXPECT_FALSE(stranger.known_user);
  EXPECT_FALSE(stranger.has_place);
  EXPECT_FALSE(stranger.note.empty());
  EXPECT_TRUE(stranger.parts.empty());
  const UserParts session =
      parts_of({.space = "ials", .user = "nobody", .history = {{.item = "i1"}, {.item = "i3"}}, .k = 5});
  ASSERT_TRUE(session.has_place);
  EXPECT_FALSE(part(session, "history").has_place);
  EXPECT_EQ(part(session, "history").count, 2U);
  for (const std::string& item : session.nearest) EXPECT_EQ(camp_of(item), 1) << item;
  EXPECT_EQ(database->user_parts({.space = "nowhere", .user = "u1"}).status().code(), StatusCode::kNotFound);
}

TEST_F(AccountsTest, AStoredVectorIsAPartOfItsOwn) {
  write({put_space("style", 2)});
  write({PutVector{"style", EntityKind::kItem, "i0", {1, 0}}, PutVector{"style", EntityKind::kItem, "i1", {0, 1}},
         PutVector{"style", EntityKind::kUser, "u0", {0, 1}}});
  const UserParts parts =
      parts_of({.space = "style", .user = "u0", .history = {{.item = "i0"}, {.item = "i0"}}, .k = 1});
  EXPECT_EQ(parts.encoder, "external");
  EXPECT_EQ(parts.nearest, std::vector<std::string>{"i1"});
  EXPECT_EQ(part(parts, "trained_row").count, 1U);
  EXPECT_EQ(part(parts, "trained_row").nearest, std::vector<std::string>{"i0"});  // what the history alone says
  EXPECT_EQ(part(parts, "trained_row").replaced, 1);
  EXPECT_NEAR(part(parts, "history").change, 0, 1e-6);  // the stored vector stands before it
}

TEST_F(AccountsTest, PlaysASimulationAsAJob) {
  const auto job =
      database->start_simulation({.users = 12, .items = 24, .new_items = 2, .rounds = 3, .train_every = 2});
  ASSERT_TRUE(job.is_ok()) << job.status().to_string();
  EXPECT_EQ(job->kind, "simulate");
  const Job ended = wait_for_end(job->id);
  ASSERT_EQ(ended.state, JobState::kSucceeded) << ended.detail;
  EXPECT_EQ(ended.progress, 1);
  EXPECT_THAT(ended.result, HasSubstr(R"("arm":"exploit","round":3)"));
  EXPECT_THAT(ended.result, HasSubstr(R"("arm":"explore","round":3)"));
  EXPECT_EQ(std::count(ended.result.begin(), ended.result.end(), '{'), 7);  // six rounds
  EXPECT_THAT(database->list_jobs(), SizeIs(1));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory / ""))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("simulation"))) << "it leaves nothing behind";

  const auto refused = database->start_simulation({.rounds = 61});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.status().field(), "rounds");
  EXPECT_THAT(refused.status().message(), HasSubstr("61; expected 2 to 60"));
}

TEST_F(AccountsTest, ASimulationEndsWhereItIsCancelled) {
  const auto job = database->start_simulation({.users = 500, .items = 500, .rounds = 60});
  ASSERT_TRUE(job.is_ok());
  ASSERT_TRUE(database->cancel_job(job->id).is_ok());
  EXPECT_EQ(wait_for_end(job->id).state, JobState::kCancelled);
}

}  // namespace
}  // namespace tamis::engine
