// BulkIngest: takes a streamed body into the database at constant memory.
//
// Chunks are decoded on the bulk workers, records are committed in batches, a few batches at a time are in flight;
// while they are, the body is not read, so that the client is slowed down to what the database takes. A bad record is
// counted and told of; a batch that the database refuses is tried record by record. Stream by stream all or nothing it
// is not: batches that were committed stay.
#pragma once

#include <memory>

#include "server/bulk/bulk_decoder.h"
#include "server/http/exchange.h"

namespace tamis::server {

// Reads the whole body through `decoder` and replies {accepted, duplicates, sequence, rejected, errors}. 503 where too
// many streams are being taken.
asio::awaitable<Response> ingest_stream(Exchange& exchange, std::unique_ptr<BulkDecoder> decoder, WriteOptions options);

}  // namespace tamis::server
