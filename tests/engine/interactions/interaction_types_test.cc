#include "engine/interactions/interaction_types.h"

#include <gtest/gtest.h>

#include "engine/interactions/default_types.h"

namespace tamis::engine {
namespace {

TEST(InteractionTypes, AboutThirtyAreKnownByDefault) {
  EXPECT_GE(default_interaction_types().size(), 30u);
  for (const InteractionType& type : default_interaction_types()) {
    EXPECT_TRUE(validate_interaction_type(type).is_ok()) << type.name;
    const auto read = parse_interaction_type(type.name, interaction_type_to_json(type));
    ASSERT_TRUE(read.is_ok()) << read.status().to_string();
    EXPECT_EQ(interaction_type_to_json(*read), interaction_type_to_json(type));
  }
}

TEST(InteractionTypes, AnUndeclaredTypeIsPositiveAndWeighsOne) {
  const InteractionTypes types;
  EXPECT_EQ(types.find("peek"), nullptr);
  EXPECT_FALSE(types.of("peek").is_declared);
  EXPECT_EQ(types.of("peek").signed_weight(1), 1);
}

TEST(InteractionTypes, TheNearestNameIsThatOfAnotherCaseOrAMisspelling) {
  const InteractionTypes types;
  EXPECT_EQ(types.nearest("Purchase"), "purchase");
  EXPECT_EQ(types.nearest("ADD_TO_CART"), "add_to_cart");
  EXPECT_EQ(types.nearest("purchse"), "purchase");
  EXPECT_EQ(types.nearest("transmogrification"), "");
}

TEST(InteractionTypes, TheConfigurationChangesWeightsAndDeclaresTypes) {
  InteractionType quiz;
  quiz.meaning = InteractionMeaning::kNeutral;
  const InteractionTypes types({{"like", 7}, {"peek", 0.5}}, {{"quiz", quiz}});
  EXPECT_EQ(types.of("like").weight, 7);
  EXPECT_EQ(types.of("like").repeats, InteractionRepeats::kNewest);
  EXPECT_TRUE(types.of("peek").is_declared);
  EXPECT_EQ(types.of("peek").weight, 0.5);
  EXPECT_EQ(types.of("quiz").name, "quiz");
  EXPECT_EQ(types.of("quiz").meaning, InteractionMeaning::kNeutral);
}

TEST(InteractionTypes, AStoredTypeLiesAboveTheConfiguredOneUntilItIsDeleted) {
  const InteractionTypes start({{"like", 7}}, {});
  const auto stored = start.with(parse_interaction_type("like", R"({"weight":2,"version":3})").value());
  EXPECT_EQ(stored->of("like").weight, 2);
  EXPECT_TRUE(stored->is_stored("like"));
  EXPECT_EQ(stored->list().size(), start.list().size());
  EXPECT_EQ(stored->without("like")->of("like").weight, 7);
}

TEST(InteractionTypeJson, FaultsNameTheMember) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"meaning":"bad"})", "/meaning"},
      {R"({"weight":"3"})", "/weight"},
      {R"({"weight":1001})", "/weight"},
      {R"({"meaning":"undo"})", "/undoes"},
      {R"({"undoes":["like"],"meaning":"shown"})", "/undoes"},
      {R"({"undoes":["x"]})", "/undoes/0"},
      {R"({"undoes":["like","like"]})", "/undoes/0"},
      {R"({"undoes":[3]})", "/undoes/0"},
      {R"({"at_least":3})", "/at_least"},
      {R"({"value":"rating","at_least":3,"below":4})", "/below"},
      {R"({"value":"rating","min":5,"max":1})", "/min"},
      {R"({"value":"rating","meaning":"negative","below":4})", "/below"},
      {R"({"value":"rating","min":1e300})", "/min"},
      {R"({"repeats":"capped","cap":0})", "/cap"},
      {R"({"repeats":"sometimes"})", "/repeats"},
      {R"({"wieght":3})", "/wieght"},
      {R"({"name":"y"})", "/name"},
      {R"({"excludes":1})", "/excludes"}};
  for (const auto& [json, field] : kCases) {
    const auto type = parse_interaction_type("x", json);
    ASSERT_FALSE(type.is_ok()) << json;
    EXPECT_EQ(type.status().field(), field) << json << ": " << type.status().to_string();
  }
  EXPECT_FALSE(parse_interaction_type("x", "[]").is_ok());
  EXPECT_FALSE(parse_interaction_type("", "{}").is_ok());
  EXPECT_FALSE(parse_interaction_type(std::string(65, 'x'), "{}").is_ok());
  EXPECT_FALSE(parse_interaction_type("a\nb", "{}").is_ok());
}

}  // namespace
}  // namespace tamis::engine
