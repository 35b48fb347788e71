#include "client/command_line/export_command.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "client/command_line/commands.h"
#include "client/command_line/output_file.h"
#include "client/command_line/progress.h"
#include "client/command_line/table.h"
#include "client/import/csv_reader.h"
#include "client/import/vector_file.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

struct Export {
  const ExportOptions& options;
  Client* client;
  std::string format;
  OutputFile out;
  Progress* progress = nullptr;
  std::uint64_t rows = 0;
  std::uint64_t expected = 0;  // by /v1/stats; 0 where unknown

  Status step() {
    ++rows;
    if (rows % 256 == 0)
      progress->update(rows, expected == 0 ? -1 : static_cast<double>(rows) / static_cast<double>(expected));
    return InterruptGuard::is_interrupted() ? Status::failed_precondition("interrupted") : Status::ok();
  }
};

EntityKind kind_of(const std::string& name) { return name == "users" ? EntityKind::kUser : EntityKind::kItem; }

using EntityVisitor = std::function<Status(const Entity&)>;

Status for_each_entity(Client* client, EntityKind kind, const EntityVisitor& visit) {
  std::string cursor;
  do {
    TAMIS_ASSIGN_OR_RETURN(EntityPage page, client->list_entities(kind, cursor));
    for (const Entity& entity : page.rows) TAMIS_RETURN_IF_ERROR(visit(entity));
    cursor = std::move(page.cursor);
  } while (!cursor.empty());
  return Status::ok();
}

std::string csv_cell(const FeatureValue& value) {
  const auto* set = std::get_if<std::vector<std::string>>(&value);
  if (set == nullptr) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return csv_field(feature_to_text(value));
  }
  std::string joined;
  for (const std::string& element : *set) joined += (joined.empty() ? "" : "|") + element;
  return csv_field(joined);
}

// A CSV file's columns are the features of all entities: a first pass finds them.
Status export_entities_csv(Export* work, EntityKind kind) {
  std::set<std::string> names;
  const Status listed = for_each_entity(work->client, kind, [&](const Entity& entity) {
    for (const auto& [name, value] : entity.features) names.insert(name);
    return Status::ok();
  });
  if (!listed.is_ok()) return listed;
  std::string header = "id";
  for (const std::string& name : names) header += "," + csv_field(name);
  TAMIS_RETURN_IF_ERROR(work->out.write(header + "\n"));
  return for_each_entity(work->client, kind, [&](const Entity& entity) -> Status {
    std::string line = csv_field(entity.id);
    for (const std::string& name : names) {
      line += ',';
      const auto value = entity.features.find(name);
      if (value != entity.features.end()) line += csv_cell(value->second);
    }
    TAMIS_RETURN_IF_ERROR(work->out.write(line + "\n"));
    return work->step();
  });
}

Status export_entities(Export* work) {
  const EntityKind kind = kind_of(work->options.kind);
  if (work->format == "csv") return export_entities_csv(work, kind);
  return for_each_entity(work->client, kind, [&](const Entity& entity) -> Status {
    TAMIS_RETURN_IF_ERROR(work->out.write(entity_to_json(entity) + "\n"));
    return work->step();
  });
}

std::string interaction_to_csv(const Interaction& interaction) {
  return csv_field(interaction.user) + "," + csv_field(interaction.item) + "," + csv_field(interaction.type) + "," +
         (interaction.value ? number_to_json(*interaction.value) : "") + "," +
         format_rfc3339(interaction.timestamp_ms) + "," +
         (interaction.idempotency_key.empty() ? "" : csv_field(interaction.idempotency_key)) + "\n";
}

Status export_interactions(Export* work) {
  const bool csv = work->format == "csv";
  if (csv) TAMIS_RETURN_IF_ERROR(work->out.write("user,item,type,value,timestamp,idempotency_key\n"));
  return for_each_entity(work->client, EntityKind::kUser, [&](const Entity& user) -> Status {
    std::string cursor;
    do {
      TAMIS_ASSIGN_OR_RETURN(InteractionPage page, work->client->list_interactions(user.id, cursor));
      for (std::size_t i = 0; i < page.rows.size(); ++i) {
        Interaction& interaction = page.rows[i];
        // A row without a key gets one that its own server knows it by.
        if (interaction.idempotency_key.empty())
          interaction.idempotency_key = "tamis:" + std::to_string(page.sequences[i]);
        TAMIS_RETURN_IF_ERROR(
            work->out.write(csv ? interaction_to_csv(interaction) : interaction_to_json(interaction) + "\n"));
        TAMIS_RETURN_IF_ERROR(work->step());
      }
      cursor = std::move(page.cursor);
    } while (!cursor.empty());
    return Status::ok();
  });
}

