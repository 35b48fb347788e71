#include "models/tensor_header.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace tamis::models {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr int kMaxDepth = 3;  // object, tensor, array

std::optional<TensorType> parse_type(std::string_view name) {
  constexpr std::array kTypes = {TensorType::kF32, TensorType::kI64, TensorType::kU64,
                                 TensorType::kI32, TensorType::kU32, TensorType::kU8};
  for (const TensorType type : kTypes) {
    if (tensor_type_name(type) == name) return type;
  }
  return std::nullopt;
}

bool is_unsigned_array(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(), [](const Json& e) { return e.is_number_unsigned(); });
}

// Depth and the uniqueness of names, which the tree no longer shows.
class StructureCheck {
 public:
  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) sound_ = false;
    if (event == Json::parse_event_t::key && depth == 1) {
      sound_ = sound_ && names_.insert(parsed.get<std::string>()).second;
    }
    return sound_;  // false: the value is dropped, and memory stays bounded
  }
  bool sound() const { return sound_; }

 private:
  bool sound_ = true;
  std::set<std::string> names_;
};

Status parse_metadata(const Json& json, TensorMetadata* metadata) {
  if (!json.is_object()) return Status::corruption("__metadata__ is not an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return Status::corruption("__metadata__ holds a value that is not a string");
    (*metadata)[key] = value.get<std::string>();
  }
  return Status::ok();
}

Result<TensorHeader::Tensor> parse_tensor(const std::string& name, const Json& json) {
  const auto malformed = [&] {
    return Status::corruption("the header of tensor \"" + name + "\" is not {dtype, shape, data_offsets}");
  };
  if (!json.is_object() || json.size() != 3 || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets")) {
    return malformed();
  }
  const Json& dtype = json["dtype"];
  const Json& offsets = json["data_offsets"];
  if (!dtype.is_string() || !is_unsigned_array(json["shape"]) || !is_unsigned_array(offsets) || offsets.size() != 2) {
    return malformed();
  }
  const auto type_name = dtype.get<std::string>();
  const auto type = parse_type(type_name);
  if (!type) {
    return Status::invalid_argument("tensor \"" + name + "\" has the dtype " + type_name +
                                    ", expected F32, I64, U64, I32, U32 or U8");
  }
  return TensorHeader::Tensor{.name = name,
                              .type = *type,
                              .shape = json["shape"].get<TensorShape>(),
                              .begin = offsets[0].get<std::uint64_t>(),
                              .end = offsets[1].get<std::uint64_t>()};
}

// The bytes that a shape takes; nothing where 64 bits do not hold them.
std::optional<std::uint64_t> shape_bytes(TensorType type, const TensorShape& shape) {
  std::uint64_t bytes = tensor_type_bytes(type);
  for (const std::uint64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

}  // namespace

Result<TensorHeader> parse_tensor_header(std::string_view text) {
  if (!text.starts_with('{')) return Status::corruption("the header does not begin with {");
  StructureCheck check;
  const Json json = Json::parse(text.begin(), text.end(), std::ref(check), /*allow_exceptions=*/false);
  if (!check.sound()) return Status::corruption("the header repeats a name or nests too deeply");
  if (!json.is_object()) return Status::corruption("the header is not a JSON object");
  TensorHeader header;
  for (const auto& [name, value] : json.items()) {
    if (name == kMetadataKey) {
      TAMIS_RETURN_IF_ERROR(parse_metadata(value, &header.metadata));
    } else {
      TAMIS_ASSIGN_OR_RETURN(TensorHeader::Tensor tensor, parse_tensor(name, value));
      header.tensors.push_back(std::move(tensor));
    }
  }
  return header;
}

Status validate(const TensorHeader& header, std::uint64_t data_bytes) {
  std::set<std::string_view> names = {kMetadataKey};
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const TensorHeader::Tensor& tensor : header.tensors) {
    if (!names.insert(tensor.name).second) {
      return Status::corruption("tensor name \"" + tensor.name + "\" is taken");
    }
    const auto bytes = shape_bytes(tensor.type, tensor.shape);
    if (tensor.begin > tensor.end || !bytes || *bytes != tensor.end - tensor.begin) {
      return Status::corruption("the data of tensor \"" + tensor.name + "\" does not have the size of its shape");
    }
    ranges.emplace_back(tensor.begin, tensor.end);
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != covered) return Status::corruption("tensor data overlap or leave a gap");
    covered = end;
  }
  if (covered != data_bytes) {
    return Status::corruption("tensors take " + std::to_string(covered) + " bytes of the " +
                              std::to_string(data_bytes) + " there are");
  }
  return Status::ok();
}

std::string format_tensor_header(const TensorHeader& header) {
  Json json = Json::object();
  if (!header.metadata.empty()) json[std::string(kMetadataKey)] = header.metadata;
  for (const TensorHeader::Tensor& tensor : header.tensors) {
    json[tensor.name] = {{"dtype", tensor_type_name(tensor.type)},
                         {"shape", tensor.shape},
                         {"data_offsets", {tensor.begin, tensor.end}}};
  }
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace tamis::models
