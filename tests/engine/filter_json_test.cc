#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/funnel.h"

namespace tamis {
namespace {

using ::testing::HasSubstr;
using Op = Filter::Op;

Filter leaf(Op op, std::string field, std::vector<FeatureValue> values) {
  return {.op = op, .children = {}, .field = std::move(field), .values = std::move(values)};
}
Filter group(Op op, std::vector<Filter> children) {
  return {.op = op, .children = std::move(children), .field = {}, .values = {}};
}

struct Meaning {
  std::string json;
  Filter filter;
};

TEST(FilterJson, ReadsWhatItSays) {
  const std::vector<Meaning> meanings = {
      {R"({"all":[]})", Filter{}},
      {R"({"field":"price","lt":5})", leaf(Op::kLess, "price", {5.0})},
      {R"({"field":"price","lte":5})", leaf(Op::kLessEqual, "price", {5.0})},
      {R"({"field":"price","gt":-0.5})", leaf(Op::kGreater, "price", {-0.5})},
      {R"({"field":"sold_at","gte":"2011-12-01T00:00:00Z"})",
       leaf(Op::kGreaterEqual, "sold_at", {Timestamp{1322697600000}})},
      {R"({"field":"country","eq":"DE"})", leaf(Op::kEqual, "country", {std::string("DE")})},
      {R"({"field":"sale","eq":true})", leaf(Op::kEqual, "sale", {true})},
      {R"({"field":"id","eq":"2011-12-01T00:00:00Z"})", leaf(Op::kEqual, "id", {std::string("2011-12-01T00:00:00Z")})},
      {R"({"field":"tags","in":["metal","light"]})",
       leaf(Op::kIn, "tags", {std::string("metal"), std::string("light")})},
      {R"({"field":"tags","exists":true})", leaf(Op::kExists, "tags", {})},
      {R"({"field":"tags","exists":false})", group(Op::kNot, {leaf(Op::kExists, "tags", {})})},
      {R"({"any":[{"field":"a","eq":1},{"not":{"field":"b","eq":2}}]})",
       group(Op::kAny, {leaf(Op::kEqual, "a", {1.0}), group(Op::kNot, {leaf(Op::kEqual, "b", {2.0})})})},
      {R"({"field":"price","gte":1,"lt":5})",
       group(Op::kAll, {leaf(Op::kGreaterEqual, "price", {1.0}), leaf(Op::kLess, "price", {5.0})})},
  };
  for (const Meaning& meaning : meanings) {
    const auto filter = parse_filter(meaning.json);
    ASSERT_TRUE(filter.is_ok()) << meaning.json << ": " << filter.status().to_string();
    EXPECT_EQ(*filter, meaning.filter) << meaning.json;
    EXPECT_TRUE(validate_filter(*filter).is_ok()) << meaning.json;
    const auto again = parse_filter(filter_to_json(*filter));
    ASSERT_TRUE(again.is_ok()) << filter_to_json(*filter);
    EXPECT_EQ(*again, *filter) << filter_to_json(*filter);
  }
}

struct Fault {
  const char* json;
  const char* pointer;
  const char* message;
};

TEST(FilterJson, RefusesFaultsWithTheirPlace) {
  const std::vector<Fault> faults = {
      {"", "", "not JSON"},
      {"null", "", "an object"},
      {"[]", "", "an object"},
      {"{}", "", "exactly one of"},
      {R"({"all":[],"any":[]})", "", "exactly one of"},
      {R"({"al":[]})", "/al", "did you mean \"all\"?"},
      {R"({"all":{}})", "/all", "a list of filters"},
      {R"({"all":[1]})", "/all/0", "an object"},
      {R"({"not":[]})", "/not", "an object"},
      {R"({"any":[{"all":[{"not":{"field":"a"}}]}]})", "/any/0/all/0/not", "a comparison"},
      {R"({"eq":1})", "", "\"field\""},
      {R"({"field":"a"})", "", "a comparison"},
      {R"({"field":"","eq":1})", "/field", "1 to 128"},
      {R"({"field":7,"eq":1})", "/field", "a string"},
      {R"({"field":"a","eq":null})", "/eq", "null"},
      {R"({"field":"a","eq":[1]})", "/eq", "a list of 1"},
      {R"({"field":"a","eq":{}})", "/eq", "{}"},
      {R"({"field":"a","lt":true})", "/lt", "true"},
      {R"({"field":"a","lt":"2011-12-01"})", "/lt", "RFC 3339"},
      {R"({"field":"a","in":[]})", "/in", "1 to 10000"},
      {R"({"field":"a","in":"b"})", "/in", "\"b\""},
      {R"({"field":"a","in":["b",null]})", "/in/1", "null"},
      {R"({"field":"a","exists":1})", "/exists", "true or false"},
      {R"({"field":"a","all":[]})", "/all", "beside"},
      {R"({"field":"a","less":1})", "/less", "unknown member"},
      {R"({"field":"a","eq":1e999})", "", "not JSON"},
  };
  for (const Fault& fault : faults) {
    const auto filter = parse_filter(fault.json);
    ASSERT_FALSE(filter.is_ok()) << fault.json;
    EXPECT_EQ(filter.status().code(), StatusCode::kInvalidArgument) << fault.json;
    EXPECT_EQ(filter.status().field(), fault.pointer) << fault.json << ": " << filter.status().to_string();
    EXPECT_THAT(filter.status().message(), HasSubstr(fault.message)) << fault.json;
  }
}

std::string nested(std::size_t levels) {
  std::string json;
  for (std::size_t i = 1; i < levels; ++i) json += "{\"not\":";
  json += R"({"field":"a","eq":1})";
  return json + std::string(levels - 1, '}');
}

TEST(FilterJson, RefusesWholeNumbersThatADoubleRounds) {
  for (const char* filter : {R"({"field":"n","eq":9007199254740993})", R"({"field":"n","in":[1,-9007199254740993]})",
                             R"({"field":"n","gte":18446744073709551615})"}) {
    const Status refused = parse_filter(filter).status();
    EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument) << filter;
    EXPECT_THAT(refused.message(), ::testing::HasSubstr("2^53")) << filter;
  }
  EXPECT_TRUE(parse_filter(R"({"field":"n","eq":9007199254740992})").is_ok());
}

TEST(FilterJson, LimitsDepthAndSize) {
  EXPECT_TRUE(parse_filter(nested(kMaxFilterDepth)).is_ok());
  EXPECT_THAT(parse_filter(nested(kMaxFilterDepth + 1)).status().message(), HasSubstr("deeper than 32"));
  EXPECT_FALSE(parse_filter(nested(10'000)).is_ok());

  std::string wide = R"({"any":[{"field":"a","eq":0})";
  for (std::size_t i = 2; i < kMaxFilterNodes; ++i) wide += R"(,{"field":"a","eq":0})";
  EXPECT_TRUE(parse_filter(wide + "]}").is_ok());
  EXPECT_THAT(parse_filter(wide + R"(,{"field":"a","eq":0}]})").status().message(), HasSubstr("more than 1024"));
}

TEST(ValidateFilter, ChecksWhatCodeMakes) {
  Filter deep = leaf(Op::kEqual, "a", {1.0});
  for (std::size_t i = 0; i < kMaxFilterDepth; ++i) deep = group(Op::kNot, {deep});
  EXPECT_FALSE(validate_filter(deep).is_ok());
  EXPECT_FALSE(validate_filter(group(Op::kNot, {})).is_ok());
  EXPECT_FALSE(validate_filter(leaf(Op::kEqual, "a", {})).is_ok());
  EXPECT_FALSE(validate_filter(leaf(Op::kLess, "a", {1.0, 2.0})).is_ok());
  EXPECT_FALSE(validate_filter(leaf(Op::kEqual, "", {1.0})).is_ok());
  EXPECT_TRUE(validate_filter(Filter{}).is_ok());
}

}  // namespace
}  // namespace tamis
