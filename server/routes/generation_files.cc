// PUT and GET /v1/generations/{name}: a generation's files as a tar archive, in and out (docs/models.md).
#include <algorithm>
#include <atomic>
#include <fstream>
#include <vector>

#include "server/archive/tar.h"
#include "server/json/answer_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPartBytes = 256u << 10;
constexpr std::uint64_t kWatermarkPeriodBytes = 4u << 20;

// A directory of one request's own, removed with it. Its name ends as those do that are swept at the next start.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const fs::path& root) {
    static std::atomic<std::uint64_t> last{0};
    path_ = root / ("exchange-" + std::to_string(++last) + ".tmp");
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const fs::path& path() const { return path_; }
  Status create() const {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) return Status::io_error("cannot create " + path_.string() + ": " + error.message());
    return Status::ok();
  }

 private:
  fs::path path_;
};

// A generation is a write like any other: it stops at the watermark that others stop at.
Status check_disk(const App& app, const fs::path& place) {
  const std::uint64_t watermark = app.database->options().storage.min_free_disk_bytes;
  std::error_code error;
  const fs::space_info space = fs::space(place, error);
  if (error || watermark == 0 || space.available >= watermark) return Status::ok();
  return Status::resource_exhausted("only " + std::to_string(space.available >> 20) +
                                    " MiB of disk are free, below storage.min_free_disk (" +
                                    std::to_string(watermark >> 20) + " MiB): the generation is not taken");
}

asio::awaitable<Response> put_generation(Exchange& exchange) {
  bool promote = false;
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.read_bool("promote", &promote).finish());
  const std::string& type = exchange.request().content_type;
  if (type != "application/x-tar" && type != "application/octet-stream")
    co_return to_response(http_problem(415, "the body is \"" + type + "\", expected application/x-tar"),
                          exchange.request());
  // Shared with the work below, which may outlast the request.
  const auto scratch = std::make_shared<ScratchDirectory>(exchange.app().generations_dir);
  TAMIS_REPLY_IF_ERROR(scratch->create());
  TarReader archive(scratch->path());
  std::uint64_t received = 0;  // since the disk was looked at
  bool is_first = true;
  exchange.lift_deadline();
  while (true) {
    const auto part = co_await exchange.read_part();
    if (!part.is_ok()) co_return to_response(exchange.body_failure(), exchange.request());
    if (part->empty()) break;
    received += part->size();
    if (received >= kWatermarkPeriodBytes || is_first) {
      TAMIS_REPLY_IF_ERROR(check_disk(exchange.app(), scratch->path()));
      received = 0;
      is_first = false;
    }
    TAMIS_REPLY_IF_ERROR(archive.add(*part));
  }
  TAMIS_REPLY_IF_ERROR(archive.finish());
  Database* database = exchange.app().database;
  std::function<Result<GenerationInfo>()> work = [database, scratch, promote,
                                                  name = exchange.parameter(0)]() -> Result<GenerationInfo> {
    TAMIS_ASSIGN_OR_RETURN(GenerationInfo info, database->import_generation(scratch->path(), name));
    if (!promote) return info;
    TAMIS_RETURN_IF_ERROR(database->promote(name));
    info.state = "serving";
    return info;
  };
  const auto info = co_await exchange.offload<GenerationInfo>(*exchange.app().workers, std::move(work));
  if (!info.is_ok()) co_return fail(exchange, info.status());
  co_return reply([&](JsonWriter* json) { write_generation(*info, json); }, 201);
}

asio::awaitable<Response> get_generation(Exchange& exchange) {
  const auto scratch = std::make_shared<ScratchDirectory>(exchange.app().generations_dir);
  Database* database = exchange.app().database;
  using Files = std::vector<fs::path>;
  std::function<Result<Files>()> work = [database, scratch, name = exchange.parameter(0)]() -> Result<Files> {
    TAMIS_RETURN_IF_ERROR(database->export_generation(name, scratch->path()));
    Files files;
    std::error_code error;
    for (fs::directory_iterator entry(scratch->path(), error), end; !error && entry != end; entry.increment(error))
      files.push_back(entry->path());
    if (error) return Status::io_error("cannot list " + scratch->path().string() + ": " + error.message());
    std::sort(files.begin(), files.end());
    return files;
  };
  const auto files = co_await exchange.offload<Files>(*exchange.app().workers, std::move(work));
  if (!files.is_ok()) co_return fail(exchange, files.status());

  Response streamed;
  streamed.is_streamed = true;
  exchange.lift_deadline();
  bool is_open = co_await exchange.begin_stream("application/x-tar");
  std::string part(kPartBytes, '\0');
  for (const fs::path& path : *files) {
    if (!is_open) break;
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    is_open = !error && file && co_await exchange.send_part(tar_header(path.filename().string(), size));
    for (std::uint64_t left = size; is_open && left > 0;) {
      const auto wanted = static_cast<std::streamsize>(std::min<std::uint64_t>(left, part.size()));
      if (!file.read(part.data(), wanted)) {
        is_open = false;
        break;
      }
      is_open = co_await exchange.send_part({part.data(), static_cast<std::size_t>(wanted)});
      left -= static_cast<std::uint64_t>(wanted);
    }
    const std::string padding = tar_padding(size);
    if (is_open && !padding.empty()) is_open = co_await exchange.send_part(padding);
  }
  if (is_open) is_open = co_await exchange.send_part(tar_end());
  streamed.close = !is_open;  // a broken archive is told by a broken connection
  co_return streamed;
}

}  // namespace

void add_generation_file_routes(Router* router) {
  router->add({.verb = Verb::put,
               .path = "/v1/generations/{name}",
               .scope = Scope::kAdmin,
               .body = BodyMode::kHandler,
               .handler = put_generation,
               .takes_long = true});
  router->add({.verb = Verb::get,
               .path = "/v1/generations/{name}",
               .scope = Scope::kAdmin,
               .handler = get_generation,
               .takes_long = true});
}

}  // namespace tamis::server
