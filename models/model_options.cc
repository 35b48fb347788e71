#include "models/model_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/nearest_name.h"

namespace tamis::models {
namespace {

constexpr double kLargestInteger = 9007199254740992;  // 2^53: exact in a double

// The shortest text that reads back as the same number.
std::string to_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

ModelOption integer(std::string name, double fallback, double minimum, double maximum, std::string description) {
  return {std::move(name), OptionType::kInteger, to_text(fallback), minimum, maximum, {}, std::move(description)};
}
ModelOption number(std::string name, double fallback, double minimum, double maximum, std::string description) {
  return {std::move(name), OptionType::kNumber, to_text(fallback), minimum, maximum, {}, std::move(description)};
}
ModelOption boolean(std::string name, bool fallback, std::string description) {
  return {std::move(name), OptionType::kBoolean, fallback ? "true" : "false", 0, 0, {}, std::move(description)};
}
ModelOption choice(std::string name, std::vector<std::string> choices, std::string description) {
  std::string fallback = choices.front();
  return {std::move(name), OptionType::kChoice, std::move(fallback), 0, 0, std::move(choices), std::move(description)};
}

std::vector<ModelOption> ials_table() {
  const IalsOptions defaults;
  return {
      integer("dim", defaults.dim, 1, 2048, "length of the factors"),
      integer("iterations", defaults.iterations, 1, 1000, "sweeps over users and items"),
      number("unobserved_weight", defaults.unobserved_weight, 1e-9, 1e6, "weight of the zeros (alpha_0)"),
      number("regularization", defaults.regularization, 1e-9, 1e6, "lambda, before frequency scaling"),
      number("regularization_exponent", defaults.regularization_exponent, 0, 1,
             "how regularisation grows with the number of interactions (nu): 0 not at all, 1 in proportion"),
      number("init_stddev", defaults.init_stddev, 1e-9, 1e3, "scale of the random start"),
      choice("solver", {"dual", "cg", "cholesky"},
             "how a row is solved: dual and cholesky exactly, cg by a few steps of conjugate gradient"),
      integer("cg_steps", defaults.cg_steps, 1, 100, "steps per row of the solver cg"),
      integer("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of the random start"),
  };
}

std::vector<ModelOption> neighbor_table() {
  const NeighborOptions defaults;
  return {
      integer("neighbors", defaults.neighbors, 1, 10'000, "most similar rows kept per row"),
      number("shrinkage", defaults.shrinkage, 0, 1e6, "distrust of similarities that rest on few common interactions"),
      boolean("binary", defaults.binary, "whether every interaction counts 1, whatever its weight"),
      integer("max_row_length", defaults.max_row_length, 0, 4294967295,
              "longer lists of common interactions are subsampled to this; 0: never"),
      number("asymmetry", defaults.asymmetry, 0, 1, "0.5 is the cosine; more divides by the asking row's norm"),
      number("column_weight_exponent", defaults.column_weight_exponent, 0, 2,
             "how much less a column counts the more interactions it has; 0: all count alike"),
      number("similarity_exponent", defaults.similarity_exponent, 0.1, 10,
             "power to which similarities are raised; above 1 the nearest weigh more"),
  };
}

template <typename Number>
bool parse(std::string_view text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string expected(const ModelOption& option) {
  switch (option.type) {
    case OptionType::kInteger: return "an integer in " + to_text(option.minimum) + ".." + to_text(option.maximum);
    case OptionType::kNumber: return "a number in " + to_text(option.minimum) + ".." + to_text(option.maximum);
    case OptionType::kBoolean: return "true or false";
    case OptionType::kChoice: break;
  }
  std::string list = "one of";
  for (const std::string& name : option.choices) list += " " + name;
  return list;
}

bool accepts(const ModelOption& option, const std::string& text) {
  switch (option.type) {
    case OptionType::kInteger: {
      std::uint64_t value = 0;
      return parse(text, &value) && static_cast<double>(value) >= option.minimum &&
             static_cast<double>(value) <= option.maximum;
    }
    case OptionType::kNumber: {
      double value = 0;
      return parse(text, &value) && value >= option.minimum && value <= option.maximum;  // refuses NaN too
    }
    case OptionType::kBoolean: return text == "true" || text == "false";
    case OptionType::kChoice: break;
  }
  return std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string_view nearest = nearest_name(name, known);
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> kNames = {"popular", "item_knn", "user_knn", "ials"};
  return kNames;
}

Result<std::vector<ModelOption>> model_options(std::string_view model) {
  if (model == "popular") return std::vector<ModelOption>{};
  if (model == "item_knn" || model == "user_knn") return neighbor_table();
  if (model == "ials") return ials_table();
  std::string known;
  for (const std::string& name : model_names()) known += (known.empty() ? "" : ", ") + name;
  const std::vector<std::string_view> names(model_names().begin(), model_names().end());
  return Status::invalid_argument("unknown model \"" + std::string(model) + "\"" + did_you_mean(model, names) +
                                  " (known: " + known + ")")
      .at_field("model");
}

Result<Settings> resolve_settings(const std::vector<ModelOption>& options, const Settings& settings) {
  for (const auto& [key, value] : settings) {
    const auto known = std::find_if(options.begin(), options.end(),
                                    [&key = key](const ModelOption& option) { return option.name == key; });
    if (known == options.end()) {
      std::vector<std::string_view> names;
      for (const ModelOption& option : options) names.push_back(option.name);
      std::string message = "unknown setting \"" + key + "\"" + did_you_mean(key, names);
      return Status::invalid_argument(std::move(message)).at_field(key);
    }
    if (!accepts(*known, value)) {
      return Status::invalid_argument(key + " is \"" + value + "\", expected " + expected(*known)).at_field(key);
    }
  }
  Settings resolved = settings;
  for (const ModelOption& option : options) resolved.emplace(option.name, option.default_value);
  return resolved;
}

double number_setting(const Settings& settings, std::string_view name) {
  double value = 0;
  const auto found = settings.find(name);
  if (found != settings.end()) parse(found->second, &value);
  return value;
}

std::uint64_t integer_setting(const Settings& settings, std::string_view name) {
  std::uint64_t value = 0;
  const auto found = settings.find(name);
  if (found != settings.end()) parse(found->second, &value);
  return value;
}

IalsOptions ials_options(const Settings& settings) {
  const auto solver = settings.find("solver");
  IalsOptions options{.dim = static_cast<std::uint32_t>(integer_setting(settings, "dim")),
                      .iterations = static_cast<std::uint32_t>(integer_setting(settings, "iterations")),
                      .unobserved_weight = number_setting(settings, "unobserved_weight"),
                      .regularization = number_setting(settings, "regularization"),
                      .regularization_exponent = number_setting(settings, "regularization_exponent"),
                      .init_stddev = number_setting(settings, "init_stddev"),
                      .seed = integer_setting(settings, "seed"),
                      .cg_steps = static_cast<std::uint32_t>(integer_setting(settings, "cg_steps"))};
  if (solver != settings.end() && solver->second == "cg") options.solver = IalsSolver::kConjugateGradient;
  if (solver != settings.end() && solver->second == "cholesky") options.solver = IalsSolver::kCholesky;
  return options;
}

NeighborOptions neighbor_options(const Settings& settings) {
  const auto binary = settings.find("binary");
  return {.neighbors = static_cast<std::uint32_t>(integer_setting(settings, "neighbors")),
          .shrinkage = number_setting(settings, "shrinkage"),
          .binary = binary == settings.end() || binary->second == "true",
          .max_row_length = static_cast<std::uint32_t>(integer_setting(settings, "max_row_length")),
          .asymmetry = number_setting(settings, "asymmetry"),
          .column_weight_exponent = number_setting(settings, "column_weight_exponent"),
          .similarity_exponent = number_setting(settings, "similarity_exponent")};
}

}  // namespace tamis::models
