// The JSON of what people write: what is taken, and how each error class reads.
#include "server/json/mutation_json.h"

#include <gmock/gmock.h>

#include "server/json/json_reader.h"
#include "server/json/json_writer.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

constexpr TimestampMs kNowMs = 1'000'000;

Status interaction_status(std::string_view text) {
  JsonDocument document;
  const auto root = document.parse(text);
  if (!root.is_ok()) return root.status();
  const auto put = read_interaction(*root, JsonPath{});
  return put.is_ok() ? Status::ok() : put.status();
}

TEST(InteractionJson, ReadsEveryField) {
  JsonDocument document;
  const auto root =
      document.parse(R"({"user":"u1","item":"85123A","type":"purchase","value":6,"timestamp":"2011-12-01T10:00:00Z",)"
                     R"("context":{"device":"phone","hour":10,"tags":["a","b"],"new":true},"recommendation_id":"r9",)"
                     R"("idempotency_key":"k1"})");
  ASSERT_TRUE(root.is_ok());
  const auto put = read_interaction(*root, JsonPath{});
  ASSERT_TRUE(put.is_ok()) << put.status().to_string();
  const Interaction& interaction = put->interaction;
  EXPECT_EQ(interaction.user, "u1");
  EXPECT_EQ(interaction.item, "85123A");
  EXPECT_EQ(interaction.type, "purchase");
  EXPECT_EQ(interaction.value, 6.0);
  EXPECT_EQ(interaction.timestamp_ms, 1'322'733'600'000);  // date -d 2011-12-01T10:00:00Z +%s
  EXPECT_EQ(interaction.context.at("device"), FeatureValue(std::string("phone")));
  EXPECT_EQ(interaction.context.at("hour"), FeatureValue(10.0));
  EXPECT_EQ(interaction.context.at("new"), FeatureValue(true));
  EXPECT_EQ(interaction.recommendation_id, "r9");
  EXPECT_EQ(interaction.idempotency_key, "k1");
}

TEST(InteractionJson, TakesUnixMilliseconds) {
  JsonDocument document;
  const auto root = document.parse(R"({"user":"u","item":"i","timestamp":1322733600250})");
  const auto put = read_interaction(*root, JsonPath{});
  ASSERT_TRUE(put.is_ok());
  EXPECT_EQ(put->interaction.timestamp_ms, 1'322'733'600'250);
  EXPECT_EQ(put->interaction.type, "view");
}

struct BadText {
  const char* name;
  std::string text;
  const char* field;
  const char* message;
};

class BadInteraction : public ::testing::TestWithParam<BadText> {};

