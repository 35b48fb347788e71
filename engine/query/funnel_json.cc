// FunnelConfig <-> JSON. docs/http_api_funnels.md gives the grammar.
#include <array>
#include <cmath>

#include "engine/funnel.h"
#include "engine/query/filter_json.h"
#include "engine/query/funnel_names.h"
#include "engine/query/strict_json.h"

namespace tamis {
namespace engine {
namespace {

constexpr std::size_t kMaxNameBytes = 64;

Result<RetrieverConfig> read_retriever(const Json& value, const std::string& pointer) {
  static constexpr std::array<std::string_view, 4> kMembers = {"kind", "quota", "weight", "space"};
  TAMIS_RETURN_IF_ERROR(check_members(value, pointer, kMembers));
  if (!value.contains("kind")) return json_fault(value, pointer, "a retriever with a \"kind\"");
  TAMIS_ASSIGN_OR_RETURN(const std::size_t kind,
                         read_name(value.at("kind"), child_pointer(pointer, "kind"), kRetrieverKinds));
  RetrieverConfig retriever;
  retriever.kind = kRetrieverKinds[kind];
  if (const auto quota = value.find("quota"); quota != value.end()) {
    TAMIS_ASSIGN_OR_RETURN(retriever.quota, read_uint32(*quota, child_pointer(pointer, "quota"), 1, kMaxQuota));
  }
  if (const auto weight = value.find("weight"); weight != value.end()) {
    if (!weight->is_number() || !(weight->get<double>() > 0) || weight->get<double>() > kMaxRetrieverWeight)
      return json_fault(*weight, child_pointer(pointer, "weight"), "a number above 0 and at most 1000");
    retriever.weight = weight->get<double>();
  }
  if (retriever_reads_space(retriever.kind)) retriever.space = kDefaultSpace;
  if (const auto space = value.find("space"); space != value.end()) {
    const std::string space_pointer = child_pointer(pointer, "space");
    if (!retriever_reads_space(retriever.kind))
      return json_fault(*space, space_pointer, "no space: \"" + retriever.kind + "\" searches none");
    TAMIS_ASSIGN_OR_RETURN(retriever.space, read_string(*space, space_pointer, 1, kMaxNameBytes));
  }
  return retriever;
}

Status read_retrievers(const Json& list, const std::string& pointer, std::vector<RetrieverConfig>* retrievers) {
  if (!list.is_array() || list.empty() || list.size() > kMaxRetrievers)
    return json_fault(list, pointer, "a list of 1 to " + std::to_string(kMaxRetrievers) + " retrievers");
  retrievers->clear();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string element_pointer = child_pointer(pointer, i);
    TAMIS_ASSIGN_OR_RETURN(RetrieverConfig retriever, read_retriever(list[i], element_pointer));
    for (const RetrieverConfig& earlier : *retrievers) {
      if (earlier.kind == retriever.kind && earlier.space == retriever.space)
        return json_fault(list[i], element_pointer, "each retriever once; \"" + retriever.kind + "\" is repeated");
    }
    retrievers->push_back(std::move(retriever));
  }
  return Status::ok();
}

Status read_seen_types(const Json& list, const std::string& pointer, std::vector<std::string>* types) {
  if (!list.is_array() || list.size() > kMaxSeenTypes)
    return json_fault(list, pointer, "a list of at most " + std::to_string(kMaxSeenTypes) + " interaction types");
  types->clear();
  for (std::size_t i = 0; i < list.size(); ++i) {
    TAMIS_ASSIGN_OR_RETURN(std::string type, read_string(list[i], child_pointer(pointer, i), 1, kMaxNameBytes));
    types->push_back(std::move(type));
  }
  return Status::ok();
}

Status read_fallback(const Json& list, const std::string& pointer, std::vector<std::string>* fallback) {
  if (!list.is_array() || list.size() > kFallbackKinds.size())
    return json_fault(list, pointer, "a list of at most " + std::to_string(kFallbackKinds.size()) + " names");
  fallback->clear();
  for (std::size_t i = 0; i < list.size(); ++i) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t kind, read_name(list[i], child_pointer(pointer, i), kFallbackKinds));
    fallback->emplace_back(kFallbackKinds[kind]);
  }
  return Status::ok();
}

bool is_funnel_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (const char c : name) {
    const bool is_allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!is_allowed) return false;
  }
  return true;
}

