#include "client/command_line/operation_commands.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/table.h"

namespace tamis::client {
namespace {

using nlohmann::json;

std::string value_text(const std::string& name, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  const bool is_bytes = name.find("bytes") != std::string::npos || name.starts_with("memory_parts.");
  if (value.is_number_unsigned() && is_bytes) return as_bytes(value.get<double>());
  if (value.is_number_unsigned()) return with_thousands(value.get<std::uint64_t>());
  if (!value.is_number_float()) return value.dump();
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value.get<double>());
  return text;
}

// Leaves by dotted name: {"storage":{"a":1}} gives "storage.a".
void add_leaves(const std::string& name, const json& value, Table* table) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) add_leaves(name.empty() ? key : name + "." + key, member, table);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool named = value[i].is_object() && value[i].contains("name") && value[i]["name"].is_string();
      add_leaves(name + "." + (named ? value[i]["name"].get<std::string>() : std::to_string(i)), value[i], table);
    }
  } else {
    table->add_row({name, value_text(name, value)});
  }
}

int print_document(const std::string& body, bool as_json) {
  const auto document = json::parse(body, nullptr, false);
  if (as_json || !document.is_object()) {
    std::printf("%s\n", body.c_str());
    return kExitOk;
  }
  Table table;
  table.add_column("what");
  table.add_column("value", Table::Align::kRight);
  add_leaves("", document, &table);
  std::printf("%s", table.to_text(80).c_str());
  return kExitOk;
}

}  // namespace

int run_health(const HealthOptions& options) {
  RemoteOptions once = options.remote;
  once.attempts = 1;  // the caller asks for this moment
  auto client = connect(once);
  if (!client.is_ok()) return report_failure("health", client.status()), kExitUsage;
  const auto health = (*client)->health_json(options.ready);
  if (!health.is_ok()) return report_failure("health", health.status());
  return print_document(*health, options.remote.is_json());
}

int run_stats(const StatsOptions& options) {
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("stats", client.status()), kExitUsage;
  const auto stats = (*client)->stats_json();
  if (!stats.is_ok()) return report_failure("stats", stats.status());
  return print_document(*stats, options.remote.is_json());
}

int run_snapshot(const SnapshotOptions& options) {
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("snapshot", client.status()), kExitUsage;
  const auto snapshot = (*client)->snapshot(options.name);
  if (!snapshot.is_ok()) return report_failure("snapshot", snapshot.status());
  return print_document(*snapshot, options.remote.is_json());
}

}  // namespace tamis::client
