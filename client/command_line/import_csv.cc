#include "client/command_line/import_csv.h"

#include <algorithm>
#include <cstdio>

#include "client/command_line/input_file.h"
#include "client/import/csv_import.h"
#include "client/import/layout.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

constexpr std::size_t kSampleBytes = 256 << 10;

// The start of the file, to its last whole line.
Result<std::string> read_sample(const std::string& path, const std::string& encoding) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_text(path, encoding, false));
  std::string sample(kSampleBytes, '\0');
  std::size_t size = 0;
  for (std::size_t got = 1; got > 0 && size < sample.size(); size += got) {
    TAMIS_ASSIGN_OR_RETURN(got, source->read(sample.data() + size, sample.size() - size));
  }
  const bool is_whole = size < kSampleBytes;
  sample.resize(size);
  if (const auto last = sample.rfind('\n'); !is_whole && last != std::string::npos) sample.resize(last + 1);
  return sample;
}

Status import_pass(ImportJob* job, const Mapping& mapping, const CsvSelection& selection, const std::string& label,
                   bool is_first) {
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_text(job->path, mapping.encoding, is_first));
  ImportSession& session = *job->session;
  session.begin_phase(label);
  std::uint64_t rows = 0;
  bool has_space = false;
  CsvReceiver receiver;
  receiver.entity = [&](EntityKind kind, const Entity& entity, std::uint64_t line) {
    return session.add(std::string(collection_name(kind)), entity_to_json(entity), line);
  };
  receiver.interaction = [&](const Interaction& interaction, std::uint64_t line) {
    Interaction stored = interaction;
    stored.import_id = session.import_id();
    return session.add("interactions", interaction_to_json(stored), line);
  };
  receiver.vector = [&](const VectorRow& row, std::uint64_t line) -> Status {
    if (!has_space) TAMIS_RETURN_IF_ERROR(session.ensure_space(row.vector.size()));
    has_space = true;
    return session.add("vectors", vector_to_json(row), line);
  };
  receiver.bad_row = [&](std::uint64_t line, const Status& fault) { return session.bad_row(line, fault); };
  receiver.keep_going = [&] { return session.keep_going(rows++, source->consumed_bytes(), source->total_bytes()); };
  CsvImport import(mapping, session.start_keys());
  TAMIS_ASSIGN_OR_RETURN(const CsvCounts counts, import.run(source.get(), selection, receiver));
  job->filtered = std::max(job->filtered, counts.filtered);
  return session.finish_uploads();
}

}  // namespace

Result<Mapping> mapping_of(const ImportJob& job, std::string* toml) {
  const CsvFlags& flags = job.options.csv;
  if (!job.options.mapping.empty()) {
    TAMIS_ASSIGN_OR_RETURN(Mapping mapping, load_mapping(job.options.mapping));
    TAMIS_RETURN_IF_ERROR(apply_format_flags(flags, &mapping));
    TAMIS_RETURN_IF_ERROR(apply_column_flags(flags, job.kind, &mapping));
    return mapping;
  }
  if (job.path == "-") {
    Mapping mapping;
    TAMIS_RETURN_IF_ERROR(apply_format_flags(flags, &mapping));
    TAMIS_RETURN_IF_ERROR(apply_column_flags(flags, job.kind, &mapping));
    if (!mapping.items && !mapping.users && !mapping.interactions) {
      return Status::invalid_argument(
          "CSV from standard input cannot be looked at first: give --mapping FILE, or --user COLUMN and --item COLUMN");
    }
    return mapping;
  }
  TAMIS_ASSIGN_OR_RETURN(const std::string sample,
                         read_sample(job.path, flags.encoding.empty() ? "auto" : flags.encoding));
  auto layout = infer_layout(job.path, sample, job.kind, flags);
  if (!layout.is_ok()) return Status(layout.status()).with_context(job.path);
  std::fprintf(stderr, "tamis: %s: %s%s\n", job.path.c_str(), layout->summary.c_str(),
               job.options.print_mapping ? "" : " (--print-mapping shows the mapping, to keep)");
  *toml = std::move(layout->toml);
  return std::move(layout->mapping);
}

// Items and users go first, so that a server that knows no unknown ids takes the interactions; a pipe can be read only
// once, so there they come last. Rows that both passes refuse are counted by the first.
Status import_csv(ImportJob* job, const Mapping& mapping) {
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
  if (events.vectors && job->options.space.empty()) return Status::invalid_argument("vectors need --space NAME");
  if (job->path == "-" && has_entities && has_events) {
    return import_pass(job, mapping, {entities.items, entities.users, events.interactions, events.vectors}, "importing",
                       true);
  }
  if (has_entities) {
    const std::string label = entities.items && entities.users ? "items and users" : entities.items ? "items" : "users";
    TAMIS_RETURN_IF_ERROR(import_pass(job, mapping, entities, label, true));
  }
  if (has_events && !InterruptGuard::is_interrupted()) {
    TAMIS_RETURN_IF_ERROR(
        import_pass(job, mapping, events, events.interactions ? "interactions" : "vectors", !has_entities));
  }
  return Status::ok();
}

}  // namespace tamis::client
