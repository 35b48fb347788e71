// Times one step of training a SASRec: batch 128, length 200, 64 units, 2 blocks, full softmax over 3,416 items.
//
//   models_sequence_step [threads=2] [steps=10] [batch=128] [length=200] [items=3416]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "models/sequence/sequence_trainer.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  std::map<std::string, std::uint32_t> flags = {
      {"threads", 2}, {"steps", 10}, {"batch", 128}, {"length", 200}, {"items", 3416}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || !flags.contains(argument.substr(0, equals))) {
      std::fprintf(stderr, "usage: %s [threads=N] [steps=N] [batch=N] [length=N] [items=N]\n", argv[0]);
      return 2;
    }
    flags[argument.substr(0, equals)] =
        static_cast<std::uint32_t>(std::strtoul(argument.c_str() + equals + 1, nullptr, 10));
  }

  tamis::Random random(1);
  Sequences sequences(flags["batch"], std::vector<std::uint32_t>(flags["length"] + 1));
  std::vector<std::uint32_t> batch;
  for (std::uint32_t s = 0; s < sequences.size(); ++s) {
    for (std::uint32_t& item : sequences[s]) item = random.below(flags["items"]);
    batch.push_back(s);
  }
  SequenceEncoderOptions options;
  options.items = flags["items"];
  options.max_length = flags["length"];
  SequenceEncoder encoder(options);
  SequenceTrainer trainer(encoder, sequences, SequenceTrainOptions{});
  const TrainControl control{.threads = flags["threads"]};

  std::vector<double> seconds;
  double loss = 0;
  for (std::uint32_t step = 0; step < flags["steps"]; ++step) {
    const auto start = std::chrono::steady_clock::now();
    const auto report = trainer.step(batch, step, 1, control);
    if (!report.is_ok()) return 1;
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    loss = report->loss / static_cast<double>(report->targets);
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"median_s\": %.4f, \"best_s\": %.4f, \"threads\": %u, \"loss\": %.4f}\n", seconds[seconds.size() / 2],
              seconds.front(), control.threads, loss);
  return 0;
}