// nullopt where the entity has no vector in the space.
Result<std::optional<VersionedVector>> get_vector(Client* client, const std::string& space, EntityKind kind,
                                                  const std::string& id) {
  HttpRequest request;
  request.target = "/v1/spaces/" + percent_encode(space) + "/vectors/" + std::string(collection_name(kind)) + "/" +
                   percent_encode(id);
  request.repeatable = true;
  const auto body = client->call(request);
  if (!body.is_ok()) {
    if (body.status().code() == StatusCode::kNotFound) return std::optional<VersionedVector>();
    return body.status();
  }
  TAMIS_ASSIGN_OR_RETURN(const nlohmann::json document, parse_answer(*body));
  VersionedVector found;
  if (const auto version = document.find("version"); version != document.end() && version->is_number_unsigned())
    found.version = version->get<std::uint64_t>();
  const auto elements = document.find("vector");
  if (elements == document.end() || !elements->is_array()) return Status::internal("a vector's answer has no vector");
  for (const auto& element : *elements) {
    if (!element.is_number()) return Status::internal("a vector's answer holds something that is no number");
    found.vector.push_back(element.get<float>());
  }
  return std::optional<VersionedVector>(std::move(found));
}

Status export_vectors(Export* work) {
  const ExportOptions& options = work->options;
  TAMIS_ASSIGN_OR_RETURN(const Space space, work->client->get_space(options.space));
  const EntityKind kind = kind_of(options.of);
  OutputFile ids;
  if (work->format == "npy") {
    TAMIS_RETURN_IF_ERROR(ids.open(options.ids));
    TAMIS_RETURN_IF_ERROR(work->out.write(npy_header(0, space.dim)));
  } else if (work->format == "packed") {
    TAMIS_RETURN_IF_ERROR(work->out.write(packed_header(space.dim)));
  }
  const Status written = for_each_entity(work->client, kind, [&](const Entity& entity) -> Status {
    TAMIS_ASSIGN_OR_RETURN(auto found, get_vector(work->client, options.space, kind, entity.id));
    if (!found) return Status::ok();
    const VectorRow row{kind, entity.id, std::move(found->vector), found->version};
    if (work->format == "npy") {
      const auto* bytes = reinterpret_cast<const char*>(row.vector.data());
      TAMIS_RETURN_IF_ERROR(ids.write(row.id + "\n"));
      TAMIS_RETURN_IF_ERROR(work->out.write({bytes, row.vector.size() * sizeof(float)}));
    } else {
      TAMIS_RETURN_IF_ERROR(
          work->out.write(work->format == "packed" ? packed_record(row) : vector_to_json(row) + "\n"));
    }
    return work->step();
  });
  if (!written.is_ok()) return written;
  if (work->format != "npy") return Status::ok();
  TAMIS_RETURN_IF_ERROR(ids.commit());
  return work->out.rewrite_start(npy_header(work->rows, space.dim));
}

std::string format_of(const ExportOptions& options) {
  if (options.format != "auto") return options.format;
  if (options.output.ends_with(".csv")) return "csv";
  if (options.output.ends_with(".npy")) return "npy";
  if (options.output.ends_with(".tvec")) return "packed";
  return "ndjson";
}

std::uint64_t count_of(Client* client, const std::string& kind) {
  const auto stats = client->stats_json();
  if (!stats.is_ok()) return 0;
  const auto document = nlohmann::json::parse(*stats, nullptr, false);
  if (!document.is_object() || !document.contains(kind) || !document[kind].is_number_unsigned()) return 0;
  return document[kind].get<std::uint64_t>();
}

}  // namespace

int run_export(const ExportOptions& options) {
  const std::string format = format_of(options);
  const bool vectors = options.kind == "vectors";
  if (vectors && options.space.empty()) return usage_error("export", "vectors need --space NAME");
  if (vectors && format == "csv") return usage_error("export", "vectors are exported as ndjson, npy or packed");
  if (!vectors && (format == "npy" || format == "packed"))
    return usage_error("export", "the format " + format + " holds vectors");
  if (format == "npy" && (options.ids.empty() || options.output == "-")) {
    return usage_error("export", "an .npy file needs --output FILE and --ids FILE");
  }
  auto client = connect(options.remote);
  if (!client.is_ok()) return usage_error("export", client.status().message());

  const InterruptGuard guard;
  Progress progress("exporting " + options.kind, "rows", progress_on_stderr(options.remote.quiet));
  Export work{options, client->get(), format, {}, &progress};
  work.expected = count_of(client->get(), vectors ? options.of : options.kind);
  Status status = work.out.open(options.output);
  if (status.is_ok()) {
    status = vectors                          ? export_vectors(&work)
             : options.kind == "interactions" ? export_interactions(&work)
                                              : export_entities(&work);
  }
  if (status.is_ok()) status = work.out.commit();
  if (!status.is_ok()) {
    const int code = report_failure("export", status);
    return InterruptGuard::is_interrupted() ? kExitInterrupted : code;
  }
  progress.finish(work.rows);
  return kExitOk;
}

}  // namespace tamis::client
