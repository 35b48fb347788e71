#include "server/config/config_table.h"

#include <algorithm>
#include <limits>

#include "common/clock.h"
#include "server/config/interaction_type_members.h"

namespace tamis::server {
namespace {

constexpr std::uint64_t kMiB = 1ull << 20;

template <typename Access>
using Field = std::remove_reference_t<std::invoke_result_t<Access, Config&>>;

// Each of these makes a row; `access` gives the field of a Config that the row is about.
template <typename Access>
ConfigOption row(std::string key, std::string expected, std::string help, Access access,
                 std::function<Result<Field<Access>>(const std::string& key, const ConfigValue&)> read,
                 std::function<std::string(const Field<Access>&)> show) {
  ConfigOption option{.key = key, .expected = std::move(expected), .help = std::move(help)};
  option.set = [key, access, read](Config* config, const std::string&, const ConfigValue& value) -> Status {
    TAMIS_ASSIGN_OR_RETURN(access(*config), read(key, value));
    return Status::ok();
  };
  option.show = [access, show](const Config& config) {
    Config copy = config;
    return show(access(copy));
  };
  return option;
}

template <typename Access>
ConfigOption text(std::string key, std::string help, Access access) {
  return row(std::move(key), "text", std::move(help), access, as_text, show_text);
}

template <typename Access>
ConfigOption list(std::string key, std::string help, Access access) {
  return row(std::move(key), "list of texts", std::move(help), access, as_list, show_list);
}

template <typename Access>
ConfigOption flag(std::string key, std::string help, Access access) {
  return row(std::move(key), "true or false", std::move(help), access, as_bool,
             [](const bool& value) { return std::string(value ? "true" : "false"); });
}

template <typename Access>
ConfigOption integer(std::string key, std::uint64_t low, std::uint64_t high, std::string help, Access access) {
  using T = Field<Access>;
  return row(
      std::move(key), std::to_string(low) + " to " + std::to_string(high), std::move(help), access,
      [low, high](const std::string& name, const ConfigValue& value) -> Result<T> {
        TAMIS_ASSIGN_OR_RETURN(const std::uint64_t number, as_integer(name, value, low, high));
        return static_cast<T>(number);
      },
      [](const T& value) { return std::to_string(value); });
}

template <typename Access>
ConfigOption number(std::string key, double low, double high, std::string help, Access access) {
  return row(
      std::move(key), show_number(low) + " to " + show_number(high), std::move(help), access,
      [low, high](const std::string& name, const ConfigValue& value) { return as_number(name, value, low, high); },
      show_number);
}

template <typename Access>
ConfigOption size(std::string key, std::uint64_t low, std::string help, Access access) {
  return row(
      std::move(key), "size, at least " + show_size(low), std::move(help), access,
      [low](const std::string& name, const ConfigValue& value) { return as_size(name, value, low); }, show_size);
}

// A duration kept in units of `unit_ms`.
template <typename Access>
ConfigOption duration(std::string key, std::int64_t low_ms, std::int64_t high_ms, std::int64_t unit_ms,
                      std::string help, Access access) {
  using T = Field<Access>;
  return row(
      std::move(key), "duration, " + show_duration(low_ms) + " to " + show_duration(high_ms), std::move(help), access,
      [=](const std::string& name, const ConfigValue& value) -> Result<T> {
        TAMIS_ASSIGN_OR_RETURN(const std::int64_t ms, as_duration_ms(name, value, low_ms, high_ms));
        return static_cast<T>(ms) / static_cast<T>(unit_ms);
      },
      [unit_ms](const T& value) { return show_duration(static_cast<std::int64_t>(value * static_cast<T>(unit_ms))); });
}

// One word of a few, by the functions of the enum.
template <typename Access, typename Parse, typename Name>
ConfigOption word(std::string key, std::string words, std::string help, Access access, Parse parse, Name name_of) {
  using T = Field<Access>;
  return row(
      std::move(key), words, std::move(help), access,
      [words, parse](const std::string& name, const ConfigValue& value) -> Result<T> {
        TAMIS_ASSIGN_OR_RETURN(const std::string chosen, as_text(name, value));
        auto parsed = parse(chosen);
        if (!parsed.is_ok()) return refuse_value(name, value, words);
        return std::move(parsed).value();
      },
      [name_of](const T& value) { return show_text(name_of(value)); });
}

// A word that stays text, checked against the words of its row: "all, errors or none".
template <typename Access>
ConfigOption plain_word(std::string key, std::vector<std::string> words, std::string help, Access access) {
  std::string expected;
  for (std::size_t i = 0; i < words.size(); ++i)
    expected += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return word(
      std::move(key), expected, std::move(help), access,
      [words = std::move(words)](std::string_view text) -> Result<std::string> {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string(text);
        return Status::invalid_argument("not one of the words");
      },
      [](const std::string& text) { return text; });
}

void add_server(std::vector<ConfigOption>* out) {
  out->push_back(text("server.data_dir", "The data directory; created where it does not exist.",
                      [](Config& c) -> auto& { return c.server.data_dir; }));
  out->push_back(text("server.host",
                      "Address to listen on: an IP address or localhost. Beyond loopback keys must be configured.",
                      [](Config& c) -> auto& { return c.server.host; }));
  out->push_back(integer("server.port", 0, 65'535, "Port to listen on; 0 takes any free one and logs it.",
                         [](Config& c) -> auto& { return c.server.port; }));
  out->push_back(integer("server.io_threads", 0, 256, "Threads that serve connections; 0: one per core.",
                         [](Config& c) -> auto& { return c.server.io_threads; }));
  out->push_back(integer("server.workers", 1, 256,
                         "Threads for what would block: snapshots, scrapes, changes of funnels.",
                         [](Config& c) -> auto& { return c.server.workers; }));
  out->push_back(integer("server.worker_queue", 1, 100'000,
                         "Work that may wait for a worker, of each kind; beyond it 503.",
                         [](Config& c) -> auto& { return c.server.worker_queue; }));
  out->push_back(
      integer("server.query_workers", 1, 256,
              "Threads for heavy queries: long diverse lists, many users at once, exact search, the past. They "
              "run where light ones leave time.",
              [](Config& c) -> auto& { return c.server.query_workers; }));
  out->push_back(text("server.tls_certificate", "PEM file with the certificate chain; empty: no TLS.",
                      [](Config& c) -> auto& { return c.server.tls_certificate; }));
  out->push_back(text("server.tls_key", "PEM file with the certificate's private key.",
                      [](Config& c) -> auto& { return c.server.tls_key; }));
  out->push_back(
      list("server.cors_origins",
           "Origins of web pages elsewhere that may ask from a browser (CORS), as https://shop.example; * with "
           "keys only: any.",
           [](Config& c) -> auto& { return c.server.cors_origins; }));
  out->push_back(flag("server.gorse_api", "Answer a subset of Gorse's REST API under /api (docs/gorse_api.md).",
                      [](Config& c) -> auto& { return c.server.gorse_api; }));
  out->push_back(text("server.snapshots_dir", "Where snapshots go; empty: the data directory's name with -snapshots.",
                      [](Config& c) -> auto& { return c.server.snapshots_dir; }));
}

void add_auth(std::vector<ConfigOption>* out) {
  out->push_back(list("auth.keys",
                      "API keys as name:scopes:secret; scopes read, write, admin joined by +; the secret may be "
                      "sha256:<hex digest>.",
                      [](Config& c) -> auto& { return c.server.keys; }));
  out->push_back(
      text("auth.keys_file",
           "A file with further keys, one a line; # begins a comment. SIGHUP reads keys and certificates again.",
           [](Config& c) -> auto& { return c.server.keys_file; }));
  out->push_back(flag("auth.allow_anonymous", "Serve beyond loopback without keys: everyone may do everything.",
                      [](Config& c) -> auto& { return c.server.allow_anonymous; }));
  out->push_back(
      flag("auth.open_metrics", "/metrics asks for no key.", [](Config& c) -> auto& { return c.server.open_metrics; }));
}

void add_limits(std::vector<ConfigOption>* out) {
  out->push_back(size("limits.body", 1'024, "Longest body that is read whole; NDJSON and packed streams have no limit.",
                      [](Config& c) -> auto& { return c.server.max_body_bytes; }));
  out->push_back(size("limits.line", 1'024, "Longest record of an NDJSON stream.",
                      [](Config& c) -> auto& { return c.server.max_line_bytes; }));
  out->push_back(size("limits.header", 1'024, "Longest request header.",
                      [](Config& c) -> auto& { return c.server.max_header_bytes; }));
  out->push_back(
      size("limits.uri", 256, "Longest request target.", [](Config& c) -> auto& { return c.server.max_uri_bytes; }));
  out->push_back(integer("limits.connections", 1, 1'000'000, "Connections open at once; beyond it 503.",
                         [](Config& c) -> auto& { return c.server.max_connections; }));
  out->push_back(integer("limits.requests", 1, 1'000'000, "Requests being answered at once; beyond it 503.",
                         [](Config& c) -> auto& { return c.server.max_requests; }));
  out->push_back(
      duration("limits.queue_delay", 0, kDayMs, 1,
               "That requests may wait for their turn when the server is overloaded; beyond it 503 at once. 0: "
               "no limit.",
               [](Config& c) -> auto& { return c.server.max_queue_delay_ms; }));
  out->push_back(
      integer("limits.bulk_streams", 1, 10'000,
              "Bulk streams being taken at once; beyond it 503. While all are in use, one slower than 1 KiB/s "
              "ends.",
              [](Config& c) -> auto& { return c.server.max_bulk_streams; }));
  out->push_back(number("limits.requests_per_second", 0, 1e6,
                        "Requests of one key, or of one address without keys or with wrong ones; beyond it 429. 0: no "
                        "limit.",
                        [](Config& c) -> auto& { return c.server.requests_per_s; }));
  out->push_back(duration("limits.idle_timeout", 100, kDayMs, 1, "A connection without a request is closed after it.",
                          [](Config& c) -> auto& { return c.server.idle_timeout_ms; }));
  out->push_back(duration("limits.read_timeout", 100, kDayMs, 1,
                          "For a whole header, for each part of a body, for the peer to take an answer.",
                          [](Config& c) -> auto& { return c.server.read_timeout_ms; }));
  out->push_back(duration("limits.request_timeout", 100, kDayMs, 1,
                          "From a header's end to the answer; streams are exempt.",
                          [](Config& c) -> auto& { return c.server.request_timeout_ms; }));
  out->push_back(duration("limits.drain_timeout", 0, kDayMs, 1,
                          "For requests in flight when the server is stopped; what is left then is cancelled.",
                          [](Config& c) -> auto& { return c.server.drain_timeout_ms; }));
}

void add_log(std::vector<ConfigOption>* out) {
  out->push_back(plain_word("log.level", {"trace", "debug", "info", "warn", "error", "off"},
                            "Least severe lines that are logged.",
                            [](Config& c) -> auto& { return c.server.log_level; }));
  out->push_back(plain_word("log.access", {"all", "errors", "none"}, "Requests that are logged, one line each.",
                            [](Config& c) -> auto& { return c.server.log_access; }));
}

void add_storage(std::vector<ConfigOption>* out) {
  out->push_back(word(
      "storage.durability", "sync, interval or none",
      "When a write that names nothing else is acknowledged: after fsync; before an fsync that follows "
      "within storage.sync_interval; before any.",
      [](Config& c) -> auto& { return c.database.storage.durability; }, parse_durability, durability_name));
  out->push_back(duration("storage.sync_interval", 1, 60'000, 1, "Period of fsync in mode interval.",
                          [](Config& c) -> auto& { return c.database.storage.interval_ms; }));
  out->push_back(size("storage.block_cache", 8 * kMiB, "Memory for blocks read from disk.",
                      [](Config& c) -> auto& { return c.database.storage.block_cache_bytes; }));
  out->push_back(size("storage.memtable", 4 * kMiB, "Memory for writes not yet in table files.",
                      [](Config& c) -> auto& { return c.database.storage.memtable_bytes; }));
  out->push_back(size("storage.min_free_disk", 0, "Free space below which writes answer 507; 0: never.",
                      [](Config& c) -> auto& { return c.database.storage.min_free_disk_bytes; }));
  out->push_back(duration("storage.idempotency_ttl", 60'000, 3'650 * kDayMs, 1'000,
                          "How long idempotency keys are remembered.",
                          [](Config& c) -> auto& { return c.database.storage.idempotency_ttl_s; }));
  out->push_back(duration("storage.log_retention", 0, 3'650 * kDayMs, 1'000,
                          "Log records older than it go, \"1h\" at least; 0: by age none does.",
                          [](Config& c) -> auto& { return c.database.storage.log_retention_s; }));
  out->push_back(size("storage.log_retention_bytes", 0,
                      "The oldest log records go beyond it, \"1MiB\" at least; 0: no bound.",
                      [](Config& c) -> auto& { return c.database.storage.log_retention_bytes; }));
  out->push_back(duration("storage.erase_within", 1'000, 30 * kDayMs, 1'000,
                          "How long the bytes of a deleted user may stay in the files; a background task erases twice "
                          "as often.",
                          [](Config& c) -> auto& { return c.database.storage.erase_within_s; }));
  out->push_back(integer("storage.max_pending_mutations", 1'000, 100'000'000,
                         "Mutations that may wait for their commit; beyond it 503.",
                         [](Config& c) -> auto& { return c.database.storage.max_pending_mutations; }));
  out->push_back(flag("storage.read_only", "Open for queries only; every write is refused.",
                      [](Config& c) -> auto& { return c.database.read_only; }));
}

void add_memory_and_index(std::vector<ConfigOption>* out) {
  out->push_back(size(
      "memory.limit", 0,
      "Cap of tables, indexes and caches, past which writes that grow are refused; 0: three quarters of the machine's.",
      [](Config& c) -> auto& { return c.database.memory.limit_bytes; }));
  out->push_back(size("memory.embedding_cache", 0,
                      "Hot rows of tables that stay on disk: vectors of external spaces as they were read lately, and "
                      "the embedding tables of a ranker (dlrm) where those of an objective take more than this.",
                      [](Config& c) -> auto& { return c.database.memory.embedding_cache_bytes; }));
  out->push_back(size("memory.history_cache", 0, "Recent histories of active users.",
                      [](Config& c) -> auto& { return c.database.memory.history_cache_bytes; }));
  out->push_back(size("memory.ranker_items", 0, "Items' parts of the ranker's scores; others are computed again.",
                      [](Config& c) -> auto& { return c.database.memory.ranker_items_bytes; }));
  out->push_back(size(
      "memory.replay", 0,
      "The database as it was, rebuilt from the log for past answers (as_of); beyond it 507. It stays for the next.",
      [](Config& c) -> auto& { return c.database.memory.replay_bytes; }));
  out->push_back(size("memory.commit_queue", kMiB, "Writes that wait for their commit; beyond it 503.",
                      [](Config& c) -> auto& { return c.database.memory.commit_queue_bytes; }));
  out->push_back(size("memory.request_bodies", kMiB, "Bodies of the requests in flight, streams aside; beyond it 503.",
                      [](Config& c) -> auto& { return c.server.request_bodies_bytes; }));
  out->push_back(
      size("memory.bulk_streams", kMiB,
           "Records that bulk streams hold; a stream begins with 4 MiB and two times limits.line, or is answered "
           "503. Then it reads on as room becomes free.",
           [](Config& c) -> auto& { return c.server.bulk_streams_bytes; }));
  out->push_back(word(
      "index.quantization", "f32, f16 or int8", "How spaces that name none hold their rows.",
      [](Config& c) -> auto& { return c.database.index.quantization; }, parse_quantization, quantization_name));
  out->push_back(integer("index.m", 4, 64, "Links of a graph node: more is better recall, more memory.",
                         [](Config& c) -> auto& { return c.database.index.m; }));
  out->push_back(integer("index.ef_construction", 10, 2'000, "Breadth of the search that places a new node.",
                         [](Config& c) -> auto& { return c.database.index.ef_construction; }));
  out->push_back(number("index.recall_target", 0.5, 1, "Recall that the search breadth is adapted to.",
                        [](Config& c) -> auto& { return c.database.index.recall_target; }));
  out->push_back(duration("index.recall_interval", 0, kDayMs, 1,
                          "How often sampled queries are re-run exactly; 0: never.",
                          [](Config& c) -> auto& { return c.database.index.recall_interval_ms; }));
}

void add_impressions(std::vector<ConfigOption>* out) {
  out->push_back(duration("impressions.retention", 3'600'000, 3'650 * kDayMs, 1'000,
                          "How long served lists are kept; how many are logged is each funnel's.",
                          [](Config& c) -> auto& { return c.database.impressions.retention_s; }));
  out->push_back(size("impressions.memory", kMiB, "Recent served lists, which interactions are attributed to.",
                      [](Config& c) -> auto& { return c.database.impressions.memory_bytes; }));
  out->push_back(size("impressions.queue", kMiB,
                      "Served lists that may wait to be written; beyond it they are dropped and counted.",
                      [](Config& c) -> auto& { return c.database.impressions.queue_bytes; }));
  out->push_back(list("impressions.conversion_types", "Types of interactions that count as a conversion.",
                      [](Config& c) -> auto& { return c.database.impressions.conversion_types; }));
}

void add_training(std::vector<ConfigOption>* out) {
  out->push_back(list("training.models", "Models that a training run learns where it names none; auto finds the best.",
                      [](Config& c) -> auto& { return c.database.training.models; }));
  out->push_back(duration("training.schedule", 0, 365 * kDayMs, 1'000, "Train every so often; 0: by hand only.",
                          [](Config& c) -> auto& { return c.database.training.schedule_s; }));
  out->push_back(duration("training.budget", 1'000, 604'800'000, 1'000,
                          "CPU time of a run that finds the models itself.",
                          [](Config& c) -> auto& { return c.database.training.budget_s; }));
  out->push_back(integer("training.min_new_interactions", 0, 1'000'000'000'000,
                         "A scheduled run is skipped below so many new interactions.",
                         [](Config& c) -> auto& { return c.database.training.min_new_interactions; }));
  out->push_back(size("training.memory_limit", 0,
                      "Cap of a training process, heap and private mappings; 0: half of the machine's memory.",
                      [](Config& c) -> auto& { return c.database.training.memory_limit_bytes; }));
  out->push_back(integer("training.nice", 0, 19, "How far a training process stands back behind queries.",
                         [](Config& c) -> auto& { return c.database.training.nice; }));
  out->push_back(integer("training.threads", 0, 256, "Threads of a run; 0: one per core.",
                         [](Config& c) -> auto& { return c.database.training.threads; }));
  out->push_back(number("training.holdout", 0, 0.5, "Share of the newest interactions that the gate is tried on.",
                        [](Config& c) -> auto& { return c.database.training.holdout; }));
  out->push_back(number("training.gate_tolerance", 0, 1,
                        "Relative loss of ndcg@10 against the serving generation that is still promoted.",
                        [](Config& c) -> auto& { return c.database.training.gate_tolerance; }));
  out->push_back(integer("training.keep_generations", 1, 100, "Generations kept for a rollback.",
                         [](Config& c) -> auto& { return c.database.training.keep_generations; }));
  out->push_back(flag("training.online.enabled", "Refit items to the interactions that come between trainings.",
                      [](Config& c) -> auto& { return c.database.online.enabled; }));
  out->push_back(number("training.online.learning_rate", 0, 1,
                        "How far an item's vector goes from the trained one to the refitted one.",
                        [](Config& c) -> auto& { return c.database.online.learning_rate; }));
  out->push_back(number("training.online.max_drift", 0, 100,
                        "How far it goes at most, as a share of the trained vector's length.",
                        [](Config& c) -> auto& { return c.database.online.max_drift; }));
  out->push_back(integer("training.online.min_interactions", 1, 1'000,
                         "Of an item without a trained vector, before it gets one.",
                         [](Config& c) -> auto& { return c.database.online.min_interactions; }));
  out->push_back(integer("training.online.max_interactions", 1, 100'000, "Of an item, the newest, that a refit reads.",
                         [](Config& c) -> auto& { return c.database.online.max_interactions; }));
  ConfigOption settings{.key = "training.settings.*",
                        .expected = "text or number",
                        .help = "An option of a model, as model.option: training.settings.ials.dim = 64."};
  settings.set = [](Config* config, const std::string& name, const ConfigValue& value) -> Status {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == name.size())
      return refuse_value("training.settings." + name, value, "a name of the form training.settings.<model>.<option>");
    TAMIS_ASSIGN_OR_RETURN(config->database.training.settings[name.substr(0, dot)][name.substr(dot + 1)],
                           as_text("training.settings." + name, value));
    return Status::ok();
  };
  settings.show_entries = [](const Config& config) {
    std::map<std::string, std::string> entries;
    for (const auto& [model, options] : config.database.training.settings) {
      for (const auto& [option, value] : options) entries[model + "." + option] = show_text(value);
    }
    return entries;
  };
  out->push_back(std::move(settings));
}

// Kept among the model's settings, where a training run reads it.
void add_ranker(std::vector<ConfigOption>* out) {
  ConfigOption features{
      .key = "ranker.features",
      .expected = "list of texts",
      .help =
          "The features of the model dlrm, as item.price or crossed.score.ials (docs/models.md); none: those that the "
          "data and the models suggest."};
  features.set = [](Config* config, const std::string&, const ConfigValue& value) -> Status {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<std::string> names, as_list("ranker.features", value));
    std::string joined;
    for (const std::string& name : names) joined += (joined.empty() ? "" : ",") + name;
    if (!joined.empty()) config->database.training.settings["dlrm"]["features"] = joined;
    return Status::ok();
  };
  features.show = [](const Config& config) {
    std::vector<std::string> names;
    const auto dlrm = config.database.training.settings.find("dlrm");
    if (dlrm == config.database.training.settings.end() || !dlrm->second.contains("features")) return show_list(names);
    const std::string& joined = dlrm->second.at("features");
    for (std::size_t begin = 0; begin < joined.size();) {
      const std::size_t end = std::min(joined.find(',', begin), joined.size());
      names.push_back(joined.substr(begin, end - begin));
      begin = end + 1;
    }
    return show_list(names);
  };
  out->push_back(std::move(features));
}

