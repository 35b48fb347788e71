// RowKeys: idempotency keys for rows that have none, by what they say.
//
// The key of a row is a hash of all that the row says (user, item, type, value, time, context), of how many equal rows
// the file had before it, and, where the row has no time, of the file that it stands in. So
//   - the same file again gives the same keys, and so does an export that has grown at its top or at its end;
//   - of two equal rows of one file both count;
//   - an equal row of another file counts where no time says that it is the same event;
//   - rows that are read in another way (another type, another time) are other rows.
//
// Memory: about 16 bytes per distinct row, so that equal ones can be counted. Externally synchronised.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tamis::client {

// Counts equal values by their hashes.
class OccurrenceCounter {
 public:
  // 1 for a hash that was not met before, then 2, 3, ...
  std::uint64_t next(std::uint64_t hash);

 private:
  void grow();

  std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1 << 10);  // open addressing; 0 is free
  std::size_t used_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> repeated_;  // hashes met more than once
};

// What a file is called in the keys of its rows: its folder and its name, without .gz, .xz and .zst. "day1/buys.csv" is
// another file than "day2/buys.csv", from wherever the import is started.
std::string source_name(const std::string& path);

class RowKeys {
 public:
  explicit RowKeys(std::string source) : source_(std::move(source)) {}
  // `content`: all that the row says. `has_time`: whether when it happened is part of it.
  std::string next(std::string_view content, bool has_time);
  // Where columns name the row: by `name`, whatever else it says and wherever it stands.
  static std::string of_name(std::string_view name);
  // Whether rows without a time were met: then the file's name counts.
  bool has_used_source() const { return has_used_source_; }
  const std::string& source() const { return source_; }

 private:
  const std::string source_;
  OccurrenceCounter occurrences_;
  bool has_used_source_ = false;
};

}  // namespace tamis::client
