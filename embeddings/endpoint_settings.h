// EndpointSettings: which server to ask for embeddings, and how hard to try.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/status.h"
#include "models/settings.h"

namespace tamis::embeddings {

struct EndpointSettings {
  std::string url;  // http or https; "/v1/embeddings" is added
  std::string model;
  std::uint32_t dimensions = 0;  // asked for; 0: not mentioned
  std::string api_key;           // empty: none is sent
  std::string ca_file;           // empty: the system's certificates
  std::uint32_t batch = 64;      // texts a request
  std::uint32_t concurrency = 2;
  std::int64_t timeout_ms = 60'000;
  std::uint32_t attempts = 5;
  std::int64_t max_retry_after_ms = 60'000;
  std::filesystem::path cache_dir;  // empty: no cache
  std::uint64_t cache_bytes = 0;    // 0: no cache
};

// From the settings of the content encoder (models/content/content_options.h), which need not be in force. Reads the
// key from its variable or file. invalid_argument (a setting; url or model missing), failed_precondition (no such
// variable), not_found, io_error (the file); field is the setting. No message holds the key.
Result<EndpointSettings> read_endpoint_settings(const models::Settings& content);

}  // namespace tamis::embeddings
