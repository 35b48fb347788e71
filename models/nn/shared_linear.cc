#include "models/nn/shared_linear.h"

#include "models/parallel.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kRowsPerBlock = 256;
constexpr std::size_t kOutputsPerBlock = 32;

}  // namespace

Status forward_shared(const Linear& linear, const Parameters& parameters, std::size_t rows, const float* x, float* y,
                      const TrainControl& control) {
  return parallel_blocks(control, rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    linear.forward(parameters, end - begin, x + begin * linear.in(), y + begin * linear.out());
  });
}

Status backward_shared(const Linear& linear, const Parameters& parameters, std::size_t rows, const float* x,
                       const float* dy, float* dx, Gradients& gradients, const TrainControl& control) {
  if (dx != nullptr) {
    TAMIS_RETURN_IF_ERROR(parallel_blocks(control, rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
      linear.backward_input(parameters, end - begin, dy + begin * linear.out(), dx + begin * linear.in());
    }));
  }
  return parallel_blocks(control, linear.out(), kOutputsPerBlock, [&](std::size_t begin, std::size_t end) {
    linear.backward_weights(rows, x, dy, begin, end, gradients);
  });
}

}  // namespace tamis::models::nn
