// QueryString: the query parameters of one request, read by name and type; what nobody knows is refused.
//
//   QueryString query(request.query);
//   query.read_u32("k", 1, 1000, &k).read_bool("explain", &explain);
//   TAMIS_RETURN_IF_ERROR(query.finish());
//
// The first error is kept and returned by finish(). Externally synchronised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"

namespace tamis::server {

// Decodes %XX; '+' is a space only where `plus_is_space`. nullopt where an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

class QueryString {
 public:
  explicit QueryString(std::string_view encoded);

  QueryString& read_string(std::string_view name, std::string* out);
  QueryString& read_string(std::string_view name, std::optional<std::string>* out);
  QueryString& read_u32(std::string_view name, std::uint32_t low, std::uint32_t high, std::uint32_t* out);
  QueryString& read_u64(std::string_view name, std::uint64_t low, std::uint64_t high, std::uint64_t* out);
  QueryString& read_bool(std::string_view name, bool* out);  // true, false, 1, 0, or nothing for true
  QueryString& read_bool(std::string_view name, std::optional<bool>* out);

  bool has(std::string_view name) const;
  // Refuses a name that is no longer taken, with the one that is.
  QueryString& refuse_renamed(std::string_view old_name, std::string_view new_name);

  // The first error; else invalid_argument for a parameter that no read_ named, with the nearest one that was.
  Status finish();

 private:
  const std::string* find(std::string_view name);
  void fail(std::string_view name, std::string_view value, std::string_view expected);

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::vector<std::string_view> known_;
  Status status_;
};

}  // namespace tamis::server
