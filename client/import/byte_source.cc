#include "client/import/byte_source.h"

#include <fcntl.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

namespace tamis::client {
namespace {

constexpr std::size_t kBufferBytes = 128 << 10;
constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kXzMagic(
    "\xfd"
    "7zXZ\0",
    6);

constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

class FileSource final : public ByteSource {
 public:
  FileSource(int descriptor, bool owned, std::string name)
      : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {
    struct stat info {};
    if (::fstat(descriptor_, &info) == 0 && S_ISREG(info.st_mode)) total_ = static_cast<std::uint64_t>(info.st_size);
  }
  ~FileSource() override {
    if (owned_) ::close(descriptor_);
  }
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    for (;;) {
      const ssize_t got = ::read(descriptor_, buffer, capacity);
      if (got >= 0) {
        consumed_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (errno != EINTR) return Status::io_error("reading " + name_ + ": " + std::strerror(errno));
    }
  }
  std::uint64_t consumed_bytes() const override { return consumed_; }
  std::uint64_t total_bytes() const override { return total_; }

 private:
  const int descriptor_;
  const bool owned_;
  const std::string name_;
  std::uint64_t consumed_ = 0;
  std::uint64_t total_ = 0;
};

// A source read through a buffer, from which a decoder takes what it needs.
class Buffered {
 public:
  explicit Buffered(std::unique_ptr<ByteSource> raw) : raw_(std::move(raw)), bytes_(kBufferBytes) {}

  // Makes at least `wanted` bytes available, fewer only at the end of the source.
  Status fill(std::size_t wanted) {
    if (begin_ > 0) {
      std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    while (end_ < wanted && !at_end_) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t got, raw_->read(bytes_.data() + end_, bytes_.size() - end_));
      at_end_ = got == 0;
      end_ += got;
    }
    return Status::ok();
  }
  std::string_view available() const { return {bytes_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t count) { begin_ += count; }
  bool at_end() const { return at_end_; }
  const ByteSource& raw() const { return *raw_; }

 private:
  std::unique_ptr<ByteSource> raw_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
};

class BufferedSource : public ByteSource {
 public:
  explicit BufferedSource(Buffered input) : input_(std::move(input)) {}
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (input_.available().empty()) TAMIS_RETURN_IF_ERROR(input_.fill(1));
    const std::size_t count = std::min(capacity, input_.available().size());
    std::memcpy(buffer, input_.available().data(), count);
    input_.consume(count);
    return count;
  }
  std::uint64_t consumed_bytes() const override { return input_.raw().consumed_bytes(); }
  std::uint64_t total_bytes() const override { return input_.raw().total_bytes(); }

 protected:
  Buffered input_;
};

class GzipSource final : public BufferedSource {
 public:
  explicit GzipSource(Buffered input) : BufferedSource(std::move(input)) {
    is_open_ = ::inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override { ::inflateEnd(&stream_); }

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (!is_open_) return Status::internal("zlib could not be set up");
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(capacity, 1u << 30));
    const std::size_t room = stream_.avail_out;
    while (stream_.avail_out == room) {
      if (input_.available().empty()) TAMIS_RETURN_IF_ERROR(input_.fill(1));
      const std::string_view input = input_.available();
      if (input.empty()) {
        if (between_members_) return std::size_t{0};
        return Status::corruption("the gzip stream is cut short");
      }
      between_members_ = false;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));  // zlib's API is older than const
      stream_.avail_in = static_cast<uInt>(input.size());
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      input_.consume(input.size() - stream_.avail_in);
      if (code == Z_STREAM_END) {
        between_members_ = true;
        if (::inflateReset(&stream_) != Z_OK) return Status::internal("zlib could not be reset");
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Status::corruption(std::string("the gzip stream is damaged: ") +
                                  (stream_.msg != nullptr ? stream_.msg : "error " + std::to_string(code)));
      }
    }
    return room - stream_.avail_out;
  }

 private:
  z_stream stream_{};
  bool is_open_ = false;
  bool between_members_ = false;
};

