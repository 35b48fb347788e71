// Funnels as data of a database: versions, bases, overrides, faults.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

class FunnelsTest : public DatabaseTest {
 protected:
  FunnelsTest() { options.training.settings["dlrm"]["objectives"] = "purchase,view>=1"; }

  void SetUp() override {
    open();
    // Popularity falls from a to e.
    int views = 5;
    for (const std::string item : {"a", "b", "c", "d", "e"}) {
      write({put_item(item, {{"cost", FeatureValue(static_cast<double>(views))}})});
      for (int i = 0; i < views; ++i) view("crowd" + std::to_string(i), item);
      --views;
    }
  }
  Result<WriteAck> put(const std::string& name, const std::string& json) {
    auto document = database->check_funnel(name, json);
    if (!document.faults.empty()) return document.faults.front();
    return database->put_funnel(document.funnel);
  }
  std::vector<std::string> list(RecommendRequest request) {
    std::vector<std::string> items;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (!answer.is_ok()) return items;
    for (const auto& item : answer->items) items.push_back(item.item);
    return items;
  }
};

constexpr const char* kPopular = R"({"retrievers":[{"kind":"popular"}],"fallback":[]})";

TEST_F(FunnelsTest, RefusesEveryInvalidDocumentWithEveryFaultAndStoresNone) {
  std::ifstream file(TAMIS_SOURCE_DIR "/tests/engine/invalid_funnels.json");
  const auto cases = nlohmann::json::parse(file);
  ASSERT_GE(cases.size(), 55u);
  const std::size_t before = database->list_funnels().size();
  for (const auto& invalid : cases) {
    const std::string text = invalid.contains("text") ? invalid["text"].get<std::string>() : invalid["funnel"].dump();
    const FunnelDocument document = database->check_funnel("refused", text);
    std::vector<std::string> expected;
    for (const auto& fault : invalid["faults"]) expected.push_back(fault[0].get<std::string>());
    std::vector<std::string> found;
    for (const Status& fault : document.faults) found.push_back(fault.field());
    EXPECT_THAT(found, UnorderedElementsAreArray(expected)) << text;
    for (const auto& fault : invalid["faults"]) {
      bool is_told = false;
      for (const Status& status : document.faults)
        is_told = is_told || (status.field() == fault[0].get<std::string>() &&
                              status.message().find(fault[1].get<std::string>()) != std::string::npos);
      EXPECT_TRUE(is_told) << text << " at " << fault[0] << ": " << fault[1] << " vs "
                           << (document.faults.empty() ? "" : document.faults.front().to_string());
    }
    EXPECT_FALSE(refusal({PutDocument{"funnel", "refused", text}}).is_ok()) << text;
    EXPECT_EQ(database->get_funnel("refused").status().code(), StatusCode::kNotFound) << text;
  }
  EXPECT_EQ(database->list_funnels().size(), before);
}

TEST_F(FunnelsTest, TakesFormulasOfWhatTheRankerPredictsOrMayComeTo) {
  EXPECT_TRUE(put("known", R"json({"ranker":{"objective":"p(view) + 5 * p(purchase) + score"}})json").is_ok());
  const std::string unknown = R"json({"ranker":{"objective":"p(watch)"}})json";
  EXPECT_FALSE(put("unknown", unknown).is_ok());
  auto funnel = FunnelConfig::default_funnel();
  funnel.name = "unknown";
  funnel.ranker.objective = "p(watch)";
  EXPECT_EQ(database->put_funnel(funnel).status().field(), "/ranker/objective");
  close();
  options.training.settings.clear();
  open();  // no ranker serves and none is asked for by name
  EXPECT_TRUE(put("unknown", unknown).is_ok());
}

TEST_F(FunnelsTest, TakesEffectForTheNextRequest) {
  ASSERT_TRUE(put("default", kPopular).is_ok());
  EXPECT_THAT(list({.user = "x", .k = 3}), ElementsAre("a", "b", "c"));
  ASSERT_TRUE(put("default", R"({"retrievers":[{"kind":"popular"}],"fallback":[],
      "rules":[{"kind":"boost","condition":{"field":"id","eq":"c"},"multiply":9}]})")
                  .is_ok());
  EXPECT_THAT(list({.user = "x", .k = 3}), ElementsAre("c", "a", "b"));
}

TEST_F(FunnelsTest, InheritsFromABaseAsItIsNow) {
  ASSERT_TRUE(put("shop", kPopular).is_ok());
  ASSERT_TRUE(put("home", R"({"base":"shop","filter":{"field":"cost","lte":3}})").is_ok());
  EXPECT_THAT(list({.user = "x", .k = 3, .funnel = "home"}), ElementsAre("c", "d", "e"));
  ASSERT_TRUE(put("shop", R"({"retrievers":[{"kind":"latest"}],"fallback":[]})").is_ok());
  EXPECT_EQ(database->get_funnel("home")->retrievers.at(0).kind, "latest");
  EXPECT_EQ(database->get_funnel("home")->version, 1u);  // its own document has not changed
  EXPECT_EQ(funnel_to_json(*database->get_funnel("home")).find("retrievers"), std::string::npos);
  close();
  open();
  EXPECT_EQ(database->get_funnel("home")->retrievers.at(0).kind, "latest");
}

