#include "client/command_line/shop_commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/table.h"

namespace tamis::client {
namespace {

using nlohmann::json;

constexpr const char* kShopExitCodes =
    "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached or is busy, 130 interrupted.";

std::string number_cell(const json& value, const char* format = "%.4g") {
  if (!value.is_number()) return "";
  char text[32];
  std::snprintf(text, sizeof text, format, value.get<double>());
  return text;
}

std::string text_of(const json& object, const std::string& member) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string name_of(const json& item, const std::string& feature) {
  const auto features = item.find("features");
  return features == item.end() || !features->is_object() ? "" : text_of(*features, feature);
}

void print_warnings(const char* command, const json& answer) {
  const auto warnings = answer.find("warnings");
  if (warnings == answer.end() || !warnings->is_array()) return;
  for (const json& warning : *warnings) {
    if (!warning.is_object()) continue;
    const std::string path = text_of(warning, "path");
    std::fprintf(stderr, "tamis: %s: warning: %s%s%s\n", command, path.c_str(), path.empty() ? "" : ": ",
                 text_of(warning, "detail").c_str());
  }
}

// The answer to a request, as JSON. `exit_code` is set where there is none.
json ask(const char* command, const RemoteOptions& remote, const HttpRequest& request, int* exit_code) {
  auto client = connect(remote);
  if (!client.is_ok()) {
    report_failure(command, client.status());
    *exit_code = kExitUsage;
    return {};
  }
  const auto body = (*client)->call(request);
  if (!body.is_ok()) {
    *exit_code = report_failure(command, body.status());
    return {};
  }
  json answer = json::parse(*body, nullptr, false);
  if (!answer.is_object())
    *exit_code = report_failure(command, Status::internal("the server's answer is not a JSON object"));
  return answer;
}

// A filter of the command line, or a refusal of it.
bool add_filter(const char* command, const std::string& text, json* body) {
  if (text.empty()) return true;
  const json filter = json::parse(text, nullptr, false);
  if (!filter.is_object()) {
    std::fprintf(stderr, "tamis: %s: --filter is no JSON object\n", command);
    return false;
  }
  (*body)["filter"] = filter;
  return true;
}

}  // namespace

int run_bought_together(const BoughtTogetherOptions& options) {
  json body = {{"items", options.items}, {"k", options.k}, {"mode", options.mode}, {"features", true}};
  if (!add_filter("bought-together", options.filter_json, &body)) return kExitUsage;
  int exit_code = kExitOk;
  const json answer =
      ask("bought-together", options.remote,
          {.method = "POST", .target = "/v1/bought_together", .body = body.dump(), .repeatable = true}, &exit_code);
  if (exit_code != kExitOk) return exit_code;
  if (options.remote.is_json()) {
    std::printf("%s\n", answer.dump().c_str());
    return kExitOk;
  }
  Table table;
  table.add_column("rank", Table::Align::kRight);
  table.add_column("item");
  table.add_column("name");
  table.add_column("lift", Table::Align::kRight);
  table.add_column("baskets", Table::Align::kRight);
  if (options.items.size() > 1) table.add_column("with");
  table.add_column("source");
  for (const json& item : answer.value("items", json::array())) {
    std::vector<std::string> cells = {text_of(item, "rank"), text_of(item, "item"), name_of(item, options.name_feature),
                                      number_cell(item.value("lift", json())), text_of(item, "baskets")};
    if (options.items.size() > 1) cells.push_back(text_of(item, "because"));
    cells.push_back(text_of(item, "source"));
    table.add_row(std::move(cells));
  }
  std::printf("%s", table.to_text(48).c_str());
  print_warnings("bought-together", answer);
  return kExitOk;
}

namespace {

void add_bought_together(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<BoughtTogetherOptions>();
  CLI::App* command = app.add_subcommand("bought-together", "What people buy in one basket with an item or a cart");
  add_remote_options(command, &options->remote, true);
  command->add_option("items", options->items, "The item's id, or those of a cart")->required();
  command->add_option("-k,-n", options->k, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  command
      ->add_option("--mode", options->mode,
                   "strict: pairs of enough baskets alone; relaxed: filled from rarer pairs, item_knn, popular items")
      ->check(CLI::IsMember({"strict", "relaxed"}))
      ->capture_default_str();
  command->add_option("--filter", options->filter_json, "Condition on features, as JSON");
  command->add_option("--name", options->name_feature, "The feature that an item is called by")->capture_default_str();
  command->footer(std::string("Examples:\n"
                              "  tamis bought-together 85123A -k 5\n"
                              "  tamis bought-together 22697 22698 --mode strict") +
                  kShopExitCodes);
  command->callback([options, exit_code] { *exit_code = run_bought_together(*options); });
}

}  // namespace

void add_shop_commands(CLI::App& app, int* exit_code) { add_bought_together(app, exit_code); }

}  // namespace tamis::client