class XzSource final : public BufferedSource {
 public:
  explicit XzSource(Buffered input) : BufferedSource(std::move(input)) {
    is_open_ = ::lzma_stream_decoder(&stream_, 1ull << 30, LZMA_CONCATENATED) == LZMA_OK;
  }
  ~XzSource() override { ::lzma_end(&stream_); }

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (!is_open_) return Status::internal("liblzma could not be set up");
    if (is_finished_) return std::size_t{0};
    stream_.next_out = reinterpret_cast<std::uint8_t*>(buffer);
    stream_.avail_out = capacity;
    while (stream_.avail_out == capacity) {
      if (input_.available().empty()) TAMIS_RETURN_IF_ERROR(input_.fill(1));
      const std::string_view input = input_.available();
      stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
      stream_.avail_in = input.size();
      const lzma_ret code = ::lzma_code(&stream_, input.empty() ? LZMA_FINISH : LZMA_RUN);
      input_.consume(input.size() - stream_.avail_in);
      if (code == LZMA_STREAM_END) {
        is_finished_ = true;
        break;
      }
      if (code == LZMA_BUF_ERROR) return Status::corruption("the xz stream is cut short");
      if (code == LZMA_MEMLIMIT_ERROR) return Status::corruption("the xz stream needs more than 1 GiB to decompress");
      if (code != LZMA_OK) return Status::corruption("the xz stream is damaged (code " + std::to_string(code) + ")");
    }
    return capacity - stream_.avail_out;
  }

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool is_open_ = false;
  bool is_finished_ = false;
};

class ZstdSource final : public BufferedSource {
 public:
  explicit ZstdSource(Buffered input) : BufferedSource(std::move(input)), stream_(::ZSTD_createDStream()) {
    if (stream_ != nullptr) ::ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 31);  // what `zstd --long=31` writes
  }
  ~ZstdSource() override { ::ZSTD_freeDStream(stream_); }

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (stream_ == nullptr) return Status::internal("zstd could not be set up");
    ZSTD_outBuffer out{buffer, capacity, 0};
    while (out.pos == 0) {
      if (input_.available().empty()) TAMIS_RETURN_IF_ERROR(input_.fill(1));
      const std::string_view input = input_.available();
      if (input.empty() && between_frames_) return std::size_t{0};
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      const std::size_t code = ::ZSTD_decompressStream(stream_, &out, &in);
      if (::ZSTD_isError(code) != 0) {
        return Status::corruption(std::string("the zstd stream is damaged: ") + ::ZSTD_getErrorName(code));
      }
      if (input.empty() && out.pos == 0) return Status::corruption("the zstd stream is cut short");
      input_.consume(in.pos);
      between_frames_ = code == 0;
    }
    return out.pos;
  }

 private:
  ZSTD_DStream* const stream_;
  bool between_frames_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> decompress(std::unique_ptr<ByteSource> raw) {
  Buffered input(std::move(raw));
  TAMIS_RETURN_IF_ERROR(input.fill(kXzMagic.size()));
  const std::string_view start = input.available();
  if (start.starts_with(kGzipMagic)) return std::unique_ptr<ByteSource>(new GzipSource(std::move(input)));
  if (start.starts_with(kXzMagic)) return std::unique_ptr<ByteSource>(new XzSource(std::move(input)));
  if (start.starts_with(kZstdMagic)) return std::unique_ptr<ByteSource>(new ZstdSource(std::move(input)));
  return std::unique_ptr<ByteSource>(new BufferedSource(std::move(input)));
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  if (path == "-") return decompress(std::make_unique<FileSource>(STDIN_FILENO, false, "standard input"));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const Status status = Status::io_error("cannot open " + path + ": " + std::strerror(errno));
    return errno == ENOENT ? Status::not_found(status.message()) : status;
  }
  return decompress(std::make_unique<FileSource>(descriptor, true, path));
}

}  // namespace tamis::client
