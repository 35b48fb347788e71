// What an event means, as people see it: in lists, counts, exclusions, and after a restart.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "common/clock.h"
#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class MeaningTest : public DatabaseTest {
 protected:
  void SetUp() override {
    open();
    clock.set(clock.now_ms() / kDayMs * kDayMs + kDayMs / 2);
  }
  WriteAck act(const std::string& user, const std::string& item, const std::string& type,
               std::optional<double> value = {}, TimestampMs at_ms = kNoTime) {
    clock.advance(1'000);
    Interaction made = interaction(user, item, type);
    made.value = value;
    made.timestamp_ms = at_ms;
    return write({PutInteraction{made}});
  }
  void declare(const std::string& name, const std::string& json) {
    const auto type = parse_interaction_type(name, json);
    ASSERT_TRUE(type.is_ok()) << type.status().to_string();
    const auto ack = database->put_interaction_type(*type);
    ASSERT_TRUE(ack.is_ok()) << ack.status().to_string();
    ASSERT_FALSE(database->is_recounting());
  }
  static FunnelConfig only(const std::string& retriever) {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = retriever;
    funnel.retrievers = {{.kind = retriever, .quota = 100, .weight = 1, .space = ""}};
    funnel.fallback.clear();
    funnel.exclude_seen = false;
    return funnel;
  }
  // The scores of a retriever by item.
  std::map<std::string, double> scores(const std::string& retriever, const std::string& user = "") {
    RecommendRequest request;
    request.user = user;
    request.k = 100;
    request.explain = true;
    request.dry_run = true;
    request.override_funnel = only(retriever);
    auto answer = database->recommend(request);
    for (int i = 0; i < 100 && answer.is_ok() && !answer->is_exact; ++i) {  // a list of up to a second ago
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      answer = database->recommend(request);
    }
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::map<std::string, double> found;
    if (!answer.is_ok()) return found;
    for (const auto& item : answer->items) found[item.item] = item.explain->retrieved_by.at(0).score;
    return found;
  }
  std::vector<std::string> popular_for(const std::string& user) {
    std::vector<std::string> items;
    for (const auto& [item, score] : scores("popular", user)) items.push_back(item);
    return items;
  }
};

TEST_F(MeaningTest, OfRatingsTheNewestCountsInPopular) {
  act("ada", "film", "rating", 5);
  EXPECT_EQ(scores("popular")["film"], 5);
  act("ada", "film", "rating", 4);
  EXPECT_EQ(scores("popular")["film"], 4);
  act("ada", "film", "rating", 3);
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{}));
  act("ada", "film", "rating", 5, clock.now_ms() - 100 * kDayMs);  // an older one that comes late
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{}));
}

TEST_F(MeaningTest, AReturnTakesItsPurchaseBack) {
  act("ada", "lamp", "purchase");
  act("bob", "lamp", "purchase", 2);
  EXPECT_EQ(scores("popular")["lamp"], 10);
  act("ada", "lamp", "purchase", -1);
  EXPECT_EQ(scores("popular")["lamp"], 5);
  act("bob", "lamp", "return");
  EXPECT_EQ(scores("popular").count("lamp"), 0u);
  EXPECT_EQ(scores("trending").count("lamp"), 0u);
}

TEST_F(MeaningTest, LikeThenUnlikeIsNothing) {
  act("ada", "song", "like");
  act("ada", "song", "like");
  EXPECT_EQ(scores("popular")["song"], 3);
  act("ada", "song", "unlike");
  EXPECT_EQ(scores("popular").count("song"), 0u);
}

TEST_F(MeaningTest, DislikesLeadNothing) {
  for (int i = 0; i < 60; ++i) {
    act("u" + std::to_string(i), "bad", "dislike");
    act("u" + std::to_string(i), "worse", "rating", 1);
  }
  act("ada", "good", "view");
  EXPECT_THAT(popular_for("stranger"), ElementsAre("good"));
  EXPECT_THAT(recommended("stranger").front(), "good");
}

