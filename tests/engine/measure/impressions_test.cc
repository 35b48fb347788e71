// Impressions through the database: what is logged, what it counts, what a restart keeps.
#include <set>

#include "engine/measure/impression_log.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

class ImpressionsTest : public DatabaseTest {
 protected:
  void open_shop() {
    open();
    for (const char* id : {"lamp", "vase", "rug"}) write({put_item(id)});
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = "home";
    funnel.exclude_seen = false;
    funnel.impressions.attribution_window_s = 3'600;
    ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  }
  RecommendAnswer serve(const std::string& user, const std::string& funnel = "home") {
    RecommendRequest request;
    request.user = user;
    request.funnel = funnel;
    request.k = 2;
    auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    return answer.is_ok() ? *answer : RecommendAnswer{};
  }
  void act(const std::string& user, const std::string& item, const std::string& type, const std::string& list = "",
           std::optional<double> value = {}, const std::string& key = "") {
    Interaction made = interaction(user, item, type);
    made.recommendation_id = list;
    made.value = value;
    made.idempotency_key = key;
    write({PutInteraction{made}});
  }
  // Window "all" of a funnel, of all its traffic.
  FunnelWindow all_of(const std::string& funnel) {
    const Stats stats = database->stats();
    for (const FunnelFigures& figures : stats.funnels) {
      if (figures.funnel == funnel && figures.experiment.empty()) return figures.windows.back();
    }
    return {};
  }
};

