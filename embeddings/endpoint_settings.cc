#include "embeddings/endpoint_settings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "models/content/content_options.h"

namespace tamis::embeddings {
namespace {

constexpr std::size_t kMaxKeyBytes = 8'192;

// Without the blanks and line ends around it. A header must not be split by what is left.
Result<std::string> clean_key(std::string key, const char* field) {
  constexpr const char* kBlanks = " \t\r\n";
  key.erase(0, std::min(key.find_first_not_of(kBlanks), key.size()));
  key.erase(key.find_last_not_of(kBlanks) + 1);
  const bool is_plain = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (!key.empty() && key.size() <= kMaxKeyBytes && is_plain) return key;
  return Status::invalid_argument(std::string(field) +
                                  " leads to no API key; expected 1 to 8192 printable characters without blanks")
      .at_field(field);
}

Result<std::string> read_key(const models::Settings& settings) {
  const std::string variable(models::choice_setting(settings, "api_key_env"));
  const std::string file(models::choice_setting(settings, "api_key_file"));
  if (!variable.empty() && !file.empty())
    return Status::invalid_argument("api_key_env and api_key_file are both given; expected one")
        .at_field("api_key_env");
  if (!variable.empty()) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr)
      return Status::failed_precondition("the environment has no variable " + variable).at_field("api_key_env");
    return clean_key(value, "api_key_env");
  }
  if (file.empty()) return std::string();
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Status::not_found("cannot open " + file).at_field("api_key_file");
  std::string key(kMaxKeyBytes + 16, '\0');
  stream.read(key.data(), static_cast<std::streamsize>(key.size()));
  key.resize(static_cast<std::size_t>(stream.gcount()));
  return clean_key(std::move(key), "api_key_file");
}

}  // namespace

Result<EndpointSettings> read_endpoint_settings(const models::Settings& content) {
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, models::resolve_settings(models::content_table(), content));
  EndpointSettings endpoint;
  endpoint.url = models::choice_setting(settings, "url");
  endpoint.model = models::choice_setting(settings, "model");
  if (endpoint.url.empty()) return Status::invalid_argument("an embeddings endpoint needs its url").at_field("url");
  if (endpoint.model.empty())
    return Status::invalid_argument("an embeddings endpoint needs the name of a model").at_field("model");
  TAMIS_ASSIGN_OR_RETURN(endpoint.api_key, read_key(settings));
  const auto integer = [&](const char* name) { return models::integer_setting(settings, name); };
  endpoint.dimensions = static_cast<std::uint32_t>(integer("dimensions"));
  endpoint.ca_file = models::choice_setting(settings, "ca_file");
  endpoint.batch = static_cast<std::uint32_t>(integer("batch"));
  endpoint.concurrency = static_cast<std::uint32_t>(integer("concurrency"));
  endpoint.timeout_ms = static_cast<std::int64_t>(integer("timeout_ms"));
  endpoint.attempts = static_cast<std::uint32_t>(integer("attempts"));
  endpoint.max_retry_after_ms = static_cast<std::int64_t>(integer("max_retry_after_ms"));
  endpoint.cache_dir = models::choice_setting(settings, "cache_dir");
  endpoint.cache_bytes = integer("cache_mb") << 20;
  return endpoint;
}

}  // namespace tamis::embeddings
