// /v1/snapshots: make one under the server's snapshots directory, list those that are there, remove one.
#include <algorithm>
#include <filesystem>

#include "server/json/json_reader.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

namespace fs = std::filesystem;

// A name becomes a directory of ours, so it must not lead anywhere else.
Status check_name(const std::string& name) {
  const bool is_plain = !name.empty() && name.size() <= 128 && name.front() != '.' &&
                        std::all_of(name.begin(), name.end(), [](unsigned char c) {
                          return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                        });
  if (is_plain) return Status::ok();
  return refuse(JsonPath{.parent = nullptr, .name = "name"}, "\"" + name.substr(0, 64) + "\"",
                "1 to 128 letters, digits, '-', '_' and '.', not beginning with a dot");
}

Result<std::string> read_name(const std::string& body, TimestampMs now_ms) {
  std::string name = "snapshot-" + format_rfc3339(now_ms);
  std::replace(name.begin(), name.end(), ':', '-');
  if (body.empty()) return name;
  static constexpr std::array<std::string_view, 1> kFields = {"name"};
  JsonDocument document;
  const JsonPath root_path;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(body));
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(root, root_path));
  const Status fields_status = read_fields(object, kFields, root_path, [&](std::size_t, simdjson::dom::element value) {
    return read_string(value, JsonPath{.parent = &root_path, .name = "name"}, &name);
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  TAMIS_RETURN_IF_ERROR(check_name(name));
  return name;
}

asio::awaitable<Response> post_snapshot(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  App& app = exchange.app();
  const auto name = read_name(exchange.request().body, app.database->options().clock->now_ms());
  if (!name.is_ok()) co_return fail(exchange, name.status());
  const fs::path dir = app.snapshots_dir / *name;
  std::function<Result<Sequence>()> work = [database = app.database, dir]() -> Result<Sequence> {
    std::error_code error;
    fs::create_directories(dir.parent_path(), error);
    if (error) return Status::io_error("cannot create " + dir.parent_path().string() + ": " + error.message());
    TAMIS_RETURN_IF_ERROR(database->snapshot(dir));
    return database->sequence();
  };
  const auto sequence = co_await exchange.offload<Sequence>(*app.workers, std::move(work));
  if (!sequence.is_ok()) co_return fail(exchange, sequence.status());
  co_return reply(
      [&](JsonWriter* json) {
        json->begin_object()
            .field("snapshot", *name)
            .field("path", dir.string())
            .field("sequence", *sequence)
            .end_object();
      },
      201);
}

asio::awaitable<Response> list_snapshots(Exchange& exchange) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(exchange.app().snapshots_dir, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unknown;
    std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && entry->is_directory(unknown)) names.push_back(std::move(name));  // '.': being made
  }
  std::sort(names.begin(), names.end());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("snapshots").begin_array();
    for (const std::string& name : names) json->value(name);
    json->end_array().end_object();
  });
}

// Under a hidden name first, so that what a crash leaves half removed is not taken for a snapshot. One in the making
// has a hidden name, too, and is not found.
Status remove_snapshot(const fs::path& dir) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) {
    return Status::not_found("there is no snapshot \"" + dir.filename().string() + "\"").at_field("name");
  }
  const fs::path hidden = dir.parent_path() / ("." + dir.filename().string() + ".removed");
  fs::remove_all(hidden, error);
  fs::rename(dir, hidden, error);
  if (!error) fs::remove_all(hidden, error);
  return error ? Status::io_error("cannot remove " + dir.string() + ": " + error.message()) : Status::ok();
}

asio::awaitable<Response> delete_snapshot(Exchange& exchange) {
  App& app = exchange.app();
  const std::string name = exchange.parameter(0);
  TAMIS_REPLY_IF_ERROR(check_name(name));
  std::function<Result<bool>()> work = [dir = app.snapshots_dir / name]() -> Result<bool> {
    TAMIS_RETURN_IF_ERROR(remove_snapshot(dir));
    return true;
  };
  const auto removed = co_await exchange.offload<bool>(*app.workers, std::move(work));
  if (!removed.is_ok()) co_return fail(exchange, removed.status());
  co_return Response{.status = 204};
}

}  // namespace

void add_snapshot_routes(Router* router) {
  router->add({.verb = Verb::get,
               .path = "/v1/snapshots",
               .scope = Scope::kAdmin,
               .handler = list_snapshots,
               .has_no_query = true});
  router->add({.verb = Verb::post,
               .path = "/v1/snapshots",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = post_snapshot,
               .takes_long = true});
  router->add({.verb = Verb::delete_,
               .path = "/v1/snapshots/{name}",
               .scope = Scope::kAdmin,
               .handler = delete_snapshot,
               .takes_long = true,
               .has_no_query = true});
}

}  // namespace tamis::server
