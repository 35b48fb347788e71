#include "client/http/endpoint.h"

#include <gtest/gtest.h>

namespace tamis::client {
namespace {

TEST(Endpoint, ReadsUrls) {
  const auto plain = parse_endpoint("http://127.0.0.1:8080");
  ASSERT_TRUE(plain.is_ok());
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, "8080");
  EXPECT_EQ(plain->base, "");
  EXPECT_EQ(plain->authority(), "127.0.0.1:8080");
  const auto secure = parse_endpoint("https://shop.example/tamis/");
  ASSERT_TRUE(secure.is_ok());
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->port, "443");
  EXPECT_EQ(secure->base, "/tamis");
  EXPECT_EQ(secure->authority(), "shop.example");
  const auto six = parse_endpoint("[::1]:9000");
  ASSERT_TRUE(six.is_ok());
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->authority(), "[::1]:9000");
  EXPECT_EQ(parse_endpoint("localhost")->port, "80");
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* url : {"", "ftp://a", "http://", "http://a:0", "http://a:65536", "http://a:x", "http://u:p@a",
                          "http://a?x", "http://a#x", "http://::1", "http://[::1", "http://a b", "http://a\r\nX: y"}) {
    EXPECT_FALSE(parse_endpoint(url).is_ok()) << url;
  }
}

TEST(PercentEncode, KeepsOnlyTheUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b c%\xC3\xA9?"), "a%2Fb%20c%25%C3%A9%3F");
  EXPECT_EQ(percent_encode(".."), "%2E%2E");
}

}  // namespace
}  // namespace tamis::client
