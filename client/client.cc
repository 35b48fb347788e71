#include "client/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/http/problem.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

using nlohmann::json;

std::string entity_path(EntityKind kind, std::string_view id) {
  return "/v1/" + std::string(collection_name(kind)) + "/" + percent_encode(id);
}

std::string paged(std::string path, std::string_view cursor, std::uint32_t limit) {
  path += "?limit=" + std::to_string(limit);
  if (!cursor.empty()) path += "&cursor=" + percent_encode(cursor);
  return path;
}

HttpRequest write_request(std::string method, std::string target, std::string body, const CallOptions& options) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  request.repeatable = true;
  request.timeout_ms = options.timeout_ms;
  if (options.durability) request.target += "?durability=" + std::string(durability_name(*options.durability));
  return request;
}

HttpRequest read_request(std::string target) {
  HttpRequest request;
  request.target = std::move(target);
  request.repeatable = true;
  return request;
}

HttpRequest query_request(std::string target, const json& body) {
  HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  request.repeatable = true;  // it only reads
  return request;
}

template <typename Decode>
auto call_and_decode(Client* client, const HttpRequest& request, Decode decode)
    -> decltype(decode(std::declval<const json&>())) {
  TAMIS_ASSIGN_OR_RETURN(const std::string body, client->call(request));
  TAMIS_ASSIGN_OR_RETURN(const json document, parse_answer(body));
  return decode(document);
}

template <typename Rows, typename Encode>
std::string lines_of(const Rows& rows, Encode encode) {
  std::string lines;
  for (const auto& row : rows) lines += encode(row) + "\n";
  return lines;
}

Result<json> parse_filter_member(const std::string& filter_json) {
  auto filter = json::parse(filter_json, nullptr, false);
  if (!filter.is_object()) return Status::invalid_argument("the filter is not a JSON object").at_field("filter");
  return filter;
}

}  // namespace

std::string_view collection_name(EntityKind kind) { return kind == EntityKind::kItem ? "items" : "users"; }

Result<std::unique_ptr<Client>> Client::create(const ClientOptions& options) {
  TAMIS_ASSIGN_OR_RETURN(Endpoint endpoint, parse_endpoint(options.url));
  TransportOptions transport = options.transport;
  if (!options.api_key.empty()) {
    for (const char c : options.api_key) {
      if (c <= ' ' || c >= '\x7f') {
        return Status::invalid_argument("the API key holds a character that a header cannot carry").at_field("api_key");
      }
    }
    transport.connection.authorization = "Bearer " + options.api_key;
  }
  return std::unique_ptr<Client>(new Client(std::move(endpoint), std::move(transport)));
}

Result<std::string> Client::call(const HttpRequest& request) {
  TAMIS_ASSIGN_OR_RETURN(HttpResponse response, transport_.send(request));
  if (!response.is_success()) return problem_status(response);
  return std::move(response.body);
}

Result<BulkResult> Client::add_interactions(std::span<const Interaction> interactions, const CallOptions& options) {
  auto request = write_request("POST", "/v1/interactions", lines_of(interactions, interaction_to_json), options);
  request.content_type = "application/x-ndjson";
  request.repeatable =
      std::ranges::all_of(interactions, [](const Interaction& one) { return !one.idempotency_key.empty(); });
  return call_and_decode(this, request, decode_ack);
}

Result<BulkResult> Client::put_entity(EntityKind kind, const Entity& entity, const CallOptions& options) {
  const std::string body = entity_to_json(entity);
  return call_and_decode(this, write_request("PUT", entity_path(kind, entity.id), body, options), decode_ack);
}

Result<BulkResult> Client::put_entities(EntityKind kind, std::span<const Entity> entities, const CallOptions& options) {
  auto request =
      write_request("POST", "/v1/" + std::string(collection_name(kind)), lines_of(entities, entity_to_json), options);
  request.content_type = "application/x-ndjson";
  return call_and_decode(this, request, decode_ack);
}

Result<BulkResult> Client::patch_entity(EntityKind kind, std::string_view id, const Features& features,
                                        std::span<const std::string> removed, const CallOptions& options) {
  std::string members = features_to_json(features);
  for (const std::string& name : removed) {
    members.insert(members.size() - 1, (members.size() > 2 ? "," : "") + quote_json(name) + ":null");
  }
  const std::string body = "{\"features\":" + members + "}";
  return call_and_decode(this, write_request("PATCH", entity_path(kind, id), body, options), decode_ack);
}

Result<BulkResult> Client::delete_entity(EntityKind kind, std::string_view id, const CallOptions& options) {
  return call_and_decode(this, write_request("DELETE", entity_path(kind, id), "", options), decode_ack);
}

Result<BulkResult> Client::put_vectors(std::string_view space, std::span<const VectorRow> rows,
                                       const CallOptions& options) {
  auto request = write_request("POST", "/v1/spaces/" + percent_encode(space) + "/vectors",
                               lines_of(rows, vector_to_json), options);
  request.content_type = "application/x-ndjson";
  return call_and_decode(this, request, decode_ack);
}

Status Client::put_space(const Space& space) {
  const json body = {{"dim", space.dim},
                     {"metric", metric_name(space.metric)},
                     {"quantization", quantization_name(space.quantization)},
                     {"keep_f32", space.keep_f32}};
  return call(write_request("PUT", "/v1/spaces/" + percent_encode(space.name), body.dump(), {})).status();
}

