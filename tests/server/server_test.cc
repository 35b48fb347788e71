// Limits, events, generations, recommendations and metrics, over real sockets.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "server/archive/tar.h"
#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

TEST(Limits, ABodyBeyondTheLimitIsRefusedUnread) {
  ServerSettings settings;
  settings.max_body_bytes = 1'024;
  TestServer server(settings);
  EXPECT_EQ(server.call("POST", "/v1/train", std::string(2'000, ' ')).status, 413);
  RawClient chunked(server.server->port());
  chunked.send("POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send(chunk(std::string(2'000, ' ')));
  EXPECT_EQ(chunked.read_reply().status, 413);
  RawClient polite(server.server->port());
  polite.send("POST /v1/train HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n");
  EXPECT_EQ(polite.read_reply().status, 413);
}

TEST(Limits, ASlowHeaderIsGivenUp) {
  ServerSettings settings;
  settings.read_timeout_ms = 300;
  TestServer server(settings);
  RawClient client(server.server->port());
  const auto start = Clock::now();
  HttpReply reply;
  for (const char byte : std::string_view("GET /healthz HTTP/1.1\r\nHo")) {
    if (!client.send(std::string_view(&byte, 1))) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  reply = client.read_reply();
  EXPECT_EQ(reply.status, 408);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
}

TEST(Limits, ASlowBodyIsGivenUp) {
  ServerSettings settings;
  settings.read_timeout_ms = 300;
  TestServer server(settings);
  RawClient client(server.server->port());
  client.send("POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{");
  EXPECT_EQ(client.read_reply().status, 408);
  EXPECT_TRUE(client.read_end());
}

TEST(Limits, AnIdleConnectionIsClosed) {
  ServerSettings settings;
  settings.idle_timeout_ms = 300;
  TestServer server(settings);
  RawClient client(server.server->port());
  client.send(request_text("GET", "/healthz"));
  EXPECT_EQ(client.read_reply().status, 200);
  const auto start = Clock::now();
  EXPECT_TRUE(client.read_end());
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
}

TEST(Limits, ARequestThatTakesTooLongIsAnswered) {
  ServerSettings settings;
  settings.request_timeout_ms = 200;
  TestServer server(settings);
  server.database.write_delay_ms = 1'500;
  const auto start = Clock::now();
  const HttpReply reply = server.call("POST", "/v1/interactions", R"({"user":"u","item":"i"})");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("may still take effect"));
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(1'400));
}

TEST(Limits, ConnectionsBeyondTheLimitAreRefused) {
  ServerSettings settings;
  settings.max_connections = 2;
  TestServer server(settings);
  RawClient first(server.server->port());
  RawClient second(server.server->port());
  first.send(request_text("GET", "/healthz"));
  second.send(request_text("GET", "/healthz"));
  EXPECT_EQ(first.read_reply().status, 200);
  EXPECT_EQ(second.read_reply().status, 200);
  RawClient third(server.server->port());
  const HttpReply refused = third.read_reply();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.head_has("Retry-After:"));
}

TEST(Limits, RequestsBeyondTheLimitAreRefused) {
  ServerSettings settings;
  settings.max_requests = 1;
  TestServer server(settings);
  server.database.holds_writes = true;
  RawClient slow(server.server->port());
  slow.send(request_text("POST", "/v1/interactions", R"({"user":"u","item":"i"})"));
  ASSERT_TRUE(eventually([&] { return server.database.in_flight == 1; }));
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 503);
  EXPECT_EQ(server.call("GET", "/healthz").status, 200) << "health is exempt";
  server.database.holds_writes = false;
  EXPECT_EQ(slow.read_reply().status, 200);
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 200);
}

TEST(Limits, AFullWorkerQueueIsAnswered) {
  ServerSettings settings;
  settings.query_workers = 1;
  settings.worker_queue = 1;
  TestServer server(settings);
  server.database.holds_searches = true;
  const std::string search = request_text("POST", "/v1/search", R"({"space":"looks","item":"a","exact":true})");
  RawClient running(server.server->port());
  running.send(search);
  ASSERT_TRUE(eventually([&] { return server.database.running == 1; }));
  RawClient waiting(server.server->port());
  waiting.send(search);
  ASSERT_TRUE(eventually([&] { return server.server->queued_work() == 1; }));
  RawClient refused(server.server->port());
  refused.send(search);
  const HttpReply reply = refused.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.head_has("Retry-After:"));
  server.database.holds_searches = false;
  EXPECT_EQ(running.read_reply().status, 200);
  EXPECT_EQ(waiting.read_reply().status, 200);
}

TEST(Limits, TheRateOfAKeyIsHeld) {
  ServerSettings settings;
  settings.requests_per_s = 5;
  TestServer server(settings);
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    const HttpReply reply = server.call("GET", "/v1/funnels");
    if (reply.status == 429) {
      ++refused;
      EXPECT_TRUE(reply.head_has("Retry-After:"));
    }
  }
  EXPECT_GE(refused, 4);
  EXPECT_LE(refused, 8);
}

