// How bodies travel: compressed both ways, from and to web pages elsewhere, with their timing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "server/http/content_coding.h"
#include "tests/gzip_of.h"
#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

std::string gunzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string zstd_of(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  if (window_log > 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "{\"user\":\"u" + std::to_string(i) + "\",\"item\":\"i\"}\n";
  return text;
}

HttpReply post_lines(TestServer& server, const std::string& body, std::string_view coding) {
  return server.call("POST", "/v1/interactions", body,
                     "Content-Type: application/x-ndjson\r\nContent-Encoding: " + std::string(coding) + "\r\n");
}

TEST(CompressedBody, IsTakenWholeAndAsAStream) {
  TestServer server;
  const std::string one = R"({"user":"u","item":"i"})";
  EXPECT_EQ(server.call("POST", "/v1/interactions", gzip_of(one), "Content-Encoding: gzip\r\n").status, 200);
  EXPECT_EQ(server.call("POST", "/v1/interactions", zstd_of(one), "Content-Encoding: ZSTD\r\n").status, 200);
  EXPECT_EQ(server.call("POST", "/v1/interactions", one, "Content-Encoding: identity\r\n").status, 200);
  EXPECT_EQ(server.database.written().size(), 3U);
  const std::string many = lines(40'000);  // more than one decoded part
  EXPECT_THAT(post_lines(server, gzip_of(many), "gzip").body, HasSubstr("\"accepted\":40000"));
  EXPECT_THAT(post_lines(server, zstd_of(many), "zstd").body, HasSubstr("\"accepted\":40000"));
  EXPECT_THAT(post_lines(server, gzip_of(lines(5)) + gzip_of(lines(7)), "gzip").body, HasSubstr("\"accepted\":12"));
  EXPECT_THAT(post_lines(server, zstd_of(lines(5)) + zstd_of(lines(7)), "zstd").body, HasSubstr("\"accepted\":12"));
}

TEST(CompressedBody, ComesInPiecesOfAnySize) {
  TestServer server;
  for (const std::string coding : {"gzip", "zstd"}) {
    const std::string coded = coding == "gzip" ? gzip_of(lines(500)) : zstd_of(lines(500));
    RawClient client(server.server->port());
    client.send(
        "POST /v1/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\nContent-Encoding: " +
        coding + "\r\n\r\n");
    for (std::size_t at = 0; at < coded.size(); at += 7) client.send(chunk(std::string_view(coded).substr(at, 7)));
    client.send("0\r\n\r\n");
    EXPECT_THAT(client.read_reply().body, HasSubstr("\"accepted\":500")) << coding;
  }
}

TEST(CompressedBody, ThatIsDamagedCutShortOrTooLargeIsRefused) {
  ServerSettings settings;
  settings.max_body_bytes = 1 << 20;
  TestServer server(settings);
  const std::string body(100'000, ' ');
  for (const std::string coding : {"gzip", "zstd"}) {
    const auto code = [&](std::string_view text) { return coding == "gzip" ? gzip_of(text) : zstd_of(text); };
    const auto post = [&](const std::string& bytes) {
      return server.call("POST", "/v1/recommendations", bytes, "Content-Encoding: " + coding + "\r\n");
    };
    const std::string coded = code(body + "{}");
    EXPECT_EQ(post(coded).status, 200);
    const HttpReply cut = post(coded.substr(0, coded.size() - 5));
    EXPECT_EQ(cut.status, 400);
    EXPECT_THAT(cut.body, HasSubstr("the body's " + coding + " stream is cut short"));
    std::string damaged = coded;
    damaged[4] = static_cast<char>(damaged[4] ^ 0x5a);
    damaged[coded.size() - 6] = static_cast<char>(damaged[coded.size() - 6] ^ 0x5a);
    EXPECT_EQ(post(damaged).status, 400);
    EXPECT_EQ(post("no " + coding + " at all").status, 400);
    const HttpReply bomb = post(code(std::string(50 << 20, ' ')));
    EXPECT_EQ(bomb.status, 413) << "a body counts by what it unpacks to";
  }
  EXPECT_EQ(
      server.call("POST", "/v1/recommendations", zstd_of(std::string(32 << 20, 'x'), 27), "Content-Encoding: zstd\r\n")
          .status,
      400)
      << "a window of 128 MiB";
  EXPECT_EQ(server.call("POST", "/v1/recommendations", "{}", "Content-Encoding: br\r\n").status, 415);
  EXPECT_EQ(server.call("POST", "/v1/recommendations", "{}", "Content-Encoding: gzip, gzip\r\n").status, 415);
  EXPECT_EQ(server.call("GET", "/healthz").status, 200);
}

TEST(CompressedAnswer, IsWhatTheClientTakes) {
  TestServer server;
  const std::string plain = server.call("POST", "/v1/recommendations", R"({"user":"u","k":200})").body;
  const auto ask = [&](const std::string& accepted) {
    return server.call("POST", "/v1/recommendations", R"({"user":"u","k":200})",
                       "Accept-Encoding: " + accepted + "\r\n");
  };
  const HttpReply gzip = ask("deflate, gzip;q=0.5");
  EXPECT_TRUE(gzip.head_has("Content-Encoding: gzip\r\n"));
  EXPECT_TRUE(gzip.head_has("Vary: Accept-Encoding\r\n"));
  EXPECT_LT(gzip.body.size(), plain.size() / 3);
  EXPECT_EQ(gunzip(gzip.body), plain);
  const HttpReply zstd = ask("gzip, zstd");
  EXPECT_TRUE(zstd.head_has("Content-Encoding: zstd\r\n"));
  std::string out(plain.size(), '\0');
  EXPECT_EQ(ZSTD_decompress(out.data(), out.size(), zstd.body.data(), zstd.body.size()), plain.size());
  EXPECT_EQ(out, plain);
  for (const char* refused : {"gzip;q=0, zstd;q=0.0", "br", "*;q=0", "identity"}) {
    const HttpReply reply = ask(refused);
    EXPECT_FALSE(reply.head_has("Content-Encoding")) << refused;
    EXPECT_EQ(reply.body, plain) << refused;
  }
  EXPECT_TRUE(ask("*").head_has("Content-Encoding: zstd")) << "anything";
  EXPECT_FALSE(server.call("GET", "/healthz", "", "Accept-Encoding: gzip\r\n").head_has("Content-Encoding"))
      << "too small";
}

TEST(CrossOrigin, IsForTheOriginsThatAreNamed) {
  ServerSettings settings;
  settings.cors_origins = {"https://shop.example"};
  settings.keys = {"web:read:web-secret-000001"};
  TestServer server(settings);
  const std::string shop = "Origin: https://shop.example\r\n";
  const HttpReply preflight =
      server.call("OPTIONS", "/v1/recommendations", "",
                  shop + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-api-key\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_TRUE(preflight.head_has("Access-Control-Allow-Origin: https://shop.example\r\n")) << preflight.head;
  EXPECT_TRUE(preflight.head_has("Access-Control-Allow-Methods: ")) << preflight.head;
  EXPECT_TRUE(preflight.head_has("X-API-Key"));
  EXPECT_TRUE(preflight.head_has("Vary: Origin"));
  const std::string key = "X-API-Key: web-secret-000001\r\n";
  const HttpReply reply = server.call("GET", "/v1/users/u/recommendations", "", shop + key);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.head_has("Access-Control-Allow-Origin: https://shop.example\r\n"));
  const HttpReply refused = server.call("GET", "/v1/users/u/recommendations", "", shop);
  EXPECT_EQ(refused.status, 401) << "the key is still asked for";
  EXPECT_TRUE(refused.head_has("Access-Control-Allow-Origin: ")) << "so that the page can read why";
  for (const char* other : {"https://evil.example", "http://shop.example", "https://shop.example.evil", "null"}) {
    const std::string origin = "Origin: " + std::string(other) + "\r\n";
    const HttpReply foreign = server.call("GET", "/v1/users/u/recommendations", "", origin + key);
    EXPECT_EQ(foreign.status, 403) << other;
    EXPECT_FALSE(foreign.head_has("Access-Control")) << other;
    EXPECT_NE(server.call("OPTIONS", "/v1/stats", "", origin + "Access-Control-Request-Method: GET\r\n").status, 204);
  }
}

TEST(CrossOrigin, BadOriginsAreRefusedAtStart) {
  for (const char* origin : {"shop.example", "https://", "https://shop.example/path", "https://*.example", "*"}) {
    ServerSettings settings;
    settings.cors_origins = {origin};
    const Status status = Server::check(settings);
    EXPECT_EQ(status.field(), "server.cors_origins") << origin;
    EXPECT_THAT(status.message(), HasSubstr(origin));
  }
  ServerSettings settings;
  settings.keys = {"web:read:web-secret-000001"};
  settings.cors_origins = {"*", "http://localhost:3000"};
  EXPECT_TRUE(Server::check(settings).is_ok()) << "any page may ask where a key is asked for";
}

TEST(ServerTiming, TellsTheTotal) {
  TestServer server;
  EXPECT_TRUE(server.call("GET", "/v1/stats").head_has("Server-Timing: total;dur="));
}

}  // namespace
}  // namespace tamis::server
