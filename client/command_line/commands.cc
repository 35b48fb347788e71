#include "client/command_line/commands.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "client/command_line/export_command.h"
#include "client/command_line/generation_commands.h"
#include "client/command_line/import_command.h"
#include "client/command_line/item_name.h"
#include "client/command_line/operation_commands.h"
#include "client/command_line/query_commands.h"
#include "client/command_line/shop_commands.h"
#include "client/command_line/train_command.h"

namespace tamis::client {
namespace {

constexpr const char* kExitCodes =
    "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 the server cannot be reached or is busy, 130 interrupted.";

void add_csv_options(CLI::App* command, CsvFlags* csv) {
  const std::string group = "CSV";
  const auto add = [&](const char* name, auto* value, const char* description) {
    return command->add_option(name, *value, description)->group(group);
  };
  add("--encoding", &csv->encoding, "utf-8, utf-16, latin-1, windows-1252, ...; default: told by the bytes");
  add("--delimiter", &csv->delimiter,
      "Between fields: one or more characters, as :: or \\t (default: told by the file)");
  add("--quote", &csv->quote, "Around fields; none: quotes are plain characters (default: \")");
  add("--escape", &csv->escape, "Before a quote within a field, as \\ (default: none; quotes are doubled)");
  command->add_flag("--no-header", csv->no_header, "The first line is a row")->group(group);
  command->add_option("--columns", csv->columns, "Names of the columns of a file without a header: a,b,c")
      ->delimiter(',')
      ->group(group);
  command->add_option("--null", csv->nulls, "A cell that means nothing, as NULL; may be repeated")->group(group);
  add("--extra-fields", &csv->extra_fields, "Of rows with too many: refuse or ignore")
      ->check(CLI::IsMember({"refuse", "ignore"}));
  add("--missing-fields", &csv->missing_fields, "Of rows with too few: refuse, or empty")
      ->check(CLI::IsMember({"refuse", "empty"}));
  add("--user", &csv->user, "Interactions: the user's column, by name or by number from 1; likewise:");
  add("--item", &csv->item, "the item's");
  add("--type-column", &csv->type_column, "the type's");
  add("--type", &csv->type, "or one type for all rows");
  add("--value", &csv->value, "the value's");
  add("--timestamp", &csv->timestamp, "the time's");
  add("--timestamp-format", &csv->timestamp_format, "rfc3339, epoch_s, epoch_ms, or a pattern as %Y-%m-%d %H:%M:%S");
  add("--id", &csv->id, "Items, users, vectors: the id's column");
}

void add_import(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand("import", "Send interactions, items, users or vectors from a file");
  add_remote_options(command, &options->remote, true);
  command->get_option("--format")->description("Of the report: table or json");
  command->add_option("input", options->inputs, "[interactions|items|users|vectors] FILE; - is standard input")
      ->expected(0, 2);
  auto* generation = command->add_option("--generation", options->generation,
                                         "Instead of FILE: a generation's folder, or a tar of it (.tar, .gz, .xz)");
  generation->check(CLI::ExistingPath);
  command->add_option("--name", options->generation_name, "Generation: what the server calls it")->needs(generation);
  command->add_flag("--promote", options->promote, "Generation: have it serve at once")->needs(generation);
  command->add_option("-m,--mapping", options->mapping, "CSV: TOML file that says what the columns mean")
      ->check(CLI::ExistingFile);
  command->add_option("-f,--input-format", options->format, "csv, ndjson, npy or packed; auto: by the name")
      ->check(CLI::IsMember({"auto", "csv", "ndjson", "npy", "packed"}))
      ->capture_default_str();
  add_csv_options(command, &options->csv);
  command->add_flag("--print-mapping", options->print_mapping,
                    "CSV: print the mapping that is inferred, as TOML to keep, and end");
  command->add_flag(
      "--dry-run", options->dry_run,
      "Read the whole file, show the first rows as they would be stored and the bad ones; needs no server");
  command->add_option("--space", options->space, "Vectors: the space; made where it does not exist");
  command->add_option("--metric", options->metric, "Vectors: of a new space")
      ->check(CLI::IsMember({"dot", "cosine", "l2"}))
      ->capture_default_str();
  command->add_option("--ids", options->ids, ".npy: file with one id a line")->check(CLI::ExistingFile);
  command->add_option("--of", options->of, ".npy: what the ids name")
      ->check(CLI::IsMember({"items", "users"}))
      ->capture_default_str();
  command->add_option("--on-error", options->on_error, "Bad rows: skip and count them, or fail at the first")
      ->check(CLI::IsMember({"skip", "fail"}))
      ->capture_default_str();
  command->add_option("--max-errors", options->max_errors, "Skipped rows past which the import fails")
      ->capture_default_str();
  command->add_option("--show-errors", options->show_errors, "Bad rows that are shown")->capture_default_str();
  command
      ->add_option(
          "--idempotency", options->idempotency,
          "Interactions get a key by what the row says (row), so that a repeated import of the same file stores "
          "nothing twice, or none; auto: row, but for NDJSON from a pipe")
      ->check(CLI::IsMember({"auto", "row", "none"}))
      ->capture_default_str();
  command->add_option("--source", options->source,
                      "What the file is called in the keys of rows without a time (default: its folder and name)");
  command->add_option("--import-id", options->import_id, "What this import is called (default: a new name)");
  command->add_option("--undo", options->undo, "Instead of FILE: take back the interactions of the import ID");
  command
      ->add_option("--durability", options->durability, "When the server acknowledges (default: as it is configured)")
      ->check(CLI::IsMember({"sync", "interval", "none"}));
  command->footer(std::string("Examples:\n"
                              "  tamis import --mapping data/online_retail.toml data/online_retail.csv.xz\n"
                              "  tamis import u.data --dry-run\n"
                              "  tamis import interactions ratings.dat --delimiter :: --user 1 --item 2 --type rating "
                              "--value 3\n"
                              "  tamis import interactions events.ndjson.gz --on-error fail\n"
                              "  zcat events.gz | tamis import interactions - --input-format ndjson\n"
                              "  tamis import vectors items.npy --ids items.txt --space images --metric cosine\n"
                              "  tamis import --generation out/two-tower --name two-tower --promote\n"
                              "  tamis import --undo 20261128-173059-3f9a1c\n"
                              "Plain, gzip, xz and zstd files are recognised by their content.") +
                  kExitCodes);
  command->callback([options, exit_code] { *exit_code = run_import(*options); });
}

void add_export(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* command = app.add_subcommand("export", "Write interactions, items, users or vectors to a file");
  add_remote_options(command, &options->remote, false);
  command->add_option("kind", options->kind, "interactions, items, users or vectors")
      ->required()
      ->check(CLI::IsMember({"interactions", "items", "users", "vectors"}));
  command->add_option("-o,--output", options->output, "File; - is standard output")->capture_default_str();
  command->add_option("--format", options->format, "ndjson, csv, npy or packed; auto: by the name, else ndjson")
      ->check(CLI::IsMember({"auto", "ndjson", "csv", "npy", "packed"}))
      ->capture_default_str();
  command->add_option("--space", options->space, "Vectors: the space");
  command->add_option("--of", options->of, "Vectors: of items or users")
      ->check(CLI::IsMember({"items", "users"}))
      ->capture_default_str();
  command->add_option("--ids", options->ids, ".npy: file for the ids, one a line");
  command->footer(std::string("Examples:\n"
                              "  tamis export items > items.ndjson\n"
                              "  tamis export interactions --output interactions.csv\n"
                              "  tamis export vectors --space ials --output items.npy --ids items.txt\n"
                              "A file appears when it is complete. What is exported can be imported again.") +
                  kExitCodes);
  command->callback([options, exit_code] { *exit_code = run_export(*options); });
}

void add_train(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "Train the models and promote the generation where its gate holds");
  add_remote_options(command, &options->remote, true);
  command
      ->add_option("--model", options->models, "Models, separated by commas; may be repeated (default: all configured)")
      ->delimiter(',');
  command->add_flag("--alone", options->alone, "Keep nothing of the generation that serves but what is learned now");
  command->add_flag("--no-wait", options->no_wait, "Print the job's id and return");
  command->footer(std::string("Examples:\n"
                              "  tamis train\n"
                              "  tamis train --model ials --model item_knn\n"
                              "  tamis train --no-wait && curl localhost:8080/v1/jobs/j1\n"
                              "Ctrl-C ends the watching; the job goes on.") +
                  kExitCodes);
  command->callback([options, exit_code] { *exit_code = run_train(*options); });
}

void add_recommend(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<RecommendOptions>();
  CLI::App* command = app.add_subcommand("recommend", "Recommend items to a user");
  add_remote_options(command, &options->remote, true);
  RecommendQuery& query = options->query;
  command->add_option("user", query.user, "The user's id")->required();
  command->add_option("-k", query.k, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--funnel", query.funnel, "The funnel (default: the server's)");
  command->add_option("--filter", query.filter_json, "Condition on features, as JSON");
  command->add_option("--exclude", query.exclude, "Item to leave out; may be repeated");
  command->add_option("--min-seq", query.min_seq, "Wait until this write is reflected");
  command->add_flag("--explain", query.explain, "Say why each item is there");
  add_name_option(command, &options->name_feature);
  command->add_flag("--no-names", options->no_names, "Ids only");
  command->footer(std::string("Examples:\n"
                              "  tamis recommend 17841 -k 5 --explain\n"
                              "  tamis recommend 17841 --filter '{\"field\":\"price\",\"lt\":5}' --format json") +
                  kExitCodes);
  command->callback([options, exit_code] { *exit_code = run_recommend(*options); });
}

void add_similar(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<SimilarOptions>();
  CLI::App* command = app.add_subcommand("similar", "Items like an item, or users like a user");
  add_remote_options(command, &options->remote, true);
  command->add_option("item", options->id, "The item's id");
  command->add_option("--user", options->user, "A user's id instead");
  command->add_option("-k", options->query.k, "How many")->check(CLI::Range(1, 1000))->capture_default_str();
  command->add_option("--space", options->query.space, "The space to compare in (default: co-interaction)");
  add_name_option(command, &options->name_feature);
  command->footer(std::string("Examples:\n"
                              "  tamis similar 85123A -k 5\n"
                              "  tamis similar --user 17841 --space ials") +
                  kExitCodes);
  command->callback([options, exit_code] { *exit_code = run_similar(*options); });
}

void add_generations(CLI::App& app, int* exit_code) {
  struct Command {
    const char* name;
    const char* about;
    int (*run)(const GenerationOptions&);
  };
  static constexpr Command kCommands[] = {
      {"generations", "What training made: members, state, figures", run_generations},
      {"report", "What an automatic training tried, and what it chose", run_report},
      {"promote", "Have a generation serve", run_promote},
      {"rollback", "Serve the generation that served before", run_rollback},
      {"jobs", "The training jobs since the server's start", run_jobs},
  };
  for (const Command& known : kCommands) {
    auto options = std::make_shared<GenerationOptions>();
    CLI::App* command = app.add_subcommand(known.name, known.about);
    add_remote_options(command, &options->remote, true);
    if (known.run == run_promote) command->add_option("generation", options->generation, "Its id")->required();
    if (known.run == run_report)
      command->add_option("generation", options->generation, "Its id (default: the one that serves)");
    command->footer(std::string("Example:\n  tamis ") + known.name + (known.run == run_promote ? " g3" : "") +
                    kExitCodes);
    command->callback([options, exit_code, run = known.run] { *exit_code = run(*options); });
  }
}

void add_operations(CLI::App& app, int* exit_code) {
  auto stats = std::make_shared<StatsOptions>();
  CLI::App* command = app.add_subcommand("stats", "What a server holds and how it does");
  add_remote_options(command, &stats->remote, true);
  command->footer(std::string("Example:\n  tamis stats --format json | jq .interactions") + kExitCodes);
  command->callback([stats, exit_code] { *exit_code = run_stats(*stats); });

  auto health = std::make_shared<HealthOptions>();
  command = app.add_subcommand("health", "Whether a server answers, asked once; for health checks");
  add_remote_options(command, &health->remote, true);
  command->add_flag("--ready", health->ready, "Whether it answers queries");
  command->footer(std::string("Example:\n  tamis health --ready --timeout 3") + kExitCodes);
  command->callback([health, exit_code] { *exit_code = run_health(*health); });

  auto snapshot = std::make_shared<SnapshotOptions>();
  command = app.add_subcommand("snapshot", "Make a consistent copy on the server's disk while it serves");
  add_remote_options(command, &snapshot->remote, true);
  command->add_option("name", snapshot->name, "Of the snapshot (default: the server's choice)");
  command->footer(std::string("Example:\n  tamis snapshot before-upgrade\n`tamis restore` puts one back.") +
                  kExitCodes);
  command->callback([snapshot, exit_code] { *exit_code = run_snapshot(*snapshot); });
}

}  // namespace

int usage_error(const char* command, const std::string& message) {
  std::fprintf(stderr, "tamis: %s: %s\n", command, message.c_str());
  return kExitUsage;
}

void register_commands(CLI::App& app, int* exit_code) {
  add_import(app, exit_code);
  add_export(app, exit_code);
  add_train(app, exit_code);
  add_generations(app, exit_code);
  add_recommend(app, exit_code);
  add_similar(app, exit_code);
  add_shop_commands(app, exit_code);
  add_operations(app, exit_code);
}

}  // namespace tamis::client
