#include "server/json/json_path.h"

namespace tamis::server {

std::string JsonPath::to_string() const {
  std::string text = parent == nullptr ? std::string() : parent->to_string();
  if (index != kNoIndex) {
    text += "[" + std::to_string(index) + "]";
  } else if (!name.empty()) {
    if (!text.empty()) text += '.';
    text += name;
  }
  return text;
}

Status refuse(const JsonPath& path, std::string_view found, std::string_view expected) {
  std::string field = path.to_string();
  std::string message = field.empty() ? "the document" : field;
  message.append(" is ").append(found).append("; expected ").append(expected);
  return Status::invalid_argument(std::move(message)).at_field(std::move(field));
}

}  // namespace tamis::server
