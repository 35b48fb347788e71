#include "client/command_line/shop_commands.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "client/command_line/commands.h"
#include "client/command_line/item_name.h"
#include "client/command_line/pages_command.h"
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

HttpRequest get_of(std::string target) {
  HttpRequest request;
  request.target = std::move(target);
  request.repeatable = true;
  return request;
}

HttpRequest post_to(std::string target, const json& body, bool only_reads) {
  HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = body.dump();
  request.repeatable = only_reads;
  return request;
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

// A filter of the command line as the body's `member`, or a refusal of it.
bool add_filter(const char* command, const std::string& text, json* body, const char* member = "filter") {
  if (text.empty()) return true;
  const json filter = json::parse(text, nullptr, false);
  if (!filter.is_object()) {
    std::fprintf(stderr, "tamis: %s: --%s is \"%.64s\"; expected a JSON object, a filter\n", command, member,
                 text.c_str());
    return false;
  }
  (*body)[member] = filter;
  return true;
}

}  // namespace

int run_bought_together(const BoughtTogetherOptions& options) {
  json body = {{"items", options.items}, {"k", options.k}, {"mode", options.mode}, {"features", true}};
  if (!add_filter("bought-together", options.filter_json, &body)) return kExitUsage;
  int exit_code = kExitOk;
  const json answer =
      ask("bought-together", options.remote, post_to("/v1/bought_together", body, /*only_reads=*/true), &exit_code);
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
    std::vector<std::string> cells = {text_of(item, "rank"), text_of(item, "item"),
                                      item_name(item, options.name_feature), number_cell(item.value("lift", json())),
                                      text_of(item, "baskets")};
    if (options.items.size() > 1) cells.push_back(text_of(item, "because"));
    cells.push_back(text_of(item, "source"));
    table.add_row(std::move(cells));
  }
  std::printf("%s", table.to_text(48).c_str());
  print_warnings("bought-together", answer);
  return kExitOk;
}

int run_compare(const CompareOptions& options) {
  json body = {{"user", options.user}, {"k", options.k}, {"request", {{"features", true}}}};
  for (const auto& [member, value] : {std::pair("a", &options.a), std::pair("b", &options.b)}) {
    std::ifstream file(*value);
    if (value->find('.') == std::string::npos || !file) {
      body[member] = *value;
      continue;
    }
    body[member] = json::parse(file, nullptr, false);
    if (body[member].is_object()) continue;
    std::fprintf(stderr, "tamis: compare: %s holds no JSON object, expected a funnel document\n", value->c_str());
    return kExitUsage;
  }
  int exit_code = kExitOk;
  const json answer = ask("compare", options.remote, post_to("/v1/compare", body, /*only_reads=*/true), &exit_code);
  if (exit_code != kExitOk) return exit_code;
  if (options.remote.is_json()) {
    std::printf("%s\n", answer.dump().c_str());
    return kExitOk;
  }
  std::map<std::string, std::string> names;
  for (const char* side : {"a", "b"})
    for (const json& item : answer.value(side, json::object()).value("items", json::array()))
      names[text_of(item, "item")] = item_name(item, options.name_feature);
  Table table;
  table.add_column("a", Table::Align::kRight);
  table.add_column("b", Table::Align::kRight);
  table.add_column("item");
  table.add_column("name");
  for (const json& item : answer.value("items", json::array())) {
    const std::string id = text_of(item, "item");
    table.add_row({text_of(item, "rank_a"), text_of(item, "rank_b"), id, names[id]});
  }
  std::printf("%s\n", table.to_text(48).c_str());
  Table stages;
  stages.add_column("funnel");
  stages.add_column("stage");
  stages.add_column("count", Table::Align::kRight);
  stages.add_column("us", Table::Align::kRight);
  for (const char* side : {"a", "b"})
    for (const json& stage : answer.value(side, json::object()).value("stages", json::array()))
      stages.add_row({side, text_of(stage, "stage"), text_of(stage, "count"),
                      number_cell(stage.value("microseconds", json()), "%.0f")});
  std::printf("%s", stages.to_text(48).c_str());
  std::fprintf(stderr, "shared %s, jaccard %s, rank-biased overlap %s, mean rank change %s\n",
               text_of(answer, "shared").c_str(), number_cell(answer.value("jaccard", json()), "%.3f").c_str(),
               number_cell(answer.value("rank_biased_overlap", json()), "%.3f").c_str(),
               number_cell(answer.value("mean_rank_change", json()), "%.2f").c_str());
  return kExitOk;
}

