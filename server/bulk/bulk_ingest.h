// BulkIngest: takes a streamed body into the database, a bounded number of records at a time.
//
// Chunks are decoded on the bulk workers, records are committed in batches of 5,000 or 4 MiB. While one batch is
// committed the next is read and decoded, and no more than that, so that the client is slowed down to what the database
// takes. A bad record is counted and reported; a batch that the database refuses is tried record by record. Records
// take effect in the order of their lines. A stream is not atomic: batches committed before an error stay.
#pragma once

#include <memory>

#include "server/bulk/bulk_decoder.h"
#include "server/http/exchange.h"

namespace tamis::server {

// Reads the whole body through `decoder` and replies {accepted, duplicates, sequence, rejected, errors}. 503 where too
// many streams are being taken, or what they hold leaves no room for another (memory.bulk_streams).
asio::awaitable<Response> ingest_stream(Exchange& exchange, std::unique_ptr<BulkDecoder> decoder, WriteOptions options);

}  // namespace tamis::server
