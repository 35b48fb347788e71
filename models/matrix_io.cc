#include "models/matrix_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/durable_files.h"
#include "models/tensor_header.h"

namespace tamis::models {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

Status io_failure(const std::filesystem::path& path, const char* action) {
  const int error = errno;
  std::string message = path.string() + ": cannot " + action + ": " + std::strerror(error);
  if (error == ENOENT) return Status::not_found(std::move(message));
  if (error == ENOSPC || error == EDQUOT) return Status::resource_exhausted(std::move(message));
  return Status::io_error(std::move(message));
}

Status read_exactly(int file, const std::filesystem::path& path, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return io_failure(path, "read");
    if (count == 0) return Status::corruption(path.string() + ": the file is shorter than its header says");
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return Status::ok();
}

}  // namespace

std::string_view tensor_type_name(TensorType type) {
  switch (type) {
    case TensorType::kF32: return "F32";
    case TensorType::kI64: return "I64";
    case TensorType::kU64: return "U64";
    case TensorType::kI32: return "I32";
    case TensorType::kU32: return "U32";
    case TensorType::kU8: return "U8";
  }
  return "";
}

std::size_t tensor_type_bytes(TensorType type) {
  switch (type) {
    case TensorType::kI64:
    case TensorType::kU64: return 8;
    case TensorType::kF32:
    case TensorType::kI32:
    case TensorType::kU32: return 4;
    case TensorType::kU8: return 1;
  }
  return 1;
}

void TensorWriter::add_bytes(std::string name, TensorType type, TensorShape shape, std::span<const std::byte> bytes) {
  entries_.push_back({.name = std::move(name), .type = type, .shape = std::move(shape), .bytes = bytes});
}

Result<std::string> TensorWriter::header() const {
  TensorHeader header{.tensors = {}, .metadata = metadata_};
  std::uint64_t offset = 0;
  for (const Entry& entry : entries_) {
    const TensorHeader::Tensor tensor{.name = entry.name,
                                      .type = entry.type,
                                      .shape = entry.shape,
                                      .begin = offset,
                                      .end = offset + entry.bytes.size()};
    header.tensors.push_back(tensor);
    offset = tensor.end;
  }
  if (Status status = validate(header, offset); !status.is_ok()) {
    return Status::invalid_argument(status.message());
  }
  return format_tensor_header(header);
}

Status TensorWriter::write(const std::filesystem::path& path) const {
  TAMIS_ASSIGN_OR_RETURN(const std::string text, header());
  const std::filesystem::path directory = path.parent_path();
  std::error_code unknown;
  if (!directory.empty() && !std::filesystem::exists(directory, unknown) && !unknown)
    return Status::not_found(directory.string() + ": there is no such directory");
  const std::uint64_t length = text.size();
  std::vector<std::string_view> parts = {as_part(&length, 1), text};
  for (const Entry& entry : entries_) parts.push_back(as_part(entry.bytes.data(), entry.bytes.size()));
  return replace_file(path, parts);
}

TensorReader::~TensorReader() {
  if (file_ >= 0) ::close(file_);
}

TensorReader::TensorReader(TensorReader&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      tensors_(std::move(other.tensors_)),
      metadata_(std::move(other.metadata_)) {}

TensorReader& TensorReader::operator=(TensorReader&& other) noexcept {
  if (this == &other) return *this;
  if (file_ >= 0) ::close(file_);
  path_ = std::move(other.path_);
  file_ = std::exchange(other.file_, -1);
  tensors_ = std::move(other.tensors_);
  metadata_ = std::move(other.metadata_);
  return *this;
}

Result<TensorReader> TensorReader::open(const std::filesystem::path& path) {
  OwnedFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return io_failure(path, "open");
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size < 0) return io_failure(path, "read");
  const auto file_bytes = static_cast<std::uint64_t>(size);
  std::uint64_t length = 0;
  if (file_bytes < sizeof(length)) return Status::corruption(path.string() + ": too short for a header");
  TAMIS_RETURN_IF_ERROR(read_exactly(file.get(), path, 0, std::as_writable_bytes(std::span(&length, 1))));
  if (length > kMaxTensorHeaderBytes || length > file_bytes - sizeof(length)) {
    return Status::corruption(path.string() + ": a header of " + std::to_string(length) + " bytes in a file of " +
                              std::to_string(file_bytes));
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  TAMIS_RETURN_IF_ERROR(read_exactly(file.get(), path, sizeof(length), std::as_writable_bytes(std::span(text))));
  Result<TensorHeader> header = parse_tensor_header(text);
  if (!header.is_ok()) return Status(header.status()).with_context(path.string());
  const std::uint64_t data_offset = sizeof(length) + length;
  if (Status status = validate(*header, file_bytes - data_offset); !status.is_ok()) {
    return std::move(status).with_context(path.string());
  }
  TensorReader reader;
  reader.path_ = path;
  reader.file_ = file.release();
  reader.metadata_ = std::move(header->metadata);
  for (TensorHeader::Tensor& tensor : header->tensors) {
    reader.tensors_[tensor.name] = {.type = tensor.type,
                                    .shape = std::move(tensor.shape),
                                    .offset = data_offset + tensor.begin,
                                    .bytes = tensor.end - tensor.begin};
  }
  return reader;
}

Result<TensorReader::Info> TensorReader::find(const std::string& name, TensorType type) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return Status::not_found(path_.string() + ": no tensor \"" + name + "\"");
  if (found->second.type != type) {
    return Status::invalid_argument(path_.string() + ": tensor \"" + name + "\" is " +
                                    std::string(tensor_type_name(found->second.type)) + ", expected " +
                                    std::string(tensor_type_name(type)));
  }
  return found->second;
}

Status TensorReader::expect_shape(const std::string& name, const TensorShape& shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end() || found->second.shape == shape) return Status::ok();
  const auto to_text = [](const TensorShape& extents) {
    std::string text = "[";
    for (const std::uint64_t extent : extents) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
  };
  return Status::invalid_argument(path_.string() + ": tensor \"" + name + "\" has the shape " +
                                  to_text(found->second.shape) + ", expected " + to_text(shape));
}

Status TensorReader::read_part(const Info& tensor, std::uint64_t first, std::span<float> out) const {
  const std::uint64_t elements = tensor.bytes / sizeof(float);
  if (tensor.type != TensorType::kF32 || first > elements || out.size() > elements - first)
    return Status::invalid_argument(path_.string() + ": a tensor of " + std::to_string(elements) +
                                    " numbers has none from " + std::to_string(first) + " to " +
                                    std::to_string(first + out.size()));
  return read_bytes(tensor.offset + first * sizeof(float), std::as_writable_bytes(out));
}

Status TensorReader::read_bytes(std::uint64_t offset, std::span<std::byte> out) const {
  return read_exactly(file_, path_, offset, out);
}

}  // namespace tamis::models