TEST_F(MeaningTest, WhatAUserDislikedOrHidDoesNotComeBack) {
  for (const char* item : {"a", "b", "c", "d", "e"})
    for (int i = 0; i < 5; ++i) act("u" + std::to_string(i), item, "purchase");
  act("ada", "a", "dislike");
  act("ada", "b", "hide");
  act("ada", "c", "rating", 2);
  act("ada", "d", "skip");
  act("ada", "d", "view");
  EXPECT_THAT(popular_for("ada"), ElementsAre("d", "e"));
  RecommendRequest request;
  request.user = "ada";
  request.override_funnel = only("popular");
  request.explain = true;
  const auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok());
  bool is_told = false;
  for (const auto& stage : answer->stages) is_told |= stage.note.find("3 disliked or hidden") != std::string::npos;
  EXPECT_TRUE(is_told);
  request.explain = false;
  const auto why = database->why_not(request, "a");
  ASSERT_TRUE(why.is_ok());
  EXPECT_EQ(why_not_name(why->verdict), "disliked");

  close();
  open();
  EXPECT_THAT(popular_for("ada"), ElementsAre("d", "e"));
  act("ada", "a", "like");
  act("ada", "b", "unhide");
  act("ada", "c", "rating", 4);
  EXPECT_THAT(popular_for("ada"), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(MeaningTest, TheHistoryOfARequestExcludesAndForgivesToo) {
  for (const char* item : {"a", "b"}) act("bob", item, "purchase");
  RecommendRequest request;
  request.override_funnel = only("popular");
  request.history = {{.item = "a", .type = "dislike"}};
  auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok());
  ASSERT_EQ(answer->items.size(), 1u);
  EXPECT_EQ(answer->items[0].item, "b");
  act("ada", "b", "hide");
  request.user = "ada";
  request.history = {{.item = "b", .type = "unhide"}};
  answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok());
  EXPECT_EQ(answer->items.size(), 2u);
}

TEST_F(MeaningTest, ImpressionsOfClientsAreNeitherPopularNorSeen) {
  act("ada", "a", "view");
  act("bob", "a", "impression");
  act("bob", "b", "impression");
  EXPECT_EQ(scores("popular")["a"], 1);
  EXPECT_EQ(scores("popular").count("b"), 0u);
  EXPECT_THAT(recommended("bob"), Contains("b"));
  EXPECT_THAT(recommended("bob"), Contains("a"));
}

TEST_F(MeaningTest, OneUsersRepeatsOfADayCountOnce) {
  for (int i = 0; i < 500; ++i) act("bot", "spam", "view", {}, clock.now_ms() - i);
  for (int i = 0; i < 5; ++i) act("u" + std::to_string(i), "good", "view");
  EXPECT_EQ(scores("popular")["spam"], 1);
  EXPECT_EQ(scores("popular")["good"], 5);
  const auto trending = scores("trending");
  EXPECT_LT(trending.at("spam"), trending.at("good")) << ::testing::PrintToString(trending);
  act("bot", "spam", "view", {}, clock.now_ms() - 3 * kDayMs);
  EXPECT_EQ(scores("popular")["spam"], 2);
}

TEST_F(MeaningTest, AChangeOfATypeIsEffectiveAtOnce) {
  act("ada", "a", "watch", 40);
  act("ada", "b", "watch", 10);
  act("bob", "a", "thumbs-down");
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{{"a", 2}, {"b", 1}}));
  declare("watch", R"({"value":"seconds","at_least":30,"weight":2})");
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{{"a", 3}}));
  declare("thumbs-down", R"({"meaning":"negative","weight":1})");
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{{"a", 1}}));
  EXPECT_THAT(popular_for("bob"), IsEmpty());
  EXPECT_EQ(database->get_interaction_type("watch")->version, 1u);
  declare("watch", R"({"value":"seconds","at_least":5})");
  EXPECT_EQ(database->get_interaction_type("watch")->version, 2u);
  EXPECT_EQ(database->get_interaction_type_version("watch", 1)->weight, 2);
  const auto live = scores("popular");
  close();
  open();
  EXPECT_EQ(scores("popular"), live);
  EXPECT_EQ(database->get_interaction_type("watch")->version, 2u);
  ASSERT_TRUE(database->delete_interaction_type("watch").is_ok());
  EXPECT_EQ(database->get_interaction_type("watch")->version, 0u);
  EXPECT_EQ(database->delete_interaction_type("watch").status().code(), StatusCode::kNotFound);
  declare("watch", R"({})");
  EXPECT_EQ(database->get_interaction_type("watch")->version, 3u) << "versions are not used again";
}

