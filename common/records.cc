#include "common/records.h"

#include <array>
#include <utility>

namespace tamis {
namespace {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

template <typename Enum, std::size_t N>
std::string_view name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

template <typename Enum, std::size_t N>
Result<Enum> value_of(const Names<Enum, N>& names, std::string_view text, std::string_view what) {
  std::string expected;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  return Status::invalid_argument("\"" + std::string(text.substr(0, 64)) + "\" is not a " + std::string(what) +
                                  "; expected one of " + expected);
}

constexpr Names<Metric, 3> kMetrics = {{{Metric::kDot, "dot"}, {Metric::kCosine, "cosine"}, {Metric::kL2, "l2"}}};
constexpr Names<Quantization, 3> kQuantizations = {
    {{Quantization::kF32, "f32"}, {Quantization::kF16, "f16"}, {Quantization::kInt8, "int8"}}};
constexpr Names<Durability, 3> kDurabilities = {
    {{Durability::kSync, "sync"}, {Durability::kInterval, "interval"}, {Durability::kNone, "none"}}};

}  // namespace

std::string_view metric_name(Metric metric) { return name_of(kMetrics, metric); }
Result<Metric> parse_metric(std::string_view name) { return value_of(kMetrics, name, "metric"); }

std::string_view quantization_name(Quantization quantization) { return name_of(kQuantizations, quantization); }
Result<Quantization> parse_quantization(std::string_view name) {
  return value_of(kQuantizations, name, "quantization");
}

std::string_view durability_name(Durability durability) { return name_of(kDurabilities, durability); }
Result<Durability> parse_durability(std::string_view name) { return value_of(kDurabilities, name, "durability"); }

}  // namespace tamis
