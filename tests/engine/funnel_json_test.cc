#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "engine/funnel.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;

TEST(FunnelJson, ReadsEveryMember) {
  const auto funnel = parse_funnel("cart", R"({
    "name": "cart", "version": 7, "merge": "interleave", "exclude_seen": false, "seen_types": ["purchase"],
    "retrievers": [{"kind": "ann", "space": "text", "quota": 50, "weight": 0.5}, {"kind": "item_knn"},
                   {"kind": "similar"}],
    "filter": {"field": "price", "lt": 5}, "fallback": ["popular"]})");
  ASSERT_TRUE(funnel.is_ok()) << funnel.status().to_string();
  EXPECT_EQ(funnel->name, "cart");
  EXPECT_EQ(funnel->version, 7u);
  EXPECT_EQ(funnel->merge, MergeMethod::kInterleave);
  EXPECT_FALSE(funnel->exclude_seen);
  EXPECT_EQ(funnel->seen_types, std::vector<std::string>{"purchase"});
  ASSERT_EQ(funnel->retrievers.size(), 3u);
  EXPECT_EQ(funnel->retrievers[0].kind, "ann");
  EXPECT_EQ(funnel->retrievers[0].space, "text");
  EXPECT_EQ(funnel->retrievers[0].quota, 50u);
  EXPECT_EQ(funnel->retrievers[0].weight, 0.5);
  EXPECT_EQ(funnel->retrievers[1].quota, 100u);
  EXPECT_EQ(funnel->retrievers[1].space, "");
  EXPECT_EQ(funnel->retrievers[2].space, "ials");
  EXPECT_EQ(funnel->filter.op, Filter::Op::kLess);
  EXPECT_EQ(funnel->fallback, std::vector<std::string>{"popular"});
}

TEST(FunnelJson, KeepsTheDefaultFunnelsSettingsWhereMembersAreAbsent) {
  const auto funnel = parse_funnel("home", "{}");
  ASSERT_TRUE(funnel.is_ok());
  const FunnelConfig standard = FunnelConfig::default_funnel();
  EXPECT_EQ(funnel->name, "home");
  EXPECT_EQ(funnel->retrievers.size(), standard.retrievers.size());
  EXPECT_EQ(funnel->fallback, standard.fallback);
  EXPECT_TRUE(funnel->filter.is_trivial());
}

TEST(FunnelJson, RoundTrips) {
  for (const char* json :
       {R"({})", R"({"merge":"normalized_score","fallback":[]})",
        R"({"retrievers":[{"kind":"ann","space":"a-b_1","quota":5000,"weight":0.001}],"exclude_seen":false})",
        R"({"filter":{"any":[{"field":"tags","in":["metal","wood"]},{"not":{"field":"sale","eq":true}}]}})"}) {
    const auto once = parse_funnel("f", json);
    ASSERT_TRUE(once.is_ok()) << once.status().to_string();
    const auto twice = parse_funnel("f", funnel_to_json(*once));
    ASSERT_TRUE(twice.is_ok()) << twice.status().to_string();
    EXPECT_EQ(funnel_to_json(*once), funnel_to_json(*twice));
    EXPECT_EQ(once->filter, twice->filter);
  }
}

TEST(FunnelJson, TheDefaultFunnelIsValid) { EXPECT_TRUE(validate_funnel(FunnelConfig::default_funnel()).is_ok()); }

struct Fault {
  const char* json;
  const char* pointer;
  const char* message;  // a part of it
};

class FunnelFault : public ::testing::TestWithParam<Fault> {};

