// The JSON header of a safetensors file: parsing, checking and writing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/matrix_io.h"

namespace tamis::models {

inline constexpr std::uint64_t kMaxTensorHeaderBytes = 100'000'000;  // the format's own limit

struct TensorHeader {
  struct Tensor {
    std::string name;
    TensorType type = TensorType::kU8;
    TensorShape shape;
    std::uint64_t begin = 0;  // in the data section, bytes
    std::uint64_t end = 0;
  };
  std::vector<Tensor> tensors;
  TensorMetadata metadata;
};

// Errors: corruption (not the JSON that the format asks for), invalid_argument (a dtype outside of TensorType).
Result<TensorHeader> parse_tensor_header(std::string_view text);

// corruption unless names are unique, each range has the size of its shape, and the ranges cover the `data_bytes` of
// the data section without gap or overlap.
Status validate(const TensorHeader& header, std::uint64_t data_bytes);

// Padded with spaces so that the data begins at a multiple of 8 bytes.
std::string format_tensor_header(const TensorHeader& header);

}  // namespace tamis::models
