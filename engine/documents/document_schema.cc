#include "engine/documents/document_schema.h"

#include <utility>

namespace tamis::engine {

DocumentSchema::DocumentSchema(Json* out) : out_(*out) {
  out_ = Json{{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", false}};
}

void DocumentSchema::put(std::string_view name, Json schema, std::string_view meaning) {
  schema["description"] = meaning;
  out_["properties"][std::string(name)] = std::move(schema);
}

void DocumentSchema::boolean(std::string_view name, bool* value, std::string_view meaning) {
  put(name, Json{{"type", "boolean"}, {"default", *value}}, meaning);
}

void DocumentSchema::integer(std::string_view name, std::uint32_t* value, std::uint32_t low, std::uint32_t high,
                             std::string_view meaning) {
  put(name, Json{{"type", "integer"}, {"minimum", low}, {"maximum", high}, {"default", *value}}, meaning);
}

void DocumentSchema::number(std::string_view name, double* value, const NumberRange& range, std::string_view meaning) {
  put(name,
      Json{{"type", "number"},
           {range.above_low ? "exclusiveMinimum" : "minimum", range.low},
           {range.below_high ? "exclusiveMaximum" : "maximum", range.high},
           {"default", *value}},
      meaning);
}

void DocumentSchema::text(std::string_view name, std::string* value, std::size_t low_bytes, std::size_t high_bytes,
                          std::string_view meaning) {
  Json schema{{"type", "string"}, {"minLength", low_bytes}, {"maxLength", high_bytes}};
  if (value->size() >= low_bytes) schema["default"] = *value;
  put(name, std::move(schema), meaning);
}

void DocumentSchema::choice(std::string_view name, std::string* value, Names names, std::string_view meaning) {
  Json schema{{"enum", names}};
  if (!value->empty()) schema["default"] = *value;
  put(name, std::move(schema), meaning);
}

void DocumentSchema::texts(std::string_view name, std::vector<std::string>* /*values*/, std::size_t most,
                           std::size_t high_bytes, std::string_view meaning) {
  put(name,
      Json{{"type", "array"},
           {"items", Json{{"type", "string"}, {"minLength", 1}, {"maxLength", high_bytes}}},
           {"maxItems", most}},
      meaning);
}

void DocumentSchema::choices(std::string_view name, std::vector<std::string>* values, Names names,
                             std::string_view meaning) {
  put(name, Json{{"type", "array"}, {"items", Json{{"enum", names}}}, {"maxItems", names.size()}, {"default", *values}},
      meaning);
}

void DocumentSchema::filter(std::string_view name, Filter* /*value*/, std::string_view meaning) {
  put(name, Json{{"$ref", "#/$defs/filter"}}, meaning);
}

void DocumentSchema::object(std::string_view name, const std::function<void(Members&)>& describe,
                            std::string_view meaning) {
  Json schema;
  DocumentSchema writer(&schema);
  describe(writer);
  put(name, std::move(schema), meaning);
}

void DocumentSchema::list(std::string_view name, std::size_t low, std::size_t high, const List& list,
                          std::string_view meaning) {
  list.resize(1);  // a default element tells of all
  Json element;
  DocumentSchema writer(&element);
  list.describe(0, writer);
  list.resize(0);
  put(name, Json{{"type", "array"}, {"items", std::move(element)}, {"minItems", low}, {"maxItems", high}}, meaning);
}

void DocumentSchema::alternatives(std::string_view name, Names names, std::size_t,
                                  const std::function<void(std::size_t, Members&)>& describe,
                                  std::string_view meaning) {
  Json kinds = Json::array();
  for (std::size_t i = 0; i < names.size(); ++i) {
    Json schema;
    DocumentSchema writer(&schema);
    writer.put(name, Json{{"const", names[i]}}, meaning);
    writer.require(name);
    describe(i, writer);
    kinds.push_back(std::move(schema));
  }
  out_ = Json{{"oneOf", std::move(kinds)}};
}

void DocumentSchema::require(std::string_view name) { out_["required"].push_back(name); }

}  // namespace tamis::engine
