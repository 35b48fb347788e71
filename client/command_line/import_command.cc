#include "client/command_line/import_command.h"

#include <algorithm>
#include <array>
#include <functional>

#include "client/command_line/import_generation.h"
#include "client/command_line/import_session.h"
#include "client/commands.h"
#include "client/import/csv_import.h"
#include "client/import/line_reader.h"
#include "client/import/vector_file.h"
#include "client/wire.h"
#include "common/checksum.h"

namespace tamis::client {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"interactions", "items", "users", "vectors"};

bool is_kind(std::string_view text) { return std::find(kKinds.begin(), kKinds.end(), text) != kKinds.end(); }

int usage_error(const std::string& message) {
  std::fprintf(stderr, "tamis: import: %s\n", message.c_str());
  return kExitUsage;
}

// By the name without .gz and .xz; "" where it does not tell.
std::string format_by_name(std::string name) {
  for (const std::string_view ending : {".gz", ".xz"}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  if (name.ends_with(".csv") || name.ends_with(".tsv")) return "csv";
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json")) return "ndjson";
  if (name.ends_with(".npy")) return "npy";
  if (name.ends_with(".tvec")) return "packed";
  return "";
}

// One import of one file; `kind` may be empty with a mapping.
struct Job {
  const ImportOptions& options;
  std::string kind;
  std::string path;
  std::string format;
  ImportSession* session;
  std::uint64_t filtered = 0;
};

Status import_csv_pass(Job* job, const Mapping& mapping, const CsvSelection& selection, const std::string& label) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(job->path));
  ImportSession& session = *job->session;
  session.begin_phase(label);
  std::uint64_t rows = 0;
  CsvReceiver receiver;
  receiver.entity = [&](EntityKind kind, const Entity& entity, std::uint64_t line) -> Status {
    TAMIS_RETURN_IF_ERROR(session.upload(std::string(collection_name(kind))).add(entity_to_json(entity), line));
    return session.take_server_errors();
  };
  receiver.interaction = [&](const Interaction& interaction, std::uint64_t line) -> Status {
    TAMIS_RETURN_IF_ERROR(session.upload("interactions").add(interaction_to_json(interaction), line));
    return session.take_server_errors();
  };
  receiver.vector = [&](const VectorRow& row, std::uint64_t line) -> Status {
    TAMIS_RETURN_IF_ERROR(session.upload("vectors").add(vector_to_json(row), line));
    return session.take_server_errors();
  };
  receiver.bad_row = [&](std::uint64_t line, const Status& fault) { return session.bad_row(line, fault); };
  receiver.keep_going = [&] { return session.keep_going(rows++, source->consumed_bytes(), source->total_bytes()); };
  CsvImport import(mapping, session.derives_keys());
  TAMIS_ASSIGN_OR_RETURN(const CsvCounts counts, import.run(source.get(), selection, receiver));
  job->filtered = std::max(job->filtered, counts.filtered);
  return session.finish_uploads();
}

// Items and users go first, so that a server that knows no unknown ids takes the interactions; a pipe can be read only
// once, so there they come last. Rows that both passes refuse are counted by the first.
Status import_csv(Job* job) {
  Mapping mapping;
  if (!job->options.mapping.empty()) {
    TAMIS_ASSIGN_OR_RETURN(mapping, load_mapping(job->options.mapping));
  } else {
    if (job->path == "-") return Status::invalid_argument("CSV from standard input needs --mapping");
    CsvFormat format;
    if (!job->options.delimiter.empty()) format.delimiter = job->options.delimiter[0];
    TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(job->path));
    TAMIS_ASSIGN_OR_RETURN(const auto header, read_csv_header(source.get(), format));
    TAMIS_ASSIGN_OR_RETURN(mapping, default_mapping(job->kind, header));
  }
  if (!job->options.delimiter.empty()) mapping.format.delimiter = job->options.delimiter[0];
  const auto wanted = [&](const char* kind, bool mapped) { return mapped && (job->kind.empty() || job->kind == kind); };
  CsvSelection entities;
  entities.items = wanted("items", mapping.items.has_value());
  entities.users = wanted("users", mapping.users.has_value());
  CsvSelection events;
  events.interactions = wanted("interactions", mapping.interactions.has_value());
  events.vectors = wanted("vectors", mapping.vectors.has_value());
  const bool has_entities = entities.items || entities.users;
  const bool has_events = events.interactions || events.vectors;
  if (!has_entities && !has_events) {
    return Status::invalid_argument("the mapping has no [" + job->kind + "] table");
  }
  if (events.vectors && job->options.space.empty()) return Status::invalid_argument("vectors need --space");
  if (job->path == "-" && has_entities && has_events) {
    return import_csv_pass(job, mapping, {entities.items, entities.users, events.interactions, events.vectors},
                           "importing");
  }
  if (has_entities) {
    const std::string label = entities.items && entities.users ? "items and users" : entities.items ? "items" : "users";
    TAMIS_RETURN_IF_ERROR(import_csv_pass(job, mapping, entities, label));
  }
  if (has_events && !InterruptGuard::is_interrupted()) {
    TAMIS_RETURN_IF_ERROR(import_csv_pass(job, mapping, events, events.interactions ? "interactions" : "vectors"));
  }
  return Status::ok();
}

