// Progress: how far a long command is: a bar that redraws itself on a terminal, a plain line now and then elsewhere.
//
// Externally synchronised.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace tamis::client {

struct ProgressOptions {
  std::FILE* out = stderr;
  bool is_terminal = false;
  bool quiet = false;                   // nothing at all
  bool estimates = true;                // what remains, as if the rest went like what is done; else the time until now
  std::int64_t redraw_ms = 100;         // on a terminal
  std::int64_t plain_line_ms = 10'000;  // elsewhere
  std::size_t columns = 80;             // of the terminal
  std::function<std::chrono::steady_clock::time_point()> now = [] { return std::chrono::steady_clock::now(); };
};

// As stderr is: a terminal or not, and how wide.
ProgressOptions progress_on_stderr(bool quiet);

class Progress {
 public:
  // `label` "importing interactions"; `unit` "rows" (empty: no count and no rate).
  Progress(std::string label, std::string unit, ProgressOptions options);
  ~Progress();  // ends an unfinished line

  // `count` so far; `fraction` 0..1 of the whole, negative where the end is not known.
  void update(std::uint64_t count, double fraction, std::string_view note = {});
  // The last state, once; `summary` empty for the usual one: count, seconds, rate.
  void finish(std::uint64_t count, std::string_view summary = {});
  double elapsed_s() const;

 private:
  std::string line(std::uint64_t count, double fraction, std::string_view note) const;

  const std::string label_;
  const std::string unit_;
  const ProgressOptions options_;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point drawn_;
  bool has_drawn_ = false;
  bool is_finished_ = false;
};

// 75 -> "1:15", 3700 -> "1:01:40".
std::string as_duration(double seconds);

}  // namespace tamis::client
