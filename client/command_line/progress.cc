#include "client/command_line/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/command_line/table.h"

namespace tamis::client {

ProgressOptions progress_on_stderr(bool quiet) {
  ProgressOptions options;
  options.quiet = quiet;
  options.is_terminal = ::isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (options.is_terminal && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.columns = size.ws_col;
  }
  return options;
}

std::string as_duration(double seconds) {
  const auto total = static_cast<std::uint64_t>(std::llround(std::clamp(seconds, 0.0, 3.6e6)));
  char text[32];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%d:%02d:%02d", static_cast<int>(total / 3600), static_cast<int>(total / 60 % 60),
                  static_cast<int>(total % 60));
  } else {
    std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(total / 60), static_cast<int>(total % 60));
  }
  return text;
}

Progress::Progress(std::string label, std::string unit, ProgressOptions options)
    : label_(std::move(label)), unit_(std::move(unit)), options_(std::move(options)), start_(options_.now()) {
  drawn_ = start_;
}

Progress::~Progress() {
  if (has_drawn_ && !is_finished_ && options_.is_terminal) std::fputc('\n', options_.out);
}

double Progress::elapsed_s() const { return std::chrono::duration<double>(options_.now() - start_).count(); }

std::string Progress::line(std::uint64_t count, double fraction, std::string_view note) const {
  const double elapsed = std::max(elapsed_s(), 1e-3);
  std::string tail;
  if (fraction >= 0) {
    char percent[16];
    std::snprintf(percent, sizeof percent, " %3.0f%%", std::min(fraction, 1.0) * 100);
    tail += percent;
  }
  if (!unit_.empty()) {
    tail += "  " + with_thousands(count) + " " + unit_ + "  " +
            with_thousands(static_cast<std::uint64_t>(static_cast<double>(count) / elapsed)) + "/s";
  }
  if (!note.empty()) tail += "  " + std::string(note);
  if (!options_.estimates)
    tail += "  after " + as_duration(elapsed);
  else if (fraction > 0.01 && fraction < 1)
    tail += "  ETA " + as_duration(elapsed * (1 - fraction) / fraction);
  if (!options_.is_terminal || fraction < 0) return label_ + tail;

  const std::size_t used = label_.size() + tail.size() + 4;
  const std::size_t width = std::clamp<std::size_t>(options_.columns > used ? options_.columns - used : 0, 0, 30);
  if (width < 5) return label_ + tail;
  const auto filled = static_cast<std::size_t>(std::min(fraction, 1.0) * static_cast<double>(width));
  std::string bar = std::string(filled, '=');
  if (filled < width) bar += '>';
  bar.resize(width, ' ');
  return label_ + " [" + bar + "]" + tail;
}

void Progress::update(std::uint64_t count, double fraction, std::string_view note) {
  if (options_.quiet || is_finished_) return;
  const auto now = options_.now();
  const std::int64_t wait_ms = options_.is_terminal ? options_.redraw_ms : options_.plain_line_ms;
  if ((has_drawn_ || !options_.is_terminal) && now - drawn_ < std::chrono::milliseconds(wait_ms)) return;
  drawn_ = now;
  has_drawn_ = true;
  std::string text = line(count, fraction, note);
  if (options_.is_terminal) {
    if (text.size() >= options_.columns) text.resize(options_.columns - 1);
    std::fprintf(options_.out, "\r\x1b[K%s", text.c_str());
  } else {
    std::fprintf(options_.out, "%s\n", text.c_str());
  }
  std::fflush(options_.out);
}

void Progress::finish(std::uint64_t count, std::string_view summary) {
  if (options_.quiet || is_finished_) return;
  is_finished_ = true;
  const double elapsed = std::max(elapsed_s(), 1e-3);
  std::string text(summary);
  if (text.empty()) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f s", elapsed);
    text = label_ + ": ";
    if (!unit_.empty()) {
      text += with_thousands(count) + " " + unit_ + " in " + seconds + " (" +
              with_thousands(static_cast<std::uint64_t>(static_cast<double>(count) / elapsed)) + "/s)";
    } else {
      text += std::string("done in ") + seconds;
    }
  }
  std::fprintf(options_.out, options_.is_terminal ? "\r\x1b[K%s\n" : "%s\n", text.c_str());
  std::fflush(options_.out);
}

}  // namespace tamis::client
