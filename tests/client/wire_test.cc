#include "client/wire.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace tamis::client {
namespace {

TEST(Wire, WritesAnInteraction) {
  Interaction interaction{.user = "u\"1\n",
                          .item = "\xC3\xA9",
                          .type = "purchase",
                          .value = 6,
                          .timestamp_ms = 1'000,
                          .context = {{"device", std::string("phone")}},
                          .recommendation_id = "r",
                          .idempotency_key = "k"};
  const auto document = nlohmann::json::parse(interaction_to_json(interaction));
  EXPECT_EQ(document["user"], "u\"1\n");
  EXPECT_EQ(document["timestamp"], "1970-01-01T00:00:01Z") << "a server takes a small number for seconds";
  const auto back = decode_interaction(document);
  ASSERT_TRUE(back.is_ok());
  EXPECT_EQ(*back, interaction);
  interaction.timestamp_ms = 1'700'000'000'000;
  EXPECT_EQ(nlohmann::json::parse(interaction_to_json(interaction))["timestamp"], 1'700'000'000'000);
  interaction.timestamp_ms = kNoTime;
  interaction.value.reset();
  EXPECT_FALSE(nlohmann::json::parse(interaction_to_json(interaction)).contains("timestamp"));
  EXPECT_EQ(interaction_to_json(interaction).find('\n'), std::string::npos);
}

TEST(Wire, WritesAnEntity) {
  Entity entity{.id = "a",
                .features = {{"b", true},
                             {"n", 0.1},
                             {"s", std::vector<std::string>{"x", "y"}},
                             {"t", Text{"long"}},
                             {"at", Timestamp{1'000}}}};
  EXPECT_EQ(nlohmann::json::parse(entity_to_json(entity)),
            nlohmann::json::parse(
                R"({"id":"a","features":{"b":true,"n":0.1,"s":["x","y"],"t":"long","at":"1970-01-01T00:00:01Z"}})"));
}

TEST(Wire, WritesOnlyWhatJsonCanSay) {
  EXPECT_EQ(number_to_json(std::nan("")), "null");
  EXPECT_EQ(number_to_json(0.1), "0.1");
  EXPECT_EQ(nlohmann::json::parse(quote_json(std::string("\xFF\x01\x7F", 3))).get<std::string>(),
            "\xEF\xBF\xBD\x01\x7F");
  const VectorRow row{EntityKind::kUser, "u", {1.5f, std::numeric_limits<float>::infinity()}};
  EXPECT_EQ(vector_to_json(row), R"({"user":"u","vector":[1.5,null]})");
}

TEST(Wire, ToleratesMoreAndNamesWhatIsWrong) {
  EXPECT_TRUE(decode_job(nlohmann::json::parse(R"({"job":"j","more":[1]})")).is_ok());
  EXPECT_FALSE(decode_job(nlohmann::json::parse(R"({"job":1})")).is_ok());
  EXPECT_FALSE(decode_ack(nlohmann::json::parse(R"({"accepted":-1})")).is_ok());
  EXPECT_FALSE(decode_entity(nlohmann::json::parse("[]")).is_ok());
  EXPECT_FALSE(parse_answer("{").is_ok());
  EXPECT_EQ(decode_entity_page(nlohmann::json::parse(R"({"items":[{"id":"a"}],"cursor":null})"), "items")->cursor, "");
}

}  // namespace
}  // namespace tamis::client
