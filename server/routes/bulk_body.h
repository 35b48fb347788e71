// Bodies that hold one record, a list of them, or a stream.
#pragma once

#include <simdjson.h>

#include <functional>

#include "common/records.h"
#include "server/http/exchange.h"
#include "server/json/json_path.h"

namespace tamis::server {

// Makes a mutation of one record. Called on bulk workers, too: what it captures must be its own.
using ReadRecord = std::function<Result<Mutation>(simdjson::dom::element, const JsonPath&)>;

// application/json: one object or an array, committed as one write. application/x-ndjson: a stream. Else 415.
asio::awaitable<Response> take_bulk_body(Exchange& exchange, ReadRecord read);

}  // namespace tamis::server
