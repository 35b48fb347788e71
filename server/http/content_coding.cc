#include "server/http/content_coding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <new>

namespace tamis::server {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's largest, with gzip's header
constexpr int kZlibMemory = 8;        // zlib's default
constexpr int kFastLevel = 1;         // of either
constexpr int kMaxZstdWindowLog = 23;

Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib's API is older than const
}

class GzipDecoder final : public ContentDecoder {
 public:
  GzipDecoder() {
    if (::inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~GzipDecoder() override { ::inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;

  Status decode(std::string_view* input, std::size_t most, std::string* out) override {
    const std::size_t before = out->size();
    out->resize(before + most);
    stream_.next_out = reinterpret_cast<Bytef*>(out->data() + before);
    stream_.avail_out = static_cast<uInt>(most);
    stream_.next_in = bytes_of(*input);
    stream_.avail_in = static_cast<uInt>(input->size());
    int code = Z_OK;
    while (code == Z_OK && stream_.avail_out > 0) {
      if (is_at_end_) {  // the next stream, if there is one
        if (stream_.avail_in == 0) break;
        ::inflateReset(&stream_);
        is_at_end_ = false;
      }
      code = ::inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_STREAM_END) continue;
      is_at_end_ = true;
      code = Z_OK;
    }
    input->remove_prefix(input->size() - stream_.avail_in);
    out->resize(before + most - stream_.avail_out);
    if (code == Z_OK || code == Z_BUF_ERROR) return Status::ok();  // Z_BUF_ERROR: nothing is left to do
    return Status::invalid_argument(stream_.msg == nullptr ? "damaged" : stream_.msg);
  }
  bool is_whole() const override { return is_at_end_; }

 private:
  z_stream stream_{};
  bool is_at_end_ = false;
};

class ZstdDecoder final : public ContentDecoder {
 public:
  ZstdDecoder() : stream_(::ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    ::ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }
  ~ZstdDecoder() override { ::ZSTD_freeDStream(stream_); }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ZstdDecoder& operator=(const ZstdDecoder&) = delete;

  Status decode(std::string_view* input, std::size_t most, std::string* out) override {
    const std::size_t before = out->size();
    out->resize(before + most);
    ZSTD_outBuffer to{out->data() + before, most, 0};
    ZSTD_inBuffer from{input->data(), input->size(), 0};
    std::size_t code = 0;
    while (to.pos < to.size) {
      const std::size_t taken = from.pos;
      const std::size_t made = to.pos;
      code = ::ZSTD_decompressStream(stream_, &to, &from);
      if (::ZSTD_isError(code) != 0) break;
      // At a frame's end with no input the decoder would begin to ask for another frame.
      if (from.pos != taken || to.pos != made) is_at_end_ = code == 0;
      if (from.pos == from.size && (code == 0 || to.pos == made)) break;
    }
    input->remove_prefix(from.pos);
    out->resize(before + to.pos);
    return ::ZSTD_isError(code) == 0 ? Status::ok() : Status::invalid_argument(::ZSTD_getErrorName(code));
  }
  bool is_whole() const override { return is_at_end_; }

 private:
  ZSTD_DStream* stream_;
  bool is_at_end_ = false;
};

// The weight of `name` in an element of Accept-Encoding, "gzip;q=0.5"; nullopt where the element is of another coding.
std::optional<bool> takes(std::string_view element, std::string_view name) {
  const std::string_view coding = element.substr(0, element.find_first_of("; \t"));
  if (!boost::beast::iequals(coding, name)) return std::nullopt;
  const std::size_t weight = element.find("q=");
  return weight == std::string_view::npos || element.find_first_of("123456789", weight) != std::string_view::npos;
}

}  // namespace

std::string_view coding_name(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip: return "gzip";
    case ContentCoding::kZstd: return "zstd";
    case ContentCoding::kIdentity: break;
  }
  return "identity";
}

std::optional<ContentCoding> parse_coding(std::string_view name) {
  if (boost::beast::iequals(name, "x-gzip")) return ContentCoding::kGzip;  // RFC 9110 8.4.1.3
  for (const ContentCoding coding : {ContentCoding::kIdentity, ContentCoding::kGzip, ContentCoding::kZstd}) {
    if (boost::beast::iequals(name, coding_name(coding))) return coding;
  }
  return std::nullopt;
}

bool takes_coding(const std::vector<std::string>& accepted, ContentCoding coding) {
  bool any = false;
  for (const std::string& element : accepted) {
    if (const auto own = takes(element, coding_name(coding))) return *own;
    any = any || takes(element, "*").value_or(false);
  }
  return any;
}

ContentCoding choose_coding(const std::vector<std::string>& accepted) {
  if (takes_coding(accepted, ContentCoding::kZstd)) return ContentCoding::kZstd;
  return takes_coding(accepted, ContentCoding::kGzip) ? ContentCoding::kGzip : ContentCoding::kIdentity;
}

std::string encode(ContentCoding coding, std::string_view text) {
  std::string out;
  if (coding == ContentCoding::kZstd) {
    out.resize(::ZSTD_compressBound(text.size()));
    const std::size_t size = ::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), kFastLevel);
    if (::ZSTD_isError(size) != 0) throw std::bad_alloc();
    out.resize(size);
    return out;
  }
  z_stream stream{};
  if (::deflateInit2(&stream, kFastLevel, Z_DEFLATED, kGzipWindow, kZlibMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  out.resize(::deflateBound(&stream, text.size()));
  stream.next_in = bytes_of(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);  // the bound holds, so that one call is enough
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::unique_ptr<ContentDecoder> ContentDecoder::create(ContentCoding coding) {
  if (coding == ContentCoding::kZstd) return std::make_unique<ZstdDecoder>();
  return std::make_unique<GzipDecoder>();
}

}  // namespace tamis::server
