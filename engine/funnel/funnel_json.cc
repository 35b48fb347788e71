// FunnelConfig <-> JSON. funnel_members.cc says what a document may hold.
#include <utility>

#include "engine/documents/document_name.h"
#include "engine/documents/document_reader.h"
#include "engine/documents/document_schema.h"
#include "engine/documents/document_writer.h"
#include "engine/documents/filter_json.h"
#include "engine/funnel.h"
#include "engine/funnel/funnel_members.h"

namespace tamis {
namespace engine {
namespace {

// What says which funnel it is; no setting, so nothing to inherit.
bool is_identity(std::string_view member) { return member == "name" || member == "version" || member == "base"; }

FunnelDocument read_document(std::string_view name, const Json& json) {
  FunnelDocument document{.funnel = FunnelConfig::default_funnel(), .faults = {}};
  document.funnel.name = name;
  DocumentReader reader(json, "", &document.faults);
  describe(reader, document.funnel);
  reader.finish();
  document.funnel.inherited = reader.absent();
  std::erase_if(document.funnel.inherited, is_identity);
  return document;
}

Json write_document(const FunnelConfig& funnel) {
  FunnelConfig copy = funnel;  // describing takes what may be written to
  Json json;
  DocumentWriter writer(&json, copy.inherited);
  describe(writer, copy);
  return json;
}

}  // namespace
}  // namespace engine

FunnelDocument read_funnel_override(std::string_view name, std::string_view json) {
  if (Status status = engine::check_document_name(name, "name"); !status.is_ok())
    return {.funnel = {}, .faults = {std::move(status)}};
  const auto document = engine::parse_json(json);
  if (!document.is_ok()) return {.funnel = {}, .faults = {document.status()}};
  return engine::read_document(name, *document);
}

FunnelDocument read_funnel(std::string_view name, std::string_view json) {
  FunnelDocument document = read_funnel_override(name, json);
  if (document.funnel.base.empty()) document.funnel.inherited.clear();
  return document;
}

Result<FunnelConfig> parse_funnel(std::string_view name, std::string_view json) {
  FunnelDocument document = read_funnel(name, json);
  if (!document.faults.empty()) return std::move(document.faults.front());
  return std::move(document.funnel);
}

std::string funnel_to_json(const FunnelConfig& funnel) { return engine::to_text(engine::write_document(funnel)); }

Status validate_funnel(const FunnelConfig& funnel) {
  TAMIS_RETURN_IF_ERROR(engine::check_document_name(funnel.name, "name"));
  TAMIS_RETURN_IF_ERROR(validate_filter(funnel.filter));
  // One grammar, checked in one place: what a document could not say, a value made in code may not hold either.
  FunnelDocument document = engine::read_document(funnel.name, engine::write_document(funnel));
  return document.faults.empty() ? Status::ok() : std::move(document.faults.front());
}

std::string funnel_schema() {
  FunnelConfig funnel = FunnelConfig::default_funnel();
  engine::Json schema;
  engine::DocumentSchema writer(&schema);
  engine::describe(writer, funnel);
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["$id"] = "urn:tamis:schema:funnel";
  schema["title"] = "A funnel of Tamis";
  schema["$defs"] = engine::Json{{"filter", engine::filter_schema()}};
  return engine::to_text(schema);
}

}  // namespace tamis
