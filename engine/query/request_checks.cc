#include "engine/query/request_checks.h"

#include "common/record_checks.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxExclude = 10'000;
constexpr std::size_t kMaxRequestHistory = 10'000;
constexpr std::size_t kMaxTypeBytes = 64;

Status check_history_entry(const HistoryEntry& entry, const std::string& field) {
  TAMIS_RETURN_IF_ERROR(validate_external_id(entry.item, field + ".item"));
  if (entry.type.empty() || entry.type.size() > kMaxTypeBytes) {
    return Status::invalid_argument(field + ".type has " + std::to_string(entry.type.size()) +
                                    " bytes; expected 1 to 64")
        .at_field(field + ".type");
  }
  if (entry.value) TAMIS_RETURN_IF_ERROR(check_interaction_value(*entry.value, field + ".value"));
  return entry.timestamp_ms == kNoTime ? Status::ok() : check_timestamp(entry.timestamp_ms, field + ".timestamp");
}

Status check_count(std::size_t count, std::size_t limit, const char* field) {
  if (count <= limit) return Status::ok();
  return Status::invalid_argument(std::string(field) + " has " + std::to_string(count) + " entries; expected at most " +
                                  std::to_string(limit))
      .at_field(field);
}

// A stored funnel may name a space that is yet to come; a request that does is mistaken.
Status check_override(const ReadState& state, const FunnelConfig& funnel) {
  TAMIS_RETURN_IF_ERROR(validate_funnel(funnel));
  for (std::size_t i = 0; i < funnel.retrievers.size(); ++i) {
    const std::string& space = funnel.retrievers[i].space;
    if (space.empty() || space == "ials" || find_space(state, space) != nullptr) continue;
    return Status::invalid_argument("there is no space \"" + space.substr(0, 64) + "\"")
        .at_field("/retrievers/" + std::to_string(i) + "/space");
  }
  return Status::ok();
}

}  // namespace

Status check_k(std::uint32_t k) {
  if (k >= 1 && k <= kMaxK) return Status::ok();
  return Status::invalid_argument("k is " + std::to_string(k) + "; expected 1 to " + std::to_string(kMaxK))
      .at_field("k");
}

Status check_recommend_request(const ReadState& state, const RecommendRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_k(request.k));
  if (!request.user.empty()) TAMIS_RETURN_IF_ERROR(validate_external_id(request.user, "user"));
  TAMIS_RETURN_IF_ERROR(check_count(request.history.size(), kMaxRequestHistory, "history"));
  for (std::size_t i = 0; i < request.history.size(); ++i)
    TAMIS_RETURN_IF_ERROR(check_history_entry(request.history[i], "history[" + std::to_string(i) + "]"));
  TAMIS_RETURN_IF_ERROR(check_count(request.exclude.size(), kMaxExclude, "exclude"));
  for (std::size_t i = 0; i < request.exclude.size(); ++i)
    TAMIS_RETURN_IF_ERROR(validate_external_id(request.exclude[i], "exclude[" + std::to_string(i) + "]"));
  if (!request.similar_to.empty()) TAMIS_RETURN_IF_ERROR(validate_external_id(request.similar_to, "item"));
  if (request.recommendation_id.size() > storage::kMaxRecommendationIdBytes)
    return Status::invalid_argument("recommendation_id has " + std::to_string(request.recommendation_id.size()) +
                                    " bytes; expected at most " + std::to_string(storage::kMaxRecommendationIdBytes))
        .at_field("recommendation_id");
  if (request.as_of_ms && (*request.as_of_ms < kMinTimestampMs || *request.as_of_ms > kMaxTimestampMs))
    return Status::invalid_argument("as_of is outside of the years 0001 to 9999").at_field("as_of");
  TAMIS_RETURN_IF_ERROR(validate_filter(request.filter));
  if (request.override_funnel) TAMIS_RETURN_IF_ERROR(check_override(state, *request.override_funnel));
  return Status::ok();
}

Result<Features> conform_context(const Features& context) {
  Features conformed = context;
  static const FeatureSchema kNoSchema;
  Status status = conform_features(kNoSchema, &conformed);
  if (status.is_ok()) return conformed;
  std::string field = status.field();
  if (field.starts_with("features")) field.replace(0, 8, "context");
  return std::move(status).at_field(std::move(field));
}

}  // namespace tamis::engine