ConfigOption schema(std::string key, std::string what, FeatureSchema DatabaseOptions::*schema_of) {
  ConfigOption option{.key = key,
                      .expected = "boolean, numeric, timestamp, categorical, multi_categorical or text",
                      .help = "Kind of a feature of " + what + "; what is not declared takes the kind of its value."};
  option.set = [key, schema_of](Config* config, const std::string& name, const ConfigValue& value) -> Status {
    const std::string full = key.substr(0, key.size() - 1) + name;
    TAMIS_ASSIGN_OR_RETURN(const std::string kind_text, as_text(full, value));
    const auto kind = parse_feature_kind(kind_text);
    if (!kind.is_ok())
      return refuse_value(full, value, "boolean, numeric, timestamp, categorical, multi_categorical or text");
    (config->database.*schema_of)[name] = *kind;
    return Status::ok();
  };
  option.show_entries = [schema_of](const Config& config) {
    std::map<std::string, std::string> entries;
    for (const auto& [name, kind] : config.database.*schema_of) entries[name] = show_text(feature_kind_name(kind));
    return entries;
  };
  return option;
}

// interactions.types.NAME.MEMBER: the members of an interaction type, over those of the built-in one of that name.
ConfigOption interaction_types() {
  ConfigOption option{.key = "interactions.types.*",
                      .expected = "members of an interaction type",
                      .help =
                          "What interactions of a type mean, at the start: types.NAME.meaning, weight, undoes, value, "
                          "min, max, at_least, below, repeats, cap, excludes (docs/interactions.md)."};
  option.set = [](Config* config, const std::string& name, const ConfigValue& value) -> Status {
    const std::string full = "interactions.types." + name;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0)
      return refuse_value(full, value, "a table of members, as [interactions.types." + name + "]");
    return set_type_member(full, name.substr(0, dot), name.substr(dot + 1), value, &config->database.interaction_types);
  };
  option.show_entries = [](const Config& config) {
    std::map<std::string, std::string> entries;
    for (const auto& [name, type] : config.database.interaction_types) show_type_members(name, type, &entries);
    return entries;
  };
  return option;
}