TEST(Limits, WorkEndsWithItsRequest) {
  ServerSettings settings;
  settings.request_timeout_ms = 200;
  settings.query_workers = 1;
  TestServer server(settings);
  server.database.recommend_delay_ms = 50;
  EXPECT_EQ(server.call("POST", "/v1/recommendations", thousand_users()).status, 503);
  EXPECT_TRUE(eventually([&] { return server.database.running == 0; }));
  server.database.recommend_delay_ms = 0;
  const std::string_view search = R"({"space":"looks","item":"a","exact":true})";
  EXPECT_EQ(server.call("POST", "/v1/search", search).status, 200) << "the worker is free again";
}

TEST(Limits, WhatWouldWaitTooLongIsRefusedAtOnce) {
  ServerSettings settings;
  settings.io_threads = 1;
  settings.max_queue_delay_ms = 100;
  TestServer server(settings);
  server.database.recommend_delay_ms = 5;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 400; ++i) clients.push_back(std::make_unique<RawClient>(server.server->port()));
  for (const auto& client : clients) client->send(request_text("GET", "/v1/users/u/recommendations"));
  int answered = 0;
  for (const auto& client : clients) {
    const HttpReply reply = client->read_reply();
    answered += reply.status == 200 ? 1 : 0;
    if (reply.status == 200) continue;
    ASSERT_EQ(reply.status, 503);
    EXPECT_TRUE(reply.head_has("Retry-After:"));
    EXPECT_THAT(reply.body, HasSubstr("overloaded"));
  }
  EXPECT_GE(answered, 33);
  EXPECT_LT(answered, 400);
  EXPECT_EQ(server.call("GET", "/v1/users/u/recommendations").status, 200) << "it is over at once";
}

TEST(Limits, AHeavyQueryKeepsNobodyWaiting) {
  ServerSettings settings;
  settings.io_threads = 1;
  settings.query_workers = 1;
  TestServer server(settings);
  server.database.cost_us = 1e6;
  server.database.recommend_delay_ms = 60'000;
  std::vector<std::unique_ptr<RawClient>> heavy;
  for (int i = 0; i < 3; ++i) {
    heavy.push_back(std::make_unique<RawClient>(server.server->port()));
    heavy.back()->send(request_text("GET", "/v1/users/u/recommendations"));
  }
  ASSERT_TRUE(eventually([&] { return server.database.running == 1 && server.server->queued_work() == 2; }));
  server.database.recommend_delay_ms = 0;  // of the one that runs, too: it looks again
  server.database.holds_searches = true;
  RawClient search(server.server->port());
  search.send(request_text("POST", "/v1/search", R"({"space":"looks","item":"a","exact":true})"));
  for (const auto& client : heavy) EXPECT_EQ(client->read_reply().status, 200);
  ASSERT_TRUE(eventually([&] { return server.database.running == 1; })) << "the search has the only worker";
  server.database.cost_us = 100;
  EXPECT_EQ(server.call("GET", "/v1/users/u/recommendations").status, 200);
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 200);
  EXPECT_EQ(server.call("GET", "/healthz").status, 200);
  server.database.holds_searches = false;
  EXPECT_EQ(search.read_reply().status, 200);
}

