// The document of a batch.
#include <array>

#include "common/ids.h"
#include "engine/batch.h"
#include "engine/documents/filter_json.h"
#include "engine/documents/member_reader.h"

namespace tamis {
namespace {

constexpr std::array<std::string_view, 10> kMembers = {
    "kind", "format", "k", "funnel", "space", "segment", "filter", "exclude_seen", "log", "max_per_second"};
constexpr std::array<std::string_view, 2> kKinds = {"recommendations", "similar_items"};
constexpr std::array<std::string_view, 2> kFormats = {"ndjson", "csv"};

}  // namespace

Result<BatchRequest> parse_batch(std::string_view text) {
  using engine::Json;
  TAMIS_ASSIGN_OR_RETURN(const Json document, engine::parse_json(text));
  engine::MemberReader reader(document, "", kMembers);
  BatchRequest request;
  const auto name = [&](std::string_view member, std::span<const std::string_view> names, std::string* value) {
    const Json* given = reader.value(member);
    if (given == nullptr) return;
    const auto found = engine::read_name(*given, reader.pointer_of(member), names);
    if (found.is_ok())
      *value = names[*found];
    else
      reader.fail(found.status());
  };
  const auto flag = [&](std::string_view member, auto* value) {
    const Json* given = reader.value(member);
    if (given == nullptr) return;
    const auto read = engine::read_bool(*given, reader.pointer_of(member));
    if (read.is_ok())
      *value = *read;
    else
      reader.fail(read.status());
  };
  name("kind", kKinds, &request.kind);
  name("format", kFormats, &request.format);
  if (const Json* k = reader.value("k")) {
    const auto read = engine::read_uint32(*k, reader.pointer_of("k"), 1, kMaxK);
    if (read.is_ok())
      request.k = *read;
    else
      reader.fail(read.status());
  }
  reader.text("funnel", &request.funnel, 1, 64);
  reader.text("space", &request.space, 1, 64);
  reader.filter("segment", &request.segment);
  reader.filter("filter", &request.filter);
  flag("exclude_seen", &request.exclude_seen);
  flag("log", &request.log);
  reader.number("max_per_second", &request.max_per_second, 0, 1e6);
  const bool is_of_items = request.kind == "similar_items";
  for (const char* member : {"funnel", "exclude_seen", "log"})
    if (is_of_items && reader.value(member) != nullptr)
      reader.refuse(member, std::string(member) + " is of recommendations; the kind is similar_items");
  if (!is_of_items && !request.space.empty())
    reader.refuse("space", "space is of similar_items; the kind is recommendations");
  if (!reader.status().is_ok()) return reader.status();
  return request;
}

std::string batch_request_to_json(const BatchRequest& request) {
  using engine::Json;
  Json document = {{"kind", request.kind}, {"format", request.format}, {"k", request.k}};
  if (!request.segment.is_trivial()) document["segment"] = Json::parse(filter_to_json(request.segment));
  if (!request.filter.is_trivial()) document["filter"] = Json::parse(filter_to_json(request.filter));
  if (request.max_per_second > 0) document["max_per_second"] = request.max_per_second;
  if (request.kind == "recommendations") {
    document["funnel"] = request.funnel;
    document["log"] = request.log;
    if (request.exclude_seen) document["exclude_seen"] = *request.exclude_seen;
  } else if (!request.space.empty()) {
    document["space"] = request.space;
  }
  return engine::to_text(document);
}

}  // namespace tamis
