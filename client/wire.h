// Wire: JSON of docs/http_api.md to and from the client's types.
//
// Encoding cannot fail. Decoding takes what a server sent: absent and unknown members are tolerated (more fields may be
// added), a member of the wrong type is an internal error that names it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "client/types.h"
#include "common/status.h"

namespace tamis::client {

// One line each, without the newline. An interaction's timestamp kNoTime is left out: the server's clock then counts.
std::string interaction_to_json(const Interaction& interaction);
std::string entity_to_json(const Entity& entity);
std::string vector_to_json(const VectorRow& row);
std::string features_to_json(const Features& features);
// A JSON string literal of `text`; invalid UTF-8 becomes U+FFFD.
std::string quote_json(std::string_view text);
// The shortest text that reads back as the same double; "null" where it is not finite.
std::string number_to_json(double value);

// Parses the body of a successful answer. internal where it is not a JSON object.
Result<nlohmann::json> parse_answer(std::string_view body);

Result<BulkResult> decode_ack(const nlohmann::json& document);
Result<Entity> decode_entity(const nlohmann::json& document);
Result<Interaction> decode_interaction(const nlohmann::json& document);
Result<Recommendations> decode_recommendations(const nlohmann::json& document);
Result<RankedList> decode_ranked_list(const nlohmann::json& document);
Result<JobProgress> decode_job(const nlohmann::json& document);
Result<Space> decode_space(const nlohmann::json& document);
// The rows under `name` and the cursor, "" for null.
Result<EntityPage> decode_entity_page(const nlohmann::json& document, const char* name);
Result<InteractionPage> decode_interaction_page(const nlohmann::json& document);
// A feature's value for people: "3.39", "metal, light".
std::string feature_to_text(const FeatureValue& value);

}  // namespace tamis::client
