// EmbeddingsCall: one batch of texts to an OpenAI-compatible server and back.
// The API: https://platform.openai.com/docs/api-reference/embeddings/create.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/transport.h"
#include "common/status.h"
#include "embeddings/endpoint_settings.h"

namespace tamis::embeddings {

// Thread-safe; blocks.
class EmbeddingsCall {
 public:
  // invalid_argument where the URL is none.
  static Result<std::unique_ptr<EmbeddingsCall>> create(const EndpointSettings& settings);

  // One vector per text, in the texts' order, all of one length above 0. Tried again on 408, 429 and 5xx, on broken
  // connections and timeouts, by exponential back-off with jitter, never before what Retry-After asks for. Errors:
  // unavailable (the last try failed so), invalid_argument (another status: the endpoint refuses), internal (an answer
  // that is none: wrong rows, order, lengths, numbers). Messages have the status and the beginning of the body.
  Result<std::vector<std::vector<float>>> embed(std::span<const std::string> texts);

 private:
  EmbeddingsCall(client::Endpoint endpoint, client::TransportOptions options, const EndpointSettings& settings);
  // What the server said, for people, without the key.
  std::string excerpt(std::string_view body) const;

  const EndpointSettings settings_;
  client::Transport transport_;
};

std::string embeddings_request_json(const EndpointSettings& settings, std::span<const std::string> texts);
// `count` rows in the order of their "index"; internal, saying what is wrong, for anything else.
Result<std::vector<std::vector<float>>> parse_embeddings(std::string_view body, std::size_t count,
                                                         std::uint32_t dimensions);

}  // namespace tamis::embeddings
