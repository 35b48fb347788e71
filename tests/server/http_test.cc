// The HTTP face over a real socket: grammar, limits, keep-alive, pipelining, problem documents.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <regex>
#include <set>

#include "server/http/connection.h"
#include "server/json/json_reader.h"
#include "server/routes/routes.h"
#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

TEST(Http, AnswersAndKeepsTheConnection) {
  TestServer server;
  RawClient client(server.server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(request_text("GET", "/healthz")));
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.has("\"status\":\"ok\""));
    EXPECT_TRUE(reply.head_has("X-Request-Id: "));
  }
}

TEST(Http, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  RawClient client(server.server->port());
  std::string requests;
  for (int i = 1; i <= 20; ++i)
    requests += request_text("GET", "/v1/users/u" + std::to_string(i) + "/recommendations?k=1");
  ASSERT_TRUE(client.send(requests));
  for (int i = 1; i <= 20; ++i) EXPECT_TRUE(client.read_reply().has("\"user\":\"u" + std::to_string(i) + "\""));
}

TEST(Http, HeadHasTheHeaderOnly) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(request_text("HEAD", "/healthz") + request_text("GET", "/healthz")));
  const HttpReply head = client.read_reply(false);
  EXPECT_EQ(head.status, 200);
  const HttpReply get = client.read_reply();
  EXPECT_EQ(get.status, 200);
  EXPECT_TRUE(get.has("\"status\""));
}

