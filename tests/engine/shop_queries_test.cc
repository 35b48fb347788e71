// Comparing funnels, pages, audiences, and what is bought again.
#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr TimestampMs kDayMs = 86'400'000;

class ShopQueriesTest : public DatabaseTest {
 protected:
  Mutation did(const std::string& user, const std::string& item, const std::string& type, double days_ago) {
    Interaction made = interaction(user, item, type);
    made.timestamp_ms = clock.now_ms() - static_cast<TimestampMs>(days_ago * static_cast<double>(kDayMs));
    return PutInteraction{made};
  }
  static Mutation in_department(const std::string& item, const std::string& department) {
    return put_item(item, {{"department", department}, {"name", "the " + item}});
  }
  std::uint64_t logged() const {
    for (int i = 0; i < 4'000 && database->stats().impressions.pending > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return database->stats().impressions.logged;
  }

  static std::vector<std::string> items_of(const RecommendAnswer& answer) {
    std::vector<std::string> items;
    for (const auto& item : answer.items) items.push_back(item.item);
    return items;
  }
  static FunnelConfig of_retriever(const std::string& kind) {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = kind;
    funnel.retrievers = {{.kind = kind, .space = {}}};
    funnel.fallback.clear();
    return funnel;
  }
};

// --- compare ---

class CompareTest : public ShopQueriesTest {
 protected:
  // By popularity a, b, c; by date c, b, a, and d that nobody has met.
  void write_three() {
    open();
    const std::vector<std::pair<std::string, TimestampMs>> listed = {
        {"a", 1'000}, {"b", 2'000}, {"c", 3'000}, {"d", 4'000}};
    for (const auto& [item, listed_ms] : listed) write({put_item(item, {{"listed_at", Timestamp{listed_ms}}})});
    for (int i = 0; i < 6; ++i) {
      view("x" + std::to_string(i), "a");
      if (i < 4) view("x" + std::to_string(i), "b");
      if (i < 2) view("x" + std::to_string(i), "c");
    }
    FunnelConfig popular = of_retriever("popular");
    popular.name = "home";
    ASSERT_TRUE(database->put_funnel(popular).is_ok());
  }
  CompareRequest home_against_latest() {
    CompareRequest compared;
    compared.request.user = "ada";
    compared.a.funnel = "home";
    compared.b.override_funnel = of_retriever("latest");
    return compared;
  }
};

TEST_F(CompareTest, TellsListsAndHowTheyDiffer) {
  options.latest_field = "listed_at";
  write_three();
  const auto answer = database->compare(home_against_latest());
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_THAT(items_of(answer->a), ElementsAre("a", "b", "c"));
  EXPECT_THAT(items_of(answer->b), ElementsAre("d", "c", "b", "a"));
  EXPECT_EQ(answer->shared, 3);
  EXPECT_DOUBLE_EQ(answer->jaccard, 0.75);
  EXPECT_DOUBLE_EQ(answer->mean_rank_change, (3 + 1 + 1) / 3.0);
  ASSERT_EQ(answer->items.size(), 4);
  EXPECT_EQ(answer->items[0].item, "a");
  EXPECT_EQ(answer->items[0].rank_b, 4);
  EXPECT_EQ(answer->items[3].item, "d");
  EXPECT_EQ(answer->items[3].rank_a, 0);
  EXPECT_GT(answer->rank_biased_overlap, 0);
  EXPECT_LT(answer->rank_biased_overlap, 0.7);
  EXPECT_FALSE(answer->a.stages.empty());
  EXPECT_FALSE(answer->a.items[0].explain.has_value());
}

TEST_F(CompareTest, TheSameFunnelGivesTheSameListWhateverChanceDoes) {
  write_three();
  CompareRequest same = home_against_latest();
  FunnelConfig shuffled = of_retriever("popular");
  ExploreRuleConfig explore;
  explore.share = 0.9;
  shuffled.rules.push_back(explore);
  same.a = same.b = {};
  same.a.override_funnel = same.b.override_funnel = shuffled;
  for (int i = 0; i < 20; ++i) {
    const auto answer = database->compare(same);
    ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
    EXPECT_EQ(items_of(answer->a), items_of(answer->b));
    EXPECT_DOUBLE_EQ(answer->jaccard, 1);
    EXPECT_NEAR(answer->rank_biased_overlap, 1, 1e-9);
    EXPECT_DOUBLE_EQ(answer->mean_rank_change, 0);
  }
}

TEST_F(CompareTest, LogsNothing) {
  write_three();
  const std::uint64_t at_first = logged();
  recommended("ada");
  const std::uint64_t before = logged();
  EXPECT_EQ(before, at_first + 1);
  ASSERT_TRUE(database->compare(home_against_latest()).is_ok());
  EXPECT_EQ(logged(), before);
}

TEST_F(CompareTest, NamesTheFunnelThatIsMissing) {
  write_three();
  CompareRequest compared = home_against_latest();
  compared.b = {};
  compared.b.funnel = "nowhere";
  const Status missing = database->compare(compared).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.field(), "b");
}

