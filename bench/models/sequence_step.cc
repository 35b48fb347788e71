// Times one step of training a SASRec: batch 128, length 200, 64 units, 2 blocks, full softmax over 3,416 items.
//
//   models_sequence_step [threads=2] [steps=10] [batch=128] [length=200] [items=3416]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/models/number_flags.h"
#include "models/sequence/sequence_trainer.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  const auto read = tamis::bench::read_number_flags(
      argc, argv, {{"threads", 2}, {"steps", 10}, {"batch", 128}, {"length", 200}, {"items", 3416}});
  if (!read.has_value()) return 2;
  const auto& flags = *read;

  tamis::Random random(1);
  Sequences sequences(flags.at("batch"), std::vector<std::uint32_t>(flags.at("length") + 1));
  std::vector<std::uint32_t> batch;
  for (std::uint32_t s = 0; s < sequences.size(); ++s) {
    for (std::uint32_t& item : sequences[s]) item = random.below(flags.at("items"));
    batch.push_back(s);
  }
  SequenceEncoderOptions options;
  options.items = flags.at("items");
  options.max_length = flags.at("length");
  SequenceEncoder encoder(options);
  SequenceTrainer trainer(encoder, sequences, SequenceTrainOptions{});
  const TrainControl control{.threads = flags.at("threads")};

  std::vector<double> seconds;
  double loss = 0;
  for (std::uint32_t step = 0; step < flags.at("steps"); ++step) {
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