TEST(Http, ContinueIsSentBeforeTheBodyIsRead) {
  TestServer server;
  RawClient client(server.server->port());
  const std::string body = R"({"user":"u","item":"i"})";
  const std::string request = request_text("POST", "/v1/interactions", body, "Expect: 100-continue\r\n");
  ASSERT_TRUE(client.send(request.substr(0, request.size() - body.size())));
  EXPECT_EQ(client.read_reply(false).status, 100);
  ASSERT_TRUE(client.send(body));
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(Http, ChunkedBodiesAreTaken) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(
      client.send("POST /v1/interactions HTTP/1.1\r\nHost: x.localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "a\r\n{\"user\":\"u\r\nd;ext=1\r\n\",\"item\":\"i\"}\r\n0\r\n\r\n"));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(server.database.written().size(), 1U);
}

struct BadRequest {
  const char* name;
  std::string text;
  int status;
};
class Malformed : public ::testing::TestWithParam<BadRequest> {};

TEST_P(Malformed, IsRefusedAndTheConnectionClosed) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(GetParam().text));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.status, GetParam().status) << reply.body;
  EXPECT_TRUE(reply.head_has("application/problem+json"));
  EXPECT_TRUE(reply.has("\"request_id\":"));
  EXPECT_TRUE(client.read_end());
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, Malformed,
    ::testing::Values(
        BadRequest{"Garbage", "\x16\x03\x01 hello\r\n\r\n", 400}, BadRequest{"NoVersion", "GET /\r\n\r\n", 400},
        BadRequest{"OtherVersion", "GET / HTTP/3.0\r\n\r\n", 505},
        BadRequest{"NoHost", "GET /healthz HTTP/1.1\r\n\r\n", 400},
        BadRequest{"TwoHosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        BadRequest{"BadLength", "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n", 400},
        BadRequest{"TwoLengths",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                   400},
        BadRequest{"LengthAndChunks",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: "
                   "chunked\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"UnknownEncoding", "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
                   501},
        BadRequest{"ChunkedInPieces",
                   "POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chun\r\n"
                   "Transfer-Encoding: ked\r\n\r\nPOST /v1/interactions HTTP/1.1\r\nHost: localhost\r\n"
                   "Content-Length: 23\r\n\r\n{\"user\":\"u\",\"item\":\"i\"}",
                   501},
        BadRequest{"ChunkedTwice",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"ChunkedTwiceInOneLine",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"
                   "0\r\n\r\n",
                   400},
        BadRequest{"ChunkedNotLast",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                   "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"ChunkedInHttp10",
                   "POST /v1/train HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   400},
        BadRequest{"EmptyEncodingBesideLength",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\n{}",
                   400},
        BadRequest{"EmptyEncoding", "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: ,\r\n\r\n", 400},
        BadRequest{"CompressedBesideIdentity",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
                   "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
                   415},
        BadRequest{"ExpectationBesideContinue",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nExpect: 100-continue\r\n"
                   "Content-Length: 2\r\n\r\n{}",
                   417},
        BadRequest{"TwoOrigins",
                   "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
                   "Origin: http://localhost\r\n\r\n",
                   400},
        BadRequest{"TwoAuthorizations",
                   "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\n"
                   "authorization: Bearer b\r\n\r\n",
                   400},
        BadRequest{"TwoApiKeys", "GET /v1/stats HTTP/1.1\r\nHost: localhost\r\nX-API-Key: a\r\nX-Api-Key: b\r\n\r\n",
                   400},
        BadRequest{"TwoContentTypes",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                   "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                   400},
        BadRequest{"AbsoluteWithoutHost", "GET http:///healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        BadRequest{"AbsoluteWithUser", "GET http://me@localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
        BadRequest{"BadChunk", "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                   400},
        BadRequest{"UnknownCoding",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}",
                   415},
        BadRequest{"OtherExpectation",
                   "POST /v1/train HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n{}", 417},
        BadRequest{"LongUri", "GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 414},
        BadRequest{"EndlessUri", "GET /" + std::string(40'000, 'a'), 414},
        BadRequest{"LongHeader",
                   "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + std::string(20'000, 'a') + "\r\n\r\n",
                   431}),
    [](const auto& param) { return std::string(param.param.name); });

struct Refusal {
  const char* name;
  const char* method;
  std::string target;
  std::string body;
  int status;
  std::string expected;
};
class Refused : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refused, AsAProblemDocument) {
  TestServer server;
  const Refusal& refusal = GetParam();
  const HttpReply reply = server.call(refusal.method, refusal.target, refusal.body);
  EXPECT_EQ(reply.status, refusal.status) << reply.body;
  EXPECT_TRUE(reply.head_has("Content-Type: application/problem+json"));
  EXPECT_THAT(reply.body, HasSubstr(refusal.expected));
  EXPECT_TRUE(server.database.written().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Problems, Refused,
    ::testing::Values(
        Refusal{"NoSuchPath", "GET", "/v2/items", "", 404, "nothing is at /v2/items"},
        Refusal{"OtherMethod", "PUT", "/v1/interactions", "", 405, "expected POST"},
        Refusal{"UnknownMethod", "BREW", "/v1/items", "", 501, "BREW"},
        Refusal{"MethodKnownElsewhere", "PROPFIND", "/v1/items", "", 405, "expected GET"},
        Refusal{"QueryMethod", "QUERY", "/v1/stats", "", 405, "expected GET"},
        Refusal{"BrokenFilterParameter", "GET", "/v1/users/u/recommendations?filter=%7B", "", 400,
                "query parameter filter is not valid JSON"},
        Refusal{"BrokenFilterOfSimilar", "GET", "/v1/items/i/similar?filter=x", "", 400, "\"field\":\"filter\""},
        Refusal{"CartOfNothing", "POST", "/v1/bought_together", R"({"k":3})", 400, "\"field\":\"items\""},
        Refusal{"ModeOfCart", "POST", "/v1/bought_together", R"({"items":["a"],"mode":"lax"})", 400,
                "expected strict or relaxed"},
        Refusal{"ModeOfItem", "GET", "/v1/items/i/bought_together?mode=lax", "", 400, "expected strict or relaxed"},
        Refusal{"HowManyTwice", "GET", "/v1/items/i/bought_together?k=3&n=3", "", 400, "\"field\":\"n\""},
        Refusal{"MissingItemOfCart", "GET", "/v1/items/missing/bought_together", "", 404, "\"field\":\"id\""},
        Refusal{"CompareWithNothing", "POST", "/v1/compare", R"({"user":"ada","a":"home"})", 400, "\"field\":\"b\""},
        Refusal{"CompareWithNumber", "POST", "/v1/compare", R"({"user":"ada","a":"home","b":3})", 400,
                "the name of a funnel, or a funnel document"},
        Refusal{"CompareWithBrokenFunnel", "POST", "/v1/compare", R"({"user":"ada","a":"home","b":{"merg":1}})", 400,
                "\"field\":\"b"},
        Refusal{"CompareThePast", "POST", "/v1/compare", R"({"request":{"as_of_sequence":3},"a":"x","b":"y"})", 400,
                "a request of now"},
        Refusal{"PageWithoutRows", "POST", "/v1/pages", R"({"user":"ada"})", 400, "\"field\":\"rows\""},
        Refusal{"PageWithUnknownMember", "POST", "/v1/pages", R"({"rows":[{"titel":"x"}]})", 400, "did you mean"},
        Refusal{"PageOfThePast", "POST", "/v1/pages", R"({"rows":[{}],"request":{"cursor":"x"}})", 400,
                "\"field\":\"request\""},
        Refusal{"AudienceOfNobody", "GET", "/v1/items/missing/audience", "", 404, "\"field\":\"id\""},
        Refusal{"CapOfNothing", "GET", "/v1/items/i/audience?cap=3", "", 400, "\"field\":\"cap_type\""},
        Refusal{"CapOfDays", "GET", "/v1/items/i/audience?cap_type=mail&cap_days=week", "", 400, "number of days"},
        Refusal{"BatchOfUnknownKind", "POST", "/v1/batches", R"({"kind":"recommendation"})", 400, "recommendations"},
        Refusal{"BatchWithUnknownMember", "POST", "/v1/batches", R"({"segmnt":{}})", 400, "segment"},
        Refusal{"BatchOfItemsWithFunnel", "POST", "/v1/batches", R"({"kind":"similar_items","funnel":"home"})", 400,
                "funnel is of recommendations"},
        Refusal{"PageOfAnEmptyList", "POST", "/v1/pages", R"({"user":"u","rows":[]})", 400,
                "rows is an empty list; expected 1 to 20 rows"},
        Refusal{"UnknownBatch", "GET", "/v1/batches/b9", "", 404, "there is no batch"},
        Refusal{"BrokenEscape", "GET", "/v1/items/%zz", "", 400, "broken % escape"},
        Refusal{"UnknownItem", "GET", "/v1/items/nobody", "", 404, "\"code\":\"not_found\""},
        Refusal{"UnknownParameter", "GET", "/v1/users/u/recommendations?funel=a", "", 400, "did you mean funnel?"},
        Refusal{"RepeatedParameter", "GET", "/v1/users/u/recommendations?k=3&k=4", "", 400, "given twice"},
        Refusal{"ParameterOfHealth", "GET", "/healthz?a=b", "", 400, "query parameter a is not known"},
        Refusal{"ParameterOfStats", "GET", "/v1/stats?limit=3", "", 400, "there are none here"},
        Refusal{"ParameterOfSpace", "GET", "/v1/spaces/looks?x", "", 400, "query parameter x is not known"},
        Refusal{"SecondsToTakeBackFrom", "DELETE", "/v1/interactions?user=u&from=1700000000", "", 400,
                "looks like seconds"},
        Refusal{"UnknownField", "POST", "/v1/train", R"({"zzzzzzzz":1})", 400, "known fields are models, "},
        Refusal{"ZeroK", "GET", "/v1/users/u/recommendations?k=0", "", 400, "from 1 to 1000"},
        Refusal{"LargeK", "GET", "/v1/users/u/recommendations?k=1001", "", 400, "\"field\":\"k\""},
        Refusal{"TextK", "GET", "/v1/users/u/recommendations?k=ten", "", 400, "\\\"ten\\\""},
        Refusal{"BadFilter", "POST", "/v1/users/u/recommendations", R"({"filter":{"al":[]}})", 400,
                "\"field\":\"filter"},
        Refusal{"UnknownFunnel", "GET", "/v1/users/u/recommendations?funnel=missing", "", 404, "\"field\":\"funnel\""},
        Refusal{"MalformedJson", "POST", "/v1/interactions", "{\"user\":", 400, "not valid JSON"},
        Refusal{"BadInArray", "POST", "/v1/interactions", R"([{"user":"u","item":"i"},{"user":"u"}])", 400,
                "\"field\":\"[1].item\""},
        Refusal{"BadDurability", "POST", "/v1/interactions?durability=maybe", R"({"user":"u","item":"i"})", 400,
                "sync, interval, none"},
        Refusal{"EmptyText", "POST", "/v1/search", R"({"text":""})", 400, "\"field\":\"text\""},
        Refusal{"TwoQueries", "POST", "/v1/search", R"({"space":"looks","item":"a","vector":[1]})", 400,
                "one of vector, item, user and text"},
        Refusal{"UnknownSnapshot", "DELETE", "/v1/snapshots/gone", "", 404, "there is no snapshot \\\"gone\\\""},
        Refusal{"SnapshotOfAnotherPlace", "DELETE", "/v1/snapshots/..%2Fdata", "", 400, "\"field\":\"name\""},
        Refusal{"SnapshotElsewhere", "POST", "/v1/snapshots", R"({"name":"../../etc"})", 400, "\"field\":\"name\""},
        Refusal{"DefaultFunnel", "DELETE", "/v1/funnels/default", "", 409, "failed_precondition"},
        Refusal{"UnknownJob", "GET", "/v1/jobs/j9/events", "", 404, "there is no job j9"}),
    [](const auto& param) { return std::string(param.param.name); });

TEST(Http, OtherMediaTypesAreRefused) {
  TestServer server;
  const HttpReply reply = server.call("POST", "/v1/interactions", "a,b", "Content-Type: text/csv\r\n");
  EXPECT_EQ(reply.status, 415);
  EXPECT_THAT(reply.body, HasSubstr("text/csv"));
}

TEST(Http, MethodNotAllowedNamesTheMethods) {
  TestServer server;
  EXPECT_TRUE(server.call("POST", "/v1/stats", "{}").head_has("Allow: GET, HEAD"));
}

TEST(Http, EveryStatusCodeHasItsHttpStatus) {
  TestServer server;
  const std::vector<std::pair<StatusCode, int>> table = {
      {StatusCode::kInvalidArgument, 400},    {StatusCode::kNotFound, 404},          {StatusCode::kAlreadyExists, 409},
      {StatusCode::kFailedPrecondition, 409}, {StatusCode::kResourceExhausted, 507}, {StatusCode::kUnavailable, 503},
      {StatusCode::kCorruption, 500},         {StatusCode::kIoError, 500},           {StatusCode::kInternal, 500}};
  for (const auto& [code, status] : table) {
    server.database.write_failure = code;
    const HttpReply reply = server.call("POST", "/v1/interactions", R"({"user":"u","item":"i"})");
    EXPECT_EQ(reply.status, status);
    EXPECT_TRUE(reply.has("\"code\":\"" + std::string(status_code_name(code)) + "\""));
    EXPECT_EQ(reply.head_has("Retry-After: "), code == StatusCode::kUnavailable);
  }
}

TEST(Http, RequestIdIsEchoedWhereSane) {
  TestServer server;
  EXPECT_TRUE(server.call("GET", "/healthz", "", "X-Request-Id: trace-1\r\n").head_has("X-Request-Id: trace-1"));
  EXPECT_FALSE(server.call("GET", "/healthz", "", "X-Request-Id: a b\"c\r\n").head_has("a b"));
}

TEST(Http, PathParametersAreDecoded) {
  TestServer server;
  ASSERT_EQ(server.call("PUT", "/v1/items/a%2Fb%20%C3%A9", R"({"features":{"price":1}})").status, 200);
  const HttpReply reply = server.call("GET", "/v1/items/a%2fb%20%c3%a9");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.has("\"id\":\"a/b \xC3\xA9\""));
}

TEST(Http, ForeignOriginsAndNamesAreRefusedWithoutKeys) {
  TestServer server;
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(server.call("GET", "/v1/stats", "", "Origin: http://localhost\r\n").status, 200);
  RawClient client(server.server->port());
  client.send("GET /v1/stats HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 421);
}

TEST(Http, AbsoluteTargetsAreTaken) {
  TestServer server;
  const auto ask = [&](const std::string& target, const std::string& host) {
    RawClient client(server.server->port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.read_reply();
  };
  EXPECT_EQ(ask("http://localhost/healthz", "localhost").status, 200);
  EXPECT_TRUE(ask("HTTP://localhost:80/v1/users/ada/recommendations?k=1", "localhost").has("\"user\":\"ada\""));
  EXPECT_EQ(ask("http://localhost", "localhost").status, 302) << "the path is /, which leads to the console";
  EXPECT_EQ(ask("http://evil.example/v1/stats", "localhost").status, 421) << "the target's host holds";
  EXPECT_EQ(ask("http://localhost/v1/stats", "evil.example").status, 200) << "and the Host field does not";
  EXPECT_EQ(ask("ftp://localhost/healthz", "localhost").status, 404);
}

TEST(Http, ReadinessFollowsTheDatabase) {
  TestServer server;
  EXPECT_EQ(server.call("GET", "/readyz").status, 200);
  server.database.ready = false;
  EXPECT_EQ(server.call("GET", "/readyz").status, 503);
  EXPECT_EQ(server.call("GET", "/healthz").status, 200);
  server.database.recovery_fails = true;
  const HttpReply failed = server.call("GET", "/readyz");
  EXPECT_EQ(failed.status, 503);
  EXPECT_THAT(failed.body, HasSubstr("recovery failed: a row is damaged"));
}

TEST(Http, TheAccessLogNamesTheKey) {
  const std::string path = testing::TempDir() + "access_log_" + std::to_string(getpid());
  Request request;
  request.method = "GET";
  request.path = "/v1/stats";
  request.key_name = "reader";
  request.api_key = "reader-secret-0001";
  {
    const auto logger = *Logger::open("info", "all", path);
    logger->access(access_line(request, "/v1/stats", 200, 12, 34));
    request.key_name.clear();
    logger->access(access_line(request, "/v1/stats", 401, 12, 34));
  }
  std::ifstream file(path);
  std::string with_key, without_key;
  std::getline(file, with_key);
  std::getline(file, without_key);
  EXPECT_THAT(with_key, HasSubstr("\"key\":\"reader\""));
  EXPECT_EQ(with_key.find("secret"), std::string::npos);
  EXPECT_EQ(without_key.find("\"key\""), std::string::npos);
  std::remove(path.c_str());
}

// "get /v1/users/{}" of "/v1/users/{id}": the names of parameters are the document's own.
std::string operation(std::string verb, std::string_view path) {
  std::transform(verb.begin(), verb.end(), verb.begin(), [](unsigned char c) { return std::tolower(c); });
  return verb + " " + std::regex_replace(std::string(path), std::regex("\\{[^}]*\\}"), "{}");
}

TEST(Http, DescribesEveryRouteAndNoOther) {
  TestServer server;
  const HttpReply reply = server.call("GET", "/openapi.json");
  EXPECT_EQ(reply.status, 200);
  JsonDocument document;
  const auto root = document.parse(reply.body);
  ASSERT_TRUE(root.is_ok());
  EXPECT_EQ(std::string_view((*root)["openapi"]), "3.1.0");
  std::set<std::string> described;
  for (const auto& [path, members] : simdjson::dom::object((*root)["paths"])) {
    for (const auto& [verb, value] : simdjson::dom::object(members)) {
      if (verb != "parameters") described.insert(operation(std::string(verb), path));
    }
  }
  Router router;
  add_routes(&router);
  std::set<std::string> routed;
  for (const auto& endpoint : router.endpoints()) {
    const bool is_page = endpoint->path == "/" || endpoint->path.starts_with("/console");
    if (!is_page) routed.insert(operation(std::string(boost::beast::http::to_string(endpoint->verb)), endpoint->path));
  }
  EXPECT_EQ(routed, described);
}

}  // namespace
}  // namespace tamis::server
