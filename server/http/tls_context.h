// The TLS side of a server: certificate, key, protocol versions and ciphers.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "common/status.h"
#include "server/app/settings.h"

namespace tamis::server {

// Null where no certificate is configured. TLS 1.2 and 1.3 with forward secrecy and authenticated encryption alone
// (ECDHE with AES-GCM or ChaCha20). invalid_argument for half a pair; io_error for files that cannot be read or do not
// belong together.
Result<std::shared_ptr<boost::asio::ssl::context>> load_tls(const ServerSettings& settings);

}  // namespace tamis::server
