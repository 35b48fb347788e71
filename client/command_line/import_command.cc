#include "client/command_line/import_command.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/import_csv.h"
#include "client/command_line/import_generation.h"
#include "client/command_line/import_records.h"
#include "client/command_line/input_file.h"
#include "client/command_line/table.h"
#include "client/import/vector_file.h"

namespace tamis::client {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"interactions", "items", "users", "vectors"};

bool is_kind(std::string_view text) { return std::find(kKinds.begin(), kKinds.end(), text) != kKinds.end(); }

Status import_vectors(ImportJob* job) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(job->path));
  std::unique_ptr<ByteSource> ids;
  std::unique_ptr<VectorReader> reader;
  if (job->format == "npy") {
    TAMIS_ASSIGN_OR_RETURN(ids, open_source(job->options.ids));
    const auto kind = job->options.of == "users" ? EntityKind::kUser : EntityKind::kItem;
    TAMIS_ASSIGN_OR_RETURN(reader, open_npy(source.get(), ids.get(), kind));
  } else {
    TAMIS_ASSIGN_OR_RETURN(reader, open_packed(source.get()));
  }
  ImportSession& session = *job->session;
  TAMIS_RETURN_IF_ERROR(session.ensure_space(reader->dim()));
  session.use_packed_vectors(reader->dim());
  session.begin_phase("vectors");
  VectorRow row;
  std::uint64_t rows = 0;
  while (session.keep_going(rows, source->consumed_bytes(), source->total_bytes())) {
    TAMIS_ASSIGN_OR_RETURN(const bool found, reader->next(&row));
    if (!found) break;
    ++rows;
    if (const Status fault = validate_external_id(row.id, "id"); !fault.is_ok()) {
      TAMIS_RETURN_IF_ERROR(session.bad_row(rows, fault));
      continue;
    }
    TAMIS_RETURN_IF_ERROR(session.add("vectors", packed_record(row), rows));
  }
  return session.finish_uploads();
}

// What is wrong with the command line itself; empty where nothing is.
std::string usage_fault(const ImportJob& job) {
  if (job.options.import_id.size() > 64) return "--import-id takes at most 64 bytes";
  if (job.kind.empty() && job.format == "ndjson") {
    return "say what the file holds: tamis import interactions|items|users|vectors " + job.path;
  }
  if (job.format != "csv" && !job.options.mapping.empty()) return "--mapping is for CSV";
  if (job.format != "csv" && job.options.print_mapping) return "--print-mapping is for CSV";
  const bool holds_vectors = job.format == "npy" || job.format == "packed";
  if (holds_vectors && job.kind != "vectors") {
    return "the format " + job.format + " holds vectors: tamis import vectors " + job.path + " --space NAME";
  }
  if (job.kind == "vectors" && job.options.space.empty()) return "vectors need --space NAME";
  if (job.format == "npy" && job.options.ids.empty()) return "an .npy file needs --ids FILE, with one id a line";
  return "";
}

// Takes back what an import stored, and says how much that was.
int run_undo(const ImportOptions& options) {
  if (!options.inputs.empty()) return usage_error("import", "--undo ID takes an import back; it reads no file");
  auto client = connect(options.remote);
  if (!client.is_ok()) return usage_error("import", client.status().message());
  HttpRequest request;
  request.method = "DELETE";
  request.target = "/v1/interactions?import_id=" + percent_encode(options.undo);
  request.repeatable = true;
  const auto answer = (*client)->call(request);
  if (!answer.is_ok()) return report_failure("import", answer.status());
  if (options.remote.is_json()) {
    std::printf("%s\n", answer->c_str());
    return kExitOk;
  }
  const auto document = nlohmann::json::parse(*answer, nullptr, false);
  const auto removed = document.is_object() ? document.find("deleted") : document.end();
  if (!document.is_object() || removed == document.end() || !removed->is_number_unsigned()) {
    std::printf("%s\n", answer->c_str());
  } else {
    std::printf("%-13s %s interactions of the import %s\n", "taken back",
                with_thousands(removed->get<std::uint64_t>()).c_str(), options.undo.c_str());
  }
  return kExitOk;
}

}  // namespace

int run_import(const ImportOptions& options) {
  if (!options.generation.empty()) return run_import_generation(options);
  if (!options.undo.empty()) return run_undo(options);
  if (options.inputs.empty())
    return usage_error("import", "which file? tamis import [KIND] FILE, --undo ID, or --generation PATH --name NAME");
  ImportJob job{options, "", "", options.format, nullptr};
  if (options.inputs.size() == 2) {
    if (!is_kind(options.inputs[0]))
      return usage_error("import", "\"" + options.inputs[0] + "\" is none of interactions, items, users, vectors");
    job.kind = options.inputs[0];
  }
  job.path = options.inputs.back();
  if (options.inputs.size() == 1 && is_kind(job.path))
    return usage_error("import", "which file? tamis import " + job.path + " FILE");
  if (job.format == "auto" && !options.mapping.empty()) job.format = "csv";
  if (job.format == "auto") {
    const auto format = format_of_file(job.path);
    if (!format.is_ok()) return usage_error("import", format.status().message());
    job.format = *format;
  }
  if (const std::string fault = usage_fault(job); !fault.empty()) return usage_error("import", fault);
  Mapping mapping;
  if (job.format == "csv") {
    std::string toml;
    auto made = mapping_of(job, &toml);
    if (!made.is_ok()) return usage_error("import", made.status().message());
    mapping = std::move(made).value();
    if (options.print_mapping) {
      std::fputs(toml.c_str(), stdout);
      if (toml.empty())
        return usage_error("import", "--print-mapping shows a mapping that is inferred; leave --mapping out");
      return kExitOk;
    }
  }

  std::unique_ptr<Client> client;
  if (!options.dry_run) {
    auto connected = connect(options.remote);
    if (!connected.is_ok()) return usage_error("import", connected.status().message());
    client = std::move(connected).value();
  }
  const InterruptGuard guard;
  ImportSession session(client.get(), options, name_of_file(job.path), job.format);
  job.session = &session;
  const auto start = std::chrono::steady_clock::now();
  Status outcome = job.format == "csv"      ? import_csv(&job, mapping)
                   : job.format == "ndjson" ? import_records(&job)
                                            : import_vectors(&job);
  // What was read is sent even where reading failed: rows before the fault are good.
  if (!outcome.is_ok() && outcome.code() != StatusCode::kUnavailable) {
    if (const Status last = session.finish_uploads(); !last.is_ok() && last.code() == StatusCode::kUnavailable)
      outcome = last;
  }
  if (!outcome.is_ok()) outcome = std::move(outcome).with_context(name_of_file(job.path));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return session.report(outcome, job.filtered, seconds);
}

}  // namespace tamis::client