TEST_P(FunnelFault, IsRefusedWithItsPlace) {
  const auto funnel = parse_funnel("home", GetParam().json);
  ASSERT_FALSE(funnel.is_ok()) << GetParam().json;
  EXPECT_EQ(funnel.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(funnel.status().field(), GetParam().pointer) << funnel.status().to_string();
  EXPECT_THAT(funnel.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Documents, FunnelFault,
    ::testing::Values(
        Fault{"", "", "not JSON"}, Fault{"{", "", "not JSON"}, Fault{"{} x", "", "not JSON"},
        Fault{"[]", "", "an object"}, Fault{"null", "", "an object"}, Fault{"7", "", "an object"},
        Fault{R"({"merge":NaN})", "", "not JSON"},
        Fault{R"({"retreivers":[]})", "/retreivers", "did you mean \"retrievers\"?"},
        Fault{R"({"colour":1})", "/colour", "expected one of"}, Fault{R"({"name":"cart"})", "/name", "\"home\""},
        Fault{R"({"name":5})", "/name", "a string"}, Fault{R"({"version":0})", "/version", "an integer from 1"},
        Fault{R"({"version":-1})", "/version", "-1"}, Fault{R"({"version":1.5})", "/version", "1.5"},
        Fault{R"({"version":99999999999})", "/version", "99999999999"},
        Fault{R"({"retrievers":{}})", "/retrievers", "a list"}, Fault{R"({"retrievers":[]})", "/retrievers", "1 to 16"},
        Fault{R"({"retrievers":[5]})", "/retrievers/0", "an object"},
        Fault{R"({"retrievers":[{}]})", "/retrievers/0", "\"kind\""},
        Fault{R"({"retrievers":[{"kind":"popular"},{"kind":"item_kn"}]})", "/retrievers/1/kind",
              "did you mean \"item_knn\"?"},
        Fault{R"({"retrievers":[{"kind":7}]})", "/retrievers/0/kind", "one of ann"},
        Fault{R"({"retrievers":[{"kind":"ann","quota":0}]})", "/retrievers/0/quota", "1 to 5000"},
        Fault{R"({"retrievers":[{"kind":"ann","quota":5001}]})", "/retrievers/0/quota", "5001"},
        Fault{R"({"retrievers":[{"kind":"ann","quota":"9"}]})", "/retrievers/0/quota", "\"9\""},
        Fault{R"({"retrievers":[{"kind":"ann","weight":0}]})", "/retrievers/0/weight", "above 0"},
        Fault{R"({"retrievers":[{"kind":"ann","weight":1e9}]})", "/retrievers/0/weight", "1000"},
        Fault{R"({"retrievers":[{"kind":"ann","weight":null}]})", "/retrievers/0/weight", "null"},
        Fault{R"({"retrievers":[{"kind":"ann","wieght":1}]})", "/retrievers/0/wieght", "did you mean \"weight\"?"},
        Fault{R"({"retrievers":[{"kind":"ann","space":""}]})", "/retrievers/0/space", "1 to 64"},
        Fault{R"({"retrievers":[{"kind":"popular","space":"ials"}]})", "/retrievers/0/space", "searches none"},
        Fault{R"({"retrievers":[{"kind":"ann"},{"kind":"ann","space":"ials"}]})", "/retrievers/1", "repeated"},
        Fault{R"({"merge":"rrf"})", "/merge", "one of reciprocal_rank"}, Fault{R"({"merge":true})", "/merge", "true"},
        Fault{R"({"exclude_seen":"yes"})", "/exclude_seen", "true or false"},
        Fault{R"({"seen_types":"purchase"})", "/seen_types", "a list"},
        Fault{R"({"seen_types":["view",""]})", "/seen_types/1", "1 to 64"},
        Fault{R"({"fallback":["random"]})", "/fallback/0", "one of trending"},
        Fault{R"({"fallback":["trending","popular","latest","latest"]})", "/fallback", "at most 3"},
        Fault{R"({"filter":{"all":[{"field":"price","lt":"cheap"}]}})", "/filter/all/0/lt", "\"cheap\""},
        Fault{R"({"merge":"interleave","merge":"interleave"})", "/merge", "repeated"},
        Fault{R"({"retrievers":[{"kind":"ann"},{"quota":1,"quota":2}]})", "/retrievers/1/quota", "repeated"},
        Fault{"{\"a/b~c\":1}", "/a~1b~0c", "unknown member"}));

TEST(FunnelJson, RefusesNamesThatAreNone) {
  for (const std::string name : {"", "a b", "a/b", "\xff", "ä"}) EXPECT_FALSE(parse_funnel(name, "{}").is_ok()) << name;
  EXPECT_FALSE(parse_funnel(std::string(65, 'a'), "{}").is_ok());
  EXPECT_TRUE(parse_funnel("Home-page_2.b", "{}").is_ok());
}

TEST(FunnelJson, SurvivesHostileSizes) {
  for (const char* bracket : {"[", "{\"all\":[", "{\"not\":"}) {
    std::string deep = "{\"filter\":";
    for (int i = 0; i < 100'000; ++i) deep += bracket;
    const auto funnel = parse_funnel("home", deep);
    EXPECT_EQ(funnel.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(parse_funnel("home", std::string(2u << 20, ' ')).status().message(), HasSubstr("at most"));
  EXPECT_FALSE(parse_funnel("home", "{\"merge\":\"\xff\xfe\"}").is_ok());
  const std::string long_name = "{\"" + std::string(500'000, 'q') + "\":1}";
  EXPECT_FALSE(parse_funnel("home", long_name).is_ok());
}

TEST(ValidateFunnel, ChecksWhatCodeMakes) {
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.retrievers[1].weight = std::nan("");
  EXPECT_EQ(validate_funnel(funnel).field(), "/retrievers/1/weight");
  funnel = FunnelConfig::default_funnel();
  funnel.retrievers[0].quota = 0;
  EXPECT_EQ(validate_funnel(funnel).field(), "/retrievers/0/quota");
  funnel = FunnelConfig::default_funnel();
  funnel.retrievers.push_back({.kind = "magic", .quota = 1, .weight = 1, .space = {}});
  EXPECT_EQ(validate_funnel(funnel).field(), "/retrievers/5/kind");
}

}  // namespace
}  // namespace tamis
