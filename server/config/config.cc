#include "server/config/config.h"

#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "common/nearest_name.h"
#include "server/config/config_table.h"

namespace tamis::server {
namespace {

std::string section_of(const std::string& key) { return key.substr(0, key.find('.')); }

std::string environment_name(const std::string& key) {
  std::string name = "TAMIS_" + key;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '.' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

Status refuse_key(const std::string& key, const std::string& source) {
  std::vector<std::string_view> known;
  for (const ConfigOption& option : config_options()) known.push_back(option.key);
  std::string message = key.substr(0, 128) + " (from " + source + ") is not a known setting";
  if (const std::string_view nearest = nearest_name(key, known); !nearest.empty()) {
    message += "; did you mean " + std::string(nearest) + "?";
  } else {
    message += "; `tamis config --reference` lists all";
  }
  return Status::invalid_argument(message).at_field(key.substr(0, 128));
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

Status apply_environment(Config* config, const std::vector<std::string>& environment) {
  std::set<std::string> sections;
  for (const ConfigOption& option : config_options()) sections.insert(environment_name(section_of(option.key)) + "_");
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    // A TAMIS_ name of no section belongs to something else: the command line, tests.
    const bool is_ours = equals != std::string::npos &&
                         std::any_of(sections.begin(), sections.end(),
                                     [&](const std::string& section) { return name.starts_with(section); });
    if (!is_ours) continue;
    std::string key;
    for (const ConfigOption& option : config_options()) {
      if (environment_name(option.key) == name) key = option.key;
      if (!option.takes_any_name()) continue;
      const std::string prefix = environment_name(option.key.substr(0, option.key.size() - 1));
      if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
      key = option.key.substr(0, option.key.size() - 1) + name.substr(prefix.size());
      std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    }
    if (key.empty()) return refuse_key(name, "the environment");
    TAMIS_RETURN_IF_ERROR(apply(config, key, ConfigValue::of_text(entry.substr(equals + 1), name)));
  }
  return Status::ok();
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
  if (!sources.file.empty()) {
    if (access(sources.file.c_str(), R_OK) != 0)
      return Status::io_error("cannot read the configuration file " + sources.file);
    TAMIS_RETURN_IF_ERROR(apply_file(&config, sources.file));
  }
  TAMIS_RETURN_IF_ERROR(apply_environment(&config, sources.environment));
  TAMIS_RETURN_IF_ERROR(apply_flags(&config, sources.settings));
  TAMIS_RETURN_IF_ERROR(config.database.validate());
  return config;
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
