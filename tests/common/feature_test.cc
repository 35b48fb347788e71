#include "common/feature.h"

#include <gtest/gtest.h>

#include <limits>

namespace tamis {
namespace {

using List = std::vector<std::string>;

TEST(FeatureKind, NamesRoundTrip) {
  for (const auto kind : {FeatureKind::kBoolean, FeatureKind::kNumeric, FeatureKind::kTimestamp,
                          FeatureKind::kCategorical, FeatureKind::kMultiCategorical, FeatureKind::kText}) {
    EXPECT_EQ(*parse_feature_kind(feature_kind_name(kind)), kind);
  }
  EXPECT_FALSE(parse_feature_kind("vector").is_ok());
}

TEST(ConformFeatures, InfersKindsOfUndeclaredStrings) {
  Features features = {{"brand", std::string("acme")},
                       {"listed_at", std::string("2011-12-01T10:00:00Z")},
                       {"story", std::string(65, 'x')},
                       {"price", 3.5},
                       {"new", true}};
  ASSERT_TRUE(conform_features({}, &features).is_ok());
  EXPECT_EQ(features["brand"], FeatureValue(std::string("acme")));
  EXPECT_EQ(features["listed_at"], FeatureValue(Timestamp{1322733600000}));
  EXPECT_EQ(features["story"], FeatureValue(Text{std::string(65, 'x')}));
  EXPECT_EQ(feature_kind(features["price"]), FeatureKind::kNumeric);
  EXPECT_EQ(feature_kind(features["new"]), FeatureKind::kBoolean);
}

TEST(ConformFeatures, ConvertsToDeclaredKinds) {
  const FeatureSchema schema = {{"name", FeatureKind::kText},
                                {"tags", FeatureKind::kMultiCategorical},
                                {"code", FeatureKind::kCategorical},
                                {"listed_at", FeatureKind::kTimestamp}};
  Features features = {{"name", std::string("LANTERN")},
                       {"tags", std::string("metal")},
                       {"code", std::string("2011-12-01T10:00:00Z")},
                       {"listed_at", 1322733600000.0}};
  ASSERT_TRUE(conform_features(schema, &features).is_ok());
  EXPECT_EQ(features["name"], FeatureValue(Text{"LANTERN"}));
  EXPECT_EQ(features["tags"], FeatureValue(List{"metal"}));
  EXPECT_EQ(features["code"], FeatureValue(std::string("2011-12-01T10:00:00Z")));
  EXPECT_EQ(features["listed_at"], FeatureValue(Timestamp{1322733600000}));
}

TEST(ConformFeatures, MakesListsSets) {
  Features features = {{"tags", List{"b", "a", "b"}}};
  ASSERT_TRUE(conform_features({}, &features).is_ok());
  EXPECT_EQ(features["tags"], FeatureValue(List{"a", "b"}));
}

TEST(ConformFeatures, RefusesAndNamesFeatureValueAndKind) {
  const FeatureSchema schema = {{"price", FeatureKind::kNumeric}, {"at", FeatureKind::kTimestamp}};
  Features wrong_kind = {{"price", std::string("cheap")}};
  const Status status = conform_features(schema, &wrong_kind);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), "features.price");
  EXPECT_NE(status.message().find("\"cheap\""), std::string::npos);
  EXPECT_NE(status.message().find("numeric"), std::string::npos);
  Features number = {{"at", 7.5}};
  EXPECT_EQ(conform_features({{"at", FeatureKind::kText}}, &number).message(),
            "features.at is 7.5; expected a value of kind text");

  const std::vector<Features> refused = {
      {{"at", std::string("yesterday")}},
      {{"at", 1e300}},
      {{"ratio", std::numeric_limits<double>::infinity()}},
      {{"ratio", std::numeric_limits<double>::quiet_NaN()}},
      {{"name", std::string("\xFF")}},
      {{"", 1.0}},
      {{std::string(129, 'n'), 1.0}},
      {{"tags", List(FeatureLimits::kMaxElements + 1, "x")}},
      {{"story", std::string(FeatureLimits::kMaxStringBytes + 1, 'x')}},
  };
  for (std::size_t i = 0; i < refused.size(); ++i) {
    Features features = refused[i];
    if (auto tags = features.find("tags"); tags != features.end()) {  // sets: make the elements distinct
      auto& elements = std::get<List>(tags->second);
      for (std::size_t j = 0; j < elements.size(); ++j) elements[j] = std::to_string(j);
    }
    EXPECT_EQ(conform_features(schema, &features).code(), StatusCode::kInvalidArgument) << "case " << i;
  }
}

}  // namespace
}  // namespace tamis
