// main() of tests that train in a process of its own: the test is its own worker.
#include <gmock/gmock.h>

#include <string_view>

#include "engine/training_worker.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "train-worker") return tamis::run_training_worker(argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
