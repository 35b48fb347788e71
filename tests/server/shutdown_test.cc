// What a server owes when it ends: answers to what is in flight, and no call of a database that is gone.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

TEST(Shutdown, AnswersWhatIsInFlight) {
  TestServer server;
  server.database.holds_writes = true;
  RawClient idle(server.server->port());
  idle.send(request_text("GET", "/healthz"));
  idle.read_reply();
  RawClient busy(server.server->port());
  busy.send(request_text("POST", "/v1/interactions", R"({"user":"u","item":"i"})"));
  ASSERT_TRUE(eventually([&] { return server.database.in_flight == 1; }));
  std::thread release([&] {
    EXPECT_TRUE(idle.read_end());  // the server has begun to drain
    server.database.holds_writes = false;
  });
  EXPECT_TRUE(server.server->stop());
  release.join();
  const HttpReply reply = busy.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.head_has("Connection: close"));
}

TEST(Shutdown, CutsOffWhatTakesTooLong) {
  ServerSettings settings;
  settings.drain_timeout_ms = 100;
  TestServer server(settings);
  RawClient stuck(server.server->port());
  stuck.send("POST /v1/train HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n{");
  ASSERT_EQ(stuck.read_reply(false).status, 100);  // the body is waited for
  EXPECT_FALSE(server.server->stop());
}

// --- work that outlives the drain timeout ---

struct LongWork {
  const char* name;
  std::string request;
};
class CutOff : public ::testing::TestWithParam<LongWork> {};

TEST_P(CutOff, EndsBeforeTheDatabaseGoesAndWithinTheDrainTimeout) {
  ServerSettings settings;
  settings.drain_timeout_ms = 200;
  settings.query_workers = 2;
  TestServer server(settings);
  server.database.recommend_delay_ms = 50;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 12; ++i) {  // two run, the others wait; or all wait for a write
    clients.push_back(std::make_unique<RawClient>(server.server->port()));
    ASSERT_TRUE(clients.back()->send(GetParam().request));
  }
  ASSERT_TRUE(eventually([&] { return server.server->queued_work() >= 10 || server.database.waiting == 12; }));
  const auto start = Clock::now();
  EXPECT_FALSE(server.server->stop());
  server.database.close();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(3));
  EXPECT_EQ(server.database.running, 0);
  for (const auto& client : clients) EXPECT_EQ(client->read_reply().status, 503);
  server.server.reset();
  EXPECT_FALSE(server.database.was_called_closed);
}

INSTANTIATE_TEST_SUITE_P(
    Shutdown, CutOff,
    ::testing::Values(LongWork{"ManyUsers", request_text("POST", "/v1/recommendations", thousand_users())},
                      LongWork{"WaitsForASequence",
                               request_text("POST", "/v1/users/u/recommendations",
                                            R"({"min_seq":1000000000000000,"min_seq_timeout_ms":10000})")}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Shutdown, ABulkStreamsBatchesAreWaitedFor) {
  ServerSettings settings;
  settings.drain_timeout_ms = 50;
  auto server = std::make_unique<TestServer>(settings);
  server->database.holds_writes = true;
  RawClient client(server->server->port());
  ASSERT_TRUE(client.send(request_text("POST", "/v1/interactions", "{\"user\":\"u\",\"item\":\"1\"}\n",
                                       "Content-Type: application/x-ndjson\r\n")));
  ASSERT_TRUE(eventually([&] { return server->database.in_flight == 1; }));
  EXPECT_FALSE(server->server->stop());
  std::atomic<bool> is_released{false};
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the server's end has begun by then, or waits for it
    is_released = true;
    server->database.holds_writes = false;
  });
  server->server.reset();
  EXPECT_TRUE(is_released) << "the server went while the database owed it an answer";
  release.join();
}

}  // namespace
}  // namespace tamis::server