TEST_F(MeaningTest, AcksAndStatsNameUndeclaredTypes) {
  EXPECT_THAT(act("ada", "a", "view").undeclared_types, IsEmpty());
  EXPECT_THAT(act("ada", "a", "Purchase").undeclared_types, ElementsAre("Purchase"));
  EXPECT_THAT(act("ada", "a", "quux-7").undeclared_types, ElementsAre("quux-7"));
  auto stats = database->stats();
  EXPECT_EQ(stats.undeclared_types, (std::map<std::string, std::string>{{"Purchase", "purchase"}, {"quux-7", ""}}));
  close();
  open();
  EXPECT_EQ(database->stats().undeclared_types, stats.undeclared_types);
  declare("quux-7", R"({"meaning":"neutral"})");
  EXPECT_THAT(act("ada", "a", "quux-7").undeclared_types, IsEmpty());
  EXPECT_EQ(database->stats().undeclared_types.size(), 1u);
}

TEST_F(MeaningTest, UndeclaredTypesAreBounded) {
  std::vector<Mutation> many;
  for (int i = 0; i < 1'001; ++i) many.push_back(PutInteraction{interaction("ada", "a", "type" + std::to_string(i))});
  EXPECT_EQ(refusal(many).code(), StatusCode::kFailedPrecondition);
  many.pop_back();
  write(std::move(many));
  const Status refused = refusal({PutInteraction{interaction("ada", "a", "one-more")}});
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.field(), "type");
  act("ada", "a", "type7");
  act("ada", "a", "dislike");
  declare("one-more", "{}");
  act("ada", "a", "one-more");
  ASSERT_TRUE(database->delete_interactions({.user = "ada", .type = "type7"}).is_ok());
  EXPECT_EQ(database->stats().undeclared_types.size(), 999u);
  act("ada", "a", "another");  // what is no longer in use has no place
}

