#include "client/bulk_upload.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "misbehaving_server.h"

namespace tamis::client {
namespace {

std::uint64_t lines_in(const std::string& body) {
  return static_cast<std::uint64_t>(std::count(body.begin(), body.end(), '\n'));
}

std::string ack_of(const SeenRequest& request, const std::string& extra = "") {
  return http_answer(200, "{\"accepted\":" + std::to_string(lines_in(request.body)) +
                              ",\"duplicates\":0,\"sequence\":5" + extra + "}");
}

std::unique_ptr<Client> client_of(const MisbehavingServer& server) {
  ClientOptions options;
  options.url = server.url();
  options.transport.retry = {.max_attempts = 4, .base_backoff_ms = 1, .max_backoff_ms = 5};
  options.transport.request_timeout_ms = 3'000;
  return std::move(Client::create(options)).value();
}

BulkUploadOptions small_requests(bool repeatable) {
  BulkUploadOptions options;
  options.target = "/v1/interactions";
  options.repeatable = repeatable;
  options.request_bytes = 4'000;
  options.chunk_bytes = 500;
  return options;
}

Status upload_lines(BulkUpload* upload, int count) {
  for (int i = 1; i <= count; ++i) {
    TAMIS_RETURN_IF_ERROR(
        upload->add("{\"user\":\"u" + std::to_string(i) + "\",\"item\":\"i\"}", static_cast<std::uint64_t>(i)));
  }
  return upload->finish();
}

TEST(BulkUpload, StreamsInChunksAndEndsRequests) {
  MisbehavingServer server([](const SeenRequest& request, int) { return ServerAction{.bytes = ack_of(request)}; });
  auto client = client_of(server);
  BulkUpload upload(client.get(), small_requests(true));
  ASSERT_TRUE(upload_lines(&upload, 1'000).is_ok());
  EXPECT_EQ(upload.acknowledged().accepted, 1'000u);
  EXPECT_EQ(upload.acknowledged().rejected, 0u);
  const auto requests = server.requests();
  EXPECT_GE(requests.size(), 6u);
  std::string all;
  for (const auto& request : requests) {
    EXPECT_TRUE(request.chunked);
    EXPECT_EQ(request.connection, 0);
    EXPECT_LE(request.body.size(), 4'100u);
    all += request.body;
  }
  EXPECT_EQ(lines_in(all), 1'000u);
  EXPECT_NE(all.find("\"u1000\""), std::string::npos);
}

TEST(BulkUpload, CallsErrorsByTheSourcesLines) {
  MisbehavingServer server([](const SeenRequest& request, int) {
    const auto lines = std::to_string(lines_in(request.body) - 1);
    return ServerAction{.bytes = http_answer(200, "{\"accepted\":" + lines +
                                                      ",\"duplicates\":0,\"sequence\":1,\"rejected\":1,"
                                                      "\"errors\":[{\"line\":2,\"detail\":\"no item\"}]}")};
  });
  auto client = client_of(server);
  BulkUpload upload(client.get(), small_requests(true));
  ASSERT_TRUE(upload.add("{}", 10).is_ok());
  ASSERT_TRUE(upload.add("{}", 20).is_ok());
  ASSERT_TRUE(upload.finish().is_ok());
  ASSERT_TRUE(upload.add("{}", 30).is_ok());
  ASSERT_TRUE(upload.add("{}", 40).is_ok());
  ASSERT_TRUE(upload.finish().is_ok());
  ASSERT_EQ(upload.acknowledged().errors.size(), 2u);
  EXPECT_EQ(upload.acknowledged().errors[0].line, 20u);
  EXPECT_EQ(upload.acknowledged().errors[1].line, 40u);
  EXPECT_EQ(upload.acknowledged().rejected, 2u);
}

TEST(BulkUpload, RepeatsARequestThatBrokeOrWasRefused) {
  MisbehavingServer server([](const SeenRequest& request, int number) {
    if (number % 3 == 0) return ServerAction{.bytes = {}, .close = true};
    if (number % 3 == 1) return ServerAction{.bytes = http_answer(503, "{}", "Retry-After: 0\r\n")};
    return ServerAction{.bytes = ack_of(request)};
  });
  auto client = client_of(server);
  BulkUpload upload(client.get(), small_requests(true));
  const Status status = upload_lines(&upload, 500);
  ASSERT_TRUE(status.is_ok()) << status.to_string();
  EXPECT_EQ(upload.acknowledged().accepted, 500u);
}

TEST(BulkUpload, DoesNotRepeatWhatMightBeStoredTwice) {
  MisbehavingServer server([](const SeenRequest&, int) { return ServerAction{.bytes = {}, .close = true}; });
  auto client = client_of(server);
  BulkUpload upload(client.get(), small_requests(false));
  const Status status = upload_lines(&upload, 50);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(upload.acknowledged().accepted, 0u);
}

TEST(BulkUpload, HearsAnEarlyRefusal) {
  MisbehavingServer server([](const SeenRequest&, int) {
    return ServerAction{
        .bytes = http_answer(507, R"({"code":"resource_exhausted","detail":"the disk is nearly full"})"),
        .close = true};
  });
  server.answer_early_after(1'000);
  auto client = client_of(server);
  BulkUpload upload(client.get(), small_requests(true));
  const Status status = upload_lines(&upload, 1'000);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.to_string();
  EXPECT_NE(status.message().find("were not acknowledged"), std::string::npos);
}

TEST(BulkUpload, SendsAPreambleWithEveryRequest) {
  MisbehavingServer server([](const SeenRequest&, int) {
    return ServerAction{.bytes = http_answer(200, R"({"accepted":1,"duplicates":0,"sequence":1})")};
  });
  auto client = client_of(server);
  BulkUploadOptions options = small_requests(true);
  options.preamble = "HEAD";
  options.record_end.clear();
  BulkUpload upload(client.get(), options);
  ASSERT_TRUE(upload.add("one", 1).is_ok());
  ASSERT_TRUE(upload.finish().is_ok());
  ASSERT_TRUE(upload.add("two", 2).is_ok());
  ASSERT_TRUE(upload.finish().is_ok());
  EXPECT_EQ(server.requests().at(0).body, "HEADone");
  EXPECT_EQ(server.requests().at(1).body, "HEADtwo");
}

}  // namespace
}  // namespace tamis::client
