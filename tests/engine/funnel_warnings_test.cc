// A request that is valid and has no effect gets a warning in its answer.
#include <gmock/gmock.h>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

auto warns(const std::string& path, const std::string& detail) {
  return Contains(AllOf(Field(&Warning::path, path), Field(&Warning::detail, HasSubstr(detail))));
}

constexpr const char* kPlain = R"({"retrievers":[{"kind":"popular"}],"fallback":[])";

class WarningsTest : public DatabaseTest {
 protected:
  void SetUp() override {
    open();
    write({put_item("lamp", {{"in_stock", true},
                             {"price", 3.5},
                             {"brand", std::string("acme")},
                             {"tags", std::vector<std::string>{"metal", "light"}},
                             {"year", 2012.0},
                             {"listed_at", Timestamp{clock.now_ms() - 1'000}}}),
           put_item("vase", {{"in_stock", false}, {"price", 9.0}, {"brand", std::string("vasco")}})});
    view("ada", "lamp");
  }
  // Of a funnel with `members` beside popular items.
  std::vector<Warning> told(const std::string& members) {
    const auto document = database->check_funnel("told", std::string(kPlain) + "," + members + "}");
    EXPECT_THAT(document.faults, IsEmpty()) << members;
    return document.warnings;
  }
  std::vector<Warning> told_of_rule(const std::string& rule) { return told(R"("rules":[)" + rule + "]"); }
};

TEST_F(WarningsTest, AreNotOfWhatWorks) {
  EXPECT_THAT(told(R"("filter":{"all":[{"field":"in_stock","eq":true},{"field":"price","gte":1,"lt":5},
      {"any":[{"field":"tags","in":["metal","wood"]},{"not":{"field":"brand","eq":"nobody"}}]},
      {"field":"listed_at","gt":"2011-01-01T00:00:00Z"},{"field":"id","in":["lamp"]},{"field":"year","exists":true}]},
      "rules":[{"kind":"boost","condition":{"field":"brand","eq":"acme"},"multiply":1.1},{"kind":"freshness"},
      {"kind":"seen","policies":[{"type":"view"}]},{"kind":"rotation"},{"kind":"cap","field":"year","most":1},
      {"kind":"dedupe","field":"tags"},{"kind":"explore","age_field":"listed_at","most_age_s":60},
      {"kind":"pin","pins":[{"item":"lamp","slot":1}]}])"),
              IsEmpty());
}

TEST_F(WarningsTest, AreOfFieldsThatNoItemHas) {
  EXPECT_THAT(told(R"("filter":{"field":"in_stok","eq":true})"), warns("/filter/field", "did you mean \"in_stock\"?"));
  EXPECT_THAT(told(R"("filter":{"not":{"field":"colour","exists":true}})"), warns("/filter/not/field", "\"colour\""));
  EXPECT_THAT(told_of_rule(R"({"kind":"boost","condition":{"any":[{"field":"brnd","eq":"x"}]},"multiply":2})"),
              warns("/rules/0/condition/any/0/field", "did you mean \"brand\"?"));
  for (const char* kind : {"cap", "dedupe", "spread", "calibrated"}) {
    EXPECT_THAT(told_of_rule(std::string(R"({"kind":")") + kind + R"(","field":"yaer"})"),
                warns("/rules/0/field", "did you mean \"year\"?"))
        << kind;
  }
  EXPECT_THAT(told_of_rule(R"({"kind":"freshness","field":"listed"})"), warns("/rules/0/field", "no item has"));
  EXPECT_THAT(told_of_rule(R"({"kind":"explore","age_field":"born","most_age_s":60})"),
              warns("/rules/0/age_field", "\"born\""));
  write({DeleteEntity{EntityKind::kItem, "lamp"}});
  EXPECT_THAT(told(R"("filter":{"field":"year","eq":2012})"), warns("/filter/field", "no item has"))
      << "none has it any more";
}

TEST_F(WarningsTest, AreOfKindsThatCannotMatch) {
  EXPECT_THAT(told(R"("filter":{"field":"in_stock","eq":"true"})"), warns("/filter/eq", "write true without quotes"));
  EXPECT_THAT(told(R"("filter":{"field":"price","in":[3.5,"9"]})"), warns("/filter/in/1", "write 9 without quotes"));
  EXPECT_THAT(told(R"("filter":{"field":"in_stock","eq":1})"), warns("/filter/eq", "booleans"));
  EXPECT_THAT(told(R"("filter":{"field":"brand","eq":3})"), warns("/filter/eq", "categories"));
  EXPECT_THAT(told(R"("filter":{"field":"brand","gt":3})"), warns("/filter/gt", "neither less nor more"));
  EXPECT_THAT(told(R"("filter":{"field":"tags","eq":true})"), warns("/filter/eq", "lists"));
  EXPECT_THAT(told(R"("filter":{"field":"id","gt":3})"), warns("/filter/gt", "\"id\" is a text"));
  write({put_item("odd", {{"in_stock", std::string("true")}})});
  EXPECT_THAT(told(R"("filter":{"field":"in_stock","eq":"true"})"), IsEmpty()) << "one item holds the text";
}

TEST_F(WarningsTest, AreOfItemsThatDropOutOfAComparison) {
  write({put_item("cup", {{"price", std::string("9.99")}})});
  EXPECT_THAT(told(R"("filter":{"field":"price","lt":20})"),
              warns("/filter/lt", "1 item holds categories in \"price\""));
}

TEST_F(WarningsTest, AreOfKindsThatWereDeclaredLater) {
  write({put_item("cup", {{"weight", std::string("3.5")}, {"height", 2.0}})});
  close();
  options.item_schema = {{"weight", FeatureKind::kNumeric}, {"height", FeatureKind::kNumeric}};
  open();
  const Stats stats = database->stats();
  EXPECT_THAT(stats.warnings.at(""), warns("/items/features/weight", "1 items of before hold categories"));
  EXPECT_EQ(stats.warnings.at("").size(), 1U);
  write({put_item("cup", {{"weight", 3.5}})});
  EXPECT_FALSE(database->stats().warnings.contains(""));
}

TEST_F(WarningsTest, WhatAnItemHeldBeforeItsKindWasDeclaredMayBeWrittenAgain) {
  const Features held = {{"weight", std::string("heavy")},
                         {"colours", 7.0},
                         {"sizes", std::vector<std::string>{"l", "m"}},
                         {"since", Timestamp{1'700'000'000'000}}};
  write({put_item("cup", held), PutEntity{EntityKind::kUser, Entity{.id = "ada", .features = held}}});
  close();
  options.item_schema = {{"weight", FeatureKind::kNumeric},
                         {"colours", FeatureKind::kMultiCategorical},
                         {"sizes", FeatureKind::kBoolean},
                         {"since", FeatureKind::kNumeric}};
  options.user_schema = options.item_schema;
  open();
  // As an export spells it.
  const Features exported = {{"weight", std::string("heavy")},
                             {"colours", 7.0},
                             {"sizes", std::vector<std::string>{"m", "l"}},
                             {"since", std::string("2023-11-14T22:13:20Z")}};
  write({put_item("cup", exported), PutEntity{EntityKind::kUser, Entity{.id = "ada", .features = exported}}});
  write({PatchEntity{.kind = EntityKind::kItem, .id = "cup", .features = {{"weight", std::string("heavy")}}}});
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "cup")->features, held);
  EXPECT_EQ(database->get_entity(EntityKind::kUser, "ada")->features, held);
  EXPECT_EQ(refusal({put_item("cup", {{"weight", std::string("light")}})}).field(), "features.weight");
  EXPECT_EQ(refusal({put_item("mug", exported)}).field(), "features.colours");
}

TEST_F(WarningsTest, PointAtTheComparisonThatTheyAreOf) {
  const auto warnings = told(R"("filter":{"all":[{"field":"price","gte":1},{"any":[{"field":"brnd","eq":"acme"},
      {"not":{"field":"brand","lt":5,"gte":1}},{"field":"in_stok","exists":false}]},{"field":"tags","in":["metal",7]}]})");
  EXPECT_THAT(warnings, warns("/filter/all/1/any/0/field", "\"brnd\""));
  EXPECT_THAT(warnings, warns("/filter/all/1/any/1/not/lt", "neither less"));
  EXPECT_THAT(warnings, warns("/filter/all/1/any/1/not/gte", "neither less"));
  EXPECT_THAT(warnings, warns("/filter/all/1/any/2/field", "\"in_stok\""));
  EXPECT_THAT(warnings, warns("/filter/all/2/in/1", "a number"));
  EXPECT_EQ(warnings.size(), 5U);
}

