// Bodies and streams are bounded in bytes, over all connections together.
#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::string_view kNdjson = "Content-Type: application/x-ndjson\r\n";

std::uint64_t held(const TestServer& server, const std::string& part) {
  return server.database.stats().memory_parts.at(part);
}

// An interaction of that many bytes.
std::string padded_body(std::size_t bytes) {
  std::string body = R"({"user":"u","item":"i"})";
  body.resize(bytes, ' ');
  return body;
}

// The largest figure that a part shows until it goes.
class Watermark {
 public:
  Watermark(const TestServer& server, std::string part)
      : thread_([this, &server, part = std::move(part)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            highest_ = std::max<std::uint64_t>(highest_, held(server, part));
            std::this_thread::yield();
          }
        }) {}
  std::uint64_t stop() {
    thread_.request_stop();
    thread_.join();
    return highest_;
  }

 private:
  std::atomic<std::uint64_t> highest_{0};
  std::jthread thread_;
};

TEST(MemoryBudget, BodiesBeyondItAreRefusedAndTheOthersTaken) {
  ServerSettings settings;
  settings.request_bodies_bytes = 4 * kMiB;
  TestServer server(settings);
  const std::string request = request_text("POST", "/v1/interactions", padded_body(kMiB));
  const std::size_t most = request.size() - kMiB / 16;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::uint64_t i = 1; i <= 4; ++i) {  // nearly whole, as many as there is room for
    clients.push_back(std::make_unique<RawClient>(server.server->port()));
    ASSERT_TRUE(clients.back()->send(std::string_view(request).substr(0, most)));
    ASSERT_TRUE(eventually([&] { return held(server, "request_bodies") == i * (kMiB - kMiB / 16); }));
  }
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.server->port());
    client.send(request);
    const HttpReply refused = client.read_reply();
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_TRUE(refused.head_has("Retry-After:"));
    EXPECT_THAT(refused.body, HasSubstr("memory.request_bodies: request_bodies hold 3932160 of 4194304 bytes"));
  }
  EXPECT_EQ(server.call("POST", "/v1/interactions", padded_body(100)).status, 200) << "a small one has room";
  for (auto& client : clients) {
    ASSERT_TRUE(client->send(std::string_view(request).substr(most)));
    EXPECT_EQ(client->read_reply().status, 200);
  }
  EXPECT_TRUE(eventually([&] { return held(server, "request_bodies") == 0; }));
  EXPECT_THAT(server.call("GET", "/metrics").body, HasSubstr("tamis_http_refused_total{reason=\"memory\"} 20"));
}

TEST(MemoryBudget, ABodyOfUnknownLengthIsRefusedWhereTheRoomEnds) {
  ServerSettings settings;
  settings.request_bodies_bytes = 4 * kMiB;
  TestServer server(settings);
  const std::string head = "POST /v1/interactions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" +
                           chunk(padded_body(3 * kMiB));
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(head));
  ASSERT_TRUE(eventually([&] { return held(server, "request_bodies") == 3 * kMiB; }));
  RawClient second(server.server->port());
  second.send(head);
  EXPECT_EQ(second.read_reply().status, 503);
  EXPECT_EQ(held(server, "request_bodies"), 3 * kMiB) << "what was refused is let go";
  ASSERT_TRUE(first.send("0\r\n\r\n"));
  EXPECT_EQ(first.read_reply().status, 200);
}

TEST(MemoryBudget, ABodyLargerThanTheBudgetIsTakenAlone) {
  ServerSettings settings;
  settings.request_bodies_bytes = kMiB;
  TestServer server(settings);
  EXPECT_EQ(server.call("POST", "/v1/interactions", padded_body(2 * kMiB)).status, 200);
}

TEST(MemoryBudget, APeerThatLeavesGivesItsShareBack) {
  TestServer server;
  {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(request_text("POST", "/v1/interactions", padded_body(kMiB)).substr(0, kMiB / 2)));
    ASSERT_TRUE(eventually([&] { return held(server, "request_bodies") > 0; }));
  }
  EXPECT_TRUE(eventually([&] { return held(server, "request_bodies") == 0; }));
}

// Lines of about 60 kB.
std::string large_lines(int count) {
  std::string line = R"({"user":"u","item":"i","context":{"note":")" + std::string(60'000, 'x') + "\"}}\n";
  std::string lines;
  for (int i = 0; i < count; ++i) lines += line;
  return lines;
}

TEST(MemoryBudget, ABatchOfAStreamIsBoundedInBytes) {
  TestServer server;
  server.database.keeps_written = false;
  const HttpReply reply = server.call("POST", "/v1/interactions", large_lines(400), kNdjson);
  EXPECT_THAT(reply.body, HasSubstr("\"accepted\":400"));
  EXPECT_LE(server.database.max_batch_bytes.load(), 5 * kMiB) << "of 24 MB";
}

TEST(MemoryBudget, StreamsWithoutRoomToBeginAreRefused) {
  ServerSettings settings;
  settings.bulk_streams_bytes = 8 * kMiB;
  settings.max_line_bytes = 64 << 10;
  TestServer server(settings);
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(kNdjsonHead));
  ASSERT_TRUE(eventually([&] { return held(server, "bulk_streams") > 4 * kMiB; }));
  const std::string line = "{\"user\":\"u\",\"item\":\"1\"}\n";
  const HttpReply refused = server.call("POST", "/v1/interactions", line, kNdjson);
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.head_has("Retry-After:"));
  EXPECT_THAT(refused.body, HasSubstr("memory.bulk_streams: bulk_streams hold 4325376 of 8388608 bytes"));
  ASSERT_TRUE(first.send("0\r\n\r\n"));
  EXPECT_EQ(first.read_reply().status, 200);
  ASSERT_TRUE(eventually([&] { return held(server, "bulk_streams") == 0; }));
  EXPECT_EQ(server.call("POST", "/v1/interactions", line, kNdjson).status, 200);
}

TEST(MemoryBudget, StreamsOverASlowDatabaseStayWithinItAndAllEnd) {
  constexpr int kStreams = 4;
  ServerSettings settings;
  settings.bulk_streams_bytes = 20 * kMiB;
  settings.max_line_bytes = 64 << 10;
  TestServer server(settings);
  server.database.keeps_written = false;
  server.database.write_delay_ms = 5;
  Watermark watermark(server, "bulk_streams");
  const std::string lines = large_lines(400);
  std::vector<std::thread> streams;
  std::atomic<int> whole{0};
  for (int i = 0; i < kStreams; ++i) {
    streams.emplace_back([&] {
      HttpReply reply;
      do {  // those that began first may have left no room to begin
        reply = server.call("POST", "/v1/interactions", lines, kNdjson);
      } while (reply.status == 503 && reply.has("memory.bulk_streams"));
      if (reply.has("\"accepted\":400")) ++whole;
    });
  }
  for (std::thread& stream : streams) stream.join();
  EXPECT_EQ(whole, kStreams);
  const std::uint64_t highest = watermark.stop();
  EXPECT_LE(highest, settings.bulk_streams_bytes);
  EXPECT_GT(highest, 2 * (4 * kMiB + (128 << 10))) << "some ran side by side, or held more than they began with";
}

}  // namespace
}  // namespace tamis::server