// --- pages ---

class PagesTest : public ShopQueriesTest {
 protected:
  void write_shop() {
    open();
    for (const char* item : {"lamp", "bulb", "torch"}) write({in_department(item, "Lighting")});
    for (const char* item : {"cup", "saucer", "mug", "pot"}) write({in_department(item, "Kitchen")});
    for (int i = 0; i < 8; ++i) {
      const std::string user = "u" + std::to_string(i);
      for (const char* item : {"cup", "saucer", "mug"}) view(user, item);
      if (i < 4) view(user, "lamp");
      if (i < 2) view(user, "bulb");
    }
  }
  PageRow row(const std::string& title, const std::string& retriever, std::uint32_t k = 2) {
    PageRow made;
    made.title = title;
    made.retriever = retriever;
    made.k = k;
    return made;
  }
  PagesAnswer page(const std::string& user, std::vector<PageRow> rows) {
    PagesRequest request{.request = {.user = user}, .rows = std::move(rows)};
    const auto answer = database->pages(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : PagesAnswer{};
  }
  Status refusal_of(PageRow row) { return database->pages({.request = {}, .rows = {std::move(row)}}).status(); }
};

TEST_F(PagesTest, NoItemIsInTwoRows) {
  write_shop();
  const PagesAnswer answer = page("ada", {row("Popular", "popular", 2), row("Popular, too", "popular", 10)});
  ASSERT_EQ(answer.rows.size(), 2);
  EXPECT_EQ(answer.rows[0].name, "row1");
  EXPECT_EQ(answer.rows[0].answer.items.size(), 2);
  std::set<std::string> all;
  std::size_t count = 0;
  for (const AnsweredRow& one : answer.rows)
    for (const std::string& item : items_of(one.answer)) {
      all.insert(item);
      ++count;
    }
  EXPECT_EQ(all.size(), count);
  EXPECT_EQ(count, 5);
}

TEST_F(PagesTest, RowsOfAFeatureFollowWhatTheUserLikes) {
  write_shop();
  view("ada", "bulb");
  PageRow trending = row("Trending in {value}", "trending", 5);
  trending.per = "department";
  const PagesAnswer own = page("ada", {trending});
  ASSERT_EQ(own.rows.size(), 1);
  EXPECT_EQ(own.rows[0].title, "Trending in Lighting");
  EXPECT_EQ(own.rows[0].value, "Lighting");
  EXPECT_THAT(items_of(own.rows[0].answer), ElementsAre("lamp"));  // the bulb is seen
  trending.rows = 2;
  const PagesAnswer stranger = page("", {trending});
  ASSERT_EQ(stranger.rows.size(), 2);
  EXPECT_EQ(stranger.rows[0].value, "Kitchen");  // what popular items have
  EXPECT_EQ(stranger.rows[1].value, "Lighting");
}

TEST_F(PagesTest, BecauseRowsAreAboutTheNewestItems) {
  write_shop();
  write({did("ada", "lamp", "purchase", 3), did("ada", "cup", "view", 1), did("ada", "mug", "purchase", 2)});
  PageRow because;
  because.title = "Because you bought {item.name} ({item}, {item.colour})";
  because.is_because = true;
  because.because_types = {"purchase"};
  because.rows = 2;
  because.k = 1;
  const PagesAnswer answer = page("ada", {because});
  ASSERT_EQ(answer.rows.size(), 2);
  EXPECT_EQ(answer.rows[0].title, "Because you bought the mug (mug, mug)");
  EXPECT_EQ(answer.rows[0].item, "mug");
  EXPECT_EQ(answer.rows[1].item, "lamp");
  const PagesAnswer stranger = page("nobody", {because});
  EXPECT_THAT(stranger.rows, IsEmpty());
  ASSERT_EQ(stranger.left_out.size(), 1);
}

TEST_F(PagesTest, ARowOfTooFewItemsIsLeftOutAndNeitherLoggedNorTaken) {
  write_shop();
  PageRow full = row("At least nine", "popular", 10);
  full.at_least = 9;
  const std::uint64_t before = logged();
  const PagesAnswer answer = page("ada", {full, row("Popular", "popular", 10)});
  ASSERT_EQ(answer.rows.size(), 1);
  EXPECT_EQ(answer.rows[0].answer.items.size(), 5);
  ASSERT_EQ(answer.left_out.size(), 1);
  EXPECT_THAT(answer.left_out[0].reason, HasSubstr("5 items, expected at least 9"));
  EXPECT_EQ(logged(), before + 1);
}

TEST_F(PagesTest, RefusesWhatCannotBeARow) {
  write_shop();
  EXPECT_EQ(refusal_of(row("{item}", "popular")).field(), "rows[0].title");
  EXPECT_EQ(refusal_of(row("open {user", "popular")).field(), "rows[0].title");
  EXPECT_EQ(refusal_of(row("", "populer")).field(), "rows[0].retriever");
  PageRow two = row("", "popular");
  two.funnel = "default";
  EXPECT_EQ(refusal_of(two).field(), "rows[0].funnel");
  PageRow unknown;
  unknown.funnel = "nowhere";
  EXPECT_EQ(refusal_of(unknown).field(), "rows[0].funnel");
  PageRow many = row("", "popular");
  many.at_least = 3;
  EXPECT_EQ(refusal_of(many).field(), "rows[0].at_least");
  EXPECT_EQ(database->pages({}).status().field(), "rows");
  EXPECT_EQ(page("ada", {row("A brace: {{", "popular")}).rows[0].title, "A brace: {");
}

// --- audience ---

class AudienceTest : public ShopQueriesTest {
 protected:
  // Those who take the lamp take the bulb; fans of cups do not.
  void write_fans() {
    open();
    for (int i = 0; i < 6; ++i) {
      write({did("l" + std::to_string(i), "lamp", "purchase", 10 + i)});
      write({did("l" + std::to_string(i), "shade", "purchase", 10 + i)});
      write({did("c" + std::to_string(i), "cup", "purchase", 5)});
      write({did("c" + std::to_string(i), "saucer", "purchase", 5)});
    }
    for (int i = 0; i < 3; ++i) write({did("l" + std::to_string(i), "bulb", "purchase", 2)});
  }
  std::vector<std::string> users(const AudienceRequest& request) {
    answer = {};
    const auto found = database->audience(request);
    EXPECT_TRUE(found.is_ok()) << found.status().to_string();
    std::vector<std::string> users;
    if (!found.is_ok()) return users;
    answer = *found;
    for (const auto& member : found->users) users.push_back(member.user);
    return users;
  }
  AudienceAnswer answer;
};

TEST_F(AudienceTest, AreThoseWhoTookWhatIsLikeItAndNotTheItem) {
  write_fans();
  EXPECT_THAT(users({.item = "bulb"}), ElementsAre("l3", "l4", "l5"));  // the more lately, the sooner
  EXPECT_EQ(answer.seen, 3);
  EXPECT_THAT(answer.users[0].because, testing::AnyOf("lamp", "shade"));
  EXPECT_THAT(users({.item = "bulb", .exclude_seen = false}), UnorderedElementsAre("l0", "l1", "l2", "l3", "l4", "l5"));
  EXPECT_THAT(users({.item = "bulb", .k = 1}), ElementsAre("l3"));
}

TEST_F(AudienceTest, NobodyGetsMoreThanTheCap) {
  write_fans();
  write({did("l3", "cup", "mail", 1), did("l3", "pot", "mail", 3), did("l4", "cup", "mail", 1),
         did("l5", "cup", "mail", 9), did("l5", "pot", "mail", 9)});
  EXPECT_THAT(users({.item = "bulb", .cap_type = "mail", .cap = 2, .cap_days = 7}), ElementsAre("l4", "l5"));
  EXPECT_EQ(answer.capped, 1);
  EXPECT_THAT(users({.item = "bulb", .cap_type = "mail", .cap = 1, .cap_days = 30}), IsEmpty());
  EXPECT_THAT(users({.item = "bulb", .cap_type = "never written"}), ElementsAre("l3", "l4", "l5"));
}

TEST_F(AudienceTest, LeavesOutWhoTurnedItDownAndWhoTheFilterDoes) {
  write_fans();
  write({did("l3", "bulb", "dislike", 1)});
  Entity french{.id = "l4", .features = {{"country", std::string("France")}}};
  write({PutEntity{EntityKind::kUser, french}});
  EXPECT_THAT(users({.item = "bulb", .exclude_seen = false}), UnorderedElementsAre("l0", "l1", "l2", "l4", "l5"));
  EXPECT_EQ(answer.turned_down, 1);
  const Filter in_france{
      .op = Filter::Op::kEqual, .children = {}, .field = "country", .values = {std::string("France")}};
  EXPECT_THAT(users({.item = "bulb", .filter = in_france}), ElementsAre("l4"));
}

TEST_F(AudienceTest, RefusesWhatIsOutOfRange) {
  write_fans();
  EXPECT_EQ(database->audience({.item = "ghost"}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->audience({.item = "bulb", .k = 0}).status().field(), "k");
  EXPECT_EQ(database->audience({.item = "bulb", .cap_days = 0}).status().field(), "cap_days");
}

// --- rebuy ---

class RebuyTest : public ShopQueriesTest {
 protected:
  std::vector<std::string> rebuys(const std::string& user, bool exclude_seen = false) {
    FunnelConfig funnel = of_retriever("rebuy");
    funnel.exclude_seen = exclude_seen;
    RecommendRequest request{.user = user, .override_funnel = funnel, .explain = true};
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (!answer.is_ok()) return {};
    notes.clear();
    for (const StageTrace& stage : answer->stages) notes += stage.note;
    for (const Warning& warning : answer->warnings) notes += warning.detail;
    return items_of(*answer);
  }
  std::string notes;
};

TEST_F(RebuyTest, WhatIsDueComesFirst) {
  open();
  // Milk weekly, the last a week ago; coffee weekly, the last yesterday; soap once.
  for (const double days : {28.0, 21.0, 14.0, 7.0}) write({did("ada", "milk", "purchase", days)});
  for (const double days : {22.0, 15.0, 8.0, 1.0}) write({did("ada", "coffee", "purchase", days)});
  write({did("ada", "soap", "purchase", 7)});
  EXPECT_THAT(rebuys("ada"), ElementsAre("milk", "coffee", "soap"));
  clock.advance(6 * kDayMs);  // now coffee is due, and milk late
  EXPECT_THAT(rebuys("ada"), ElementsAre("coffee", "milk", "soap"));
}

TEST_F(RebuyTest, APeriodIsTheItemsOwn) {
  open();
  // Bread every 2 days, filters every 60; 30 days after both, filters are nearer to being due.
  for (const double days : {38.0, 36.0, 34.0, 32.0, 30.0}) write({did("ada", "bread", "purchase", days)});
  for (const double days : {270.0, 210.0, 150.0, 90.0, 30.0}) write({did("ada", "filter", "purchase", days)});
  EXPECT_THAT(rebuys("ada"), ElementsAre("filter", "bread"));
}

TEST_F(RebuyTest, ActionsOfOneDayAreOne) {
  open();
  for (const double days : {5.3, 5.2, 5.1, 5.0}) write({did("ada", "milk", "purchase", days)});
  for (const double days : {9.0, 5.0}) write({did("ada", "bread", "purchase", days)});
  EXPECT_THAT(rebuys("ada"), ElementsAre("bread", "milk"));
  EXPECT_THAT(rebuys("nobody"), IsEmpty());
  EXPECT_THAT(notes, HasSubstr("has taken nothing"));
}

TEST_F(RebuyTest, SaysThatSeenItemsAreExcluded) {
  open();
  for (const double days : {14.0, 7.0}) write({did("ada", "milk", "purchase", days)});
  EXPECT_THAT(rebuys("ada", /*exclude_seen=*/true), IsEmpty());
  EXPECT_THAT(notes, HasSubstr("exclude_seen leaves out"));
  EXPECT_THAT(rebuys("ada"), ElementsAre("milk"));
}

}  // namespace
}  // namespace tamis::engine
