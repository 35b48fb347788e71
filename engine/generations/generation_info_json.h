// GenerationInfo as JSON: in the registry's documents and in manifests.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/status.h"
#include "engine/requests.h"

namespace tamis::engine {

// {"id":"g3","state":"ready","created":"2011-12-01T10:00:00Z","sequence":1042,"models":["ials"],
//  "metrics":{"ials":{"ndcg@10":0.1}},"note":""}
nlohmann::json generation_info_to_json(const GenerationInfo& info);
// corruption naming the member that is missing or of the wrong type.
Result<GenerationInfo> parse_generation_info(const nlohmann::json& json);

// The member of an object as a T (an unsigned type): the library's own conversion takes booleans, fractions and numbers
// out of range, too. corruption naming the member and what it is. Throws the library's exception where the member is
// missing.
template <typename T>
Result<T> read_whole_number(const nlohmann::json& object, const char* member) {
  const nlohmann::json& value = object.at(member);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<T>::max()) return value.get<T>();
  return Status::corruption("\"" + std::string(member) + "\" is " + value.dump() +
                            "; expected a whole number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
}

}  // namespace tamis::engine
