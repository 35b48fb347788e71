#include "engine/serving/rank_feature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(RankFeatureTest, ReadsEveryKindOfName) {
  EXPECT_EQ(parse_rank_feature("item.id")->source, RankSource::kItemId);
  EXPECT_EQ(parse_rank_feature("item.price")->argument, "price");
  EXPECT_EQ(parse_rank_feature("context.hour")->source, RankSource::kContextHour);
  EXPECT_EQ(parse_rank_feature("context.device")->side(), ranker::FieldSide::kContext);
  EXPECT_EQ(parse_rank_feature("history.days")->side(), ranker::FieldSide::kUser);
  EXPECT_EQ(parse_rank_feature("crossed.score.ials")->argument, "ials");
  EXPECT_EQ(parse_rank_feature("crossed.taken_days")->source, RankSource::kTakenDays);
}

TEST(RankFeatureTest, RefusesOthersWithTheNearestName) {
  for (const char* name : {"", "price", "item.", "crossed.", "crossed.popularit", "history.dayz", "crossed.score."}) {
    const auto feature = parse_rank_feature(name);
    ASSERT_FALSE(feature.is_ok()) << name;
    EXPECT_EQ(feature.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(parse_rank_feature("crossed.popularit").status().message(), HasSubstr("crossed.popularity"));
  const auto twice = parse_rank_features(std::vector<std::string>{"item.id", "item.id"}, "ranker.features");
  ASSERT_FALSE(twice.is_ok());
  EXPECT_EQ(twice.status().field(), "ranker.features[1]");
}

TEST(RankFeatureTest, DefaultsFollowTheDataAndTheModels) {
  const std::vector<Features> users = {{{"country", std::string("FR")}}};
  const std::vector<Features> items = {
      {{"price", 3.5}, {"tags", std::vector<std::string>{"a"}}, {"name", Text{"long"}}}};
  const std::vector<std::string> names =
      default_rank_features(users, items, {}, std::vector<std::string>{"ials", "user_knn"});
  EXPECT_THAT(names, Contains("user.country"));
  EXPECT_THAT(names, Contains("item.price"));
  EXPECT_THAT(names, Contains("crossed.difference.price"));
  EXPECT_THAT(names, Contains("crossed.share.tags"));
  EXPECT_THAT(names, Contains("crossed.rank.ials"));
  EXPECT_THAT(names, Not(Contains("item.name")));
  EXPECT_TRUE(parse_rank_features(names, "f").is_ok());
}

}  // namespace
}  // namespace tamis::engine
