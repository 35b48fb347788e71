#include "engine/learn/generation_info_json.h"

#include <nlohmann/json.hpp>

#include "common/clock.h"
#include "engine/learn/whole_number.h"

namespace tamis::engine {

nlohmann::json generation_info_to_json(const GenerationInfo& info) {
  return {{"id", info.id},
          {"state", info.state},
          {"created", format_rfc3339(info.created_ms)},
          {"sequence", info.sequence},
          {"models", info.models},
          {"metrics", info.metrics},
          {"note", info.note}};
}

Result<GenerationInfo> parse_generation_info(const nlohmann::json& json) {
  try {
    GenerationInfo info;
    info.id = json.at("id").get<std::string>();
    info.state = json.at("state").get<std::string>();
    TAMIS_ASSIGN_OR_RETURN(info.created_ms, parse_rfc3339(json.at("created").get<std::string>()));
    TAMIS_ASSIGN_OR_RETURN(info.sequence, read_whole_number<Sequence>(json, "sequence"));
    info.models = json.at("models").get<std::vector<std::string>>();
    info.metrics = json.at("metrics").get<std::map<std::string, std::map<std::string, double>>>();
    info.note = json.at("note").get<std::string>();
    return info;
  } catch (const nlohmann::json::exception& error) {
    return Status::corruption(std::string("not a generation's description: ") + error.what());
  }
}

}  // namespace tamis::engine