void add_data(std::vector<ConfigOption>* out) {
  out->push_back(schema("items.features.*", "items", &DatabaseOptions::item_schema));
  out->push_back(schema("users.features.*", "users", &DatabaseOptions::user_schema));
  out->push_back(flag("interactions.create_unknown_ids", "An interaction may name new users and items.",
                      [](Config& c) -> auto& { return c.database.create_unknown_ids; }));
  ConfigOption weights{.key = "interactions.weights.*",
                       .expected = "-1000 to 1000",
                       .help = "Weight of one interaction by type, at the start (docs/interactions.md)."};
  weights.set = [](Config* config, const std::string& name, const ConfigValue& value) -> Status {
    TAMIS_ASSIGN_OR_RETURN(config->database.interaction_weights[name],
                           as_number("interactions.weights." + name, value, -1'000, 1'000));
    return Status::ok();
  };
  weights.show_entries = [](const Config& config) {
    std::map<std::string, std::string> entries;
    for (const auto& [type, weight] : config.database.interaction_weights) entries[type] = show_number(weight);
    return entries;
  };
  out->push_back(std::move(weights));
  out->push_back(interaction_types());
  out->push_back(integer("interactions.daily_repeats", 0, 1'000'000,
                         "Events of one user, item, type and day that count in popular and trending; 0: all.",
                         [](Config& c) -> auto& { return c.database.daily_repeats; }));
  out->push_back(duration("recommend.trending_half_life", 1'000, 3'650 * kDayMs, 1'000,
                          "Time after which an interaction counts half in trending.",
                          [](Config& c) -> auto& { return c.database.trending_half_life_s; }));
  out->push_back(text("recommend.latest_field",
                      "Timestamp feature by which latest orders items; by first sight where an item has none.",
                      [](Config& c) -> auto& { return c.database.latest_field; }));
  out->push_back(integer("recommend.max_history", 1, 10'000, "Recent interactions of a user that a query considers.",
                         [](Config& c) -> auto& { return c.database.max_history; }));
}

std::vector<ConfigOption> build_options() {
  std::vector<ConfigOption> options;
  add_server(&options);
  add_auth(&options);
  add_limits(&options);
  add_log(&options);
  add_storage(&options);
  add_memory_and_index(&options);
  add_impressions(&options);
  add_training(&options);
  add_ranker(&options);
  add_data(&options);
  return options;
}

}  // namespace

const std::vector<ConfigOption>& config_options() {
  static const std::vector<ConfigOption> options = build_options();
  return options;
}

}  // namespace tamis::server