TEST_P(BadInteraction, IsRefusedByFieldAndReason) {
  const Status status = interaction_status(GetParam().text);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), GetParam().field);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    ErrorClasses, BadInteraction,
    ::testing::Values(
        BadText{"Empty", "", "", "it is empty"}, BadText{"Truncated", R"({"user":"u")", "", "not valid JSON"},
        BadText{"TrailingBytes", R"({"user":"u","item":"i"} x)", "", "not valid JSON"},
        BadText{"NotAnObject", "[1]", "", "the document is a list; expected an object"},
        BadText{"MissingUser", R"({"item":"i"})", "user", "user is missing"},
        BadText{"MissingItem", R"({"user":"u"})", "item", "item is missing"},
        BadText{"UnknownField", R"({"user":"u","item":"i","tpye":"view"})", "tpye", "did you mean \"type\"?"},
        BadText{"WrongType", R"({"user":12,"item":"i"})", "user", "user is 12; expected a string"},
        BadText{"EmptyId", R"({"user":"","item":"i"})", "user", "expected an id of 1 to 256 bytes"},
        BadText{"LongId", R"({"user":")" + std::string(257, 'x') + R"(","item":"i"})", "user", "257 bytes long"},
        BadText{"LongType", R"({"user":"u","item":"i","type":")" + std::string(65, 'x') + R"("})", "type",
                "at most 64 bytes"},
        BadText{"TextForNumber", R"({"user":"u","item":"i","value":"6"})", "value",
                "value is \"6\"; expected a number"},
        BadText{"NotANumber", R"({"user":"u","item":"i","value":NaN})", "", "not valid JSON"},
        BadText{"InfiniteNumber", R"({"user":"u","item":"i","value":1e999})", "", "not finite"},
        BadText{"BadTime", R"({"user":"u","item":"i","timestamp":"yesterday"})", "timestamp",
                "expected an RFC 3339 time"},
        BadText{"TimeBeyondYear9999", R"({"user":"u","item":"i","timestamp":1e18})", "timestamp", "expected an RFC"},
        BadText{"DuplicateKey", R"({"user":"u","item":"i","user":"v"})", "user", "given twice"},
        BadText{"DuplicateFeature", R"({"user":"u","item":"i","context":{"a":1,"a":2}})", "context.a", "given twice"},
        BadText{"NestedFeature", R"({"user":"u","item":"i","context":{"a":{"b":1}}})", "context.a", "is an object"},
        BadText{"UnknownFieldWithoutANearName", R"({"user":"u","item":"i","zzzzzzzz":1})", "zzzzzzzz",
                "known fields are user, item, type"},
        BadText{"SecondsForMilliseconds", R"({"user":"u","item":"i","timestamp":1322733600})", "timestamp",
                "looks like seconds"},
        BadText{"FractionalSeconds", R"({"user":"u","item":"i","timestamp":1322733600.25})", "timestamp",
                "looks like seconds"},
        BadText{"NegativeSeconds", R"({"user":"u","item":"i","timestamp":-86400})", "timestamp", "looks like seconds"},
        BadText{"Microseconds", R"({"user":"u","item":"i","timestamp":1322733600000000})", "timestamp",
                "expected an RFC"},
        BadText{"RoundedValue", R"({"user":"u","item":"i","value":9007199254740993})", "value", "a string can hold it"},
        BadText{"RoundedContext", R"({"user":"u","item":"i","context":{"id":-9007199254740993}})", "context.id",
                "context.id is -9007199254740993; expected a whole number of at most 2^53"},
        BadText{"RoundedUnsigned", R"({"user":"u","item":"i","context":{"id":18446744073709551615}})", "context.id",
                "a string can hold it"},
        BadText{"Beyond64Bits", R"({"user":"u","item":"i","context":{"id":18446744073709551617}})", "",
                "beyond 64 bits"},
        BadText{"MixedList", R"({"user":"u","item":"i","context":{"a":["x",1]}})", "context.a[1]", "is 1"},
        BadText{"InvalidUtf8", "{\"user\":\"\xff\xfe\",\"item\":\"i\"}", "", "not valid UTF-8"},
        BadText{"LoneSurrogate", R"({"user":"\ud800","item":"i"})", "", "lone surrogate"},
        BadText{"ControlCharacter", "{\"user\":\"a\nb\",\"item\":\"i\"}", "", "not valid JSON"},
        BadText{"DeepNesting", std::string(100, '[') + std::string(100, ']'), "", "deeper than 32 levels"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(EntityJson, ReadsFeaturesAndExpiry) {
  JsonDocument document;
  const auto root =
      document.parse(R"({"id":"85123A","features":{"name":"LANTERN","price":3.39,"tags":["b","a"]},"ttl_s":10})");
  const auto put = read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs);
  ASSERT_TRUE(put.is_ok()) << put.status().to_string();
  EXPECT_EQ(put->entity.id, "85123A");
  EXPECT_EQ(put->entity.features.at("price"), FeatureValue(3.39));
  EXPECT_EQ(put->entity.expires_ms, kNowMs + 10'000);
}

TEST(EntityJson, RefusesAnotherIdThanThePath) {
  JsonDocument document;
  const auto root = document.parse(R"({"id":"a"})");
  const auto put = read_entity(*root, JsonPath{}, EntityKind::kItem, "b", kNowMs);
  ASSERT_FALSE(put.is_ok());
  EXPECT_EQ(put.status().field(), "id");
}

TEST(EntityJson, ANullFeatureIsAbsent) {
  JsonDocument document;
  const auto root = document.parse(R"({"id":"a","features":{"price":null,"color":"red"}})");
  const auto put = read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs);
  ASSERT_TRUE(put.is_ok()) << put.status().to_string();
  EXPECT_EQ(put->entity.features, (Features{{"color", std::string("red")}}));
}

TEST(EntityJson, WholeNumbersUpTo2To53AreExact) {
  JsonDocument document;
  const auto root = document.parse(R"({"id":"a","features":{"most":9007199254740992,"least":-9007199254740992}})");
  const auto put = read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs);
  ASSERT_TRUE(put.is_ok()) << put.status().to_string();
  EXPECT_EQ(put->entity.features.at("most"), FeatureValue(9007199254740992.0));
}

