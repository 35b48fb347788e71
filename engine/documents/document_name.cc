#include "engine/documents/document_name.h"

#include <algorithm>
#include <utility>

namespace tamis::engine {

Status check_document_name(std::string_view name, std::string field) {
  const bool is_name =
      !name.empty() && name.size() <= kMaxDocumentNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '.';
      });
  if (is_name) return Status::ok();
  return Status::invalid_argument("\"" + std::string(name.substr(0, kMaxDocumentNameBytes)) +
                                  "\" is not a name; expected 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'")
      .at_field(std::move(field));
}

std::string version_key(std::string_view name, std::uint32_t version) {
  const std::string number = std::to_string(version);
  return std::string(name) + ":" + std::string(10 - std::min<std::size_t>(10, number.size()), '0') + number;
}

}  // namespace tamis::engine