TEST_F(WarningsTest, AreOfFieldsThatTellNoTime) {
  EXPECT_THAT(told_of_rule(R"({"kind":"freshness","field":"year"})"), warns("/rules/0/field", "no time in"));
  EXPECT_THAT(told_of_rule(R"({"kind":"freshness","field":"brand"})"), warns("/rules/0/field", "no time in"));
  write({put_item("soon", {{"listed_at", Timestamp{clock.now_ms() + 86'400'000}}})});
  EXPECT_THAT(told_of_rule(R"({"kind":"freshness"})"), warns("/rules/0/field", "yet to come"));
  write({put_item("typo", {{"listed_at", 20'240'501.0}})});
  const auto document = database->check_funnel("l", R"({"retrievers":[{"kind":"latest"}],"fallback":[]})");
  EXPECT_THAT(document.warnings, warns("/retrievers/0/kind", "1 of 3 items looked at holds no time"));
}

TEST_F(WarningsTest, AreOfWhatIsNotTrained) {
  const auto document = database->check_funnel(
      "untrained", R"({"retrievers":[{"kind":"ann","space":"looks"},{"kind":"similar"},{"kind":"item_knn"},
      {"kind":"user_knn"},{"kind":"ease"}],"ranker":{"kind":"dlrm"},"rules":[{"kind":"diversity","space":"looks"}]})");
  ASSERT_THAT(document.faults, IsEmpty());
  EXPECT_THAT(document.warnings, warns("/retrievers/0/space", "\"looks\""));
  EXPECT_THAT(document.warnings, warns("/retrievers/1/space", "\"ials\""));
  EXPECT_THAT(document.warnings, warns("/retrievers/2/kind", "item_knn is not trained"));
  EXPECT_THAT(document.warnings, warns("/retrievers/3/kind", "user_knn is not trained"));
  EXPECT_THAT(document.warnings, warns("/retrievers/4/kind", "ease is not trained"));
  EXPECT_THAT(document.warnings, warns("/ranker/kind", "no ranker is trained"));
  EXPECT_THAT(document.warnings, warns("/rules/0/space", "\"looks\""));
  write({put_space("looks", 2)});
  EXPECT_THAT(database->check_funnel("u", R"({"retrievers":[{"kind":"ann","space":"looks"}]})").warnings,
              warns("/retrievers/0/space", "no item has a vector"));
}

