#include "server/config/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

#include "common/nearest_name.h"
#include "embeddings/endpoint_source.h"
#include "engine/settings/model_settings.h"
#include "server/config/config_table.h"
#include "server/server.h"

namespace tamis::server {
namespace {

constexpr std::string_view kConfigVariable = "TAMIS_CONFIG";

std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }

std::string environment_name(const std::string& key) {
  std::string name = "TAMIS_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '.' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

// `pattern` with what stands for its * in `key`: the same number of segments is cut off before it, however they are
// spelt. "items.features.*" and "itmes.features.price" give "items.features.price".
std::string fill_pattern(const std::string& pattern, const std::string& key, char separator) {
  std::size_t at = 0;
  for (auto left = std::count(pattern.begin(), pattern.end(), separator); left > 0; --left) {
    at = key.find(separator, at);
    if (at == std::string::npos) return pattern;
    ++at;
  }
  return pattern.substr(0, pattern.size() - 1) + key.substr(at);
}

// "did you mean ..?", or where all names are listed.
std::string suggest(const std::string& name, const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  if (const std::string_view nearest = nearest_name(name, known); !nearest.empty())
    return "; did you mean " + std::string(nearest) + "?";
  return "; `tamis config --reference` lists all";
}

Status refuse_key(const std::string& key, const std::string& source) {
  std::vector<std::string> names;
  for (const ConfigOption& option : config_options())
    names.push_back(option.takes_any_name() ? fill_pattern(option.key, key, '.') : option.key);
  return Status::invalid_argument(key.substr(0, 128) + " (from " + source + ") is not a known setting" +
                                  suggest(key, names))
      .at_field(key.substr(0, 128));
}

std::string suggest_variable(const std::string& name) {
  std::vector<std::string> names;
  for (const ConfigOption& option : config_options()) {
    const std::string known = environment_name(option.key);
    names.push_back(option.takes_any_name() ? fill_pattern(known, name, '_') : known);
  }
  return suggest(name, names);
}

Status apply(Config* config, const std::string& key, const ConfigValue& value) {
  for (const ConfigOption& option : config_options()) {
    if (option.key == key) return option.set(config, {}, value);
    if (!option.takes_any_name()) continue;
    const std::string_view prefix = std::string_view(option.key).substr(0, option.key.size() - 1);
    if (key.size() > prefix.size() && key.starts_with(prefix))
      return option.set(config, key.substr(prefix.size()), value);
  }
  return refuse_key(key, value.source);
}

// A TOML scalar as the text that a flag would give.
Result<std::string> scalar_text(const toml::node& node, const std::string& key) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto number = node.value_exact<double>()) return show_number(*number);
  if (const auto flag = node.value_exact<bool>()) return std::string(*flag ? "true" : "false");
  return Status::invalid_argument(key + " is of a kind that no setting has; expected a text, a number, true or false")
      .at_field(key);
}

Status apply_table(Config* config, const toml::table& table, const std::string& prefix, const std::string& source) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      TAMIS_RETURN_IF_ERROR(apply_table(config, *inner, key + ".", source));
      continue;
    }
    ConfigValue value{.elements = {}, .is_list = false, .source = source};
    if (const toml::array* array = node.as_array()) {
      value.is_list = true;
      for (const toml::node& element : *array) {
        TAMIS_ASSIGN_OR_RETURN(value.elements.emplace_back(), scalar_text(element, key));
      }
    } else {
      TAMIS_ASSIGN_OR_RETURN(value.elements.emplace_back(), scalar_text(node, key));
    }
    TAMIS_RETURN_IF_ERROR(apply(config, key, value));
  }
  return Status::ok();
}

Status apply_file(Config* config, const std::string& path) {
  try {
    return apply_table(config, toml::parse_file(path), "", path);
  } catch (const toml::parse_error& failure) {
    std::ostringstream where;
    where << path << " is not valid TOML: " << failure.description() << " at line " << failure.source().begin.line
          << ", column " << failure.source().begin.column;
    return Status::invalid_argument(where.str());
  }
}

// Variables of the command line, of kernels and of tests.
constexpr std::array<std::string_view, 6> kOtherVariables = {kConfigVariable, "TAMIS_URL",  "TAMIS_API_KEY",
                                                             "TAMIS_CA_FILE", "TAMIS_SIMD", "TAMIS_DATA"};

// What stands for the * of a key in a variable's name. Names of shells are upper case, those of features mostly not: a
// name without a small letter is taken in lower case, any other as it is. A model's name may hold a _, too.
std::string name_of_variable(const std::string& pattern, std::string rest) {
  const bool has_small = std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return std::islower(c) != 0; });
  if (!has_small)
    std::transform(rest.begin(), rest.end(), rest.begin(), [](unsigned char c) { return std::tolower(c); });
  if (pattern != "training.settings.*") return rest;
  std::size_t longest = 0;
  for (const std::string& model : engine::trainable_models())
    if (rest.starts_with(model + "_")) longest = std::max(longest, model.size());
  if (longest > 0) rest[longest] = '.';
  return rest;
}

// The key that a variable sets; empty: none.
std::string key_of_variable(const std::string& name) {
  std::string key;
  for (const ConfigOption& option : config_options()) {
    if (environment_name(option.key) == name) return option.key;
    if (!option.takes_any_name()) continue;
    const std::string prefix = environment_name(option.key.substr(0, option.key.size() - 1));
    if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
    key = option.key.substr(0, option.key.size() - 1) + name_of_variable(option.key, name.substr(prefix.size()));
  }
  return key;
}

