#include "server/http/tls_context.h"

#include <openssl/ssl.h>

namespace tamis::server {
namespace {

namespace ssl = boost::asio::ssl;

constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL";  // those of TLS 1.3 are all of this kind

}  // namespace

Result<std::shared_ptr<ssl::context>> load_tls(const ServerSettings& settings) {
  if (settings.tls_certificate.empty() != settings.tls_key.empty()) {
    return Status::invalid_argument("server.tls_certificate and server.tls_key go together; one of them is empty")
        .at_field(settings.tls_key.empty() ? "server.tls_key" : "server.tls_certificate");
  }
  std::shared_ptr<ssl::context> context;
  if (settings.tls_certificate.empty()) return context;
  context = std::make_shared<ssl::context>(ssl::context::tls_server);
  boost::system::error_code error;
  context->set_options(ssl::context::no_sslv2 | ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                       error);
  if (!error && SSL_CTX_set_cipher_list(context->native_handle(), kTls12Ciphers) != 1)
    return Status::internal("the TLS library knows none of the ciphers " + std::string(kTls12Ciphers));
  const auto failed = [&error](const std::string& path, const char* field) {
    return Status::io_error("cannot load the TLS certificate and key: " + path + ": " + error.message())
        .at_field(field);
  };
  if (!error) context->use_certificate_chain_file(settings.tls_certificate, error);
  if (error) return failed(settings.tls_certificate, "server.tls_certificate");
  context->use_private_key_file(settings.tls_key, ssl::context::pem, error);
  if (error) return failed(settings.tls_key, "server.tls_key");
  return context;
}

}  // namespace tamis::server
