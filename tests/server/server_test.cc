// Behaviour under load, slowness, limits and shutdown, over real sockets.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "server/archive/tar.h"
#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

constexpr std::string_view kNdjsonHead =
    "POST /v1/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * 4'096 : 0;
}

TEST(Ingest, HundredThousandLinesAtConstantMemory) {
  TestServer server;
  server.database.keeps_written = false;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(kNdjsonHead));
  const std::string padding(900, 'x');  // 100 MB in all
  std::uint64_t before = 0;
  for (int block = 0; block < 1'000; ++block) {
    std::string lines;
    for (int line = 0; line < 100; ++line) {
      lines += R"({"user":"u)" + std::to_string(line) + R"(","item":"i)" + std::to_string(block) +
               R"(","context":{"note":")" + padding + "\"}}\n";
    }
    ASSERT_TRUE(client.send(chunk(lines)));
    if (block == 300) before = resident_bytes();
  }
  const std::uint64_t after = resident_bytes();
  ASSERT_TRUE(client.send("0\r\n\r\n"));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":100000"));
  EXPECT_LE(after, before + (40U << 20U));
  EXPECT_LE(server.database.max_batch.load(), 10'000U);
}

TEST(Ingest, BadLinesAreCountedAndTheOthersStored) {
  TestServer server;
  std::string body;
  for (int line = 1; line <= 500; ++line)
    body += line % 2 == 0 ? "{\"user\":\"u\"}\n" : "{\"user\":\"u\",\"item\":\"i\"}\n";
  const HttpReply reply = server.call("POST", "/v1/interactions", body, "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":250"));
  EXPECT_THAT(reply.body, HasSubstr("\"rejected\":250"));
  EXPECT_THAT(reply.body, HasSubstr(R"({"line":2,"field":"item","detail":"item is missing)"));
  EXPECT_THAT(reply.body, HasSubstr("\"line\":200,"));
  EXPECT_FALSE(reply.has("\"line\":202,"));
}

TEST(Ingest, WhatOnlyTheCommitRefusesIsToldByLine) {
  TestServer server;
  std::string body =
      "{\"user\":\"u\",\"item\":\"1\"}\n{\"user\":\"refused\",\"item\":\"2\"}\n{\"user\":\"u\",\"item\":\"3\"}\n";
  const HttpReply reply = server.call("POST", "/v1/interactions", body, "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":2"));
  EXPECT_THAT(reply.body, HasSubstr(R"({"line":2,"field":"user","detail":"user refused does not exist"})"));
}

TEST(Ingest, AFullDiskEndsTheStream) {
  TestServer server;
  server.database.write_failure = StatusCode::kResourceExhausted;
  const HttpReply reply = server.call("POST", "/v1/interactions", "{\"user\":\"u\",\"item\":\"1\"}\n",
                                      "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(reply.status, 507);
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":0"));
}

TEST(Ingest, ASlowDatabaseSlowsTheClientDown) {
  TestServer server;
  server.database.write_delay_ms = 20;
  server.database.keeps_written = false;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(kNdjsonHead));
  for (int block = 0; block < 400; ++block) {
    std::string lines;
    for (int line = 0; line < 250; ++line) lines += "{\"user\":\"u\",\"item\":\"i\"}\n";
    ASSERT_TRUE(client.send(chunk(lines)));
  }
  ASSERT_TRUE(client.send("0\r\n\r\n"));
  EXPECT_THAT(client.read_reply().body, HasSubstr("\"accepted\":100000"));
  EXPECT_LE(server.database.max_in_flight.load(), 4U);
}

TEST(Ingest, APeerThatLeavesMidStreamLeavesNothingBehind) {
  TestServer server;
  {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(kNdjsonHead));
    ASSERT_TRUE(client.send(chunk("{\"user\":\"u\",\"item\":\"1\"}\n{\"user\"")));
  }
  for (int i = 0; i < 200 && !server.call("GET", "/metrics").has("tamis_bulk_streams 0"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(server.call("GET", "/metrics").has("tamis_bulk_streams 0"));
  EXPECT_LE(server.database.written().size(), 1U);
}

TEST(Ingest, StreamsBeyondTheLimitAreRefused) {
  ServerSettings settings;
  settings.max_bulk_streams = 1;
  TestServer server(settings);
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(kNdjsonHead));
  ASSERT_TRUE(first.send(chunk("{\"user\":\"u\",\"item\":\"1\"}\n")));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const HttpReply refused = server.call("POST", "/v1/interactions", "{\"user\":\"u\",\"item\":\"1\"}\n",
                                        "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.head_has("Retry-After:"));
  ASSERT_TRUE(first.send("0\r\n\r\n"));
  EXPECT_EQ(first.read_reply().status, 200);
}

TEST(Ingest, ALineBeyondTheLimitEndsTheStream) {
  ServerSettings settings;
  settings.max_line_bytes = 1'024;
  TestServer server(settings);
  const std::string body = "{\"user\":\"u\",\"item\":\"1\"}\n{\"user\":\"" + std::string(2'000, 'x') + "\"}\n";
  const HttpReply reply = server.call("POST", "/v1/interactions", body, "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, HasSubstr("line 2 is longer than 1024 bytes"));
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":1"));
}

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
  server.database.write_delay_ms = 500;
  RawClient slow(server.server->port());
  slow.send(request_text("POST", "/v1/interactions", R"({"user":"u","item":"i"})"));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 503);
  EXPECT_EQ(server.call("GET", "/healthz").status, 200) << "health is exempt";
  EXPECT_EQ(slow.read_reply().status, 200);
  EXPECT_EQ(server.call("GET", "/v1/stats").status, 200);
}

