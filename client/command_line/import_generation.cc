#include "client/command_line/import_generation.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "client/command_line/commands.h"
#include "client/command_line/progress.h"
#include "client/http/problem.h"
#include "client/import/byte_source.h"
#include "client/import/generation_archive.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

// Sends what `make` hands on as the body of one request. A server that answers early has made up its mind.
Result<HttpResponse> upload(Client* client, const HttpRequest& head,
                            const std::function<Status(const ArchiveReceiver&)>& make) {
  Transport& transport = client->transport();
  const std::int64_t timeout_ms = transport.options().request_timeout_ms;
  TAMIS_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, transport.take_connection());
  TAMIS_RETURN_IF_ERROR(connection->begin_upload(head, timeout_ms));
  TAMIS_RETURN_IF_ERROR(make([&](std::string_view bytes) -> Result<bool> {
    if (InterruptGuard::is_interrupted()) return Status::unavailable("interrupted");
    return connection->write_chunk(bytes, timeout_ms);
  }));
  return connection->finish_upload(timeout_ms);
}

Status send_archive(const std::string& path, Progress* progress, const ArchiveReceiver& receive) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(path));
  std::string piece(kPieceBytes, '\0');
  for (std::uint64_t sent = 0;;) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t count, source->read(piece.data(), piece.size()));
    if (count == 0) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(const bool goes_on, receive(std::string_view(piece).substr(0, count)));
    if (!goes_on) return Status::ok();
    const double total = static_cast<double>(std::max<std::uint64_t>(source->total_bytes(), 1));
    sent += count;
    progress->update(sent, static_cast<double>(source->consumed_bytes()) / total, "");
  }
}

Status send_directory(const std::string& path, Progress* progress, const ArchiveReceiver& receive) {
  TAMIS_ASSIGN_OR_RETURN(const std::uint64_t total, archive_bytes(path));
  std::uint64_t sent = 0;
  return pack_directory(path, [&](std::string_view bytes) {
    sent += bytes.size();
    progress->update(sent, static_cast<double>(sent) / static_cast<double>(total), "");
    return receive(bytes);
  });
}

}  // namespace

int run_import_generation(const ImportOptions& options) {
  if (options.generation_name.empty()) return usage_error("import", "a generation needs --name NAME");
  if (!options.inputs.empty())
    return usage_error("import", "--generation stands for the file: no other input is taken");
  auto client = connect(options.remote);
  if (!client.is_ok()) return usage_error("import", client.status().message());
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(options.generation, error);
  if (is_directory) {
    if (const auto size = archive_bytes(options.generation); !size.is_ok())
      return usage_error("import", size.status().message());
  }
  HttpRequest head;
  head.method = "PUT";
  head.target = "/v1/generations/" + percent_encode(options.generation_name) + (options.promote ? "?promote=true" : "");
  head.content_type = "application/x-tar";
  const InterruptGuard guard;
  Progress progress("sending " + options.generation, "bytes", progress_on_stderr(options.remote.quiet));
  const auto answer = upload(client->get(), head, [&](const ArchiveReceiver& receive) {
    return is_directory ? send_directory(options.generation, &progress, receive)
                        : send_archive(options.generation, &progress, receive);
  });
  progress.finish(0, "sent " + options.generation);
  if (InterruptGuard::is_interrupted()) return kExitInterrupted;
  if (!answer.is_ok()) return report_failure("import", answer.status());
  if (!answer->is_success()) return report_failure("import", problem_status(*answer));
  if (options.remote.is_json()) {
    std::printf("%s\n", answer->body.c_str());
    return kExitOk;
  }
  const auto told = parse_answer(answer->body);
  if (!told.is_ok()) return report_failure("import", told.status());
  std::printf("generation %s: %s\n", options.generation_name.c_str(), told->value("state", "").c_str());
  const nlohmann::json inherited = told->value("inherited", nlohmann::json::object());
  for (const auto& [member, from] : inherited.items())
    std::printf("  %s is kept from %s\n", member.c_str(), from.is_string() ? from.get<std::string>().c_str() : "");
  const nlohmann::json left_out = told->value("left_out", nlohmann::json::object());
  for (const auto& [member, why] : left_out.items())
    std::fprintf(stderr, "tamis: import: %s is left out: %s\n", member.c_str(),
                 why.is_string() ? why.get<std::string>().c_str() : "");
  return kExitOk;
}

}  // namespace tamis::client
