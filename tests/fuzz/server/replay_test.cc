// The corpus and seeded mutations of it, through the fuzz target: what every commit runs without a fuzzer.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/random.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<std::string> load_corpus() {
  std::vector<std::string> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(TAMIS_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

TEST(ServerFuzz, CorpusAndItsMutationsDoNoHarm) {
  const std::vector<std::string> corpus = load_corpus();
  ASSERT_FALSE(corpus.empty());
  tamis::Random random(11);
  for (const std::string& seed : corpus) {
    for (int choice = 0; choice < 11; ++choice) {
      std::string input = seed;
      if (!input.empty()) input[0] = static_cast<char>(choice);
      run(input);
      for (int round = 0; round < 60; ++round) {
        std::string mutated = input;
        for (int edits = 0; edits < 3 && mutated.size() > 1; ++edits) {
          const std::size_t at = 1 + random.below(static_cast<std::uint32_t>(mutated.size() - 1));
          if (random.below(2) == 0) {
            mutated[at] = static_cast<char>(random.below(256));
          } else {
            mutated.erase(at, 1 + random.below(4));
          }
        }
        run(mutated);
      }
    }
  }
}

}  // namespace
