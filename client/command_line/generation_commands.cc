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

std::string fixed(double number, int digits) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", digits, number);
  return text;
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

// "NDCG@10 0.1730 (1: ...), 2.0 times that of what was in use, 4.9 times that of the most popular."
void print_gain(const json& trials) {
  double chosen = 0;
  double before = 0;
  double popular = 0;
  for (const json& trial : trials) {
    const double ndcg = trial.value("ndcg@10", 0.0);
    const std::string step = text_of(trial, "step");
    const std::string name = text_of(trial, "name");
    if (step == "funnel" && trial.value("chosen", false)) chosen = ndcg;
    if (step == "funnel" && name == "in use until now") before = ndcg;
    if (step == "retriever" && name == "popular") popular = ndcg;
  }
  if (chosen <= 0) return;
  std::printf("The lists reach NDCG@10 %s (1: the first places are just what people took next; 0: none of it)",
              fixed(chosen, 4).c_str());
  if (before > 0) std::printf(", %s times that of what was in use", fixed(chosen / before, 1).c_str());
  if (popular > 0) std::printf(", %s times that of the most popular items", fixed(chosen / popular, 1).c_str());
  std::printf(".\n\n");
}

// Each member with its figures, and why it has none.
void print_figures(const json& report) {
  const json metrics = report.value("metrics", json::object());
  const json left_out = report.value("left_out", json::object());
  Table table;
  table.add_column("model");
  table.add_column("NDCG@10", Table::Align::kRight);
  table.add_column("recall@10", Table::Align::kRight);
  table.add_column("detail");
  const auto add = [&](const std::string& model, const std::string& detail) {
    const json figures = metrics.value(model, json::object());
    const auto cell = [&](const char* name) { return figures.contains(name) ? fixed(figures[name], 4) : ""; };
    table.add_row({model, cell("ndcg@10"), cell("recall@10"), detail});
  };
  const json inherited = report.value("inherited", json::object());
  const json members = report.value("models", json::array());
  for (const json& member : members) {
    const std::string name = member.is_string() ? member.get<std::string>() : member.dump();
    add(name, inherited.contains(name) ? "of " + text_of(inherited, name.c_str()) : "");
  }
  for (const auto& [model, why] : left_out.items()) add(model, "not trained: " + text_of(left_out, model.c_str()));
  std::printf("%s", table.to_text(80).c_str());
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

int run_report(const GenerationOptions& options) {
  std::string generation = options.generation;
  if (generation.empty()) {
    auto client = connect(options.remote);
    if (!client.is_ok()) return report_failure("report", client.status()), kExitUsage;
    HttpRequest request;
    request.target = "/v1/generations";
    request.repeatable = true;
    const auto body = (*client)->call(request);
    if (!body.is_ok()) return report_failure("report", body.status());
    const auto document = parse_answer(*body);
    if (!document.is_ok()) return report_failure("report", document.status());
    generation = text_of(*document, "serving");
    if (generation.empty())
      return report_failure("report", Status::failed_precondition("no generation serves; `tamis train` makes one"));
  }
  const std::string target = "/v1/generations/" + percent_encode(generation) + "/report";
  return call_and_print("report", options.remote, "GET", target, [](const json& answer) {
    std::printf("%s: %s\n%s\n", text_of(answer, "generation").c_str(), members_of(answer).c_str(),
                text_of(answer, "note").c_str());
    const json trials = answer.value("trials", json::array());
    if (trials.empty()) {
      std::printf("Nothing was searched: models were named, or there was too little to measure on.\n\n");
      print_figures(answer);
      return;
    }
    print_gain(trials);
    Table table;
    table.add_column("tried");
    table.add_column("what");
    table.add_column("NDCG@10", Table::Align::kRight);
    table.add_column("95% interval");
    table.add_column("seconds", Table::Align::kRight);
    table.add_column("chosen");
    table.add_column("detail");
    for (const json& trial : trials) {
      const double ndcg = trial.value("ndcg@10", 0.0);
      std::string interval;
      if (const auto bounds = trial.find("interval"); bounds != trial.end())
        interval = fixed(bounds->at(0).get<double>(), 4) + " to " + fixed(bounds->at(1).get<double>(), 4);
      table.add_row({text_of(trial, "step"), text_of(trial, "name"), ndcg > 0 ? fixed(ndcg, 4) : "", interval,
                     fixed(trial.value("seconds", 0.0), 1), trial.value("chosen", false) ? "*" : "",
                     text_of(trial, "detail")});
    }
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
