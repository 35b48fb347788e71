// tamis simulate: what a feedback loop does to a catalogue, with exploitation alone and with exploration.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "engine/simulation/simulation.h"
#include "server/commands/commands.h"
#include "server/commands/line_chart.h"

namespace tamis::server {
namespace {

struct SimulateFlags {
  engine::SimulationOptions simulation;
  std::string csv_file;
  std::string svg_file;
  std::uint32_t threads = 0;
};

Status write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? Status::ok() : Status::io_error("cannot write " + path);
}

std::string draw(const std::vector<engine::SimulatedRound>& rounds) {
  struct Figure {
    const char* title;
    double engine::SimulatedRound::*value;
  };
  constexpr Figure kFigures[] = {{"Clicks per list", &engine::SimulatedRound::clicks_per_list},
                                 {"Coverage of the catalogue", &engine::SimulatedRound::coverage},
                                 {"Gini of what is shown", &engine::SimulatedRound::gini},
                                 {"Distance from the users' tastes", &engine::SimulatedRound::taste_distance}};
  std::vector<ChartPanel> panels;
  for (const Figure& figure : kFigures) {
    ChartLine exploit{"exploitation alone", "#b33", {}};
    ChartLine explore{"with exploration", "#27c", {}};
    for (const engine::SimulatedRound& round : rounds)
      (round.arm == "explore" ? explore : exploit).points.emplace_back(round.round, round.*figure.value);
    panels.push_back({figure.title, "round", {std::move(exploit), std::move(explore)}});
  }
  return charts_to_svg(panels);
}

void print_summary(const std::vector<engine::SimulatedRound>& rounds) {
  std::printf("%-10s %12s %16s %10s %8s %8s %10s\n", "arm", "clicks", "last 10, a list", "coverage", "gini", "taste",
              "new items");
  for (const char* arm : {"exploit", "explore"}) {
    std::vector<engine::SimulatedRound> own;
    for (const engine::SimulatedRound& round : rounds)
      if (round.arm == arm) own.push_back(round);
    const std::size_t last = std::min<std::size_t>(10, own.size());
    engine::SimulatedRound mean;
    for (std::size_t i = own.size() - last; i < own.size(); ++i) {
      mean.clicks_per_list += own[i].clicks_per_list / static_cast<double>(last);
      mean.coverage += own[i].coverage / static_cast<double>(last);
      mean.gini += own[i].gini / static_cast<double>(last);
      mean.taste_distance += own[i].taste_distance / static_cast<double>(last);
      mean.new_item_share += own[i].new_item_share / static_cast<double>(last);
    }
    std::printf("%-10s %12llu %16.3f %10.3f %8.3f %8.3f %10.3f\n", arm,
                static_cast<unsigned long long>(own.back().clicks_so_far), mean.clicks_per_list, mean.coverage,
                mean.gini, mean.taste_distance, mean.new_item_share);
  }
}

int run_simulation(SimulateFlags& flags) {
  flags.simulation.scratch = std::filesystem::temp_directory_path() / ("tamis-simulate-" + std::to_string(::getpid()));
  DatabaseOptions options;
  options.training.threads = flags.threads;
  const auto rounds = engine::simulate(flags.simulation, options);
  if (!rounds.is_ok()) return report_failure(rounds.status());
  if (!flags.csv_file.empty())
    if (const Status written = write_text(flags.csv_file, engine::simulation_csv(*rounds)); !written.is_ok())
      return report_failure(written);
  if (!flags.svg_file.empty())
    if (const Status written = write_text(flags.svg_file, draw(*rounds)); !written.is_ok())
      return report_failure(written);
  print_summary(*rounds);
  return kExitOk;
}

}  // namespace

void add_simulate_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<SimulateFlags>();
  engine::PopulationOptions& population = flags->simulation.population;
  CLI::App* command = app.add_subcommand(
      "simulate", "Play a population with known tastes against the engine, with and without exploration");
  const auto whole = [&](const char* name, std::uint32_t* value, double low, double high, const char* help) {
    command->add_option(name, *value, help)->check(CLI::Range(low, high))->capture_default_str();
  };
  whole("--users", &population.users, 1, 100'000, "Users, each asking once a round");
  whole("--items", &population.items, 10, 100'000, "Items at the start");
  whole("--new-items", &population.new_items, 0, 10'000, "Items that arrive each round");
  whole("--rounds", &population.rounds, 1, 10'000, "Rounds; a round is a day");
  whole("--k", &flags->simulation.k, 1, 100, "Slots of a list");
  whole("--train-every", &flags->simulation.train_every, 1, 10'000, "Rounds between trainings");
  whole("--explore-rounds", &flags->simulation.explore_rounds, 1, 10'000, "Rounds for which an item counts as new");
  command->add_option("--explore", flags->simulation.explore_share, "Share of the slots that explore")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--position-bias", flags->simulation.position_bias,
                   "A slot at position p is looked at with probability p^-bias")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command->add_option("--seed", population.seed, "Of tastes, clicks and what is explored")->capture_default_str();
  command->add_option("--csv", flags->csv_file, "Writes the figures of every round");
  command->add_option("--svg", flags->svg_file, "Writes the plot");
  command->add_option("--threads", flags->threads, "Of training; 0: one per core");
  command->callback([flags, exit_code] { *exit_code = run_simulation(*flags); });
}

}  // namespace tamis::server