// `ignored` takes the variables that look like settings and are none.
Status apply_environment(Config* config, const std::vector<std::string>& environment,
                         std::vector<std::string>* ignored) {
  std::set<std::string> sections;
  for (const ConfigOption& option : config_options()) sections.insert(environment_name(section_of(option.key)) + "_");
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const bool is_other = std::find(kOtherVariables.begin(), kOtherVariables.end(), name) != kOtherVariables.end();
    if (equals == std::string::npos || is_other || !name.starts_with("TAMIS_")) continue;
    if (const std::string key = key_of_variable(name); !key.empty()) {
      TAMIS_RETURN_IF_ERROR(apply(config, key, ConfigValue::of_text(entry.substr(equals + 1), name)));
      continue;
    }
    const bool is_of_section = std::any_of(sections.begin(), sections.end(),
                                           [&](const std::string& section) { return name.starts_with(section); });
    if (is_of_section) {
      return Status::invalid_argument(name.substr(0, 128) + " (from the environment) is not a known setting" +
                                      suggest_variable(name))
          .at_field(name.substr(0, 128));
    }
    ignored->push_back(name);
  }
  return Status::ok();
}

void warn_of_ignored(const std::vector<std::string>& ignored, Config* config) {
  const auto content = config->database.training.settings.find("content");
  const auto is_key = [&](const std::string& name) {
    if (content == config->database.training.settings.end()) return false;
    const auto key = content->second.find("api_key_env");
    return key != content->second.end() && key->second == name;
  };
  for (const std::string& name : ignored) {
    if (is_key(name)) continue;
    config->warnings.push_back("the environment variable " + name.substr(0, 128) + " is ignored: it names no setting" +
                               suggest_variable(name));
  }
}

Status apply_flags(Config* config, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return Status::invalid_argument("--set " + setting + " has no value; expected section.key=value");
    TAMIS_RETURN_IF_ERROR(
        apply(config, setting.substr(0, equals), ConfigValue::of_text(setting.substr(equals + 1), "--set")));
  }
  return Status::ok();
}

// A key as TOML wants it: bare where it can be.
std::string toml_name(const std::string& name) {
  const bool is_bare = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  return is_bare ? name : show_text(name);
}

}  // namespace

std::vector<std::string> process_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

Result<Config> load_config(const ConfigSources& sources) {
  Config config;
  std::string file = sources.file;
  for (const std::string& entry : sources.environment) {
    const bool names_file = entry.starts_with(kConfigVariable) && entry.substr(kConfigVariable.size()).starts_with('=');
    if (names_file && file.empty()) file = entry.substr(kConfigVariable.size() + 1);
  }
  if (!file.empty()) {
    if (access(file.c_str(), R_OK) != 0) return Status::io_error("cannot read the configuration file " + file);
    TAMIS_RETURN_IF_ERROR(apply_file(&config, file));
  }
  std::vector<std::string> ignored;
  TAMIS_RETURN_IF_ERROR(apply_environment(&config, sources.environment, &ignored));
  TAMIS_RETURN_IF_ERROR(apply_flags(&config, sources.settings));
  warn_of_ignored(ignored, &config);
  TAMIS_RETURN_IF_ERROR(config.database.validate());
  return config;
}

Status check_config(const Config& config) {
  TAMIS_RETURN_IF_ERROR(config.database.validate());
  const Status endpoint = embeddings::check_text_embedders(config.database.training.settings);
  if (!endpoint.is_ok()) return Status(endpoint).at_field("training.settings.content." + endpoint.field());
  return Server::check(config.server);
}

std::string config_to_toml(const Config& config) {
  std::string toml = "# Tamis configuration. Every setting stands here with its default or present value.\n";
  Config shown = config;
  if (!shown.server.keys.empty()) {
    toml += "# auth.keys holds " + std::to_string(shown.server.keys.size()) + ", left out here.\n";
    shown.server.keys.clear();
  }
  std::string section;
  for (const ConfigOption& option : config_options()) {
    if (section_of(option.key) != section) {
      section = section_of(option.key);
      toml += "\n[" + section + "]\n";
    }
    const std::string name = option.key.substr(section.size() + 1);
    toml += "# " + option.help + " (" + option.expected + ")\n";
    if (!option.takes_any_name()) {
      toml += name + " = " + option.show(shown) + "\n";
      continue;
    }
    const auto entries = option.show_entries(shown);
    const std::string base = name.substr(0, name.size() - 1);
    for (const auto& [entry, value] : entries) toml += base + toml_name(entry) + " = " + value + "\n";
    if (entries.empty()) toml += "# " + base + "<name> = ...\n";
  }
  return toml;
}

std::string config_reference() {
  const Config defaults;
  std::string reference = "| setting | expected | default | meaning |\n|---|---|---|---|\n";
  for (const ConfigOption& option : config_options()) {
    std::string standing;
    if (!option.takes_any_name()) {
      standing = "`" + option.show(defaults) + "`";
    } else {
      for (const auto& [name, value] : option.show_entries(defaults))
        standing += (standing.empty() ? "" : ", ") + std::string("`") + name + " = " + value + "`";
    }
    reference += "| `" + option.key + "` | " + option.expected + " | " + standing + " | " + option.help + " |\n";
  }
  return reference;
}

}  // namespace tamis::server