TEST(Limits, AFullWorkerQueueIsAnswered) {
  ServerSettings settings;
  settings.workers = 1;
  settings.worker_queue = 1;
  TestServer server(settings);
  server.database.search_delay_ms = 600;
  const std::string search = request_text("POST", "/v1/search", R"({"space":"looks","item":"a","exact":true})");
  RawClient running(server.server->port());
  running.send(search);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  RawClient waiting(server.server->port());
  waiting.send(search);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  RawClient refused(server.server->port());
  refused.send(search);
  const HttpReply reply = refused.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_TRUE(reply.head_has("Retry-After:"));
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

TEST(Keys, ScopesAreHeld) {
  ServerSettings settings;
  settings.keys = {"reader:read:reader-secret-0001", "writer:read+write:writer-secret-0001",
                   // printf ops-secret-00000001 | sha256sum
                   "ops:admin:sha256:b072a5fcd70ae14714fb1c5a5c50da3f604b88a030ee772d794a886994c396a3"};
  TestServer server(settings);
  ASSERT_TRUE(server.status.is_ok()) << server.status.to_string();
  const auto status = [&](std::string_view method, std::string_view target, std::string_view body,
                          std::string_view secret) {
    const std::string header = secret.empty() ? "" : "Authorization: Bearer " + std::string(secret) + "\r\n";
    return server.call(method, target, body, header).status;
  };
  const std::string interaction = R"({"user":"u","item":"i"})";
  EXPECT_EQ(status("GET", "/v1/stats", "", ""), 401);
  EXPECT_EQ(status("GET", "/v1/stats", "", "reader-secret-0002"), 401);
  EXPECT_EQ(status("GET", "/v1/stats", "", "reader-secret-0001"), 200);
  EXPECT_EQ(status("POST", "/v1/interactions", interaction, "reader-secret-0001"), 403);
  EXPECT_EQ(status("POST", "/v1/interactions", interaction, "writer-secret-0001"), 200);
  EXPECT_EQ(status("POST", "/v1/train", "{}", "writer-secret-0001"), 403);
  EXPECT_EQ(status("POST", "/v1/train", "{}", "ops-secret-00000001"), 202);
  EXPECT_EQ(status("GET", "/healthz", "", ""), 200);
  EXPECT_EQ(status("GET", "/metrics", "", ""), 401);
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "X-API-Key: reader-secret-0001\r\n").status, 200);
}

TEST(Keys, BeyondLoopbackTheyAreRequired) {
  ServerSettings settings;
  settings.host = "0.0.0.0";
  EXPECT_EQ(TestServer(settings).status.code(), StatusCode::kInvalidArgument);
  settings.allow_anonymous = true;
  EXPECT_TRUE(TestServer(settings).status.is_ok());
  settings.allow_anonymous = false;
  settings.keys = {"a:read:short"};
  EXPECT_EQ(TestServer(settings).status.field(), "auth.keys");
}

TEST(Shutdown, AnswersWhatIsInFlight) {
  TestServer server;
  server.database.write_delay_ms = 400;
  RawClient idle(server.server->port());
  idle.send(request_text("GET", "/healthz"));
  idle.read_reply();
  RawClient busy(server.server->port());
  busy.send(request_text("POST", "/v1/interactions", R"({"user":"u","item":"i"})"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_TRUE(server.server->stop());
  const HttpReply reply = busy.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.head_has("Connection: close"));
  EXPECT_TRUE(idle.read_end());
}

TEST(Shutdown, CutsOffWhatTakesTooLong) {
  ServerSettings settings;
  settings.drain_timeout_ms = 100;
  TestServer server(settings);
  RawClient stuck(server.server->port());
  stuck.send("POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(server.server->stop());
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
  for (int turn = 0; turn < 200 && !std::filesystem::is_empty(left); ++turn)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(std::filesystem::is_empty(left)) << "nothing is left behind";
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

TEST(Recommend, AnswersSeveralUsers) {
  TestServer server;
  const HttpReply reply = server.call("POST", "/v1/recommendations", R"({"users":["a","b"],"k":1})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.starts_with("{\"answers\":[{"));
  EXPECT_TRUE(reply.has("\"user\":\"a\"") && reply.has("\"user\":\"b\""));
}

TEST(Metrics, TellOfRequestsAndTheDatabase) {
  TestServer server;
  server.call("GET", "/v1/users/u1/recommendations");
  server.call("GET", "/v1/items/nobody");
  server.metrics.observer()->on_funnel_stage("default", "merge", 0.001, 17);
  const HttpReply reply = server.call("GET", "/metrics");
  ASSERT_EQ(reply.status, 200);
  for (const char* line :
       {"tamis_http_request_seconds_count{method=\"GET\",route=\"/v1/users/{id}/recommendations\",status=\"2xx\"} 1",
        "tamis_http_request_seconds_count{method=\"GET\",route=\"/v1/items/{id}\",status=\"4xx\"} 1",
        "tamis_funnel_stage_candidates_total{funnel=\"default\",stage=\"merge\"} 17",
        "tamis_index_recall{space=\"looks\"} 0.99", "tamis_rocksdb_wal_syncs_total 5", "tamis_ready 1",
        "tamis_generation_info{generation=\"g2\"} 1", "tamis_build_info{version=", "process_resident_memory_bytes"}) {
    EXPECT_THAT(reply.body, HasSubstr(line));
  }
}

}  // namespace
}  // namespace tamis::server
