#include "engine/documents/strict_json.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "common/nearest_name.h"

namespace tamis::engine {
namespace {

// Thrown out of nlohmann's parser by our callback, and caught by parse_json().
struct Refusal {
  std::string pointer;
  std::string message;
};

// Follows the parser's events to know where it is, so that it can refuse depth and repeated members.
class StructureGuard {
 public:
  bool operator()(Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    switch (event) {
      case Event::object_start:
      case Event::array_start: enter(event == Event::array_start); break;
      case Event::object_end:
      case Event::array_end: frames_.pop_back(); break;
      case Event::key: take_key(parsed.get_ref<const std::string&>()); break;
      case Event::value: step(); break;
    }
    return true;
  }

 private:
  struct Frame {
    bool is_array = false;
    std::size_t next = 0;  // elements begun
    std::string key;
    std::set<std::string> keys;
  };

  void step() {
    if (!frames_.empty() && frames_.back().is_array) ++frames_.back().next;
  }
  void enter(bool is_array) {
    step();
    frames_.push_back({is_array, 0, {}, {}});
    if (frames_.size() > kMaxJsonDepth)
      throw Refusal{"", "the document nests deeper than " + std::to_string(kMaxJsonDepth) + " levels"};
  }
  void take_key(const std::string& key) {
    Frame& frame = frames_.back();
    frame.key = key;
    if (!frame.keys.insert(key).second)
      throw Refusal{pointer(), "the member \"" + key.substr(0, 64) + "\" is repeated"};
  }
  std::string pointer() const {
    std::string path;
    for (const Frame& frame : frames_) {
      path = frame.is_array ? child_pointer(path, frame.next - 1) : child_pointer(path, frame.key);
    }
    return path;
  }

  std::vector<Frame> frames_;
};

std::string shortened(const Json& value) {
  constexpr std::size_t kShown = 60;
  if (value.is_object()) return value.empty() ? "{}" : "an object";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  if (value.is_string() && value.get_ref<const std::string&>().size() > kShown)
    return "a string of " + std::to_string(value.get_ref<const std::string&>().size()) + " bytes";
  return to_text(value);
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return Status::invalid_argument("the document has " + std::to_string(text.size()) + " bytes; expected at most " +
                                    std::to_string(kMaxJsonBytes));
  }
  try {
    StructureGuard guard;
    return Json::parse(text.begin(), text.end(),
                       [&guard](int, Json::parse_event_t event, Json& parsed) { return guard(event, parsed); });
  } catch (const Refusal& refusal) {
    return Status::invalid_argument(refusal.message).at_field(refusal.pointer);
  } catch (const Json::exception& error) {
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: ..."
    if (const auto end = what.find("] "); end != std::string::npos) what.erase(0, end + 2);
    return Status::invalid_argument("not JSON: " + what.substr(0, 300));
  }
}

std::string child_pointer(std::string_view pointer, std::string_view member) {
  std::string result(pointer);
  result += '/';
  for (const char c : member) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

std::string child_pointer(std::string_view pointer, std::size_t index) {
  return std::string(pointer) + "/" + std::to_string(index);
}

Status json_fault(const Json& value, std::string_view pointer, std::string_view expected) {
  return Status::invalid_argument(shortened(value) + " is not valid; expected " + std::string(expected))
      .at_field(std::string(pointer));
}

Status unknown_member(std::string_view name, std::string_view pointer, std::span<const std::string_view> known) {
  std::string message = "unknown member \"" + std::string(name.substr(0, 64)) + "\"";
  if (const std::string_view nearest = nearest_name(name, known); !nearest.empty()) {
    message += "; did you mean \"" + std::string(nearest) + "\"?";
  } else {
    message += "; expected one of";
    for (const std::string_view candidate : known) message += " " + std::string(candidate);
  }
  return Status::invalid_argument(message).at_field(child_pointer(pointer, name));
}

Status check_members(const Json& value, std::string_view pointer, std::span<const std::string_view> known) {
  if (!value.is_object()) return json_fault(value, pointer, "an object");
  for (const auto& [name, member] : value.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) return unknown_member(name, pointer, known);
  }
  return Status::ok();
}

Result<bool> read_bool(const Json& value, std::string_view pointer) {
  if (!value.is_boolean()) return json_fault(value, pointer, "true or false");
  return value.get<bool>();
}

Result<std::uint32_t> read_uint32(const Json& value, std::string_view pointer, std::uint32_t low, std::uint32_t high) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < low || value.get<std::uint64_t>() > high) {
    return json_fault(value, pointer, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::uint32_t>(value.get<std::uint64_t>());
}

Result<std::string> read_string(const Json& value, std::string_view pointer, std::size_t low_bytes,
                                std::size_t high_bytes) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.size() >= low_bytes && text.size() <= high_bytes) return text;
  }
  return json_fault(value, pointer,
                    "a string of " + std::to_string(low_bytes) + " to " + std::to_string(high_bytes) + " bytes");
}

Result<std::size_t> read_name(const Json& value, std::string_view pointer, std::span<const std::string_view> names) {
  std::string expected = "one of";
  for (const std::string_view name : names) expected += " " + std::string(name);
  if (!value.is_string()) return json_fault(value, pointer, expected);
  const auto& text = value.get_ref<const std::string&>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return i;
  }
  if (const std::string_view nearest = nearest_name(text, names); !nearest.empty())
    expected += "; did you mean \"" + std::string(nearest) + "\"?";
  return json_fault(value, pointer, expected);
}

std::string to_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace tamis::engine
