// The JSON of answers. Exact shapes: docs/http_api.md. Functions are thread-safe.
#pragma once

#include "engine/audience.h"
#include "engine/compare.h"
#include "engine/pages.h"
#include "engine/requests.h"
#include "engine/why_not.h"
#include "server/json/json_writer.h"

namespace tamis::server {

void write_ack(const WriteAck& ack, JsonWriter* json);       // the object is left open for more fields
void write_unstored(const WriteAck& ack, JsonWriter* json);  // what of the write was ignored or outdated, where any was
void write_undeclared(const WriteAck& ack, JsonWriter* json);  // nothing where all types are declared
void write_entity(const Entity& entity, JsonWriter* json);
void write_interaction(const Interaction& interaction, JsonWriter* json);     // left open
void write_warnings(const std::vector<Warning>& warnings, JsonWriter* json);  // "warnings":[{"path","detail"}]
void write_recommendations(const RecommendAnswer& answer, JsonWriter* json);
void write_why_not(const WhyNotAnswer& answer, JsonWriter* json);
// `about` names the entity asked about, under "item" or "user"; empty for a search by vector.
void write_scored(const ScoredAnswer& answer, EntityKind found_kind, EntityKind about_kind, std::string_view about,
                  JsonWriter* json);
void write_bought_together(const BoughtTogetherRequest& request, const BoughtTogetherAnswer& answer, JsonWriter* json);
void write_comparison(const CompareAnswer& answer, JsonWriter* json);
void write_page(std::string_view user, const PagesAnswer& page, JsonWriter* json);
void write_audience(std::string_view item, const AudienceAnswer& answer, JsonWriter* json);
void write_space(const Space& space, JsonWriter* json);  // left open
void write_job(const Job& job, JsonWriter* json);
void write_generation(const GenerationInfo& generation, JsonWriter* json);
void write_training_report(const GenerationInfo& generation, JsonWriter* json);
void write_log_entry(const LogEntry& entry, JsonWriter* json);
void write_stats(const Stats& stats, JsonWriter* json);

std::string_view kind_name(EntityKind kind);   // "item", "user"
std::string_view kinds_name(EntityKind kind);  // "items", "users"

}  // namespace tamis::server
