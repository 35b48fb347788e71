// Bulk streams over real sockets: memory, order, bad lines, slow peers.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

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

TEST(Ingest, ARetryKeepsTheOrderOfTheLines) {
  TestServer server;
  server.database.write_delay_ms = 5;
  std::string body = "{\"user\":\"refused\",\"item\":\"i\"}\n";  // its batch of 5,000 is sent again record by record
  constexpr int kLines = 12'000;
  for (int line = 2; line <= kLines; ++line)
    body += R"({"user":"u","item":"i","value":)" + std::to_string(line) + "}\n";
  const HttpReply reply = server.call("POST", "/v1/interactions", body, "Content-Type: application/x-ndjson\r\n");
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":11999"));
  double last = 0;
  for (const Mutation& mutation : server.database.written()) {
    const double value = *std::get<PutInteraction>(mutation).interaction.value;
    ASSERT_GT(value, last) << "an older line landed after a newer one";
    last = value;
  }
}

TEST(Ingest, AByteOrderMarkBeforeTheFirstLineIsSkipped) {
  TestServer server;
  const std::string line = "{\"user\":\"u\",\"item\":\"i\"}\n";
  const HttpReply reply = server.call("POST", "/v1/interactions", "\xEF\xBB\xBF" + line + line + "\xEF\xBB\xBF" + line,
                                      "Content-Type: application/x-ndjson\r\n");
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":2"));
  EXPECT_THAT(reply.body, HasSubstr("{\"line\":3,")) << "elsewhere it is no JSON";
}

TEST(Ingest, ManyEntitiesArePatchedAtOnce) {
  TestServer server;
  const std::string ndjson = "Content-Type: application/x-ndjson\r\n";
  HttpReply reply = server.call("PATCH", "/v1/items",
                                "{\"id\":\"a\",\"features\":{\"in_stock\":false,\"tags\":null}}\n"
                                "{\"features\":{\"in_stock\":true}}\n"
                                "{\"id\":\"b\",\"ttl_s\":null}\n",
                                ndjson);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":2"));
  EXPECT_THAT(reply.body, HasSubstr(R"({"line":2,"field":"id","detail":"id is missing)"));
  reply = server.call("PATCH", "/v1/users",
                      R"([{"id":"u","features":{"plan":"gold"}},{"id":"v","features":{"plan":null}}])");
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":2"));
  const auto written = server.database.written();
  ASSERT_EQ(written.size(), 4U);
  const auto& first = std::get<PatchEntity>(written[0]);
  EXPECT_EQ(first.id, "a");
  EXPECT_EQ(first.kind, EntityKind::kItem);
  EXPECT_EQ(first.removed, std::vector<std::string>{"tags"});
  EXPECT_EQ(std::get<PatchEntity>(written[3]).kind, EntityKind::kUser);
  EXPECT_EQ(server.call("PATCH", "/v1/items", R"([{"id":"a","features":{}},{"features":{}}])").status, 400)
      << "an array is taken whole or not at all";
  EXPECT_EQ(server.database.written().size(), 4U);
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
  EXPECT_LE(server.database.max_in_flight.load(), 1U);
}

TEST(Ingest, APeerThatLeavesMidStreamLeavesNothingBehind) {
  TestServer server;
  {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(kNdjsonHead));
    ASSERT_TRUE(client.send(chunk("{\"user\":\"u\",\"item\":\"1\"}\n{\"user\"")));
  }
  EXPECT_TRUE(eventually([&] { return server.call("GET", "/metrics").has("tamis_bulk_streams 0"); }));
  EXPECT_LE(server.database.written().size(), 1U);
}

TEST(Ingest, StreamsBeyondTheLimitAreRefused) {
  ServerSettings settings;
  settings.max_bulk_streams = 1;
  TestServer server(settings);
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(kNdjsonHead));
  ASSERT_TRUE(first.send(chunk("{\"user\":\"u\",\"item\":\"1\"}\n")));
  ASSERT_TRUE(eventually([&] { return server.call("GET", "/metrics").has("tamis_bulk_streams 1"); }));
  const HttpReply refused = server.call("POST", "/v1/interactions", "{\"user\":\"u\",\"item\":\"1\"}\n",
                                        "Content-Type: application/x-ndjson\r\n");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.head_has("Retry-After:"));
  ASSERT_TRUE(first.send("0\r\n\r\n"));
  EXPECT_EQ(first.read_reply().status, 200);
}

TEST(Ingest, ADrippingStreamGivesItsPlaceUpWhereAllAreTaken) {
  ServerSettings settings;
  settings.max_bulk_streams = 1;
  TestServer server(settings);
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(kNdjsonHead));
  const auto start = Clock::now();
  std::thread dripping([&] {
    while (Clock::now() - start < std::chrono::seconds(15) && client.send(chunk(" ")))
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
  });
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 408);
  EXPECT_THAT(reply.body, HasSubstr("less than 1024 bytes a second"));
  EXPECT_EQ(server
                .call("POST", "/v1/interactions", "{\"user\":\"u\",\"item\":\"1\"}\n",
                      "Content-Type: application/x-ndjson\r\n")
                .status,
            200);
  dripping.join();
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

}  // namespace
}  // namespace tamis::server
