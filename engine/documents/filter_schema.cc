#include "engine/documents/filter_json.h"
#include "engine/funnel.h"

namespace tamis::engine {
namespace {

Json reference() { return Json{{"$ref", "#/$defs/filter"}}; }

Json list_of_filters(const char* meaning) {
  return Json{{"type", "array"}, {"items", reference()}, {"description", meaning}};
}

Json only(const char* member, Json schema) {
  return Json{{"type", "object"},
              {"properties", Json{{member, std::move(schema)}}},
              {"required", Json::array({member})},
              {"additionalProperties", false}};
}

Json condition() {
  const Json scalar{{"type", Json::array({"string", "number", "boolean"})}};
  const Json ordered{{"type", Json::array({"string", "number"})}, {"description", "a number or an RFC 3339 date-time"}};
  const Json field{{"type", "string"}, {"minLength", 1}, {"maxLength", FeatureLimits::kMaxNameBytes}};
  const Json values{{"type", "array"}, {"items", scalar}, {"minItems", 1}, {"maxItems", kMaxFilterValues}};
  return Json{{"type", "object"},
              {"properties", Json{{"field", field},
                                  {"eq", scalar},
                                  {"in", values},
                                  {"lt", ordered},
                                  {"lte", ordered},
                                  {"gt", ordered},
                                  {"gte", ordered},
                                  {"exists", Json{{"type", "boolean"}}}}},
              {"required", Json::array({"field"})},
              {"minProperties", 2},
              {"additionalProperties", false}};
}

}  // namespace

Json filter_schema() {
  return Json{{"description", "a condition on features; \"id\" is the item's own id"},
              {"oneOf", Json::array({only("all", list_of_filters("every one holds")),
                                     only("any", list_of_filters("at least one holds")), only("not", reference()),
                                     condition()})}};
}

}  // namespace tamis::engine