TEST(Limits, AWaitForAWriteTakesNoThread) {
  ServerSettings settings;
  settings.io_threads = 1;
  settings.workers = 1;
  settings.query_workers = 1;
  TestServer server(settings);
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (const char* request : {R"({"min_seq":1,"min_seq_timeout_ms":10000})", R"({"users":["u"],"min_seq":1})"}) {
    for (int i = 0; i < 5; ++i) {
      waiting.push_back(std::make_unique<RawClient>(server.server->port()));
      waiting.back()->send(request_text("POST", "/v1/recommendations", request));
    }
  }
  ASSERT_TRUE(eventually([&] { return server.database.waiting == 10; }));
  EXPECT_EQ(server.server->queued_work(), 0U);
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 200);
  EXPECT_EQ(server.call("POST", "/v1/search", R"({"space":"looks","item":"a","exact":true})").status, 200);
  EXPECT_EQ(server.call("POST", "/v1/interactions", R"({"user":"u","item":"i"})").status, 200);
  for (const auto& client : waiting) EXPECT_EQ(client->read_reply().status, 200);
  EXPECT_EQ(server.database.waiting, 0);
}

// Sends all of a body before it looks for an answer, as many clients do.
HttpReply send_whole(TestServer& server, std::string_view target, std::size_t bytes, std::string_view headers = {}) {
  RawClient client(server.server->port());
  const bool is_sent = client.send(request_text("POST", target, std::string(bytes, ' '), headers));
  EXPECT_TRUE(is_sent) << "the connection was reset while the client sent";
  return client.read_reply();
}

TEST(Limits, AnEarlyRefusalReachesAClientThatSendsItsBodyFirst) {
  ServerSettings settings;
  settings.keys = {"reader:read:reader-secret-0001"};
  TestServer server(settings);
  constexpr std::size_t kBody = 9'000'000;  // beyond limits.body and what socket buffers hold
  const std::string key = "X-API-Key: reader-secret-0001\r\n";
  EXPECT_EQ(send_whole(server, "/v1/recommendations", kBody, key).status, 413);
  EXPECT_EQ(send_whole(server, "/v1/nothing", kBody, key).status, 404);
  EXPECT_EQ(send_whole(server, "/v1/recommendations", kBody).status, 401);
  EXPECT_EQ(send_whole(server, "/v1/train", kBody, key).status, 403);
  EXPECT_EQ(send_whole(server, "/v1/stats", kBody, key).status, 405);
  EXPECT_EQ(send_whole(server, "/v1/recommendations", kBody, key + "Content-Encoding: br\r\n").status, 415);
}