TEST_F(FunnelsTest, RefusesBasesThatLeadNowhereOrBack) {
  ASSERT_TRUE(put("shop", kPopular).is_ok());
  ASSERT_TRUE(put("home", R"({"base":"shop"})").is_ok());
  EXPECT_EQ(put("shop", R"({"base":"home"})").status().field(), "/base");
  EXPECT_EQ(put("cart", R"({"base":"shpo"})").status().field(), "/base");
  EXPECT_EQ(refusal({PutDocument{"funnel", "shop", R"({"base":"home"})"}}).field(), "/base");
  EXPECT_EQ(database->delete_funnel("shop").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(database->delete_funnel("home").is_ok());
  EXPECT_TRUE(database->delete_funnel("shop").is_ok());
}

TEST_F(FunnelsTest, KeepsVersionsThroughDeletionAndReopening) {
  ASSERT_TRUE(put("home", kPopular).is_ok());
  ASSERT_TRUE(put("home", R"({"merge":"interleave"})").is_ok());
  ASSERT_TRUE(database->delete_funnel("home").is_ok());
  ASSERT_TRUE(put("home", R"({"exclude_seen":false})").is_ok());
  close();
  open();
  EXPECT_EQ(database->get_funnel("home")->version, 3u);
  EXPECT_EQ(database->get_funnel_version("home", 1)->retrievers.at(0).kind, "popular");
  EXPECT_EQ(database->get_funnel_version("home", 2)->merge, MergeMethod::kInterleave);
  EXPECT_FALSE(database->get_funnel_version("home", 3)->exclude_seen);
  EXPECT_EQ(database->get_funnel_version("home", 4).status().field(), "version");
  EXPECT_TRUE(database->get_funnel_version("default", 1).is_ok());
}

TEST_F(FunnelsTest, LaysAnOverrideOverTheNamedFunnel) {
  ASSERT_TRUE(
      put("home", R"({"retrievers":[{"kind":"popular"}],"fallback":[],"filter":{"field":"cost","lte":3}})").is_ok());
  RecommendRequest request{.user = "x", .k = 5, .funnel = "home"};
  request.override_funnel =
      read_funnel_override("override", R"({"rules":[{"kind":"filter","condition":{"field":"cost","lte":2}}]})").funnel;
  EXPECT_THAT(list(request), ElementsAre("d", "e"));  // home's retriever and filter, and the rule
  request.override_funnel = read_funnel_override("override", R"({"base":"default","fallback":["popular"]})").funnel;
  EXPECT_EQ(list(request).size(), 5u);  // the default funnel's everything else
  request.override_funnel = read_funnel_override("override", R"({"base":"nowhere"})").funnel;
  EXPECT_EQ(database->recommend(request).status().code(), StatusCode::kNotFound);
}

TEST_F(FunnelsTest, AnswersASurfaceByItsFunnelWhereThereIsOne) {
  ASSERT_TRUE(put("default", kPopular).is_ok());
  ASSERT_TRUE(put("cart", R"({"base":"default","filter":{"field":"id","eq":"e"}})").is_ok());
  EXPECT_THAT(list({.user = "x", .k = 1, .surface = "cart"}), ElementsAre("e"));
  EXPECT_THAT(list({.user = "x", .k = 1, .surface = "home"}), ElementsAre("a"));
}

TEST_F(FunnelsTest, MergesASessionIntoAUser) {
  view("session-1", "a");
  write({PutInteraction{interaction("session-1", "b", "purchase")}});
  view("ada", "c");
  const auto ack = database->merge_user("ada", "session-1");
  ASSERT_TRUE(ack.is_ok()) << ack.status().to_string();
  EXPECT_EQ(ack->accepted, 2u);
  const auto moved = database->list_interactions(EntityKind::kUser, "ada", "", 10);
  ASSERT_EQ(moved->rows.size(), 3u);
  EXPECT_EQ(database->get_entity(EntityKind::kUser, "session-1").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->merge_user("ada", "session-1")->accepted, 0u);  // again: nothing left
  view("session-1", "d");                                             // the session goes on
  EXPECT_EQ(database->merge_user("ada", "session-1")->accepted, 1u);
  close();
  open();
  EXPECT_EQ(database->list_interactions(EntityKind::kUser, "ada", "", 10)->rows.size(), 4u);
  EXPECT_EQ(database->merge_user("ada", "ada").status().field(), "session");
  EXPECT_EQ(database->merge_user("ada", "").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tamis::engine