TEST_F(WarningsTest, AreOfFormulasThatNameWhatIsNotThere) {
  EXPECT_THAT(told(R"("ranker":{"objective":"score * item.margin"})"), warns("/ranker/objective", "item.margin"));
  EXPECT_THAT(told(R"("ranker":{"objective":"score * 2"})"), warns("/ranker/objective", "changes nothing"));
  const auto known = told(R"("ranker":{"kind":"dlrm","objective":"p(view) + score"})");
  EXPECT_THAT(known, Not(warns("/ranker/objective", "")));
}

TEST_F(WarningsTest, AreOfTypesAndItemsThatDoNotExist) {
  EXPECT_THAT(told(R"("seen_types":["view","purchse"])"), warns("/seen_types/1", "did you mean \"purchase\"?"));
  EXPECT_THAT(told_of_rule(R"({"kind":"seen","policies":[{"type":"wish"}]})"),
              warns("/rules/0/policies/0/type", "\"wish\""));
  EXPECT_THAT(told_of_rule(R"({"kind":"rotation","type":"impresion"})"), warns("/rules/0/type", "\"impresion\""));
  EXPECT_THAT(told_of_rule(R"({"kind":"pin","pins":[{"item":"lamp","slot":1},{"item":"lmap","slot":2}]})"),
              warns("/rules/0/pins/1/item", "\"lmap\" does not exist"));
}

