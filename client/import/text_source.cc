#include "client/import/text_source.h"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/ids.h"

namespace tamis::client {
namespace {

constexpr std::size_t kTextReadBytes = 64 << 10;
constexpr std::size_t kStartBytes = 4 << 10;     // enough to recognise UTF-16
constexpr std::size_t kWindowBytes = 256 << 10;  // from the first byte above 0x7F on, enough to recognise the encoding
constexpr char kUndecodable = '\xFF';

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

// What people call an encoding, as iconv does.
std::string iconv_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"utf8", "UTF-8"},         {"utf-8-sig", "UTF-8"},          {"utf16", "UTF-16"},
      {"utf16le", "UTF-16LE"},   {"utf-16-le", "UTF-16LE"},       {"utf16be", "UTF-16BE"},
      {"utf-16-be", "UTF-16BE"}, {"latin-1", "ISO-8859-1"},       {"latin1", "ISO-8859-1"},
      {"ansi", "WINDOWS-1252"},  {"windows1252", "WINDOWS-1252"}, {"cp1252", "WINDOWS-1252"},
  };
  const std::string wanted = lower(name);
  for (const auto& [known, canonical] : kNames) {
    if (wanted == known) return std::string(canonical);
  }
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

std::size_t unit_bytes(std::string_view encoding) {
  return encoding.starts_with("UTF-16") || encoding == "UCS-2" ? 2 : encoding.starts_with("UTF-32") ? 4 : 1;
}

std::string_view encoding_by_mark(std::string_view start) {
  static constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
      {{"\xEF\xBB\xBF", 3}, "UTF-8"}, {{"\xFF\xFE\0\0", 4}, "UTF-32LE"}, {{"\0\0\xFE\xFF", 4}, "UTF-32BE"},
      {{"\xFF\xFE", 2}, "UTF-16LE"},  {{"\xFE\xFF", 2}, "UTF-16BE"},
  };
  for (const auto& [mark, encoding] : kMarks) {
    if (start.starts_with(mark)) return encoding;
  }
  return {};
}

// Western text in UTF-16 has a zero in nearly every second byte.
std::string_view encoding_by_zeros(std::string_view start) {
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < start.size(); ++i) zeros[i % 2] += start[i] == '\0' ? 1 : 0;
  const std::size_t units = start.size() / 2;
  if (units < 4) return {};
  if (zeros[1] * 10 > units * 4 && zeros[0] * 10 < units) return "UTF-16LE";
  if (zeros[0] * 10 > units * 4 && zeros[1] * 10 < units) return "UTF-16BE";
  return {};
}

struct ByteCounts {
  std::size_t sequences = 0;   // of two to four bytes, as UTF-8 has them
  std::size_t others = 0;      // bytes above 0x7F outside of these
  std::size_t neighbours = 0;  // of `others`: those beside another byte above 0x7F
};

// `is_end`: nothing follows the window.
ByteCounts count_bytes(std::string_view window, bool is_end) {
  const auto is_high = [&](std::size_t i) { return i < window.size() && static_cast<signed char>(window[i]) < 0; };
  ByteCounts counts;
  for (std::size_t i = 0; i < window.size();) {
    if (!is_high(i)) {
      ++i;
      continue;
    }
    std::size_t length = 2;
    while (length <= 4 && i + length <= window.size() && !is_valid_utf8(window.substr(i, length))) ++length;
    if (i + length > window.size() && length <= 4 && !is_end) break;  // cut off by the window
    if (i + length <= window.size() && length <= 4) {
      ++counts.sequences;
      i += length;
      continue;
    }
    ++counts.others;
    if (is_high(i + 1) || (i > 0 && is_high(i - 1))) ++counts.neighbours;
    ++i;
  }
  return counts;
}

// Hands out `raw` as it is until its encoding is known, then converts.
class TextSource final : public ByteSource {
 public:
  TextSource(std::unique_ptr<ByteSource> raw, EncodingReceiver receiver)
      : raw_(std::move(raw)), receiver_(std::move(receiver)) {}
  ~TextSource() override {
    if (converter_ != kNone) ::iconv_close(converter_);
  }

