#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "misbehaving_server.h"

namespace tamis::client {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Client> client_of(const MisbehavingServer& server, std::int64_t timeout_ms = 2'000) {
  ClientOptions options;
  options.url = server.url();
  options.api_key = "secret";
  options.transport.retry = {.max_attempts = 3, .base_backoff_ms = 1, .max_backoff_ms = 5, .max_retry_after_ms = 50};
  options.transport.request_timeout_ms = timeout_ms;
  auto client = Client::create(options);
  EXPECT_TRUE(client.is_ok());
  return std::move(client).value();
}

constexpr const char* kAck = R"({"accepted":1,"duplicates":0,"sequence":7})";
const Interaction kKeyed = {.user = "u",
                            .item = "i",
                            .type = "view",
                            .value = {},
                            .context = {},
                            .recommendation_id = {},
                            .idempotency_key = "k"};

TEST(Client, KeepsItsConnectionAndSaysWhoItIs) {
  MisbehavingServer server([](const SeenRequest&, int) { return ServerAction{.bytes = http_answer(200, kAck)}; });
  auto client = client_of(server);
  for (int i = 0; i < 3; ++i) {
    const auto ack = client->put_entity(EntityKind::kItem, {.id = "a/b", .features = {{"price", 3.5}}});
    ASSERT_TRUE(ack.is_ok()) << ack.status().to_string();
    EXPECT_EQ(ack->sequence, 7u);
  }
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[2].connection, 0);
  EXPECT_EQ(seen[0].method, "PUT");
  EXPECT_EQ(seen[0].target, "/v1/items/a%2Fb");
  EXPECT_EQ(seen[0].headers.at("authorization"), "Bearer secret");
  EXPECT_EQ(nlohmann::json::parse(seen[0].body), (nlohmann::json{{"id", "a/b"}, {"features", {{"price", 3.5}}}}));
}

