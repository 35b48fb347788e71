#include "ranker/dlrm_metadata.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace tamis::ranker {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "tamis.dlrm";
constexpr int kVersion = 1;

Status fault(const std::string& path, const std::string& what) {
  return Status::invalid_argument(path + " " + what).at_field(path);
}

// The member `name` of `object` as T. Exceptions of the JSON library stop here.
template <typename T>
Result<T> member(const Json& object, const std::string& path, const char* name) {
  const std::string at = path.empty() ? name : path + "." + name;
  if (!object.is_object() || !object.contains(name)) return fault(at, "is missing");
  try {
    return object.at(name).get<T>();
  } catch (const Json::exception&) {
    return fault(at, "has another type than expected");
  }
}

Json to_json(const Field& field, const Vocabulary* vocabulary) {
  Json json = {{"name", field.name}, {"kind", field_kind_name(field.kind)}, {"side", field_side_name(field.side)}};
  if (vocabulary != nullptr) {
    json["values"] = vocabulary->values();
  } else {
    json["normalization"] = normalization_name(field.normalization);
    json["mean"] = field.mean;
    json["stddev"] = field.stddev;
    if (std::isfinite(field.low)) json["low"] = field.low;
    if (std::isfinite(field.high)) json["high"] = field.high;
  }
  return json;
}

Json to_json(const Calibrator& calibrator) {
  Json json = {{"kind", calibration_name(calibrator.kind)}};
  if (calibrator.kind == Calibration::kPlatt) {
    json["slope"] = calibrator.slope;
    json["offset"] = calibrator.offset;
  }
  if (calibrator.kind == Calibration::kIsotonic) {
    json["logits"] = calibrator.logits;
    json["probabilities"] = calibrator.probabilities;
  }
  return json;
}

Result<DlrmOptions> parse_options(const Json& json) {
  const std::string path = "options";
  DlrmOptions options;
  TAMIS_ASSIGN_OR_RETURN(options.dim, member<std::uint32_t>(json, path, "dim"));
  TAMIS_ASSIGN_OR_RETURN(options.bottom, member<std::vector<std::uint32_t>>(json, path, "bottom"));
  TAMIS_ASSIGN_OR_RETURN(options.top, member<std::vector<std::uint32_t>>(json, path, "top"));
  TAMIS_ASSIGN_OR_RETURN(const std::string interaction, member<std::string>(json, path, "interaction"));
  TAMIS_ASSIGN_OR_RETURN(options.interaction, parse_interaction(interaction));
  TAMIS_ASSIGN_OR_RETURN(options.batch_norm, member<bool>(json, path, "batch_norm"));
  TAMIS_ASSIGN_OR_RETURN(options.dropout, member<float>(json, path, "dropout"));
  return options;
}

Result<std::pair<Field, Vocabulary>> parse_field(const Json& json, const std::string& path) {
  Field field;
  Vocabulary vocabulary;
  TAMIS_ASSIGN_OR_RETURN(field.name, member<std::string>(json, path, "name"));
  TAMIS_ASSIGN_OR_RETURN(const std::string kind, member<std::string>(json, path, "kind"));
  TAMIS_ASSIGN_OR_RETURN(const std::string side, member<std::string>(json, path, "side"));
  const auto parsed_kind = parse_field_kind(kind);
  if (!parsed_kind.is_ok()) return fault(path + ".kind", parsed_kind.status().message());
  const auto parsed_side = parse_field_side(side);
  if (!parsed_side.is_ok()) return fault(path + ".side", parsed_side.status().message());
  field.kind = *parsed_kind;
  field.side = *parsed_side;
  if (field.is_numeric()) {
    TAMIS_ASSIGN_OR_RETURN(const std::string name, member<std::string>(json, path, "normalization"));
    const auto normalization = parse_normalization(name);
    if (!normalization.is_ok()) return fault(path + ".normalization", normalization.status().message());
    field.normalization = *normalization;
    TAMIS_ASSIGN_OR_RETURN(field.mean, member<float>(json, path, "mean"));
    TAMIS_ASSIGN_OR_RETURN(field.stddev, member<float>(json, path, "stddev"));
    if (json.contains("low")) {
      TAMIS_ASSIGN_OR_RETURN(field.low, member<double>(json, path, "low"));
    }
    if (json.contains("high")) {
      TAMIS_ASSIGN_OR_RETURN(field.high, member<double>(json, path, "high"));
    }
  } else {
    TAMIS_ASSIGN_OR_RETURN(auto values, member<std::vector<std::string>>(json, path, "values"));
    auto created = Vocabulary::create(std::move(values));
    if (!created.is_ok()) return fault(path + ".values", created.status().message());
    vocabulary = *std::move(created);
    field.rows = vocabulary.rows();
  }
  return std::pair{std::move(field), std::move(vocabulary)};
}

