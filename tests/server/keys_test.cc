// API keys: scopes, rates, files of keys, replacing them while serving.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

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

TEST(Keys, ARefusalNamesTheScopeThatIsNeeded) {
  ServerSettings settings;
  settings.keys = {"reader:read:reader-secret-0001"};
  TestServer server(settings);
  const std::string key = "X-API-Key: reader-secret-0001\r\n";
  EXPECT_THAT(server.call("PUT", "/v1/items/a", "{}", key).body,
              HasSubstr("the key reader has the scope read; this request needs write"));
  EXPECT_THAT(server.call("POST", "/v1/train", "{}", key).body, HasSubstr("this request needs admin"));
}

TEST(Keys, WrongOnesAreRateLimited) {
  ServerSettings settings;
  settings.keys = {"reader:read:reader-secret-0001"};
  settings.requests_per_s = 5;
  TestServer server(settings);
  int guesses = 0;
  for (int i = 0; i < 40; ++i)
    guesses += server.call("GET", "/v1/stats", "", "X-API-Key: guess-" + std::to_string(i) + "\r\n").status == 401;
  EXPECT_LE(guesses, 15);
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "X-API-Key: reader-secret-0001\r\n").status, 200)
      << "a right key of the same address is not held up";
}

TEST(Keys, LinesOfAFileAreTrimmed) {
  ServerSettings settings;
  settings.keys_file = testing::TempDir() + "server_keys_" + std::to_string(getpid());
  std::ofstream(settings.keys_file)
      << "  # ours\r\n\r\n \treader:read:reader-secret-0001 \r\nops:admin:ops-secret-00000001";
  TestServer server(settings);
  ASSERT_TRUE(server.status.is_ok()) << server.status.to_string();
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "X-API-Key: reader-secret-0001\r\n").status, 200);
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "X-API-Key: ops-secret-00000001\r\n").status, 200);
  std::filesystem::remove(settings.keys_file);
}

TEST(Keys, AreReplacedWhileServing) {
  ServerSettings settings;
  settings.keys = {"reader:read:reader-secret-0001"};
  TestServer server(settings);
  RawClient client(server.server->port());
  const auto ask = [&](const std::string& secret) {
    client.send(request_text("GET", "/v1/stats", "", "X-API-Key: " + secret + "\r\n"));
    return client.read_reply().status;
  };
  EXPECT_EQ(ask("reader-secret-0001"), 200);
  ServerSettings changed = settings;
  changed.keys = {"reader:read:reader-secret-0002"};
  ASSERT_TRUE(server.server->reload(changed).is_ok());
  EXPECT_EQ(ask("reader-secret-0001"), 401);
  EXPECT_EQ(ask("reader-secret-0002"), 200);
  changed.keys = {"broken"};
  EXPECT_EQ(server.server->reload(changed).field(), "auth.keys");
  EXPECT_EQ(ask("reader-secret-0002"), 200) << "a failed reload changes nothing";
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

}  // namespace
}  // namespace tamis::server
