// The embeddings endpoint's client against a real server that misbehaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "embeddings/endpoint_embedder.h"
#include "tests/client/misbehaving_server.h"
#include "tests/models/temporary_directory.h"

namespace tamis::embeddings {
namespace {

using client::MisbehavingServer;
using client::SeenRequest;
using client::ServerAction;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string http(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " Told\r\nContent-Type: application/json\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A text's vector: its length and 1. In the reverse order where asked for.
json answer_to(const SeenRequest& request, bool reversed = false) {
  const json asked = json::parse(request.body);
  json rows = json::array();
  for (std::size_t i = 0; i < asked["input"].size(); ++i) {
    const auto length = static_cast<double>(asked["input"][i].get<std::string>().size());
    rows.push_back({{"index", i}, {"embedding", {length, 1.0}}});
  }
  if (reversed) rows = json(std::vector<json>(rows.rbegin(), rows.rend()));
  return {{"object", "list"}, {"data", rows}, {"model", asked["model"]}};
}

ServerAction good(const SeenRequest& request) { return {http(200, answer_to(request).dump())}; }

EndpointSettings settings_for(const MisbehavingServer& server) {
  EndpointSettings settings;
  settings.url = server.url();
  settings.model = "small";
  settings.batch = 2;
  settings.timeout_ms = 2'000;
  settings.attempts = 3;
  return settings;
}

Result<std::vector<float>> embed(const EndpointSettings& settings, const std::vector<std::string>& texts,
                                 std::shared_ptr<VectorCache> cache = nullptr) {
  auto embedder = EndpointEmbedder::create(settings, 2, std::move(cache));
  if (!embedder.is_ok()) return embedder.status();
  return (*embedder)->embed(texts);
}

float tangent(const std::vector<float>& vectors, std::size_t row) { return vectors[2 * row] / vectors[2 * row + 1]; }

std::int64_t milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

TEST(Endpoint, AsksInBatchesForDistinctTextsAndScalesToLengthOne) {
  MisbehavingServer server([](const SeenRequest& request, int) { return good(request); });
  EndpointSettings settings = settings_for(server);
  settings.concurrency = 1;
  settings.dimensions = 2;
  settings.api_key = "secret-1";
  const auto vectors = embed(settings, {"a", "", "abc", "a", "ab"});
  ASSERT_TRUE(vectors.is_ok()) << vectors.status().to_string();
  EXPECT_NEAR(tangent(*vectors, 0), 1, 1e-6);
  EXPECT_THAT(std::vector<float>(vectors->begin() + 2, vectors->begin() + 4), ElementsAre(0, 0));
  EXPECT_NEAR(tangent(*vectors, 2), 3, 1e-5);
  EXPECT_NEAR(tangent(*vectors, 3), 1, 1e-6);
  EXPECT_NEAR(tangent(*vectors, 4), 2, 1e-6);
  EXPECT_NEAR(std::hypot((*vectors)[4], (*vectors)[5]), 1, 1e-6);

  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].target, "/v1/embeddings");
  EXPECT_EQ(requests[0].headers.at("authorization"), "Bearer secret-1");
  const json body = json::parse(requests[0].body);
  EXPECT_EQ(body, (json{{"model", "small"}, {"input", {"a", "abc"}}, {"dimensions", 2}}));
  EXPECT_EQ(json::parse(requests[1].body)["input"], json::array({"ab"}));
}

TEST(Endpoint, FindsOutHowLongVectorsAre) {
  MisbehavingServer server([](const SeenRequest& request, int) { return good(request); });
  const auto embedder = EndpointEmbedder::create(settings_for(server), 0, nullptr);
  ASSERT_TRUE(embedder.is_ok());
  EXPECT_EQ((*embedder)->dim(), 2u);
}

TEST(Endpoint, PutsRowsWhereTheirIndexSays) {
  MisbehavingServer server(
      [](const SeenRequest& request, int) { return ServerAction{http(200, answer_to(request, true).dump())}; });
  const auto vectors = embed(settings_for(server), {"a", "abc"});
  ASSERT_TRUE(vectors.is_ok());
  EXPECT_NEAR(tangent(*vectors, 0), 1, 1e-6);
  EXPECT_NEAR(tangent(*vectors, 1), 3, 1e-5);
}

TEST(Endpoint, WaitsAsRetryAfterSaysAndTriesAgain) {
  MisbehavingServer server([](const SeenRequest& request, int number) {
    return number == 0 ? ServerAction{http(429, R"({"error":"slow down"})", "Retry-After: 1\r\n")} : good(request);
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(embed(settings_for(server), {"a"}).is_ok());
  EXPECT_GE(milliseconds_since(start), 1'000);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(Endpoint, TriesAgainAfterItsOwnFaultsAndTellsTheLast) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{http(500, R"({"error":"out of memory, key secret-1"})")}; });
  EndpointSettings settings = settings_for(server);
  settings.api_key = "secret-1";
  const auto vectors = embed(settings, {"a"});
  EXPECT_EQ(vectors.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(vectors.status().message(), HasSubstr("500"));
  EXPECT_THAT(vectors.status().message(), HasSubstr("out of memory"));
  EXPECT_THAT(vectors.status().message(), testing::Not(HasSubstr("secret-1")));
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(Endpoint, TakesAShortKeyOutOfWhatIsEchoed) {
  MisbehavingServer server([](const SeenRequest&, int) { return ServerAction{http(401, "no such key: *")}; });
  EndpointSettings settings = settings_for(server);
  settings.api_key = "*";
  EXPECT_THAT(embed(settings, {"a"}).status().message(), HasSubstr("no such key: ***"));
}

TEST(Endpoint, GivesUpAtOnceWhereItIsRefused) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{http(401, R"({"error":"no such key"})")}; });
  const auto vectors = embed(settings_for(server), {"a"});
  EXPECT_EQ(vectors.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(vectors.status().message(), HasSubstr("401"));
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(Endpoint, TriesAgainAfterATruncatedBodyAndAfterATimeout) {
  MisbehavingServer server([](const SeenRequest& request, int number) {
    const std::string whole = good(request).bytes;
    if (number == 0) return ServerAction{whole.substr(0, whole.size() - 5), true};
    if (number == 1) return ServerAction{whole, false, 600};
    return good(request);
  });
  EndpointSettings settings = settings_for(server);
  settings.timeout_ms = 200;
  EXPECT_TRUE(embed(settings, {"a"}).is_ok());
  EXPECT_EQ(server.requests().size(), 3u);
}

struct Nonsense {
  const char* name;
  const char* body;
  const char* told;
};

class NonsenseAnswer : public testing::TestWithParam<Nonsense> {};

TEST_P(NonsenseAnswer, IsRefusedWhole) {
  const auto rows = parse_embeddings(GetParam().body, 2, 0);
  EXPECT_EQ(rows.status().code(), StatusCode::kInternal);
  EXPECT_THAT(rows.status().message(), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    All, NonsenseAnswer,
    testing::Values(
        Nonsense{"NoJson", "<html>", "no JSON"}, Nonsense{"NoData", R"({"error":"x"})", "\"data\""},
        Nonsense{"TooFewRows", R"({"data":[{"index":0,"embedding":[1]}]})", "1 rows for 2 texts"},
        Nonsense{"TwiceTheSame", R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})", "twice"},
        Nonsense{"IndexTooLarge", R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]})", "index 2"},
        Nonsense{"NegativeIndex", R"({"data":[{"index":0,"embedding":[1]},{"index":-1,"embedding":[1]}]})", "index"},
        Nonsense{"UnequalLengths", R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]})",
                 "2 numbers, expected 1"},
        Nonsense{"NotFinite", R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[null]}]})", "finite"},
        Nonsense{"TooLarge", R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1e300]}]})", "finite"},
        Nonsense{"NoNumbers", R"({"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":"AAAA"}]})",
                 "no \"embedding\""}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Endpoint, RefusesVectorsOfAnotherLengthThanItsModelHad) {
  MisbehavingServer server(
      [](const SeenRequest&, int) { return ServerAction{http(200, R"({"data":[{"index":0,"embedding":[1,2,3]}]})")}; });
  const auto vectors = embed(settings_for(server), {"a"});
  EXPECT_EQ(vectors.status().code(), StatusCode::kInternal);
  EXPECT_THAT(vectors.status().message(), HasSubstr("3 numbers, expected 2"));
}

