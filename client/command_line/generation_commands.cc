#include "client/command_line/generation_commands.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "client/command_line/commands.h"
#include "client/command_line/table.h"
#include "client/http/endpoint.h"
#include "client/http/problem.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

using nlohmann::json;

std::string text_of(const json& row, const char* member) {
  const auto found = row.find(member);
  if (found == row.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// "ials, bpr (g3)": members, and where those that were taken over come from.
std::string members_of(const json& generation) {
  const json inherited = generation.value("inherited", json::object());
  std::string text;
  const json members = generation.value("models", json::array());
  for (const json& member : members) {
    if (!member.is_string()) continue;
    const auto name = member.get<std::string>();
    text += (text.empty() ? "" : ", ") + name;
    if (inherited.contains(name)) text += " (" + text_of(inherited, name.c_str()) + ")";
  }
  return text;
}

// Sends the request and prints the answer: as it is, or as `print` has it.
template <typename Print>
int call_and_print(const char* command, const RemoteOptions& remote, const char* method, const std::string& target,
                   Print print) {
  auto client = connect(remote);
  if (!client.is_ok()) return report_failure(command, client.status()), kExitUsage;
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.repeatable = request.method == "GET";
  request.timeout_ms = 600'000;  // serving a generation builds its indexes
  const auto body = (*client)->call(request);
  if (!body.is_ok()) return report_failure(command, body.status());
  if (remote.is_json()) {
    std::printf("%s\n", body->c_str());
    return kExitOk;
  }
  const auto document = parse_answer(*body);
  if (!document.is_ok()) return report_failure(command, document.status());
  print(*document);
  return kExitOk;
}

void print_serving(const json& answer) { std::printf("generation %s serves\n", text_of(answer, "generation").c_str()); }

}  // namespace

int run_generations(const GenerationOptions& options) {
  return call_and_print("generations", options.remote, "GET", "/v1/generations", [](const json& answer) {
    Table table;
    for (const char* title : {"generation", "state", "made", "members", "note"}) table.add_column(title);
    const json rows = answer.value("generations", json::array());
    for (const json& row : rows)
      table.add_row({text_of(row, "generation"), text_of(row, "state"), text_of(row, "created_at"), members_of(row),
                     text_of(row, "note")});
    std::printf("%s", table.to_text(80).c_str());
  });
}

int run_promote(const GenerationOptions& options) {
  return call_and_print("promote", options.remote, "POST",
                        "/v1/generations/" + percent_encode(options.generation) + "/promote", print_serving);
}

int run_rollback(const GenerationOptions& options) {
  return call_and_print("rollback", options.remote, "POST", "/v1/generations/rollback", print_serving);
}

int run_jobs(const GenerationOptions& options) {
  return call_and_print("jobs", options.remote, "GET", "/v1/jobs", [](const json& answer) {
    Table table;
    for (const char* title : {"job", "state", "begun", "generation", "detail"}) table.add_column(title);
    const json rows = answer.value("jobs", json::array());
    for (const json& row : rows)
      table.add_row({text_of(row, "job"), text_of(row, "state"), text_of(row, "started_at"), text_of(row, "generation"),
                     text_of(row, "detail")});
    std::printf("%s", table.to_text(80).c_str());
  });
}

}  // namespace tamis::client