namespace {

std::string encoded(const std::string& text) {
  std::string result;
  char escape[4];
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.') {
      result += c;
      continue;
    }
    std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    result += escape;
  }
  return result;
}

// Until the batch has ended; its last answer.
json wait_for(const BatchOptions& options, const std::string& id, int* exit_code) {
  while (true) {
    json batch = ask("batch", options.remote, get_of("/v1/batches/" + id), exit_code);
    if (*exit_code != kExitOk) return batch;
    const std::string state = text_of(batch, "state");
    if (state != "queued" && state != "running") return batch;
    if (!options.remote.quiet)
      std::fprintf(stderr, "\r%s %5.1f %%, %s ", id.c_str(), 100 * batch.value("progress", 0.0),
                   text_of(batch, "detail").c_str());
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

int fetch_lists(const BatchOptions& options, const std::string& id) {
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("batch", client.status()), kExitUsage;
  const auto lists = (*client)->call(get_of("/v1/batches/" + id + "/lists"));
  if (!lists.is_ok()) return report_failure("batch", lists.status());
  if (options.output == "-") {
    std::fwrite(lists->data(), 1, lists->size(), stdout);
    return kExitOk;
  }
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << *lists;
  file.close();
  if (file) return kExitOk;
  return report_failure("batch", Status::io_error("cannot write " + options.output));
}

}  // namespace

int run_batch(const BatchOptions& options) {
  json body = {{"kind", options.kind}, {"k", options.k}};
  body["format"] = !options.format.empty() ? options.format : options.output.ends_with(".csv") ? "csv" : "ndjson";
  if (!options.funnel.empty()) body["funnel"] = options.funnel;
  if (!options.space.empty()) body["space"] = options.space;
  if (options.no_log) body["log"] = false;
  if (options.max_per_second > 0) body["max_per_second"] = options.max_per_second;
  if (!add_filter("batch", options.filter_json, &body)) return kExitUsage;
  if (!add_filter("batch", options.segment_json, &body, "segment")) return kExitUsage;
  int exit_code = kExitOk;
  json batch = ask("batch", options.remote, post_to("/v1/batches", body, /*only_reads=*/false), &exit_code);
  if (exit_code != kExitOk) return exit_code;
  const std::string id = text_of(batch, "batch");
  if (!options.no_wait) batch = wait_for(options, id, &exit_code);
  if (exit_code != kExitOk) return exit_code;
  if (!options.no_wait && !options.remote.quiet) std::fprintf(stderr, "\n");
  const std::string state = text_of(batch, "state");
  if (!options.no_wait && state != "succeeded")
    return report_failure("batch", Status::internal(id + " " + state + ": " + text_of(batch, "detail")));
  if (!options.no_wait && !options.output.empty()) exit_code = fetch_lists(options, id);
  if (options.output == "-") return exit_code;
  if (options.remote.is_json())
    std::printf("%s\n", batch.dump().c_str());
  else
    std::printf("%s: %s, %s lists, %s\n", id.c_str(), state.c_str(), text_of(batch, "lists").c_str(),
                options.output.empty() ? text_of(batch, "path").c_str() : options.output.c_str());
  return exit_code;
}

int run_audience(const AudienceOptions& options) {
  std::string target = "/v1/items/" + encoded(options.item) + "/audience?k=" + std::to_string(options.k);
  if (!options.filter_json.empty()) target += "&filter=" + encoded(options.filter_json);
  if (options.with_seen) target += "&exclude_seen=false";
  if (!options.cap_type.empty())
    target += "&cap_type=" + encoded(options.cap_type) + "&cap=" + std::to_string(options.cap) +
              "&cap_days=" + number_cell(json(options.cap_days), "%.9g");
  int exit_code = kExitOk;
  const json answer = ask("audience", options.remote, get_of(target), &exit_code);
  if (exit_code != kExitOk) return exit_code;
  if (options.remote.is_json()) {
    std::printf("%s\n", answer.dump().c_str());
    return kExitOk;
  }
  Table table;
  table.add_column("rank", Table::Align::kRight);
  table.add_column("user");
  table.add_column("score", Table::Align::kRight);
  table.add_column("because of");
  for (const json& user : answer.value("users", json::array()))
    table.add_row({text_of(user, "rank"), text_of(user, "user"), number_cell(user.value("score", json())),
                   text_of(user, "because")});
  std::printf("%s", table.to_text(48).c_str());
  std::fprintf(stderr, "left out: %s\n", text_of(answer, "left_out").c_str());
  return kExitOk;
}

namespace {

void add_batch(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<BatchOptions>();
  CLI::App* command = app.add_subcommand("batch", "Lists for all users, or similar items of all items, into a file");
  add_remote_options(command, &options->remote, false);
  command->add_option("kind", options->kind, "recommendations or similar_items")
      ->check(CLI::IsMember({"recommendations", "similar_items"}))
      ->capture_default_str();
  command->add_option("-k", options->k, "Items of each list")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--funnel", options->funnel, "Recommendations: the funnel (default: the server's)");
  command->add_option("--space", options->space, "Similar items: the space");
  command->add_option("--segment", options->segment_json, "Condition on the users (or items) that get a list, as JSON");
  command->add_option("--filter", options->filter_json, "Condition on the items of a list, as JSON");
  command->add_option("-o,--output", options->output, "File; - is standard output (default: a file on the server)");
  command->add_option("--format", options->format, "ndjson or csv (default: by the file's name)")
      ->check(CLI::IsMember({"ndjson", "csv"}));
  command->add_option("--max-per-second", options->max_per_second,
                      "Lists a second (default: as many as queries leave)");
  command->add_flag("--no-log", options->no_log, "Do not log the lists as served");
  command->add_flag("--no-wait", options->no_wait, "Print the batch's id and return");
  command->footer(
      std::string("Examples:\n"
                  "  tamis batch -k 20 --output mail.csv --segment '{\"field\":\"country\",\"eq\":\"France\"}'\n"
                  "  tamis batch similar_items --output similar.ndjson\n"
                  "The batch goes on where the watching ends, and after a restart of the server.") +
      kShopExitCodes);
  command->callback([options, exit_code] { *exit_code = run_batch(*options); });
}

void add_audience(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<AudienceOptions>();
  CLI::App* command = app.add_subcommand("audience", "The users to tell of an item");
  add_remote_options(command, &options->remote, true);
  command->add_option("item", options->item, "The item's id")->required();
  command->add_option("-k", options->k, "How many")->check(CLI::Range(1, 10'000))->capture_default_str();
  command->add_option("--filter", options->filter_json, "Condition on the users' features, as JSON");
  command->add_flag("--with-seen", options->with_seen, "Users who have had to do with the item, too");
  command->add_option("--cap-type", options->cap_type, "Leave out who has had enough interactions of this type: mail");
  command->add_option("--cap", options->cap, "How many are enough")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--cap-days", options->cap_days, "In how many days")->capture_default_str();
  command->footer(
      std::string("Examples:\n"
                  "  tamis audience 85123A -k 500 --cap-type mail --cap 2 --cap-days 7\n"
                  "  tamis audience 85123A --filter '{\"field\":\"country\",\"eq\":\"France\"}' --format json") +
      kShopExitCodes);
  command->callback([options, exit_code] { *exit_code = run_audience(*options); });
}

void add_compare(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare", "What two funnels recommend to one user, side by side");
  add_remote_options(command, &options->remote, true);
  command->add_option("user", options->user, "The user's id")->required();
  command->add_option("-a", options->a, "A funnel's name, or a file with a funnel document (home.json)")->required();
  command->add_option("-b", options->b, "Likewise")->required();
  command->add_option("-k", options->k, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  add_name_option(command, &options->name_feature);
  command->footer(std::string("Examples:\n"
                              "  tamis compare 17924 -a default -b home\n"
                              "  tamis compare 17924 -a default -b docs/examples/funnels/blended.json -k 20\n"
                              "Nothing is logged as served.") +
                  kShopExitCodes);
  command->callback([options, exit_code] { *exit_code = run_compare(*options); });
}

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
  add_name_option(command, &options->name_feature);
  command->footer(std::string("Examples:\n"
                              "  tamis bought-together 85123A -k 5\n"
                              "  tamis bought-together 22697 22698 --mode strict") +
                  kShopExitCodes);
  command->callback([options, exit_code] { *exit_code = run_bought_together(*options); });
}

}  // namespace

void add_shop_commands(CLI::App& app, int* exit_code) {
  add_bought_together(app, exit_code);
  add_compare(app, exit_code);
  add_pages(app, exit_code);
  add_batch(app, exit_code);
  add_audience(app, exit_code);
}

}  // namespace tamis::client
