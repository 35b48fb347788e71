// Feedback taken back, items hidden, what was deleted kept deleted, sessions merged: what follows from each at once.
#include <gmock/gmock.h>

#include <thread>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class TakingBackTest : public DatabaseTest {
 protected:
  void act(const std::string& user, const std::string& item, const std::string& type = "view",
           TimestampMs timestamp_ms = kNoTime, const std::string& key = "", const std::string& import_id = "") {
    Interaction made = interaction(user, item, type);
    made.timestamp_ms = timestamp_ms;
    made.idempotency_key = key;
    made.import_id = import_id;
    write({PutInteraction{made}});
  }
  std::uint64_t take_back(const InteractionSelection& selection) {
    const auto ack = database->delete_interactions(selection);
    EXPECT_TRUE(ack.is_ok()) << ack.status().to_string();
    return ack.is_ok() ? ack->affected : 0;
  }
  std::vector<std::string> history(const std::string& user) {
    std::vector<std::string> items;
    const auto page = database->list_interactions(EntityKind::kUser, user, "", 100);
    EXPECT_TRUE(page.is_ok()) << page.status().to_string();
    if (page.is_ok()) {
      for (const auto& row : page->rows) items.push_back(row.interaction.item);
    }
    return items;
  }
  FunnelWindow all_of_default() {
    const Stats stats = database->stats();
    for (const FunnelFigures& figures : stats.funnels) {
      if (figures.funnel == "default" && figures.experiment.empty()) return figures.windows.back();
    }
    return {};
  }
  bool is_swept(std::uint64_t items_left) {
    for (int i = 0; i < 1'000 && database->stats().items != items_left; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return database->stats().items == items_left;
  }
};

TEST_F(TakingBackTest, CountsHistoryExclusionAndTheNextAnswerFollowAtOnce) {
  open();
  for (const char* id : {"lamp", "vase"}) write({put_item(id)});
  act("ada", "lamp");
  act("ada", "lamp");
  act("bob", "vase");
  EXPECT_THAT(recommended("eve"), ElementsAre("lamp", "vase")) << "the most popular first";
  EXPECT_THAT(recommended("ada"), Not(Contains("lamp"))) << "seen";
  EXPECT_EQ(take_back({.user = "ada", .item = "lamp"}), 2u);
  EXPECT_THAT(history("ada"), IsEmpty());
  EXPECT_THAT(recommended("ada"), Contains("lamp"));
  EXPECT_THAT(recommended("eve"), ElementsAre("vase", "lamp"));
  EXPECT_EQ(database->stats().interactions, 1u);
  EXPECT_EQ(take_back({.user = "ada", .item = "lamp"}), 0u);
  close();
  open();
  EXPECT_THAT(recommended("eve"), ElementsAre("vase", "lamp")) << "after a restart";
  EXPECT_EQ(database->stats().interactions, 1u);
}