TEST_F(WarningsTest, AreOfSettingsThatChangeNothing) {
  for (const char* rule : {R"({"kind":"boost","condition":{"field":"brand","eq":"acme"}})",
                           R"({"kind":"freshness","weight":0})", R"({"kind":"explore","share":0})",
                           R"({"kind":"rotation","fatigue":0})", R"({"kind":"calibrated","field":"brand","weight":0})",
                           R"({"kind":"seen","policies":[{"type":"view","multiply":1}]})"}) {
    const auto warnings = told_of_rule(rule);
    EXPECT_THAT(warnings, Contains(Field(&Warning::detail, HasSubstr("changes nothing")))) << rule;
  }
}

TEST_F(WarningsTest, ComeWithExplainedAnswersAndStats) {
  FunnelConfig funnel = *parse_funnel("home", std::string(kPlain) + R"(,"filter":{"field":"in_stok","eq":true}})");
  ASSERT_TRUE(database->put_funnel(funnel).is_ok());
  RecommendRequest request{.user = "ada", .funnel = "home"};
  EXPECT_THAT(database->recommend(request)->warnings, IsEmpty()) << "nobody asked";
  request.explain = true;
  request.filter = *parse_filter(R"({"field":"price","eq":"9"})");
  auto answer = database->recommend(request);
  EXPECT_THAT(answer->warnings, warns("/funnel/filter/field", "in_stok"));
  EXPECT_THAT(answer->warnings, warns("/filter/eq", "write 9 without quotes"));
  request.override_funnel =
      *parse_funnel("override", std::string(kPlain) + R"(,"rules":[{"kind":"cap","field":"x"}]})");
  EXPECT_THAT(database->recommend(request)->warnings, warns("/override/rules/0/field", "\"x\""));
  const Stats stats = database->stats();
  ASSERT_TRUE(stats.warnings.contains("home"));
  EXPECT_THAT(stats.warnings.at("home"), warns("/filter/field", "in_stok"));
  EXPECT_TRUE(stats.warnings.contains("default")) << "nothing is trained";
}

TEST_F(WarningsTest, AreBounded) {
  std::string conditions;
  for (int i = 0; i < 500; ++i)
    conditions += std::string(i == 0 ? "" : ",") + R"({"field":"none)" + std::to_string(i) + R"(","eq":1})";
  EXPECT_LE(told(R"("filter":{"any":[)" + conditions + "]}").size(), 32u);
  EXPECT_THAT(told(R"("filter":{"field":"a","gt":1,"lt":2})"), ElementsAre(testing::_)) << "one field, named once";
}

TEST_F(WarningsTest, HoldForWhatAFunnelInherits) {
  FunnelConfig base = *parse_funnel("base", std::string(kPlain) + R"(,"filter":{"field":"in_stok","eq":true}})");
  ASSERT_TRUE(database->put_funnel(base).is_ok());
  EXPECT_THAT(database->check_funnel("heir", R"({"base":"base"})").warnings, warns("/filter/field", "in_stok"));
}

TEST_F(WarningsTest, NoItemNoWarningOfFields) {
  write({DeleteEntity{EntityKind::kItem, "lamp"}, DeleteEntity{EntityKind::kItem, "vase"}});
  EXPECT_THAT(told(R"("filter":{"field":"in_stok","eq":true},"rules":[{"kind":"cap","field":"brand"}])"), IsEmpty());
}

}  // namespace
}  // namespace tamis::engine
