#include "models/kinds/model_options.h"

#include <algorithm>

#include "common/nearest_name.h"
#include "models/kinds/encoder_kinds.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::models {
namespace {

std::vector<ModelOption> no_options() { return {}; }

std::vector<ModelOption> neighbor_table(const NeighborOptions& defaults) {
  return {
      integer_option("neighbors", defaults.neighbors, 1, 10'000, "most similar rows kept per row"),
      number_option("shrinkage", defaults.shrinkage, 0, 1e6,
                    "distrust of similarities that rest on few common interactions"),
      boolean_option("binary", defaults.binary, "whether every interaction counts 1, whatever its weight"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "of what users turned down, beside what they like"),
      integer_option("max_row_length", defaults.max_row_length, 0, 4294967295,
                     "longer lists of common interactions are subsampled to this; 0: never"),
      number_option("asymmetry", defaults.asymmetry, 0, 1, "0.5 is the cosine; more divides by the asking row's norm"),
      number_option("column_weight_exponent", defaults.column_weight_exponent, 0, 2,
                    "how much less a column counts the more interactions it has; 0: all count alike"),
      number_option("similarity_exponent", defaults.similarity_exponent, 0.1, 10,
                    "power to which similarities are raised; above 1 the nearest weigh more"),
  };
}

// Chosen on validation parts of nine data sets (docs/evaluation.md).
std::vector<ModelOption> item_knn_table() {
  return neighbor_table({.neighbors = 200, .shrinkage = 5, .asymmetry = 0.55, .column_weight_exponent = 0.4});
}
std::vector<ModelOption> user_knn_table() {
  return neighbor_table({.neighbors = 150, .shrinkage = 2, .column_weight_exponent = 0.15});
}

struct ModelEntry {
  std::string_view name;
  std::vector<ModelOption> (*options)();
};

// Those that are neither encoders nor history models.
constexpr ModelEntry kTables[] = {
    {"popular", no_options},
    {"item_knn", item_knn_table},
    {"user_knn", user_knn_table},
};

const std::vector<ModelEntry>& entries() {
  static const std::vector<ModelEntry> kEntries = [] {
    std::vector<ModelEntry> all(std::begin(kTables), std::end(kTables));
    for (const EncoderKind& kind : encoder_kinds())
      if (kind.options != nullptr) all.push_back({kind.name, kind.options});
    for (const HistoryModelKind& kind : history_model_kinds()) all.push_back({kind.name, kind.options});
    return all;
  }();
  return kEntries;
}

Status unknown_model(std::string_view model) {
  std::vector<std::string_view> names;
  std::string known;
  for (const ModelEntry& entry : entries()) {
    names.push_back(entry.name);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  std::string message = "unknown model \"" + std::string(model) + "\"";
  const std::string_view nearest = nearest_name(model, names);
  if (!nearest.empty()) message += "; did you mean \"" + std::string(nearest) + "\"?";
  return Status::invalid_argument(message + " (known: " + known + ")").at_field("model");
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const ModelEntry& entry : entries()) names.emplace_back(entry.name);
    return names;
  }();
  return kNames;
}

Result<std::vector<ModelOption>> model_options(std::string_view model) {
  const auto found =
      std::find_if(entries().begin(), entries().end(), [&](const ModelEntry& entry) { return entry.name == model; });
  if (found == entries().end()) return unknown_model(model);
  return found->options();
}

NeighborOptions neighbor_options(const Settings& settings) {
  const auto binary = settings.find("binary");
  return {.neighbors = static_cast<std::uint32_t>(integer_setting(settings, "neighbors")),
          .shrinkage = number_setting(settings, "shrinkage"),
          .binary = binary == settings.end() || binary->second == "true",
          .disliked_weight = number_setting(settings, "disliked_weight"),
          .max_row_length = static_cast<std::uint32_t>(integer_setting(settings, "max_row_length")),
          .asymmetry = number_setting(settings, "asymmetry"),
          .column_weight_exponent = number_setting(settings, "column_weight_exponent"),
          .similarity_exponent = number_setting(settings, "similarity_exponent")};
}

}  // namespace tamis::models
