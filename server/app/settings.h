// ServerSettings: everything about the server that is configured, next to DatabaseOptions. docs/configuration.md says
// more; server/config/config_table.cc holds names, ranges and defaults. All of it needs a restart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/options.h"

namespace tamis::server {

struct ServerSettings {
  std::string data_dir = "tamis-data";
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;     // 0: any free one
  std::uint32_t io_threads = 0;  // 0: one per core
  std::string tls_certificate;   // PEM files; both or neither
  std::string tls_key;
  std::string snapshots_dir;              // empty: <data_dir>-snapshots
  std::vector<std::string> cors_origins;  // of web pages elsewhere that may ask
  bool gorse_api = false;                 // serve a subset of Gorse's API under /api

  std::vector<std::string> keys;  // "name:scope+scope:secret", see server/http/key_ring.h
  std::string keys_file;          // the same, one a line
  bool allow_anonymous = false;   // serve beyond loopback without keys
  bool open_metrics = false;      // /metrics needs no key

  std::uint64_t max_body_bytes = 8ull << 20;  // of bodies read whole; streams have no limit
  std::uint64_t max_line_bytes = 1ull << 20;  // of one NDJSON record
  std::uint64_t max_header_bytes = 16ull << 10;
  std::uint64_t max_uri_bytes = 8ull << 10;
  std::uint64_t request_bodies_bytes = 256ull << 20;  // bodies of all requests in flight; 1 MiB..
  std::uint64_t bulk_streams_bytes = 256ull << 20;    // what all streams hold of their records; 1 MiB..
  std::uint32_t max_connections = 4'096;
  std::uint32_t max_requests = 1'024;     // being answered at once
  std::int64_t max_queue_delay_ms = 250;  // that ready requests may wait for an I/O thread; 0: no limit
  std::uint32_t max_bulk_streams = 16;
  double requests_per_s = 0;  // of one key, or of one address without keys; 0: no limit
  std::uint32_t workers = 4;
  std::uint32_t worker_queue = 64;
  std::uint32_t query_workers = 2;

  std::int64_t idle_timeout_ms = 60'000;     // between requests of a connection
  std::int64_t read_timeout_ms = 10'000;     // for a whole header, for each part of a body; for writing an answer
  std::int64_t request_timeout_ms = 30'000;  // from the header's end to the answer; streams are exempt
  std::int64_t drain_timeout_ms = 10'000;    // for requests in flight at shutdown

  std::string log_level = "info";
  std::string log_access = "errors";  // all, errors, none
};

struct Config {
  ServerSettings server;
  DatabaseOptions database;
  std::vector<std::string> warnings;  // what was read and has no effect
};

}  // namespace tamis::server