// The beginning of 1970 is a time: an interaction has it, and what expires then has expired.
TEST(TimeJson, AbsentIsNotZero) {
  JsonDocument document;
  for (const char* text :
       {R"({"user":"u","item":"i","timestamp":0})", R"({"user":"u","item":"i","timestamp":"1970-01-01T00:00:00Z"})"}) {
    const auto root = document.parse(text);
    const auto put = read_interaction(*root, JsonPath{});
    ASSERT_TRUE(put.is_ok()) << put.status().to_string();
    EXPECT_EQ(put->interaction.timestamp_ms, 0);
  }
  auto root = document.parse(R"({"user":"u","item":"i"})");
  EXPECT_EQ(read_interaction(*root, JsonPath{})->interaction.timestamp_ms, kNoTime);
  for (const char* text : {R"({"id":"a","expires_at":0})", R"({"id":"a","expires_at":"1970-01-01T00:00:00Z"})"}) {
    root = document.parse(text);
    const auto put = read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs);
    ASSERT_TRUE(put.is_ok()) << put.status().to_string();
    EXPECT_NE(put->entity.expires_ms, 0) << "0 would be never";
    EXPECT_LE(put->entity.expires_ms, 1);
    EXPECT_EQ(read_patch(*root, JsonPath{}, EntityKind::kItem, "", kNowMs)->expires_ms, 1);
  }
  root = document.parse(R"({"id":"a","expires_at":null})");
  EXPECT_EQ(read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs)->entity.expires_ms, 0);
}

TEST(EntityJson, RefusesTwoExpiries) {
  JsonDocument document;
  const auto root = document.parse(R"({"id":"a","ttl_s":5,"expires_at":0})");
  EXPECT_FALSE(read_entity(*root, JsonPath{}, EntityKind::kItem, "", kNowMs).is_ok());
}

TEST(PatchJson, NullRemovesAFeature) {
  JsonDocument document;
  const auto root = document.parse(R"({"features":{"price":2,"old":null},"ttl_s":null})");
  const auto patch = read_patch(*root, JsonPath{}, EntityKind::kItem, "a", kNowMs);
  ASSERT_TRUE(patch.is_ok()) << patch.status().to_string();
  EXPECT_EQ(patch->removed, std::vector<std::string>{"old"});
  EXPECT_EQ(patch->features.size(), 1U);
  EXPECT_EQ(patch->expires_ms, 0);
}

TEST(VectorJson, ReadsVectorsAndDeletions) {
  JsonDocument document;
  auto root = document.parse(R"({"item":"a","vector":[0.5,-1,2e3]})");
  auto line = read_vector_line(*root, JsonPath{}, "looks");
  ASSERT_TRUE(line.is_ok());
  EXPECT_EQ(std::get<PutVector>(*line).vector, (std::vector<float>{0.5F, -1, 2'000}));
  root = document.parse(R"({"user":"a","delete":true})");
  line = read_vector_line(*root, JsonPath{}, "looks");
  ASSERT_TRUE(line.is_ok());
  EXPECT_EQ(std::get<DeleteVector>(*line).kind, EntityKind::kUser);
}

TEST(VectorJson, RefusesWhatNoFloatHolds) {
  JsonDocument document;
  const auto root = document.parse(R"({"item":"a","vector":[0.5,1e39]})");
  const auto line = read_vector_line(*root, JsonPath{}, "looks");
  ASSERT_FALSE(line.is_ok());
  EXPECT_EQ(line.status().field(), "vector[1]");
}

TEST(JsonWriter, EscapesAndRepairs) {
  std::string text;
  JsonWriter(&text)
      .begin_object()
      .field("a\"b", "line\nbreak\x01")
      .field("bad", std::string_view("x\xff", 2))
      .field("n", 0.1)
      .field("inf", 1.0 / 0.0)
      .field("i", -5)
      .end_object();
  EXPECT_EQ(text, "{\"a\\\"b\":\"line\\nbreak\\u0001\",\"bad\":\"x\xEF\xBF\xBD\",\"n\":0.1,\"inf\":null,\"i\":-5}");
}

}  // namespace
}  // namespace tamis::server
