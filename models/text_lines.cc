#include "models/text_lines.h"

#include <lzma.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace tamis::models {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;
constexpr std::size_t kMaxLineBytes = std::size_t{1} << 30;

// The bytes of a file, or what its .xz stream holds.
class ByteSource {
 public:
  static Result<std::unique_ptr<ByteSource>> open(const std::filesystem::path& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
      const int error = errno;
      std::string message = path.string() + ": " + std::strerror(error);
      return error == ENOENT ? Status::not_found(std::move(message)) : Status::io_error(std::move(message));
    }
    std::unique_ptr<ByteSource> source(new ByteSource(path, file));
    if (path.extension() == ".xz") {
      source->compressed_ = true;
      if (lzma_stream_decoder(&source->stream_, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK) {
        return Status::resource_exhausted("out of memory");
      }
    }
    return source;
  }
  ~ByteSource() {
    lzma_end(&stream_);
    std::fclose(file_);
  }
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `size` bytes into `out`; 0 at the end.
  Result<std::size_t> read(char* out, std::size_t size) {
    return compressed_ ? decompress(out, size) : fill(out, size);
  }

 private:
  ByteSource(std::filesystem::path path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  Result<std::size_t> fill(void* out, std::size_t size) {
    const std::size_t count = std::fread(out, 1, size, file_);
    if (count == 0 && std::ferror(file_) != 0) return Status::io_error(path_.string() + ": cannot be read");
    return count;
  }

  Result<std::size_t> decompress(char* out, std::size_t size) {
    stream_.next_out = reinterpret_cast<std::uint8_t*>(out);
    stream_.avail_out = size;
    while (!ended_ && stream_.avail_out > 0) {
      if (stream_.avail_in == 0) {
        TAMIS_ASSIGN_OR_RETURN(stream_.avail_in, fill(input_.data(), input_.size()));
        stream_.next_in = input_.data();
      }
      const lzma_ret code = lzma_code(&stream_, stream_.avail_in == 0 ? LZMA_FINISH : LZMA_RUN);
      if (code == LZMA_STREAM_END) {
        ended_ = true;
      } else if (code != LZMA_OK) {
        return Status::corruption(path_.string() + ": damaged or truncated .xz data");
      }
    }
    return size - stream_.avail_out;
  }

  std::filesystem::path path_;
  std::FILE* file_;
  bool compressed_ = false;
  bool ended_ = false;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  std::vector<std::uint8_t> input_ = std::vector<std::uint8_t>(kBufferBytes);
};

}  // namespace

Status for_each_line(const std::filesystem::path& path,
                     const std::function<Status(std::string_view text, std::size_t number)>& line) {
  TAMIS_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, ByteSource::open(path));
  std::string pending;
  std::size_t number = 0;
  const auto emit = [&](std::string_view text) -> Status {
    ++number;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (Status status = line(text, number); !status.is_ok()) {
      return std::move(status).with_context(path.string() + ":" + std::to_string(number));
    }
    return Status::ok();
  };
  std::vector<char> buffer(kBufferBytes);
  while (true) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t count, source->read(buffer.data(), buffer.size()));
    if (count == 0) break;
    std::string_view rest(buffer.data(), count);
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      pending.append(rest.substr(0, end));
      TAMIS_RETURN_IF_ERROR(emit(pending));
      pending.clear();
      rest.remove_prefix(end + 1);
    }
    pending.append(rest);
    if (pending.size() > kMaxLineBytes) {
      return Status::invalid_argument(path.string() + ":" + std::to_string(number + 1) + ": line of over 1 GiB");
    }
  }
  if (!pending.empty()) TAMIS_RETURN_IF_ERROR(emit(pending));
  return Status::ok();
}

}  // namespace tamis::models
