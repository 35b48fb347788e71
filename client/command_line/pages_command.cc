#include "client/command_line/pages_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/item_name.h"
#include "client/command_line/table.h"

namespace tamis::client {
namespace {

using nlohmann::json;

json usual_rows(std::uint32_t k) {
  return {{{"name", "for_you"}, {"title", "For you"}, {"k", k}},
          {{"name", "because"}, {"title", "Because of {item.name}"}, {"because", true}, {"k", k}},
          {{"name", "trending"}, {"title", "Trending"}, {"retriever", "trending"}, {"k", k}},
          {{"name", "new"}, {"title", "New"}, {"retriever", "latest"}, {"k", k}}};
}

std::string member_text(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// The row's title; a server that knows no name of the item in it gives its id, which may have one in `name_feature`.
std::string title_of(const json& row, const std::string& name_feature, Client* client) {
  std::string title = member_text(row, "title");
  const std::string item = member_text(row, "because");
  if (!item.empty() && title.ends_with(" " + item)) {
    const auto entity = client->get_entity(EntityKind::kItem, item);
    const std::string name = entity.is_ok() ? item_name(entity->features, name_feature) : "";
    if (!name.empty()) title.replace(title.size() - item.size(), item.size(), name);
  }
  return title.empty() ? member_text(row, "name") : title;
}

void print_page_row(const json& row, const std::string& name_feature, Client* client) {
  std::printf("%s\n", title_of(row, name_feature, client).c_str());
  Table table;
  table.add_column("rank", Table::Align::kRight);
  table.add_column("item");
  table.add_column("name");
  const json items = row.value("list", json::object()).value("items", json::array());
  for (const json& item : items)
    table.add_row({member_text(item, "rank"), member_text(item, "item"), item_name(item, name_feature)});
  std::printf("%s\n", table.to_text(48).c_str());
}

}  // namespace

int run_pages(const PagesOptions& options) {
  json rows = usual_rows(options.k);
  if (!options.rows.empty()) {
    std::ifstream file(options.rows);
    rows = json::parse(file, nullptr, false);
    if (rows.is_object() && rows.contains("rows")) rows = json(rows["rows"]);
    if (!rows.is_array())
      return usage_error("pages", options.rows + R"( holds no JSON list of rows, expected [{"name":"for_you"}, ...])");
  }
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("pages", client.status()), kExitUsage;
  HttpRequest request;
  request.method = "POST";
  request.target = "/v1/pages";
  request.body = json{{"user", options.user},
                      {"rows", std::move(rows)},
                      {"request", {{"features", true}, {"dry_run", options.dry_run}}}}
                     .dump();
  request.repeatable = options.dry_run;
  const auto body = (*client)->call(request);
  if (!body.is_ok()) return report_failure("pages", body.status());
  if (options.remote.is_json()) {
    std::printf("%s\n", body->c_str());
    return kExitOk;
  }
  const json answer = json::parse(*body, nullptr, false);
  if (!answer.is_object()) return report_failure("pages", Status::internal("the server's answer is not a JSON object"));
  for (const json& row : answer.value("rows", json::array())) print_page_row(row, options.name_feature, client->get());
  for (const json& row : answer.value("left_out", json::array()))
    std::fprintf(stderr, "left out: %s: %s\n", member_text(row, "name").c_str(), member_text(row, "reason").c_str());
  return kExitOk;
}

void add_pages(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<PagesOptions>();
  CLI::App* command = app.add_subcommand("pages", "A whole page for a user: several rows without repeats");
  add_remote_options(command, &options->remote, true);
  command->add_option("user", options->user, "The user's id")->required();
  CLI::Option* rows =
      command
          ->add_option("--rows", options->rows,
                       "JSON file with the rows, as POST /v1/pages takes them (default: for you, because of the newest "
                       "item, trending, new)")
          ->check(CLI::ExistingFile);
  command->add_option("-k", options->k, "Items of each of the default rows")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->excludes(rows);
  add_name_option(command, &options->name_feature);
  command->add_flag("--dry-run", options->dry_run, "Do not log the rows as served");
  command->footer(
      "Examples:\n"
      "  tamis pages 17924 -k 4\n"
      "  tamis pages 17924 --rows home.json --format json\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached or is busy, 130 interrupted.");
  command->callback([options, exit_code] { *exit_code = run_pages(*options); });
}

}  // namespace tamis::client