TEST_F(TakingBackTest, EveryPartOfASelectionNarrowsIt) {
  open();
  act("ada", "lamp", "view", 1'000);
  act("ada", "lamp", "purchase", 2'000, "k-1");
  act("ada", "vase", "purchase", 3'000, "k-2", "orders");
  act("bob", "lamp", "purchase", 4'000, "", "orders");
  Interaction led = interaction("bob", "vase", "click");
  led.recommendation_id = "r-1";
  write({PutInteraction{led}});
  EXPECT_EQ(take_back({.user = "ada", .type = "purchase", .from_ms = 2'500}), 1u) << "the vase";
  EXPECT_EQ(take_back({.user = "ada", .from_ms = 1'000, .to_ms = 1'000 + 1}), 1u) << "the view: to is not in";
  EXPECT_EQ(take_back({.idempotency_key = "k-1"}), 1u);
  EXPECT_EQ(take_back({.recommendation_id = "r-1"}), 1u);
  EXPECT_EQ(take_back({.item = "vase"}), 0u);
  EXPECT_EQ(take_back({.import_id = "orders"}), 1u);
  EXPECT_EQ(take_back({.user = "nobody"}), 0u);
  EXPECT_EQ(take_back({.user = "ada", .type = "never"}), 0u);
  EXPECT_EQ(database->stats().interactions, 0u);
  act("ada", "vase", "purchase", 3'000, "k-2", "orders");
  EXPECT_EQ(database->stats().interactions, 1u) << "its key is free again";
}

TEST_F(TakingBackTest, ASelectionMustBeBounded) {
  open();
  act("ada", "lamp");
  EXPECT_EQ(database->delete_interactions({}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database->delete_interactions({.type = "view"}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database->delete_interactions({.from_ms = 0}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(database->delete_interactions({.user = "ada", .from_ms = 5, .to_ms = 5}).status().field(), "to");
  EXPECT_EQ(database->stats().interactions, 1u);
}

TEST_F(TakingBackTest, AnImportIsUndoneWhateverItsSize) {
  open();
  constexpr std::size_t kRows = 25'000;
  std::vector<Mutation> rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    Interaction made = interaction("u" + std::to_string(i % 997), "i" + std::to_string(i % 101));
    made.import_id = i % 5 == 0 ? "right" : "wrong";
    made.idempotency_key = "row-" + std::to_string(i);
    rows.emplace_back(PutInteraction{made});
  }
  write(rows);
  EXPECT_EQ(take_back({.import_id = "wrong"}), kRows / 5 * 4);
  EXPECT_EQ(database->stats().interactions, kRows / 5);
  EXPECT_EQ(write(rows).accepted, kRows / 5 * 4) << "what was undone may come again, and what was not is a repeat";
}

TEST_F(TakingBackTest, WhatWasAttributedGoesToo) {
  open();
  for (const char* id : {"lamp", "vase"}) write({put_item(id)});
  RecommendRequest request;
  request.user = "ada";
  const auto list = database->recommend(request);
  ASSERT_TRUE(list.is_ok());
  clock.advance(1'000);
  Interaction bought = interaction("ada", list->items[0].item, "purchase");
  bought.value = 10;
  bought.recommendation_id = list->recommendation_id;
  Interaction clicked = interaction("ada", list->items[0].item, "click");
  clicked.recommendation_id = list->recommendation_id;
  write({PutInteraction{clicked}, PutInteraction{bought}});
  EXPECT_EQ(all_of_default().converted, 1u);
  EXPECT_EQ(take_back({.user = "ada", .type = "purchase"}), 1u);
  const auto check = [&](const char* when) {
    const FunnelWindow all = all_of_default();
    EXPECT_EQ(all.converted, 0u) << when;
    EXPECT_EQ(all.value, 0) << when;
    EXPECT_EQ(all.clicked, 1u) << when << ": the click stays";
    EXPECT_EQ(all.lists, 1u) << when;
  };
  check("at once");
  close();
  open();
  check("after a restart");
}

TEST_F(TakingBackTest, APastAnswerIsReplayedWithWhatWasThere) {
  open();
  for (const char* id : {"lamp", "vase"}) write({put_item(id)});
  act("ada", "lamp");
  act("s-1", "lamp");
  act("bob", "vase");
  const auto ask = [&](std::optional<Sequence> as_of) {
    RecommendRequest request;
    request.user = "eve";
    request.as_of_sequence = as_of;
    request.as_of_ms = clock.now_ms();
    request.dry_run = true;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::vector<std::string> items;
    if (answer.is_ok()) {
      for (const auto& item : answer->items) items.push_back(item.item + " " + std::to_string(item.score));
    }
    return items;
  };
  const Sequence before = database->sequence();
  const auto served_before = ask({});
  ASSERT_TRUE(database->merge_user("ada", "s-1").is_ok());
  take_back({.user = "ada", .item = "lamp"});
  act("s-1", "vase");  // the session's id again: somebody new
  ASSERT_TRUE(database->delete_user("bob", false, {}).is_ok());
  const auto served_after = ask({});
  EXPECT_NE(served_before, served_after);
  EXPECT_EQ(ask(before), served_before);
  EXPECT_EQ(ask(database->sequence()), served_after);
}

TEST_F(TakingBackTest, AMergedSessionBringsNoSecondSale) {
  open();
  for (const char* id : {"lamp", "vase"}) write({put_item(id)});
  const auto serve = [&](const std::string& user) {
    RecommendRequest request;
    request.user = user;
    return *database->recommend(request);
  };
  const auto list = serve("s-1");
  serve("ada");
  clock.advance(1'000);
  Interaction bought = interaction("s-1", "lamp", "purchase");
  bought.value = 10;
  bought.recommendation_id = list.recommendation_id;
  write({PutInteraction{bought}});
  EXPECT_EQ(all_of_default().value, 10);
  const std::uint64_t before = database->stats().impressions.attributed;
  ASSERT_EQ(database->merge_user("ada", "s-1")->accepted, 1u);
  EXPECT_EQ(all_of_default().value, 10);
  EXPECT_EQ(all_of_default().converted, 1u);
  EXPECT_EQ(database->stats().impressions.attributed, before);
  EXPECT_THAT(history("ada"), ElementsAre("lamp"));
  EXPECT_EQ(database->get_entity(EntityKind::kUser, "s-1").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->merge_user("ada", "s-1")->accepted, 0u) << "a repeat is harmless";
}

TEST_F(TakingBackTest, AMergeMovesAnyNumberOfEvents) {
  open();
  std::vector<Mutation> events;
  constexpr std::size_t kEvents = MergeUser::kMaxMoved + 1;
  for (std::size_t i = 0; i < kEvents; ++i) events.emplace_back(PutInteraction{interaction("s-1", "lamp")});
  write(events);
  EXPECT_EQ(database->merge_user("ada", "s-1")->accepted, kEvents);
  EXPECT_EQ(database->stats().interactions, kEvents);
  EXPECT_EQ(database->merge_user("ada", "ada").status().field(), "session");
}

TEST_F(TakingBackTest, NothingBringsADeletedItemBackIntoAnAnswer) {
  open();
  write({put_space("style", 2), put_item("lamp"), put_item("vase"),
         PutVector{"style", EntityKind::kItem, "lamp", {1, 0}}, PutVector{"style", EntityKind::kItem, "vase", {0, 1}}});
  act("ada", "lamp");
  act("s-1", "lamp");
  write({DeleteEntity{EntityKind::kItem, "lamp"}});
  const auto expect_gone = [&](const char* when) {
    EXPECT_THAT(recommended("eve"), Not(Contains("lamp"))) << when;
    EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("vase")) << when;
    EXPECT_THAT(listed(EntityKind::kItem), ElementsAre("vase")) << when;
    EXPECT_EQ(database->stats().items, 1u) << when;
  };
  act("ada", "lamp", "purchase");
  expect_gone("an event of now");
  act("ada", "lamp", "view", 1'000'000);
  expect_gone("an event of 1970");
  act("new", "lamp", "view", clock.now_ms() + 1'000'000);
  expect_gone("an event of tomorrow by somebody new");
  write({PutVector{"style", EntityKind::kItem, "lamp", {1, 0}}});
  expect_gone("a vector");
  ASSERT_TRUE(database->merge_user("ada", "s-1").is_ok());
  expect_gone("a merge");
  close();
  open();
  expect_gone("a restart");
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  ASSERT_TRUE(Database::restore(directory / "snapshot", directory / "restored", options).is_ok());
  auto restored = Database::open(directory / "restored", options);
  ASSERT_TRUE(restored.is_ok());
  database = std::move(*restored);
  expect_gone("a restore");
  write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = {{"price", FeatureValue(3.0)}}}});
  EXPECT_THAT(recommended("eve"), Contains("lamp")) << "a patch brings it back";
}

TEST_F(TakingBackTest, NothingBringsAnExpiredItemBackIntoAnAnswer) {
  open();
  write({put_item("offer", {}, clock.now_ms() + 1'000), put_item("vase")});
  clock.advance(2'000);
  act("ada", "offer", "purchase");
  EXPECT_THAT(recommended("eve"), ElementsAre("vase"));
  ASSERT_TRUE(is_swept(1));
  act("ada", "offer", "purchase");
  act("ada", "offer", "view", 5'000);
  EXPECT_THAT(recommended("eve"), ElementsAre("vase")) << "after the sweep";
  close();
  open();
  EXPECT_THAT(recommended("eve"), ElementsAre("vase")) << "after a restart";
  write({put_item("offer")});
  EXPECT_THAT(recommended("eve"), UnorderedElementsAre("offer", "vase"));
}

TEST_F(TakingBackTest, ADeletedUserStaysDeleted) {
  open();
  for (const bool keep_log : {true, false}) {
    const std::string user = keep_log ? "kept" : "erased";
    act(user, "lamp");
    ASSERT_TRUE(database->delete_user(user, keep_log, {}).is_ok());
    const std::uint64_t users = database->stats().users;
    const WriteAck late = view(user, "lamp");
    EXPECT_EQ(late.accepted + late.ignored, 1u);
    EXPECT_EQ(late.ignored, keep_log ? 0u : 1u) << "nothing is stored of a user who is being erased";
    EXPECT_EQ(database->get_entity(EntityKind::kUser, user).status().code(), StatusCode::kNotFound);
    EXPECT_EQ(database->stats().users, users);
    close();
    open();
    view(user, "lamp");
    EXPECT_EQ(database->get_entity(EntityKind::kUser, user).status().code(), StatusCode::kNotFound) << "restarted";
    Entity entity;
    entity.id = user;
    write({PutEntity{EntityKind::kUser, entity}});
    EXPECT_TRUE(database->get_entity(EntityKind::kUser, user).is_ok());
    view(user, "vase");
    EXPECT_THAT(history(user), Contains("vase"));
  }
  EXPECT_THAT(history("erased"), ElementsAre("vase")) << "somebody new";
}

TEST_F(TakingBackTest, AHiddenItemIsInNoAnswer) {
  open();
  write({put_space("style", 2), put_item("lamp"), put_item("vase"), put_item("rug"),
         PutVector{"style", EntityKind::kItem, "lamp", {1, 0}}, PutVector{"style", EntityKind::kItem, "vase", {1, 1}},
         PutVector{"style", EntityKind::kItem, "rug", {0, 1}}});
  for (int i = 0; i < 5; ++i) act("ada", "lamp");
  act("ada", "vase");
  write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .hidden = true}});
  const auto expect_hidden = [&](const char* when) {
    EXPECT_THAT(recommended("eve"), Not(Contains("lamp"))) << when;
    EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("vase", "rug")) << when;
    EXPECT_TRUE(database->get_entity(EntityKind::kItem, "lamp")->hidden) << when;
    SimilarRequest similar;
    similar.id = "vase";
    similar.space = "style";
    const auto alike = database->similar(similar);
    ASSERT_TRUE(alike.is_ok()) << alike.status().to_string();
    for (const auto& item : alike->items) EXPECT_NE(item.id, "lamp") << when;
    RecommendRequest request;
    request.user = "eve";
    request.override_funnel = *parse_funnel("default", R"({"retrievers":[{"kind":"latest"}],
        "fallback":["popular"],"rules":[{"kind":"pin","pins":[{"item":"lamp","slot":1,"insert":true}]}]})");
    const auto pinned = database->recommend(request);
    ASSERT_TRUE(pinned.is_ok()) << pinned.status().to_string();
    for (const auto& item : pinned->items) EXPECT_NE(item.item, "lamp") << when << ", pinned";
    EXPECT_EQ(database->why_not(request, "lamp")->verdict, WhyNot::kHidden) << when;
  };
  expect_hidden("patched");
  act("ada", "lamp");
  expect_hidden("after an event");
  close();
  open();
  expect_hidden("after a restart");
  write({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .hidden = false}});
  EXPECT_THAT(recommended("eve"), Contains("lamp"));
  EXPECT_THAT(nearest("style", {1, 0}), Contains("lamp"));
  Entity user;
  user.id = "ada";
  user.hidden = true;
  EXPECT_EQ(refusal({PutEntity{EntityKind::kUser, user}}).field(), "hidden");
}

TEST_F(TakingBackTest, AnExportImportedIntoItsOwnServerChangesNothing) {
  open();
  act("ada", "lamp", "view", clock.now_ms() - 5);
  act("ada", "lamp", "view", clock.now_ms() - 5);
  act("ada", "vase", "purchase", clock.now_ms() - 5, "order-1");
  clock.advance((options.storage.idempotency_ttl_s + 10) * 1'000);  // the keys are forgotten
  std::vector<Mutation> exported;
  const auto own = database->list_interactions(EntityKind::kUser, "ada", "", 10);
  for (const auto& row : own->rows) {
    Interaction again = row.interaction;
    if (again.idempotency_key.empty()) again.idempotency_key = "tamis:" + std::to_string(row.sequence);
    exported.emplace_back(PutInteraction{again});
  }
  ASSERT_EQ(exported.size(), 3u);
  const WriteAck ack = write(exported);
  EXPECT_EQ(ack.duplicates, 3u);
  EXPECT_EQ(ack.accepted, 0u);
  EXPECT_EQ(database->stats().interactions, 3u);
  // Another item at the same time is another interaction, and so is one that was taken back.
  Interaction other = interaction("ada", "rug");
  other.timestamp_ms = std::get<PutInteraction>(exported[0]).interaction.timestamp_ms;
  other.idempotency_key = "tamis:1";
  EXPECT_EQ(write({PutInteraction{other}}).accepted, 1u);
  EXPECT_EQ(take_back({.user = "ada"}), 4u);
  EXPECT_EQ(write(exported).accepted, 3u) << "a restore of what was taken back";
}

}  // namespace
}  // namespace tamis::engine