TEST_F(ImpressionsTest, ServedSlotsAndWhatCameOfThemAreCountedAndSurviveARestart) {
  open_shop();
  const auto first = serve("ada");
  ASSERT_EQ(first.items.size(), 2u);
  serve("");  // an anonymous session counts, too
  clock.advance(60'000);
  act("ada", first.items[0].item, "click", first.recommendation_id);
  act("ada", first.items[0].item, "click", first.recommendation_id);  // the slot is clicked once
  act("ada", first.items[1].item, "purchase", "", 3.0);               // by its window
  const auto check = [&](const char* when) {
    FunnelWindow all = all_of("home");
    EXPECT_EQ(all.lists, 2u) << when;
    EXPECT_EQ(all.slots, 4u) << when;
    EXPECT_EQ(all.clicked, 2u) << when;
    EXPECT_EQ(all.converted, 1u) << when;
    EXPECT_EQ(all.value, 3.0) << when;
    EXPECT_EQ(all.outcomes["click"], 2u) << when;
    EXPECT_EQ(all.outcomes["purchase"], 1u) << when;
    EXPECT_DOUBLE_EQ(all.click_through_rate, 0.5) << when;
    EXPECT_NEAR(all.coverage, 2.0 / 3, 1e-12) << when;
    EXPECT_NEAR(all.gini, 1.0 / 3, 1e-12) << when;  // counts 2, 2, 0
  };
  check("live");
  close();
  open();
  check("after a restart");
}

TEST_F(ImpressionsTest, AFeedRotatesWhatWasShown) {
  open();
  for (int i = 0; i < 200; ++i) write({put_item("i" + std::to_string(i))});
  for (int i = 0; i < 20; ++i)
    for (int user = i; user < 20; ++user) act("crowd" + std::to_string(user), "i" + std::to_string(i), "click");
  const auto put = [&](const std::string& rotates) {
    FunnelConfig funnel = *parse_funnel("feed", R"({"retrievers":[{"kind":"popular"},{"kind":"latest"}]})");
    funnel.rotate_shown = rotates;
    ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  };
  const auto ask = [&](const std::string& user, std::optional<bool> rotate = {}) {
    RecommendRequest request;
    request.user = user;
    request.funnel = "feed";
    request.rotate_shown = rotate;
    clock.advance(30'000);
    auto answer = database->recommend(request);
    std::vector<std::string> items;
    for (const RecommendedItem& item : answer->items) items.push_back(item.item);
    return items;
  };
  // Of `pages` lists in a row, the share of their places that hold an item of an earlier one.
  const auto repeats = [&](const std::string& user, int pages, std::optional<bool> rotate = {}) {
    std::set<std::string> met;
    double again = 0;
    for (int page = 0; page < pages; ++page)
      for (const std::string& item : ask(user, rotate)) again += met.insert(item).second ? 0 : 1;
    return again / (10.0 * pages);
  };
  put("pages");
  EXPECT_NEAR(repeats("ada", 5), 0.8, 1e-9) << "the same list five times";
  EXPECT_EQ(repeats("bob", 5, true), 0) << "a request may turn it on";
  put("always");
  const std::vector<std::string> first = ask("cem");
  EXPECT_EQ(repeats("cem", 4), 0);
  EXPECT_EQ(repeats("", 2), 0.5) << "nobody knows what an anonymous session was shown";
  EXPECT_NEAR(repeats("dora", 5, false), 0.8, 1e-9) << "a request may turn it off";
  put("pages");
  std::set<std::string> pages;
  for (int i = 0; i < 3; ++i) {  // three visits of a page that scrolls
    clock.advance(30'000);
    const auto answer = database->recommend({.user = "fay", .funnel = "feed", .with_cursor = true});
    for (const RecommendedItem& item : answer->items) pages.insert(item.item);
  }
  EXPECT_EQ(pages.size(), 30U) << "on where people scroll";
  put("always");
  put("never");
  EXPECT_EQ(database->recommend({.user = "fay", .funnel = "feed", .with_cursor = true})->items.front().item, "i0")
      << "a funnel may say no";
  put("always");
  act("cem", first.back(), "click");
  EXPECT_NE(ask("cem", true).front(), first.back()) << "what was taken is left out as before";
  clock.advance(20 * kDayMs);
  std::vector<std::string> but_taken = first;
  but_taken.pop_back();
  std::vector<std::string> again = ask("cem");
  again.pop_back();
  EXPECT_EQ(again, but_taken) << "what was shown comes back in time";

  // A rotation rule of the funnel's own stays as it is, and goes where a request turns it off.
  FunnelConfig own = *parse_funnel("feed", R"({"retrievers":[{"kind":"popular"}],"rotate_shown":"always",
                                               "rules":[{"kind":"rotation","fatigue":0}]})");
  ASSERT_TRUE(database->put_funnel(own).is_ok());
  EXPECT_NEAR(repeats("eve", 5), 0.8, 1e-9);

  // What was shown sinks and does not go: a least score is asked for before it does.
  ASSERT_TRUE(database
                  ->put_funnel(*parse_funnel("feed", R"({"retrievers":[{"kind":"popular"}],"rotate_shown":"always",
      "fallback":[],"rules":[{"kind":"minimum_score","least":0.001}]})"))
                  .is_ok());
  for (int visit = 0; visit < 6; ++visit) EXPECT_EQ(ask("gil").size(), 10U) << visit;
  // A rotation of another type is another matter.
  ASSERT_TRUE(database
                  ->put_funnel(*parse_funnel("feed", R"({"retrievers":[{"kind":"popular"}],"rotate_shown":"always",
      "rules":[{"kind":"rotation","type":"click","fatigue":0.9}]})"))
                  .is_ok());
  EXPECT_EQ(repeats("hal", 2), 0);
}

TEST_F(ImpressionsTest, AFeedKeepsWhatWasTaken) {
  open();
  for (int i = 0; i < 40; ++i) write({put_item("song" + std::to_string(i))});
  for (int i = 0; i < 10; ++i)
    for (int user = i; user < 10; ++user) act("crowd" + std::to_string(user), "song" + std::to_string(i), "click");
  ASSERT_TRUE(database
                  ->put_funnel(*parse_funnel("feed", R"({"retrievers":[{"kind":"popular"}],"exclude_seen":false,
      "rotate_shown":"always"})"))
                  .is_ok());
  const auto first = database->recommend({.user = "ada", .k = 4, .funnel = "feed"});
  clock.advance(60'000);
  act("ada", first->items[1].item, "click", first->recommendation_id);
  clock.advance(60'000);
  const auto second = database->recommend({.user = "ada", .k = 4, .funnel = "feed"});
  std::vector<std::string> items;
  for (const RecommendedItem& item : second->items) items.push_back(item.item);
  EXPECT_EQ(items.front(), first->items[1].item);
  for (const int shown : {0, 2, 3})
    EXPECT_EQ(std::count(items.begin(), items.end(), first->items[static_cast<std::size_t>(shown)].item), 0);
}

TEST_F(ImpressionsTest, AnInteractionCountsOnceHoweverOftenItIsSent) {
  open_shop();
  const auto list = serve("ada");
  for (int i = 0; i < 3; ++i) act("ada", list.items[0].item, "purchase", list.recommendation_id, 5.0, "order-1");
  EXPECT_EQ(all_of("home").outcomes["purchase"], 1u);
  EXPECT_EQ(all_of("home").value, 5.0);
}

TEST_F(ImpressionsTest, DryRunsThePastAndSampledOutAnswersLeaveNoTrace) {
  open_shop();
  RecommendRequest request;
  request.user = "ada";
  request.funnel = "home";
  request.dry_run = true;
  ASSERT_TRUE(database->recommend(request).is_ok());
  request.dry_run = false;
  request.as_of_ms = clock.now_ms() - 1'000;
  ASSERT_TRUE(database->recommend(request).is_ok());
  FunnelConfig none = *database->get_funnel("home");
  none.name = "silent";
  none.impressions.sample_rate = 0;
  ASSERT_TRUE(database->put_funnel(none).is_ok());
  serve("ada", "silent");
  const Stats stats = database->stats();
  EXPECT_EQ(stats.impressions.logged, 0u);
  EXPECT_EQ(stats.impressions.sampled_out, 1u);
  EXPECT_TRUE(stats.funnels.empty());
}

TEST_F(ImpressionsTest, TheWindowsEndWhereTheySay) {
  open_shop();
  serve("ada");
  clock.advance(2 * 3'600'000);
  serve("ada");
  const auto windows = database->stats().funnels.at(0).windows;
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[0].lists, 1u) << windows[0].window;
  EXPECT_EQ(windows[1].lists, 2u) << windows[1].window;
  clock.advance(23 * 3'600'000);
  const auto later = database->stats().funnels.at(0).windows;
  EXPECT_EQ(later[0].lists, 0u);
  EXPECT_EQ(later[1].lists, 1u);
  EXPECT_EQ(later[2].lists, 2u);
}

// Over a store of its own: what the queue, the retention and a crash do.
class ImpressionLogTest : public ImpressionsTest {
 protected:
  void open_log() {
    storage::StoreOptions store_options;
    store_options.min_free_disk_bytes = 0;
    store_options.clock = &clock;
    log.reset();
    store.reset();
    auto opened = storage::Store::open(directory / "store", store_options);
    ASSERT_TRUE(opened.is_ok());
    store = std::move(opened).value();
    const Mutation home = PutDocument{"funnel", "home", "{}"};  // figures are kept of funnels that exist
    ASSERT_TRUE(store->commit(std::span(&home, 1), Durability::kNone).is_ok());
    log = std::make_unique<ImpressionLog>(store.get(), &options);
    const Status recovered = log->recover(&stop);
    ASSERT_TRUE(recovered.is_ok()) << recovered.to_string();
  }
  void serve_list(const std::string& id, const std::string& user = "ada") {
    RecommendAnswer answer;
    answer.recommendation_id = id;
    answer.user = user;
    answer.funnel = "home";
    answer.items.resize(2);
    answer.items[0].item = "lamp";
    answer.items[1].item = "vase";
    log->on_answer({request, funnel, answer, 0, clock.now_ms()});
  }
  void commit(std::vector<Mutation> mutations) {
    const auto committed = store->commit(mutations, Durability::kNone);
    ASSERT_TRUE(committed.is_ok());
    log->on_commit(*committed);
  }
  Mutation click(const std::string& item, const std::string& list = "") {
    Interaction made = interaction("ada", item, "click");
    made.timestamp_ms = clock.now_ms();
    made.recommendation_id = list;
    return PutInteraction{made};
  }
  RecommendRequest request;
  FunnelConfig funnel = FunnelConfig::default_funnel();
  std::atomic<bool> stop{false};
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<ImpressionLog> log;
};

TEST_F(ImpressionLogTest, AFullQueueDropsAndSaysSo) {
  open_log();
  commit({put_item("lamp"), put_item("vase")});
  const std::uint64_t before = log->memory_bytes();
  serve_list("list0");
  options.impressions.queue_bytes = 2 * (log->memory_bytes() - before);
  log->write_pending();
  for (int i = 0; i < 5; ++i) serve_list("list" + std::to_string(i));
  EXPECT_EQ(log->figures().pending, 2u);
  EXPECT_EQ(log->figures().dropped, 3u);
  log->write_pending();
  EXPECT_EQ(log->figures().pending, 0u);
  serve_list("later");
  log->write_pending();
  EXPECT_EQ(log->figures().logged, 4u);
}

TEST_F(ImpressionLogTest, ACrashLosesWhatWasNotWrittenAndAttributesAgain) {
  open_log();
  commit({put_item("lamp"), put_item("vase")});
  serve_list("kept");
  log->write_pending();
  serve_list("lost");
  commit({click("lamp", "kept"), click("vase")});  // the second's last touch is the list that gets lost
  EXPECT_EQ(log->of_item(0).clicks, 1);
  EXPECT_EQ(log->of_item(1).clicks, 1);
  EXPECT_EQ(log->of_item(0).impressions, 2);
  open_log();  // without write_pending(): outcomes and the second list are gone
  EXPECT_EQ(log->of_item(0).impressions, 1);
  EXPECT_EQ(log->of_item(0).clicks, 1);
  EXPECT_EQ(log->of_item(1).clicks, 1) << "its last touch is now the list that is left";
  log->write_pending();
  open_log();
  EXPECT_EQ(log->of_item(0).clicks, 1);
  EXPECT_EQ(log->figures().attributed, 0u) << "nothing is attributed twice";
}

TEST_F(ImpressionLogTest, RetentionRemovesOldListsFromStoreAndCounts) {
  options.impressions.retention_s = 3'600;
  open_log();
  commit({put_item("lamp"), put_item("vase")});
  serve_list("old");
  commit({click("lamp")});
  log->write_pending();
  clock.advance(50 * 60'000);
  serve_list("young");
  log->write_pending();
  clock.advance(20 * 60'000);
  ASSERT_TRUE(log->prune().is_ok());
  EXPECT_EQ(log->of_item(0).impressions, 1);
  EXPECT_EQ(log->of_item(0).clicks, 0);
  const auto all = log->funnel_figures(2).front().windows.back();
  EXPECT_EQ(all.lists, 1u);
  EXPECT_EQ(all.clicked, 0u);
  std::size_t left = 0;
  ASSERT_TRUE(store->scan_impressions(0, clock.now_ms(), [&](const auto&, auto) { return ++left > 0; }).is_ok());
  EXPECT_EQ(left, 1u);
}

TEST_F(ImpressionLogTest, WhatWasTooOldAtTheStartIsPrunedWithoutBeingTakenFromTheCounts) {
  options.impressions.retention_s = 3'600;
  open_log();
  commit({put_item("lamp"), put_item("vase")});
  serve_list("old");
  log->write_pending();
  clock.advance(2 * 3'600'000);
  open_log();  // no longer counts the list, which the store still holds
  serve_list("young");
  log->write_pending();
  ASSERT_TRUE(log->prune().is_ok());
  EXPECT_EQ(log->of_item(0).impressions, 1);
  EXPECT_EQ(log->funnel_figures(2).front().windows.back().lists, 1u);
  std::size_t left = 0;
  ASSERT_TRUE(store->scan_impressions(0, clock.now_ms() + 1, [&](const auto&, auto) { return ++left > 0; }).is_ok());
  EXPECT_EQ(left, 1u);
}

TEST_F(ImpressionLogTest, AUserIsToldWhatTheyWereShown) {
  open_log();
  commit({put_item("lamp"), put_item("vase"), click("lamp")});
  serve_list("a");
  serve_list("b", "bob");
  log->write_pending();
  const auto shown = log->shown_to("ada");
  ASSERT_EQ(shown.size(), 2u);
  EXPECT_EQ(shown[0].item, 0u);
  EXPECT_EQ(shown[0].at_ms, clock.now_ms());
  EXPECT_TRUE(log->shown_to("").empty());
  ASSERT_FALSE(store->ids(EntityKind::kUser).find("bob").has_value());
  EXPECT_EQ(log->shown_to("bob").size(), 2u);  // a stranger, who has done nothing yet
}

}  // namespace
}  // namespace tamis::engine