Result<FeatureEncoder> parse_fields(const Json& json) {
  if (!json.is_array()) return fault("fields", "is not an array");
  std::vector<Field> fields;
  std::vector<Vocabulary> vocabularies;
  for (std::size_t i = 0; i < json.size(); ++i) {
    TAMIS_ASSIGN_OR_RETURN(auto parsed, parse_field(json[i], "fields[" + std::to_string(i) + "]"));
    if (!parsed.first.is_numeric()) vocabularies.push_back(std::move(parsed.second));
    fields.push_back(std::move(parsed.first));
  }
  TAMIS_ASSIGN_OR_RETURN(FeatureSchema schema, FeatureSchema::create(std::move(fields)));
  return FeatureEncoder::create(std::move(schema), std::move(vocabularies));
}

Result<Calibrator> parse_calibrator(const Json& json) {
  const std::string path = "calibration";
  Calibrator calibrator;
  TAMIS_ASSIGN_OR_RETURN(const std::string kind, member<std::string>(json, path, "kind"));
  TAMIS_ASSIGN_OR_RETURN(calibrator.kind, parse_calibration(kind));
  if (calibrator.kind == Calibration::kPlatt) {
    TAMIS_ASSIGN_OR_RETURN(calibrator.slope, member<float>(json, path, "slope"));
    TAMIS_ASSIGN_OR_RETURN(calibrator.offset, member<float>(json, path, "offset"));
    if (!(calibrator.slope > 0) || !std::isfinite(calibrator.slope) || !std::isfinite(calibrator.offset))
      return fault(path, "needs a finite offset and a slope above 0");
  }
  if (calibrator.kind == Calibration::kIsotonic) {
    TAMIS_ASSIGN_OR_RETURN(calibrator.logits, member<std::vector<float>>(json, path, "logits"));
    TAMIS_ASSIGN_OR_RETURN(calibrator.probabilities, member<std::vector<float>>(json, path, "probabilities"));
    const auto& p = calibrator.probabilities;
    if (calibrator.logits.empty() || calibrator.logits.size() != p.size() ||
        !std::is_sorted(calibrator.logits.begin(), calibrator.logits.end()) || !std::is_sorted(p.begin(), p.end()) ||
        p.front() < 0 || p.back() > 1)
      return fault(path, "needs as many rising logits as rising probabilities in 0..1");
  }
  return calibrator;
}

}  // namespace

Result<std::string> format_metadata(const DlrmMetadata& metadata) {
  const DlrmOptions& options = metadata.options;
  const FeatureSchema& schema = metadata.encoder.schema();
  Json json = {{"format", kFormat}, {"version", kVersion}};
  json["options"] = {{"dim", options.dim},
                     {"bottom", options.bottom},
                     {"top", options.top},
                     {"interaction", interaction_name(options.interaction)},
                     {"batch_norm", options.batch_norm},
                     {"dropout", options.dropout}};
  json["fields"] = Json::array();
  std::size_t id_field = 0;
  for (const Field& field : schema.fields()) {
    const Vocabulary* vocabulary = field.is_numeric() ? nullptr : &metadata.encoder.vocabularies()[id_field++];
    json["fields"].push_back(to_json(field, vocabulary));
  }
  json["calibration"] = to_json(metadata.calibrator);
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return Status::invalid_argument("a field's name or value is not UTF-8");
  }
}

Result<DlrmMetadata> parse_metadata(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Status::invalid_argument("the ranker's metadata is not JSON");
  TAMIS_ASSIGN_OR_RETURN(const std::string format, member<std::string>(json, "", "format"));
  TAMIS_ASSIGN_OR_RETURN(const int version, member<int>(json, "", "version"));
  if (format != kFormat) return fault("format", "is \"" + format + "\", expected \"" + kFormat + "\"");
  if (version != kVersion) return fault("version", "is " + std::to_string(version) + ", expected 1");
  DlrmMetadata metadata;
  TAMIS_ASSIGN_OR_RETURN(const Json options, member<Json>(json, "", "options"));
  TAMIS_ASSIGN_OR_RETURN(metadata.options, parse_options(options));
  TAMIS_ASSIGN_OR_RETURN(const Json fields, member<Json>(json, "", "fields"));
  TAMIS_ASSIGN_OR_RETURN(metadata.encoder, parse_fields(fields));
  TAMIS_ASSIGN_OR_RETURN(const Json calibration, member<Json>(json, "", "calibration"));
  TAMIS_ASSIGN_OR_RETURN(metadata.calibrator, parse_calibrator(calibration));
  return metadata;
}

}  // namespace tamis::ranker
