// Asio's names as the server uses them.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tamis::server {

namespace asio = boost::asio;
using boost::system::error_code;

// co_await socket.async_x(..., kTuple) gives (error_code, ...) and throws nothing.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace tamis::server