Status check_name(std::string_view name) {
  if (is_funnel_name(name)) return Status::ok();
  return Status::invalid_argument("\"" + std::string(name.substr(0, 64)) +
                                  "\" is not a funnel name; expected 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
      .at_field("name");
}

Json retriever_json(const RetrieverConfig& retriever) {
  Json result{{"kind", retriever.kind}, {"quota", retriever.quota}, {"weight", retriever.weight}};
  if (!retriever.space.empty()) result["space"] = retriever.space;
  return result;
}

Json funnel_json(const FunnelConfig& funnel) {
  Json retrievers = Json::array();
  for (const RetrieverConfig& retriever : funnel.retrievers) retrievers.push_back(retriever_json(retriever));
  return Json{{"name", funnel.name},
              {"version", funnel.version},
              {"retrievers", std::move(retrievers)},
              {"merge", kMergeMethods[static_cast<std::size_t>(funnel.merge)]},
              {"exclude_seen", funnel.exclude_seen},
              {"seen_types", funnel.seen_types},
              {"filter", filter_json(funnel.filter)},
              {"fallback", funnel.fallback}};
}

Result<FunnelConfig> read_funnel(std::string_view name, const Json& document) {
  static constexpr std::array<std::string_view, 8> kMembers = {"name",         "version",    "retrievers", "merge",
                                                               "exclude_seen", "seen_types", "filter",     "fallback"};
  TAMIS_RETURN_IF_ERROR(check_members(document, "", kMembers));
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.name = name;
  if (const auto given = document.find("name"); given != document.end()) {
    TAMIS_ASSIGN_OR_RETURN(const std::string own_name, read_string(*given, "/name", 1, kMaxNameBytes));
    if (own_name != name) return json_fault(*given, "/name", "\"" + std::string(name) + "\", the name of the resource");
  }
  if (const auto version = document.find("version"); version != document.end()) {
    TAMIS_ASSIGN_OR_RETURN(funnel.version, read_uint32(*version, "/version", 1, 0xFFFFFFFF));
  }
  if (const auto retrievers = document.find("retrievers"); retrievers != document.end())
    TAMIS_RETURN_IF_ERROR(read_retrievers(*retrievers, "/retrievers", &funnel.retrievers));
  if (const auto merge = document.find("merge"); merge != document.end()) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t method, read_name(*merge, "/merge", kMergeMethods));
    funnel.merge = static_cast<MergeMethod>(method);
  }
  if (const auto exclude = document.find("exclude_seen"); exclude != document.end()) {
    TAMIS_ASSIGN_OR_RETURN(funnel.exclude_seen, read_bool(*exclude, "/exclude_seen"));
  }
  if (const auto types = document.find("seen_types"); types != document.end())
    TAMIS_RETURN_IF_ERROR(read_seen_types(*types, "/seen_types", &funnel.seen_types));
  if (const auto filter = document.find("filter"); filter != document.end()) {
    TAMIS_ASSIGN_OR_RETURN(funnel.filter, read_filter(*filter, "/filter"));
  }
  if (const auto fallback = document.find("fallback"); fallback != document.end())
    TAMIS_RETURN_IF_ERROR(read_fallback(*fallback, "/fallback", &funnel.fallback));
  return funnel;
}

}  // namespace
}  // namespace engine

Result<FunnelConfig> parse_funnel(std::string_view name, std::string_view json) {
  TAMIS_RETURN_IF_ERROR(engine::check_name(name));
  TAMIS_ASSIGN_OR_RETURN(const engine::Json document, engine::parse_json(json));
  return engine::read_funnel(name, document);
}

std::string funnel_to_json(const FunnelConfig& funnel) { return engine::to_text(engine::funnel_json(funnel)); }

Status validate_funnel(const FunnelConfig& funnel) {
  using namespace engine;
  TAMIS_RETURN_IF_ERROR(check_name(funnel.name));
  TAMIS_RETURN_IF_ERROR(validate_filter(funnel.filter));
  for (std::size_t i = 0; i < funnel.retrievers.size(); ++i) {
    if (!std::isfinite(funnel.retrievers[i].weight))
      return Status::invalid_argument("the weight is not finite")
          .at_field("/retrievers/" + std::to_string(i) + "/weight");
  }
  // One grammar, checked in one place: what a document could not say, a value made in code may not hold either.
  return read_funnel(funnel.name, funnel_json(funnel)).status();
}

}  // namespace tamis
