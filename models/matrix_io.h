// Named tensors in one file, in the safetensors format (https://github.com/huggingface/safetensors#format): 8 bytes of
// little-endian header length, a JSON header of dtypes, shapes and data offsets, the raw little-endian data. What Tamis
// writes, Python's `safetensors` reads, and the other way round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::models {

// The dtypes that Tamis uses, by their names in the header.
enum class TensorType { kF32, kI64, kU64, kI32, kU32, kU8 };
std::string_view tensor_type_name(TensorType type);  // "F32" and so on
std::size_t tensor_type_bytes(TensorType type);

template <typename T>
constexpr TensorType tensor_type_of();
template <>
constexpr TensorType tensor_type_of<float>() {
  return TensorType::kF32;
}
template <>
constexpr TensorType tensor_type_of<std::int64_t>() {
  return TensorType::kI64;
}
template <>
constexpr TensorType tensor_type_of<std::uint64_t>() {
  return TensorType::kU64;
}
template <>
constexpr TensorType tensor_type_of<std::int32_t>() {
  return TensorType::kI32;
}
template <>
constexpr TensorType tensor_type_of<std::uint32_t>() {
  return TensorType::kU32;
}
template <>
constexpr TensorType tensor_type_of<std::uint8_t>() {
  return TensorType::kU8;
}

using TensorShape = std::vector<std::uint64_t>;
using TensorMetadata = std::map<std::string, std::string>;

// Collects tensors and writes them. Externally synchronised. REQUIRES: added data outlives write().
class TensorWriter {
 public:
  template <typename T>
  void add(std::string name, TensorShape shape, std::span<const T> data) {
    add_bytes(std::move(name), tensor_type_of<T>(), std::move(shape), std::as_bytes(data));
  }
  void set_metadata(std::string key, std::string value) { metadata_[std::move(key)] = std::move(value); }

  // To a temporary name beside `path`, synced, then renamed over it: readers see the old file or the whole new one.
  // Errors: invalid_argument (a name twice or "__metadata__", a shape that does not fit its data), io_error,
  // resource_exhausted (disk full).
  Status write(const std::filesystem::path& path) const;

 private:
  struct Entry {
    std::string name;
    TensorType type;
    TensorShape shape;
    std::span<const std::byte> bytes;  // of the caller, until write()
  };
  void add_bytes(std::string name, TensorType type, TensorShape shape, std::span<const std::byte> bytes);
  Result<std::string> header() const;

  std::vector<Entry> entries_;
  TensorMetadata metadata_;
};

// Reads a file's header at once and tensors on demand. Everything is checked: a header that is not what the format
// asks for, or a range outside of the file, is a corruption and never a crash. Thread-safe.
class TensorReader {
 public:
  struct Info {
    TensorType type;
    TensorShape shape;
    std::uint64_t offset = 0;  // in the file
    std::uint64_t bytes = 0;
  };

  // Errors: not_found, io_error, corruption, invalid_argument (a dtype outside of TensorType).
  static Result<TensorReader> open(const std::filesystem::path& path);
  ~TensorReader();
  TensorReader(TensorReader&& other) noexcept;
  TensorReader& operator=(TensorReader&& other) noexcept;

  const std::map<std::string, Info>& tensors() const { return tensors_; }
  const TensorMetadata& metadata() const { return metadata_; }

  // The whole tensor, flat. Errors: not_found, invalid_argument (another dtype), io_error, corruption (the file
  // shrank).
  template <typename T>
  Result<std::vector<T>> read(const std::string& name) const {
    TAMIS_ASSIGN_OR_RETURN(const Info info, find(name, tensor_type_of<T>()));
    std::vector<T> data(static_cast<std::size_t>(info.bytes / sizeof(T)));
    TAMIS_RETURN_IF_ERROR(read_bytes(info.offset, std::as_writable_bytes(std::span<T>(data))));
    return data;
  }
  // The same, where the shape must be `shape`; invalid_argument otherwise.
  template <typename T>
  Result<std::vector<T>> read(const std::string& name, const TensorShape& shape) const {
    TAMIS_RETURN_IF_ERROR(expect_shape(name, shape));
    return read<T>(name);
  }
  // Part of a tensor, from the element `first` on. REQUIRES: `tensor` is one of tensors(), of F32. Errors:
  // invalid_argument (beyond its end), io_error, corruption (the file shrank).
  Status read_part(const Info& tensor, std::uint64_t first, std::span<float> out) const;

 private:
  TensorReader() = default;
  Result<Info> find(const std::string& name, TensorType type) const;
  Status expect_shape(const std::string& name, const TensorShape& shape) const;
  Status read_bytes(std::uint64_t offset, std::span<std::byte> out) const;

  std::filesystem::path path_;
  int file_ = -1;
  std::map<std::string, Info> tensors_;
  TensorMetadata metadata_;
};

}  // namespace tamis::models