TEST(Endpoint, IsNotAskedAgainForWhatTheCacheKnows) {
  const models::TemporaryDirectory directory;
  MisbehavingServer server([](const SeenRequest& request, int) { return good(request); });
  const auto open = [&] {
    return std::shared_ptr<VectorCache>(VectorCache::open(directory.path() / "cache", 1 << 20).value());
  };
  const auto first = embed(settings_for(server), {"a", "ab", "abc"}, open());
  ASSERT_TRUE(first.is_ok());
  const std::size_t asked = server.requests().size();
  const auto again = embed(settings_for(server), {"abc", "a", "abcd"}, open());
  ASSERT_TRUE(again.is_ok());
  EXPECT_EQ(server.requests().size(), asked + 1);
  EXPECT_EQ(json::parse(server.requests().back().body)["input"], json::array({"abcd"}));
  EXPECT_EQ((*again)[0], (*first)[4]);
  EndpointSettings other = settings_for(server);
  other.model = "large";
  ASSERT_TRUE(embed(other, {"a"}, open()).is_ok());
  EXPECT_EQ(server.requests().size(), asked + 2) << "another model's vectors are others";
}

TEST(Endpoint, KeepsToItsConcurrency) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  MisbehavingServer server([&](const SeenRequest& request, int) {
    const int under_way = ++now;
    int seen = most.load();
    while (seen < under_way && !most.compare_exchange_weak(seen, under_way)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    --now;
    return good(request);
  });
  EndpointSettings settings = settings_for(server);
  settings.batch = 1;
  settings.concurrency = 3;
  std::vector<std::string> texts;
  for (int i = 1; i <= 12; ++i) texts.push_back(std::string(static_cast<std::size_t>(i), 'x'));
  const auto vectors = embed(settings, texts);
  ASSERT_TRUE(vectors.is_ok());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_NEAR(tangent(*vectors, i), static_cast<float>(i + 1), 1e-3);
  EXPECT_LE(most.load(), 3);
  EXPECT_GE(most.load(), 2);
}

}  // namespace
}  // namespace tamis::embeddings