  Status use(const std::string& encoding, bool guessed) {
    is_known_ = true;
    if (encoding != "UTF-8") {
      converter_ = ::iconv_open("UTF-8", encoding.c_str());
      if (converter_ == kNone) {
        return Status::invalid_argument("the encoding \"" + encoding +
                                        "\" is not known; known are utf-8, utf-16, utf-16le, utf-16be, latin-1, "
                                        "windows-1252 and the others of `iconv --list`")
            .at_field("encoding");
      }
      unit_bytes_ = unit_bytes(encoding);
      if (receiver_) receiver_(encoding, guessed);
    }
    return Status::ok();
  }
  Status detect_by_start() {
    TAMIS_RETURN_IF_ERROR(fill(kStartBytes));
    const std::string_view start = std::string_view(input_).substr(0, kStartBytes);
    std::string_view encoding = encoding_by_mark(start);
    if (encoding.empty()) encoding = encoding_by_zeros(start);
    return encoding.empty() ? Status::ok() : use(std::string(encoding), true);
  }

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (input_.size() == begin_ && !at_end_) TAMIS_RETURN_IF_ERROR(fill(1));
    if (!is_known_) TAMIS_RETURN_IF_ERROR(detect());
    if (converter_ != kNone) return convert(buffer, capacity);
    const std::size_t end = is_known_ ? input_.size() : plain_end_;
    const std::size_t count = std::min(capacity, end - begin_);
    std::memcpy(buffer, input_.data() + begin_, count);
    begin_ += count;
    return count;
  }
  std::uint64_t consumed_bytes() const override { return raw_->consumed_bytes(); }
  std::uint64_t total_bytes() const override { return raw_->total_bytes(); }

 private:
  inline static const iconv_t kNone = reinterpret_cast<iconv_t>(-1);

  // Makes `wanted` bytes available from begin_ on, fewer only at the end.
  Status fill(std::size_t wanted) {
    if (begin_ > 0) {
      input_.erase(0, begin_);
      begin_ = 0;
    }
    while (input_.size() < wanted && !at_end_) {
      const std::size_t held = input_.size();
      input_.resize(held + kTextReadBytes);
      const auto got = raw_->read(input_.data() + held, kTextReadBytes);
      input_.resize(held + (got.is_ok() ? *got : 0));
      if (!got.is_ok()) return got.status();
      at_end_ = *got == 0;
    }
    return Status::ok();
  }

  // Every encoding agrees on bytes below 0x80, so the first one above them is waited for.
  Status detect() {
    const auto first = std::find_if(input_.begin() + static_cast<std::ptrdiff_t>(begin_), input_.end(),
                                    [](char c) { return static_cast<signed char>(c) < 0; });
    plain_end_ = static_cast<std::size_t>(first - input_.begin());
    if (first == input_.end() || plain_end_ > begin_) return Status::ok();
    TAMIS_RETURN_IF_ERROR(fill(kWindowBytes));
    const ByteCounts counts = count_bytes(std::string_view(input_).substr(begin_, kWindowBytes), at_end_);
    if (counts.sequences >= counts.others) return use("UTF-8", true);
    if (counts.others >= 8 && counts.neighbours * 2 > counts.others) {
      return Status::failed_precondition(  // final: no fault of one record
          "the text is neither UTF-8 nor Western European; tell its encoding: --encoding windows-1251, shift_jis, "
          "gb18030 or another of `iconv --list`");
    }
    return use("WINDOWS-1252", true);
  }

  Result<std::size_t> convert(char* buffer, std::size_t capacity) {
    char* out = buffer;
    std::size_t room = capacity;
    while (out == buffer) {
      if (begin_ == input_.size() && at_end_) return std::size_t{0};
      char* in = input_.data() + begin_;
      std::size_t left = input_.size() - begin_;
      const std::size_t converted = ::iconv(converter_, &in, &left, &out, &room);
      const int error = converted == static_cast<std::size_t>(-1) ? errno : 0;
      begin_ = input_.size() - left;
      if (error == E2BIG && out == buffer) return Status::internal("a buffer too small for one character");
      const bool cut_short = error == EINVAL && at_end_;
      if (error == EILSEQ || cut_short) {
        if (room == 0) break;
        *out++ = kUndecodable;
        --room;
        begin_ = cut_short ? input_.size() : std::min(begin_ + unit_bytes_, input_.size());
      } else if (error == EINVAL || (error == 0 && out == buffer)) {
        TAMIS_RETURN_IF_ERROR(fill(input_.size() - begin_ + 1));
      }
    }
    return static_cast<std::size_t>(out - buffer);
  }

  const std::unique_ptr<ByteSource> raw_;
  const EncodingReceiver receiver_;
  std::string input_;
  std::size_t begin_ = 0;      // of what is not handed out yet
  std::size_t plain_end_ = 0;  // of the bytes that every encoding has in common
  bool at_end_ = false;
  bool is_known_ = false;
  iconv_t converter_ = kNone;
  std::size_t unit_bytes_ = 1;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> as_utf8(std::unique_ptr<ByteSource> raw, std::string_view encoding,
                                            EncodingReceiver receiver) {
  auto source = std::make_unique<TextSource>(std::move(raw), std::move(receiver));
  TAMIS_RETURN_IF_ERROR(encoding == "auto" ? source->detect_by_start() : source->use(iconv_name(encoding), false));
  return std::unique_ptr<ByteSource>(std::move(source));
}

}  // namespace tamis::client