TEST(Client, RetriesRefusalsHonouringRetryAfter) {
  MisbehavingServer server([](const SeenRequest&, int number) {
    if (number < 2) return ServerAction{.bytes = http_answer(number == 0 ? 503 : 429, "{}", "Retry-After: 0\r\n")};
    return ServerAction{.bytes = http_answer(200, kAck)};
  });
  EXPECT_TRUE(client_of(server)->add_interactions(std::vector{kKeyed}).is_ok());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Client, WaitsAsLongAsTheServerAsks) {
  MisbehavingServer server([](const SeenRequest&, int number) {
    return ServerAction{.bytes = number == 0 ? http_answer(503, "{}", "Retry-After: 30\r\n") : http_answer(200, "{}")};
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(client_of(server)->stats_json().is_ok());  // 30 s, cut to the policy's 50 ms
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

TEST(Client, NeverRepeatsInteractionsWithoutKeys) {
  for (const bool broken : {false, true}) {
    MisbehavingServer server([broken](const SeenRequest&, int) {
      return ServerAction{.bytes = broken ? "" : http_answer(503, "{}"), .close = broken};
    });
    Interaction unkeyed = kKeyed;
    unkeyed.idempotency_key.clear();
    const auto ack = client_of(server)->add_interactions(std::vector{kKeyed, unkeyed});
    ASSERT_FALSE(ack.is_ok());
    EXPECT_EQ(ack.status().code(), StatusCode::kUnavailable);
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST(Client, RepeatsWhatMayBeRepeatedAfterABreak) {
  MisbehavingServer server([](const SeenRequest&, int number) {
    if (number == 0) return ServerAction{.bytes = {}, .close = true};                               // nothing
    if (number == 1) return ServerAction{.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .close = true};  // half a head
    return ServerAction{.bytes = http_answer(200, kAck)};
  });
  EXPECT_TRUE(client_of(server)->add_interactions(std::vector{kKeyed}).is_ok());
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Client, GivesUpAfterItsAttempts) {
  MisbehavingServer server([](const SeenRequest&, int) { return ServerAction{.bytes = {}, .close = true}; });
  const auto stats = client_of(server)->stats_json();
  ASSERT_FALSE(stats.is_ok());
  EXPECT_EQ(stats.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Client, NoticesThatAnIdleConnectionWasClosed) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{.bytes = http_answer(200, kAck), .close = true}; });
  auto client = client_of(server);
  Interaction unkeyed = kKeyed;
  unkeyed.idempotency_key.clear();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(client->add_interactions(std::vector{unkeyed}).is_ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

TEST(Client, EndsACallAtItsDeadline) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{.bytes = {}, .close = false, .delay_ms = 5'000}; });
  const auto start = std::chrono::steady_clock::now();
  const auto job = client_of(server, 100)->train();  // not repeated: it might have begun
  EXPECT_EQ(job.status().code(), StatusCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(Client, CallsNonsenseInternal) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{.bytes = "SSH-2.0-OpenSSH_9.2\r\n\r\n", .close = true}; });
  EXPECT_EQ(client_of(server)->stats_json().status().code(), StatusCode::kInternal);
  MisbehavingServer wrong([](const SeenRequest&, int) {
    return ServerAction{.bytes = http_answer(200, R"({"items":[{"item":"a","rank":"first"}]})")};
  });
  const auto answer = client_of(wrong)->recommend({.user = "u"});
  EXPECT_EQ(answer.status().code(), StatusCode::kInternal);
  EXPECT_THAT(answer.status().message(), HasSubstr("rank"));
}

TEST(Client, MakesAProblemDocumentAStatus) {
  MisbehavingServer server([](const SeenRequest&, int) {
    return ServerAction{
        .bytes = http_answer(
            400, R"({"code":"invalid_argument","detail":"price is \"x\"; expected a number","field":"features.price"})",
            "X-Request-Id: r1\r\n")};
  });
  const auto ack = client_of(server)->put_entity(EntityKind::kItem, {.id = "a", .features = {}});
  EXPECT_EQ(ack.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ack.status().field(), "features.price");
  EXPECT_THAT(ack.status().message(), HasSubstr("expected a number [request r1]"));
}

TEST(Client, SaysWhereItCannotConnect) {
  ClientOptions options;
  options.url = "http://127.0.0.1:1";
  options.transport.retry.max_attempts = 1;
  auto client = Client::create(options);
  ASSERT_TRUE(client.is_ok());
  const auto stats = (*client)->stats_json();
  EXPECT_EQ(stats.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(stats.status().message(), HasSubstr("http://127.0.0.1:1"));
}

TEST(Client, RefusesAKeyThatWouldBreakTheHeader) { EXPECT_FALSE(Client::create({.api_key = "a\r\nX: y"}).is_ok()); }

TEST(Client, ReadsAnExplainedAnswer) {
  MisbehavingServer server([](const SeenRequest&, int) {
    return ServerAction{
        .bytes =
            http_answer(200, R"({"recommendation_id":"r","user":"u","funnel":"default","generation":"g1","sequence":9,
      "items":[{"item":"a","rank":1,"score":0.5,"features":{"name":"LANTERN","tags":["x"],"new":true},
      "explain":{"retrieved_by":[{"retriever":"item_knn","rank":2,"score":0.1,"because":[{"item":"b","weight":0.7}]}]},"more":1}]})")};
  });
  const auto answer =
      client_of(server)->recommend({.user = "u", .k = 3, .exclude = {"z"}, .explain = true, .features = true});
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  EXPECT_EQ(answer->items.at(0).features.at("name"), FeatureValue(std::string("LANTERN")));
  EXPECT_EQ(answer->items.at(0).retrieved_by.at(0).because.at(0).first, "b");
  const auto body = nlohmann::json::parse(server.requests().at(0).body);
  EXPECT_EQ(body, (nlohmann::json{{"k", 3}, {"exclude", {"z"}}, {"explain", true}, {"features", true}}));
}

TEST(Client, FollowsAJobToItsEnd) {
  MisbehavingServer server([](const SeenRequest&, int number) {
    const char* states[] = {R"({"job":"j1","state":"queued","progress":0})",
                            R"({"job":"j1","state":"running","progress":0.5})",
                            R"({"job":"j1","state":"running","progress":0.5})",
                            R"({"job":"j1","state":"succeeded","progress":1,"generation":"g1"})"};
    return ServerAction{.bytes = http_answer(200, states[std::min(number, 3)])};
  });
  int seen = 0;
  const auto job = client_of(server)->wait_job(
      "j1", [&](const JobProgress&) { return ++seen > 0; }, 1);
  ASSERT_TRUE(job.is_ok());
  EXPECT_EQ(job->generation, "g1");
  EXPECT_EQ(seen, 3);  // once per change
}

}  // namespace
}  // namespace tamis::client
