// tamis capacity: what a database of a given size takes in memory and on disk, and how long it takes to start.
// docs/capacity.md has the measurements behind the figures.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/options.h"
#include "server/commands/commands.h"

namespace tamis::server {
namespace {

struct CapacityFlags {
  double items = 0;
  double users = 0;
  double interactions = 0;
  double id_bytes = 10;
  double features = 5;
  double dim = 0;
  double spaces = 1;
  bool f32_on_disk = false;
  bool searches_users = false;
  double model_dim = 64;
  double neighbors = 200;
  std::string format = "table";
};

// Bytes of one.
constexpr double kProcess = 35e6;
constexpr double kIdMemory = 18;
constexpr double kUserMemory = 8;
constexpr double kItemMemory = 100;  // 20 of the entity table, 80 of its counts
constexpr double kFeatureBlock = 16;
constexpr double kFeatureMemory = 8;
constexpr double kPairMemory = 7;
constexpr double kGraphMemory = 150;
constexpr double kSmallSegments = 35;  // where a graph is made of blocks that are not merged yet
constexpr double kEntityDisk = 30;
constexpr double kFeatureDisk = 12;
constexpr double kInteractionDisk = 52;  // its three rows and its record in the log, compressed
constexpr double kVectorDisk = 16;       // beside its elements
constexpr double kNeighbor = 8;
constexpr double kTrainingUser = 32;         // the name
constexpr double kTrainingInteraction = 54;  // the event, and the pair in a matrix and its transpose
// Seconds of one processor for one.
constexpr double kProcessStart = 0.3;
constexpr double kEntityStart = 1.2e-6;
constexpr double kRecordStart = 7e-6;
constexpr double kRecordsSinceCheckpoint = 500'000;
constexpr double kPairStart = 0.05e-6;

struct Part {
  const char* name;
  double memory = 0;
  double disk = 0;
};

struct Capacity {
  std::vector<Part> parts;
  double memory = 0;
  double disk = 0;
  double training_memory = 0;  // of the process that trains
  double start_s = 0;
  double start_after_kill_s = 0;
};

Capacity capacity_of(const CapacityFlags& flags) {
  const StorageOptions storage;
  const double features = flags.features > 0 ? kFeatureBlock + kFeatureMemory * flags.features : 0;
  const double vectors = flags.dim > 0 ? flags.items * flags.spaces : 0;
  const double index_row = flags.dim + (flags.f32_on_disk ? 0 : 4 * flags.dim) + kGraphMemory;
  const double factors = 4 * flags.model_dim;
  const double model_row_graph = flags.model_dim > 0 ? flags.model_dim + kGraphMemory + kSmallSegments : 0;
  const double model_row = flags.model_dim > 0 ? flags.model_dim + 4 * flags.model_dim + kGraphMemory : 0;
  const double searched_users = flags.searches_users ? flags.users * model_row_graph : 0;
  Capacity made;
  made.parts = {
      {"process", kProcess, 0},
      {"caches of the store", static_cast<double>(storage.block_cache_bytes + storage.memtable_bytes), 0},
      {"users", flags.users * (kIdMemory + flags.id_bytes + kUserMemory), flags.users * (kEntityDisk + flags.id_bytes)},
      {"items", flags.items * (kIdMemory + flags.id_bytes + kItemMemory + features),
       flags.items * (kEntityDisk + flags.id_bytes + kFeatureDisk * flags.features)},
      {"interactions", flags.interactions * kPairMemory, flags.interactions * (kInteractionDisk + kPairMemory)},
      {"vectors that you send", vectors * index_row, vectors * (4 * flags.dim + kVectorDisk + index_row)},
      {"a model with factors", (flags.items + flags.users) * factors + flags.items * model_row,
       (flags.items + flags.users) * factors + flags.items * model_row},
      {"a graph of its users", searched_users, 0},
      {"similar items", flags.items * flags.neighbors * kNeighbor, flags.items * flags.neighbors * kNeighbor},
  };
  for (const Part& part : made.parts) {
    made.memory += part.memory;
    made.disk += part.disk;
  }
  // The factors of users lie there twice, once in the basis that a sweep solves in.
  made.training_memory = kProcess + flags.users * kTrainingUser + flags.interactions * kTrainingInteraction +
                         (flags.items + 2 * flags.users) * factors + flags.items * flags.neighbors * kNeighbor;
  made.start_s = kProcessStart + (flags.items + flags.users) * kEntityStart + flags.interactions * kPairStart;
  made.start_after_kill_s = made.start_s + std::min(kRecordsSinceCheckpoint, flags.interactions) * kRecordStart;
  return made;
}

void print_json(const Capacity& made) {
  nlohmann::ordered_json document;
  for (const Part& part : made.parts)
    document["parts"].push_back(
        {{"part", part.name}, {"memory_bytes", std::llround(part.memory)}, {"disk_bytes", std::llround(part.disk)}});
  document["memory_bytes"] = std::llround(made.memory);
  document["disk_bytes"] = std::llround(made.disk);
  document["training_memory_bytes"] = std::llround(made.training_memory);
  document["start_s"] = made.start_s;
  document["start_after_kill_s"] = made.start_after_kill_s;
  std::printf("%s\n", document.dump(1).c_str());
}

std::string show(double bytes) {
  if (bytes == 0) return "-";
  if (bytes < 1e9) return fmt::format("{:.0f} MB", std::ceil(bytes / 1e6));
  return fmt::format("{:.1f} GB", bytes / 1e9);
}

void print_table(const Capacity& made) {
  const auto print_row = [](const char* name, const std::string& memory, const std::string& disk) {
    std::printf("%-24s %10s %10s\n", name, memory.c_str(), disk.c_str());
  };
  print_row("part", "memory", "disk");
  for (const Part& part : made.parts) print_row(part.name, show(part.memory), show(part.disk));
  print_row("all", show(made.memory), show(made.disk));
  std::printf("\ntraining item_knn and ials: %s, in a process of its own\n", show(made.training_memory).c_str());
  std::printf("ready after %.0f s, after a crash %.0f s\n", std::ceil(made.start_s),
              std::ceil(made.start_after_kill_s));
}

}  // namespace

void add_capacity_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<CapacityFlags>();
  CLI::App* command =
      app.add_subcommand("capacity", "Estimate the memory, the disk and the start time of a database of a given size");
  const auto add_count = [&](const char* name, double* count, const char* what) {
    return command->add_option(name, *count, what)
        ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"K", 1e3}, {"M", 1e6}, {"B", 1e9}}))
        ->check([](const std::string& given) {
          double value = -1;
          if (CLI::detail::lexical_cast(given, value) && value >= 0 && value <= 1e15) return std::string();
          return "expected a number from 0 to 1e15, got " + given;
        })
        ->type_name("NUMBER[K|M|B]");
  };
  add_count("--items", &flags->items, "Items, such as 250K or 10M")->required();
  add_count("--users", &flags->users, "Users")->required();
  add_count("--interactions", &flags->interactions, "Interactions")->required();
  const auto add_range = [&](const char* name, double* value, double low, double high, const char* what) {
    command->add_option(name, *value, what)->check(CLI::Range(low, high))->capture_default_str();
  };
  add_range("--features", &flags->features, 0, 1e3, "Features of an item, on average");
  add_range("--id-bytes", &flags->id_bytes, 1, 512, "Length of an id, on average");
  add_range("--dim", &flags->dim, 0, 65'536, "Dimensions of vectors that you send for every item; 0: none");
  add_range("--spaces", &flags->spaces, 1, 1e3, "How many of these vectors an item has");
  command->add_flag("--f32-on-disk", flags->f32_on_disk, "Their f32 rows stay on disk (keep_f32 is false)")
      ->needs("--dim");
  command->add_flag("--search-users", flags->searches_users, "Users are searched by vector, too (similar users)");
  add_range("--model-dim", &flags->model_dim, 0, 65'536,
            "Dimensions of the trained model that serves, such as ials; 0: none");
  add_range("--neighbors", &flags->neighbors, 0, 1e4,
            "Similar items that item_knn keeps of each; 0: it is not trained");
  command->add_option("--format", flags->format, "json or table")->check(CLI::IsMember({"json", "table"}));
  command->callback([flags, exit_code] {
    const Capacity made = capacity_of(*flags);
    flags->format == "json" ? print_json(made) : print_table(made);
    *exit_code = kExitOk;
  });
}

}  // namespace tamis::server
