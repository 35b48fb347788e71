// HTTPS with a certificate made for the occasion, and what a wrong TLS configuration is answered with.
#include <gmock/gmock.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/requirement.h"
#include "tests/server/test_server.h"

namespace tamis::server {
namespace {

namespace asio = boost::asio;

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::temp_directory_path() / ("tamis_tls_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(dir_);
    settings_.tls_certificate = (dir_ / "certificate.pem").string();
    settings_.tls_key = (dir_ / "key.pem").string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 "
        "-subj /CN=localhost -keyout " +
        settings_.tls_key + " -out " + settings_.tls_certificate + " 2>/dev/null";
    TAMIS_REQUIRE(std::system(command.c_str()) == 0, "the openssl command");
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path dir_;
  ServerSettings settings_;
};

TEST_F(Tls, ServesHttps) {
  TestServer server(settings_);
  ASSERT_TRUE(server.status.is_ok()) << server.status.to_string();
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.load_verify_file(settings_.tls_certificate);
  asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), server.server->port()});
  stream.handshake(asio::ssl::stream_base::client);
  const std::string body = R"({"user":"u","item":"i"})";
  asio::write(stream, asio::buffer(request_text("POST", "/v1/interactions", body) +
                                   request_text("GET", "/healthz", "", "Connection: close\r\n")));
  std::string answers;
  boost::system::error_code error;
  asio::read(stream, asio::dynamic_buffer(answers), error);
  EXPECT_THAT(answers, ::testing::HasSubstr("\"accepted\":1"));
  EXPECT_THAT(answers, ::testing::HasSubstr("\"status\":\"ok\""));
}

// A handshake of TLS 1.2 with these ciphers; the error, or none.
boost::system::error_code shake_hands(std::uint16_t port, const char* ciphers) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(tls.native_handle(), ciphers);
  asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
  boost::system::error_code error;
  stream.handshake(asio::ssl::stream_base::client, error);
  return error;
}

TEST_F(Tls, OnlyCiphersWithForwardSecrecyAndAuthenticationAreTaken) {
  TestServer server(settings_);
  EXPECT_FALSE(shake_hands(server.server->port(), "ECDHE+AESGCM"));
  EXPECT_FALSE(shake_hands(server.server->port(), "ECDHE+CHACHA20"));
  for (const char* weak : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE+AES+SHA1"})
    EXPECT_TRUE(shake_hands(server.server->port(), weak)) << weak;
}

// The subject of the certificate that the server shows.
std::string shown_subject(std::uint16_t port) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
  stream.handshake(asio::ssl::stream_base::client);
  X509* certificate = SSL_get_peer_certificate(stream.native_handle());
  char subject[256] = {};
  X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
  X509_free(certificate);
  return subject;
}

TEST_F(Tls, ACertificateIsReplacedWhileServing) {
  TestServer server(settings_);
  const std::uint16_t port = server.server->port();
  EXPECT_THAT(shown_subject(port), ::testing::HasSubstr("localhost"));
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=renewed -keyout " +
      settings_.tls_key + " -out " + settings_.tls_certificate + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0);
  ASSERT_TRUE(server.server->reload(settings_).is_ok());
  std::string subject;
  for (int i = 0; i < 500 && subject.find("renewed") == std::string::npos; ++i) subject = shown_subject(port);
  EXPECT_THAT(subject, ::testing::HasSubstr("renewed"));
  std::filesystem::remove(settings_.tls_key);
  EXPECT_EQ(server.server->reload(settings_).code(), StatusCode::kIoError);
  EXPECT_THAT(shown_subject(port), ::testing::HasSubstr("renewed")) << "a failed reload changes nothing";
}

TEST_F(Tls, AnEarlyRefusalReachesAClientThatSendsItsBodyFirst) {
  TestServer server(settings_);
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), server.server->port()});
  stream.handshake(asio::ssl::stream_base::client);
  boost::system::error_code error;
  asio::write(stream, asio::buffer(request_text("POST", "/v1/nothing", std::string(9'000'000, ' '))), error);
  EXPECT_FALSE(error) << error.message();
  std::string answer;
  asio::read(stream, asio::dynamic_buffer(answer), error);
  EXPECT_THAT(answer, ::testing::HasSubstr("HTTP/1.1 404"));
}

TEST_F(Tls, PlainTextIsNotAnswered) {
  TestServer server(settings_);
  RawClient client(server.server->port());
  client.send(request_text("GET", "/v1/stats"));
  EXPECT_EQ(client.read_reply().status, 0);
}

TEST_F(Tls, HalfAConfigurationIsRefused) {
  ServerSettings half = settings_;
  half.tls_key.clear();
  EXPECT_EQ(TestServer(half).status.code(), StatusCode::kInvalidArgument);
  half.tls_key = "/nowhere.pem";
  EXPECT_EQ(TestServer(half).status.code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace tamis::server