TEST(Limits, ARefusedConnectionGetsItsAnswerThoughItAsks) {
  ServerSettings settings;
  settings.max_connections = 1;
  TestServer server(settings);
  RawClient first(server.server->port());
  first.send(request_text("GET", "/healthz"));
  ASSERT_EQ(first.read_reply().status, 200);
  for (int i = 0; i < 50; ++i) {
    RawClient other(server.server->port());
    other.send(request_text("POST", "/v1/recommendations", std::string(1'000, ' ')));
    ASSERT_EQ(other.read_reply().status, 503) << i;
  }
}

TEST(Events, FollowAJobToItsEnd) {
  TestServer server;
  Job job;
  job.id = "j7";
  job.state = JobState::kRunning;
  job.progress = 0.25;
  server.database.set_job(job);
  RawClient client(server.server->port());
  client.send(request_text("GET", "/v1/jobs/j7/events"));
  while (client.buffered().find("\"progress\":0.25") == std::string::npos) ASSERT_TRUE(client.fill());
  job.state = JobState::kSucceeded;
  job.progress = 1;
  server.database.set_job(job);
  const HttpReply reply = client.read_reply();
  EXPECT_TRUE(reply.head_has("Content-Type: text/event-stream"));
  EXPECT_THAT(reply.body, HasSubstr("event: job\ndata: {\"job\":\"j7\""));
  EXPECT_THAT(reply.body, HasSubstr("\"state\":\"succeeded\""));
}

TEST(Generations, GoInAndOutAsTar) {
  ServerSettings settings;
  settings.data_dir = testing::TempDir() + "server_generations";
  TestServer server(settings);
  const std::string manifest = "{}";
  const std::string archive =
      tar_header("manifest.json", manifest.size()) + manifest + tar_padding(manifest.size()) + tar_end();
  const std::string type = "Content-Type: application/x-tar\r\n";
  const HttpReply made = server.call("PUT", "/v1/generations/from-torch", archive, type);
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_THAT(made.body, HasSubstr("\"from-torch\""));
  EXPECT_EQ(server.call("PUT", "/v1/generations/taken", archive, type).status, 409);
  EXPECT_EQ(server.call("PUT", "/v1/generations/a", "not a tar", type).status, 400);
  EXPECT_EQ(server.call("PUT", "/v1/generations/a", "{}", "Content-Type: application/json\r\n").status, 415);
  const HttpReply got = server.call("GET", "/v1/generations/g1");
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.body, HasSubstr("tamis.generation"));
  EXPECT_EQ(server.call("GET", "/v1/generations/g9").status, 404);
  const std::filesystem::path left = settings.data_dir + "/generations";
  EXPECT_TRUE(eventually([&] { return std::filesystem::is_empty(left); })) << "nothing is left behind";
  std::filesystem::remove_all(settings.data_dir);
}

TEST(Recommend, WaitsForASequenceOffTheIoThread) {
  TestServer server;
  RawClient waiting(server.server->port());
  waiting.send(request_text("POST", "/v1/users/u/recommendations", R"({"min_seq":5,"min_seq_timeout_ms":400})"));
  EXPECT_EQ(server.call("GET", "/v1/users/u/recommendations").status, 200);
  EXPECT_EQ(server.call("GET", "/v1/users/u/recommendations").status, 200);
  EXPECT_EQ(waiting.read_reply().status, 503);
}

TEST(Recommend, PassesTheWholeRequestOn) {
  TestServer server;
  const HttpReply reply = server.call(
      "POST", "/v1/recommendations?explain=true",
      R"({"k":2,"funnel":"home","exclude":["a","b"],"exclude_seen":false,"history":[{"item":"x","value":2}],)"
      R"("filter":{"field":"price","lt":5},"as_of":"2011-12-01T10:00:00Z","features":true})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("\"because\":[{\"item\":\"seen\",\"weight\":0.25}]"));
  EXPECT_THAT(reply.body, HasSubstr("\"item\":\"item \\\"2\\\"\",\"rank\":2,\"score\":0.5"));
  const RecommendRequest request = server.database.last_recommend();
  EXPECT_EQ(request.k, 2U);
  EXPECT_EQ(request.funnel, "home");
  EXPECT_EQ(request.exclude, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.exclude_seen, false);
  ASSERT_EQ(request.history.size(), 1U);
  EXPECT_EQ(request.history[0].value, 2.0);
  EXPECT_EQ(request.filter.op, Filter::Op::kLess);
  EXPECT_EQ(request.as_of_ms, 1'322'733'600'000);
  EXPECT_TRUE(request.explain);
  EXPECT_TRUE(request.with_features);
}

TEST(Accounts, ReadTheirRequests) {
  TestServer server;
  const HttpReply factors = server.call("GET", "/v1/spaces/looks/factors?factors=4&items=3");
  EXPECT_EQ(factors.status, 404) << factors.body;
  EXPECT_EQ(server.call("GET", "/v1/spaces/looks/factors?factors=33").status, 400);
  const std::string parts = "/v1/spaces/looks/vectors/users/a/parts";
  EXPECT_EQ(server.call("POST", parts, "").status, 404);
  EXPECT_EQ(server.call("POST", parts, R"({"k":5,"history":[{"item":"x"}],"context":{"device":"phone"}})").status, 404);
  EXPECT_TRUE(server.call("POST", parts, R"({"k":101})").has("\"field\":\"k\""));
  EXPECT_TRUE(server.call("POST", parts, R"({"histroy":[]})").has("history"));
  const std::string what_if = "/v1/users/a/recommendations/what-if/x";
  EXPECT_EQ(server.call("POST", what_if, R"({"changes":{"item.price":3},"request":{"funnel":"home"}})").status, 409);
  EXPECT_TRUE(server.call("POST", what_if, R"({"request":{"as_of_sequence":7}})").has("\"field\":\"request\""));
  EXPECT_TRUE(server.call("POST", what_if, R"({"change":{}})").has("changes"));
  const HttpReply job = server.call("POST", "/v1/simulations", R"({"rounds":4,"explore_share":0.3})");
  EXPECT_EQ(job.status, 202) << job.body;
  EXPECT_TRUE(job.has("\"kind\":\"simulate\""));
  EXPECT_EQ(server.call("POST", "/v1/simulations", "").status, 202);
  EXPECT_TRUE(server.call("POST", "/v1/simulations", R"({"explore_share":1.5})").has("\"field\":\"explore_share\""));
}

TEST(Recommend, AnswersSeveralUsers) {
  TestServer server;
  const HttpReply reply = server.call("POST", "/v1/recommendations", R"({"users":["a","b"],"k":1})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.starts_with("{\"answers\":[{"));
  EXPECT_TRUE(reply.has("\"user\":\"a\"") && reply.has("\"user\":\"b\""));
}

TEST(Recommend, AnEmptyListOfUsersHasNoAnswers) {
  TestServer server;
  const HttpReply reply = server.call("POST", "/v1/recommendations", R"({"users":[]})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"answers":[]})");
  EXPECT_EQ(server.call("POST", "/v1/recommendations", R"({"users":[],"user":"a"})").status, 400);
}

TEST(Recommend, ATimeIsAsOfAndASequenceIsAsOfSequence) {
  TestServer server;
  const std::string path = "/v1/users/u/recommendations";
  ASSERT_EQ(server.call("GET", path + "?as_of=2011-12-01T10:00:00Z&as_of_sequence=7").status, 200);
  RecommendRequest request = server.database.last_recommend();
  EXPECT_EQ(request.as_of_ms, 1'322'733'600'000);
  EXPECT_EQ(request.as_of_sequence, 7U);
  ASSERT_EQ(server.call("POST", path, R"({"as_of":1322733600000,"as_of_sequence":0})").status, 200);
  request = server.database.last_recommend();
  EXPECT_EQ(request.as_of_ms, 1'322'733'600'000);
  EXPECT_EQ(request.as_of_sequence, 0U);
  ASSERT_EQ(server.call("GET", path + "?as_of=1322733600000").status, 200);
  EXPECT_FALSE(server.database.last_recommend().as_of_sequence);

  for (const std::string query : {"?as_of=1042", "?as_of=1042&generation=g3&at=2026-01-05T10:00:00Z"})
    EXPECT_THAT(server.call("GET", path + query).body, HasSubstr("as_of")) << query;
  const HttpReply number = server.call("GET", path + "?as_of=1042");
  EXPECT_EQ(number.status, 400);
  EXPECT_THAT(number.body, HasSubstr("a sequence is as_of_sequence"));
  EXPECT_THAT(server.call("POST", path, R"({"as_of":1042})").body, HasSubstr("a sequence is as_of_sequence"));
  const HttpReply old = server.call("GET", path + "?as_of_sequence=1042&at=2026-01-05T10:00:00Z");
  EXPECT_EQ(old.status, 400);
  EXPECT_THAT(old.body, HasSubstr("query parameter at is not known; it is called as_of"));
  EXPECT_THAT(server.call("GET", path + "?generation=g3").body, HasSubstr("expected as_of_sequence beside it"));
  EXPECT_THAT(server.call("GET", path + "?as_of=yesterday").body, HasSubstr("expected a time"));
}

TEST(Metrics, TellOfRequestsAndTheDatabase) {
  TestServer server;
  server.call("GET", "/v1/users/u1/recommendations");
  server.call("GET", "/v1/items/nobody");
  server.metrics.observer()->on_funnel_stage("default", "merge", 0.001, 17);
  for (const auto& [items, fallback] : {std::pair{10, 0}, {10, 0}, {10, 4}, {0, 0}})
    server.metrics.observer()->on_answer("default", static_cast<std::uint64_t>(items),
                                         static_cast<std::uint64_t>(fallback));
  // A request counts at the end of its answer, which its client may have read already.
  HttpReply reply = server.call("GET", "/metrics");
  for (int i = 0; i < 100 && reply.body.find("status=\"4xx\"} 1") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    reply = server.call("GET", "/metrics");
  }
  ASSERT_EQ(reply.status, 200);
  for (const char* line :
       {"tamis_http_request_seconds_count{method=\"GET\",route=\"/v1/users/{id}/recommendations\",status=\"2xx\"} 1",
        "tamis_http_request_seconds_count{method=\"GET\",route=\"/v1/items/{id}\",status=\"4xx\"} 1",
        "tamis_funnel_stage_candidates_total{funnel=\"default\",stage=\"merge\"} 17",
        "tamis_answers_total{funnel=\"default\",outcome=\"ranked\"} 2",
        "tamis_answers_total{funnel=\"default\",outcome=\"fallback\"} 1",
        "tamis_answers_total{funnel=\"default\",outcome=\"empty\"} 1", "tamis_index_recall{space=\"looks\"} 0.99",
        "tamis_rocksdb_wal_syncs_total 5", "tamis_ready 1", "tamis_generation_info{generation=\"g2\"} 1",
        "tamis_build_info{version=", "process_resident_memory_bytes"}) {
    EXPECT_THAT(reply.body, HasSubstr(line));
  }
}

TEST(Metrics, OfFunnelsThatAreGoneGoAway) {
  TestServer server;
  auto observer = server.metrics.observer();
  for (int i = 0; i < 300; ++i) {
    const std::string name = "f" + std::to_string(i);
    observer->on_funnel_stage(name, "merge", 0.001, 1);
    observer->on_answer(name, 1, 0);
    for (int stage = 0; stage < 100; ++stage)
      observer->on_funnel_stage("default", "s" + std::to_string(stage), 0.001, 1);
  }
  const HttpReply reply = server.call("GET", "/metrics");  // only the funnel "default" exists
  EXPECT_FALSE(reply.has("funnel=\"f0\""));
  EXPECT_TRUE(reply.has("tamis_funnel_stage_candidates_total{funnel=\"default\",stage=\"s0\"} 300"));
  EXPECT_TRUE(reply.has("{funnel=\"default\",stage=\"other\"}")) << "labels are bounded";
  EXPECT_FALSE(reply.has("stage=\"s99\""));
  EXPECT_TRUE(reply.has("{funnel=\"other\",stage=\"merge\"}"));
  observer->on_funnel_stage("f7", "merge", 0.001, 5);
  EXPECT_FALSE(server.call("GET", "/metrics").has("funnel=\"f7\""));
}

}  // namespace
}  // namespace tamis::server