// The line with a key derived from its number and content, where it has none.
std::string with_key(std::string_view line, std::uint64_t number) {
  const auto brace = line.find_first_not_of(" \t");
  if (brace == std::string_view::npos || line[brace] != '{' ||
      line.find("\"idempotency_key\"") != std::string_view::npos) {
    return std::string(line);
  }
  char key[64];
  std::snprintf(key, sizeof key, "{\"idempotency_key\":\"line-%llu-%016llx\",", static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(checksum64(line.data(), line.size())));
  return key + std::string(line.substr(brace + 1));
}

Status import_ndjson(Job* job) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(job->path));
  ImportSession& session = *job->session;
  session.begin_phase(job->kind);
  BulkUpload& upload = session.upload(job->kind);
  LineReader lines(source.get(), 1 << 20);
  const bool derive = job->kind == "interactions" && session.derives_keys();
  std::string_view line;
  while (session.keep_going(lines.line_number(), source->consumed_bytes(), source->total_bytes())) {
    const auto found = lines.next(&line);
    if (!found.is_ok() && found.status().code() != StatusCode::kInvalidArgument) return found.status();
    if (!found.is_ok()) {
      TAMIS_RETURN_IF_ERROR(session.bad_row(lines.line_number(), found.status()));
      continue;
    }
    if (!*found) break;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    TAMIS_RETURN_IF_ERROR(
        upload.add(derive ? with_key(line, lines.line_number()) : std::string(line), lines.line_number()));
    TAMIS_RETURN_IF_ERROR(session.take_server_errors());
  }
  return session.finish_uploads();
}

// A space that vectors bring with them is made, so that a first import is one command.
Status ensure_space(Client* client, const ImportOptions& options, std::uint32_t dim) {
  const auto existing = client->get_space(options.space);
  if (existing.is_ok()) {
    if (existing->dim == dim) return Status::ok();
    return Status::failed_precondition("the space " + options.space + " has dim " + std::to_string(existing->dim) +
                                       ", the file " + std::to_string(dim));
  }
  if (existing.status().code() != StatusCode::kNotFound) return existing.status();
  Space space;
  space.name = options.space;
  space.dim = dim;
  TAMIS_ASSIGN_OR_RETURN(space.metric, parse_metric(options.metric));
  return client->put_space(space);
}

Status import_vectors(Job* job, Client* client) {
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
  TAMIS_RETURN_IF_ERROR(ensure_space(client, job->options, reader->dim()));
  ImportSession& session = *job->session;
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
    TAMIS_RETURN_IF_ERROR(session.upload("vectors").add(packed_record(row), rows));
    TAMIS_RETURN_IF_ERROR(session.take_server_errors());
  }
  return session.finish_uploads();
}

// What is wrong with the command line itself; empty where nothing is.
std::string usage_fault(const Job& job) {
  if (job.format.empty()) return "the format of " + job.path + " is not clear from its name; give --format";
  if (job.kind.empty() && (job.format != "csv" || job.options.mapping.empty())) {
    return "say what the file holds: tamis import interactions|items|users|vectors FILE (or give a --mapping)";
  }
  if (job.format != "csv" && !job.options.mapping.empty()) return "--mapping is for CSV";
  if ((job.format == "npy" || job.format == "packed") && job.kind != "vectors") {
    return "the format " + job.format + " holds vectors: tamis import vectors FILE --space NAME";
  }
  if (job.kind == "vectors" && job.options.space.empty()) return "vectors need --space NAME";
  if (job.format == "npy" && job.options.ids.empty()) return "an .npy file needs --ids FILE, with one id a line";
  return "";
}

}  // namespace

int run_import(const ImportOptions& options) {
  if (!options.generation.empty()) return run_import_generation(options);
  if (options.inputs.empty())
    return usage_error("which file? tamis import [KIND] FILE, or --generation PATH --name NAME");
  Job job{options, "", "", options.format, nullptr};
  if (options.inputs.size() == 2) {
    if (!is_kind(options.inputs[0]))
      return usage_error("\"" + options.inputs[0] + "\" is none of interactions, items, users, vectors");
    job.kind = options.inputs[0];
  }
  job.path = options.inputs.back();
  if (options.inputs.size() == 1 && is_kind(job.path))
    return usage_error("which file? tamis import " + job.path + " FILE");
  if (job.format == "auto") job.format = !options.mapping.empty() ? "csv" : format_by_name(job.path);
  if (const std::string fault = usage_fault(job); !fault.empty()) return usage_error(fault);
  if (!options.mapping.empty()) {
    if (const auto mapping = load_mapping(options.mapping); !mapping.is_ok())
      return usage_error(mapping.status().message());
  }

  auto client = connect(options.remote);
  if (!client.is_ok()) return usage_error(client.status().message());
  const InterruptGuard guard;
  ImportSession session(client->get(), options, job.format);
  job.session = &session;
  const auto start = std::chrono::steady_clock::now();
  Status outcome = job.format == "csv"      ? import_csv(&job)
                   : job.format == "ndjson" ? import_ndjson(&job)
                                            : import_vectors(&job, client->get());
  // What was read is sent even where reading failed: rows before the fault are good.
  if (!outcome.is_ok() && outcome.code() != StatusCode::kUnavailable) {
    if (const Status last = session.finish_uploads(); !last.is_ok() && last.code() == StatusCode::kUnavailable)
      outcome = last;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return session.report(outcome, job.filtered, seconds);
}

}  // namespace tamis::client