TEST_F(MeaningTest, UndeclaredTypesAreBoundedWhereWritesRunAtOnce) {
  constexpr int kWriters = 8;
  std::atomic<int> stored{0};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([this, writer, &stored] {
      std::atomic<int> answers{0};
      for (int i = 0; i < 400; ++i) {
        const std::string type = "type" + std::to_string(i * kWriters + writer);
        database->write_async({PutInteraction{interaction("ada", "a", type)}}, {}, [&](const Result<WriteAck>& ack) {
          stored += ack.is_ok() ? 1 : 0;
          EXPECT_TRUE(ack.is_ok() || ack.status().code() == StatusCode::kFailedPrecondition)
              << ack.status().to_string();
          ++answers;
        });
      }
      while (answers < 400) std::this_thread::yield();
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(stored, 1'000);
  EXPECT_EQ(database->stats().undeclared_types.size(), 1'000u);
}

TEST_F(MeaningTest, TypesOfRefusedWritesTakeNoPlaces) {
  for (int i = 0; i < 1'001; ++i) {
    const Mutation good = PutInteraction{interaction("ada", "a", "type" + std::to_string(i))};
    EXPECT_EQ(refusal({good, PutInteraction{interaction("", "a", "view")}}).field(), "mutations[1].user");
  }
  act("ada", "a", "unheard-of");
}

TEST_F(MeaningTest, ValuesOutsideOfTheRangeOfTheirTypeAreRefused) {
  for (const double value : {1e39, 1e30, 1'700'000'000'000.0, -1e39}) {
    Interaction made = interaction("ada", "film", "rating");
    made.value = value;
    const Status refused = refusal({PutInteraction{made}});
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << value;
    EXPECT_EQ(refused.field(), "value") << value;
    made.type = "unheard-of";
    EXPECT_EQ(refusal({PutInteraction{made}}).field(), "value") << value;
  }
  declare("rating", R"({"value":"rating","min":1,"max":10,"at_least":7,"below":4,"repeats":"newest"})");
  Interaction made = interaction("ada", "film", "rating");
  made.value = 11;
  EXPECT_EQ(refusal({PutInteraction{made}}).field(), "value");
  made.value = 10;
  write({PutInteraction{made}});
}

TEST_F(MeaningTest, AMoveOfASessionCountsNothingTwice) {
  act("s", "a", "view");
  act("s", "b", "like");
  act("s", "c", "dislike");
  act("ada", "a", "view");
  act("ada", "b", "unlike");  // later than the like that it will meet
  act("bob", "c", "purchase");
  ASSERT_TRUE(database->merge_user("ada", "s").is_ok());
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{{"a", 1}, {"c", 2}}));
  EXPECT_THAT(popular_for("ada"), ElementsAre("a"));
  const auto live = scores("trending");
  close();
  open();
  EXPECT_EQ(scores("popular"), (std::map<std::string, double>{{"a", 1}, {"c", 2}}));
  EXPECT_EQ(scores("trending"), live);
}

// Every type, any order of arrival, deletions, moves, changes of types: the counts are those of a rebuild.
TEST_F(MeaningTest, LiveCountsAreThoseOfARebuild) {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    Random random(seed);
    const std::vector<std::string> types = {"view",   "click",    "like", "unlike", "dislike", "purchase",
                                            "return", "rating",   "skip", "hide",   "unhide",  "impression",
                                            "watch",  "Purchase", "cart", "order",  "refund",  "remove_from_cart"};
    for (int round = 0; round < 40; ++round) {
      std::vector<Mutation> batch;
      for (std::uint32_t i = 0; i < 12; ++i) {
        Interaction made = interaction("u" + std::to_string(random.below(6)), "i" + std::to_string(random.below(8)),
                                       types[random.below(static_cast<std::uint32_t>(types.size()))]);
        if (random.below(3) > 0) made.value = static_cast<double>(random.below(7)) - 1;
        made.timestamp_ms = clock.now_ms() - random.below(4) * (kDayMs / 2) - random.below(3);
        batch.push_back(PutInteraction{made});
        if (random.below(40) == 0)
          batch.push_back(DeleteEntity{EntityKind::kItem, "i" + std::to_string(random.below(8))});
      }
      if (random.below(4) == 0) batch.push_back(DeleteEntity{EntityKind::kUser, "u" + std::to_string(random.below(6))});
      static_cast<void>(database->write(std::move(batch)));
      if (random.below(8) == 0) {
        const std::string from = "u" + std::to_string(random.below(3));
        static_cast<void>(database->merge_user("u5", from));
      }
      if (round == 20) declare("view", R"({"repeats":"capped","cap":2,"weight":1.5})");
      if (round == 30) declare("Purchase", R"({"meaning":"negative","weight":2})");
      clock.advance(3'600'000);
    }
    const auto popular = scores("popular");
    const auto trending = scores("trending");
    const auto by_type = database->stats().interactions_by_type;
    close();
    open();
    EXPECT_EQ(scores("popular"), popular) << "seed " << seed;
    EXPECT_EQ(scores("trending"), trending) << "seed " << seed;
    EXPECT_EQ(database->stats().interactions_by_type, by_type) << "seed " << seed;
  }
}

TEST_F(MeaningTest, ExperimentsAndListsFollowTheMeaning) {
  for (const char* item : {"a", "b"}) write({put_item(item)});
  RecommendRequest request;
  request.user = "ada";
  request.k = 2;
  const auto list = database->recommend(request);
  ASSERT_TRUE(list.is_ok());
  ASSERT_EQ(list->items.size(), 2u);
  const auto answer_to = [&](std::size_t slot, const std::string& type, std::optional<double> value = {}) {
    clock.advance(1'000);
    Interaction made = interaction("ada", list->items[slot].item, type);
    made.recommendation_id = list->recommendation_id;
    made.value = value;
    write({PutInteraction{made}});
  };
  const auto all = [&] { return database->stats().funnels.at(0).windows.back(); };
  answer_to(0, "impression");
  answer_to(1, "impression");
  EXPECT_EQ(all().clicked, 0u);
  answer_to(0, "dislike");
  EXPECT_EQ(all().clicked, 0u);
  answer_to(1, "view");
  EXPECT_EQ(all().clicked, 1u);
  answer_to(1, "purchase", 10.0);
  answer_to(1, "return", 10.0);
  EXPECT_EQ(all().value, 0);
}

}  // namespace
}  // namespace tamis::engine