Result<Entity> Client::get_entity(EntityKind kind, std::string_view id) {
  return call_and_decode(this, read_request(entity_path(kind, id)), decode_entity);
}

Result<EntityPage> Client::list_entities(EntityKind kind, std::string_view cursor, std::uint32_t limit) {
  const std::string name(collection_name(kind));
  return call_and_decode(this, read_request(paged("/v1/" + name, cursor, limit)),
                         [&](const json& document) { return decode_entity_page(document, name.c_str()); });
}

Result<InteractionPage> Client::list_interactions(std::string_view user, std::string_view cursor, std::uint32_t limit) {
  const std::string path = entity_path(EntityKind::kUser, user) + "/interactions";
  return call_and_decode(this, read_request(paged(path, cursor, limit)), decode_interaction_page);
}

Result<Space> Client::get_space(std::string_view name) {
  return call_and_decode(this, read_request("/v1/spaces/" + percent_encode(name)), decode_space);
}

Result<LogPage> Client::read_log(Sequence from, std::uint32_t limit) {
  const std::string target = "/v1/log?from=" + std::to_string(from) + "&limit=" + std::to_string(limit);
  return call_and_decode(this, read_request(target), [from](const json& document) -> Result<LogPage> {
    LogPage page;
    page.next = from;
    const auto entries = document.find("entries");
    if (entries == document.end() || !entries->is_array()) return Status::internal("the log's answer has no entries");
    for (const json& entry : *entries) {
      if (!entry.is_object() || !entry.contains("sequence") || !entry["sequence"].is_number_unsigned()) {
        return Status::internal("a log entry has no sequence");
      }
      page.next = entry["sequence"].get<Sequence>() + 1;
      page.entries.push_back(entry.dump());
    }
    return page;
  });
}

Result<std::string> Client::stats_json() { return call(read_request("/v1/stats")); }

Result<std::string> Client::health_json(bool ready) { return call(read_request(ready ? "/readyz" : "/healthz")); }

Result<Recommendations> Client::recommend(const RecommendQuery& query) {
  std::string target = entity_path(EntityKind::kUser, query.user) + "/recommendations";
  json body = {{"k", query.k}};
  if (!query.funnel.empty()) body["funnel"] = query.funnel;
  if (!query.exclude.empty()) body["exclude"] = query.exclude;
  if (query.min_seq != 0) body["min_seq"] = query.min_seq;
  if (query.explain) body["explain"] = true;
  if (query.features) body["features"] = true;
  if (!query.filter_json.empty()) {
    TAMIS_ASSIGN_OR_RETURN(body["filter"], parse_filter_member(query.filter_json));
  }
  return call_and_decode(this, query_request(std::move(target), body), decode_recommendations);
}

Result<RankedList> Client::similar(const SimilarQuery& query) {
  std::string target = entity_path(query.kind, query.id) + "/similar?k=" + std::to_string(query.k);
  if (!query.space.empty()) target += "&space=" + percent_encode(query.space);
  if (query.features) target += "&features=true";
  return call_and_decode(this, read_request(std::move(target)), decode_ranked_list);
}

Result<RankedList> Client::search(const SearchQuery& query) {
  json body = {{"k", query.k}, {"space", query.space}};
  if (!query.vector.empty()) body["vector"] = query.vector;
  if (!query.item.empty()) body["item"] = query.item;
  if (query.exact) body["exact"] = true;
  if (query.features) body["features"] = true;
  if (!query.filter_json.empty()) {
    TAMIS_ASSIGN_OR_RETURN(body["filter"], parse_filter_member(query.filter_json));
  }
  return call_and_decode(this, query_request("/v1/search", body), decode_ranked_list);
}

Result<JobProgress> Client::train(std::span<const std::string> models, bool inherit) {
  json body = json::object();
  if (!models.empty()) body["models"] = std::vector<std::string>(models.begin(), models.end());
  if (!inherit) body["inherit"] = false;
  HttpRequest request = query_request("/v1/train", body);
  request.repeatable = false;  // a repeat would queue a second run
  return call_and_decode(this, request, decode_job);
}

Result<JobProgress> Client::get_job(std::string_view id) {
  return call_and_decode(this, read_request("/v1/jobs/" + percent_encode(id)), decode_job);
}

Result<JobProgress> Client::wait_job(std::string_view id, const ProgressCallback& on_progress, std::int64_t poll_ms) {
  std::string seen;
  for (;;) {
    TAMIS_ASSIGN_OR_RETURN(JobProgress job, get_job(id));
    if (job.json != seen && on_progress && !on_progress(job)) return job;
    if (job.is_finished()) return job;
    seen = job.json;
    sleep_ms(poll_ms);
  }
}

Result<std::string> Client::snapshot(std::string_view name) {
  json body = json::object();
  if (!name.empty()) body["name"] = name;
  HttpRequest request = query_request("/v1/snapshots", body);
  request.repeatable = false;
  request.timeout_ms = 3'600'000;  // as long as copying takes
  return call_and_decode(this, request, [](const json& document) -> Result<std::string> { return document.dump(); });
}

}  // namespace tamis::client
