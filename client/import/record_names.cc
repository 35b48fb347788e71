#include "client/import/record_names.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "client/import/column_names.h"
#include "client/import/sample_table.h"
#include "client/import/time_format.h"

namespace tamis::client {
namespace {

using nlohmann::json;

json as_id(const json& value) { return value.is_number_integer() ? json(value.dump()) : value; }

// The server reads RFC 3339 and milliseconds.
json as_time(const json& value) {
  if (value.is_number()) {
    const auto format = TimeFormat::parse(TimeFormat::epoch_of(value.get<double>()));
    const auto moment = format.is_ok() ? format->read(value.dump()) : Result<TimestampMs>(format.status());
    return moment.is_ok() ? json(*moment) : value;
  }
  return value;
}

// The first member of each role.
std::map<ColumnRole, std::string> roles_of(const json& record) {
  std::map<ColumnRole, std::string> roles;
  for (const auto& [name, value] : record.items()) {
    if (!value.is_null()) roles.try_emplace(role_of_column(plain_name(name)), name);
  }
  roles.erase(ColumnRole::kNone);
  return roles;
}

void adopt_interaction(json* record, std::string* told) {
  auto roles = roles_of(*record);
  if (!roles.contains(ColumnRole::kUser) || !roles.contains(ColumnRole::kItem)) return;
  json adopted = json::object();
  const auto take = [&](ColumnRole role, const char* name, auto convert) {
    const auto found = roles.find(role);
    if (found == roles.end() || adopted.contains(name)) return;
    adopted[name] = convert((*record)[found->second]);
    *told += (told->empty() ? "" : ", ") + std::string(name) + " = " + found->second;
  };
  const auto as_it_is = [](const json& value) { return value; };
  take(ColumnRole::kUser, "user", as_id);
  take(ColumnRole::kItem, "item", as_id);
  take(ColumnRole::kType, "type", as_it_is);
  take(ColumnRole::kRating, "value", as_it_is);
  take(ColumnRole::kAmount, "value", as_it_is);
  take(ColumnRole::kTime, "timestamp", as_time);
  if (!adopted.contains("type") && roles.contains(ColumnRole::kRating)) adopted["type"] = "rating";
  for (const char* own : {"context", "recommendation_id", "idempotency_key", "import_id"}) {
    if (record->contains(own)) adopted[own] = (*record)[own];
  }
  *record = std::move(adopted);
}

bool is_feature(const json& value) {
  if (!value.is_array()) return value.is_boolean() || value.is_number() || value.is_string();
  return std::all_of(value.begin(), value.end(), [](const json& element) { return element.is_string(); });
}

void adopt_entity(bool is_item, json* record, std::string* told) {
  const auto roles = roles_of(*record);
  const auto id = roles.find(is_item ? ColumnRole::kItem : ColumnRole::kUser);
  if (id == roles.end()) return;
  json adopted = {{"id", as_id((*record)[id->second])}, {"features", json::object()}};
  *told = "id = " + id->second + ", other members are features";
  for (const auto& [name, value] : record->items()) {
    if (name == id->second) continue;
    if (is_item && plain_name(name) == "ishidden" && value.is_boolean()) {
      adopted["hidden"] = value;
    } else if (is_feature(value)) {
      adopted["features"][name] = value;
    }
  }
  *record = std::move(adopted);
}

}  // namespace

void adopt_names(const std::string& kind, json* record, std::string* told) {
  if (kind == "interactions" && !(record->contains("user") && record->contains("item"))) {
    adopt_interaction(record, told);
  } else if ((kind == "items" || kind == "users") && !record->contains("id")) {
    adopt_entity(kind == "items", record, told);
  }
}

}  // namespace tamis::client
