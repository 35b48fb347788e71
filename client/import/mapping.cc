#include "client/import/mapping.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <sstream>

namespace tamis::client {
namespace {

// Reads one TOML table; the first fault is remembered with its place.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string path, Status* status)
      : table_(table), path_(std::move(path)), status_(status) {}

  void allow_only(std::initializer_list<std::string_view> keys) {
    for (const auto& [key, value] : table_) {
      if (std::find(keys.begin(), keys.end(), key.str()) != keys.end()) continue;
      std::string known;
      for (const std::string_view name : keys) known += (known.empty() ? "" : ", ") + std::string(name);
      fail(std::string(key.str()), "is not known here; known are: " + known, &value);
    }
  }
  std::optional<std::string> text(std::string_view key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<std::string>();
    if (!value) fail(std::string(key), "must be a string", node);
    return value;
  }
  // A column's name, or its number from 1.
  std::optional<std::string> column(std::string_view key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return std::nullopt;
    auto name = column_of(*node);
    if (!name) fail(std::string(key), "must be a column: its name, or its number from 1", node);
    return name;
  }
  std::string required_column(std::string_view key) {
    const auto name = column(key);
    if (!name || name->empty()) fail(std::string(key), "is missing: it names a column", nullptr);
    return name.value_or("");
  }
  std::vector<std::string> columns(std::string_view key) {
    std::vector<std::string> names;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return names;
    const toml::array* array = node->as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      const auto name = column_of((*array)[i]);
      if (name) names.push_back(*name);
    }
    if (array == nullptr || names.size() != array->size()) {
      fail(std::string(key), "must be an array of columns: names, or numbers from 1", node);
    }
    return names;
  }
  static std::optional<std::string> column_of(const toml::node& node) {
    if (const auto number = node.value_exact<std::int64_t>()) {
      return *number >= 1 ? std::optional<std::string>("#" + std::to_string(*number)) : std::nullopt;
    }
    return node.value_exact<std::string>();
  }
  // Where `key` is one of two words; true for the second.
  bool choice(std::string_view key, std::string_view first, std::string_view second) {
    const auto word = text(key);
    if (!word || *word == first) return false;
    if (*word != second) {
      fail(std::string(key), "must be \"" + std::string(first) + "\" or \"" + std::string(second) + "\"",
           table_.get(key));
    }
    return true;
  }
  bool flag(std::string_view key, bool otherwise = false) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return otherwise;
    const auto value = node->value_exact<bool>();
    if (!value) fail(std::string(key), "must be true or false", node);
    return value.value_or(otherwise);
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> values;
    const toml::node* node = table_.get(key);
    if (node == nullptr) return values;
    const toml::array* array = node->as_array();
    if (array == nullptr) return fail(std::string(key), "must be an array of strings", node), values;
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (!value) return fail(std::string(key), "must be an array of strings", &element), values;
      values.push_back(*value);
    }
    return values;
  }
  std::optional<char> character(std::string_view key, std::optional<char> otherwise) {
    const auto value = text(key);
    if (!value) return otherwise;
    const auto character = parse_quote(*value, key);
    if (!character.is_ok()) fail(std::string(key), character.status().message(), table_.get(key));
    return character.is_ok() ? *character : otherwise;
  }
  const toml::table* table(std::string_view key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) fail(std::string(key), "must be a table", node);
    return node->as_table();
  }
  std::vector<RowCondition> conditions(std::string_view key) {
    std::vector<RowCondition> conditions;
    for (const std::string& line : texts(key)) {
      auto condition = RowCondition::parse(line);
      if (condition.is_ok()) {
        conditions.push_back(std::move(condition).value());
      } else {
        fail(std::string(key), condition.status().message(), table_.get(key));
      }
    }
    return conditions;
  }
  TimeFormat time_format(std::string_view key) {
    const auto name = text(key);
    if (!name) return {};
    auto format = TimeFormat::parse(*name);
    if (format.is_ok()) return std::move(format).value();
    fail(std::string(key), format.status().message(), table_.get(key));
    return {};
  }

  void fail(const std::string& key, const std::string& reason, const toml::node* node) {
    if (!status_->is_ok()) return;
    std::string where;
    if (node != nullptr) where = " (line " + std::to_string(node->source().begin.line) + ")";
    *status_ = Status::invalid_argument(child(key) + where + ": " + reason).at_field(child(key));
  }
  std::string child(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  }
  const toml::table& raw() const { return table_; }
  Status* status() { return status_; }

 private:
  const toml::table& table_;
  const std::string path_;
  Status* const status_;
};

Keep read_keep(TableReader* reader, FeatureKind kind) {
  static constexpr std::pair<std::string_view, Keep> kNames[] = {
      {"last", Keep::kLast}, {"first", Keep::kFirst},   {"min", Keep::kMin},
      {"max", Keep::kMax},   {"median", Keep::kMedian}, {"most_frequent", Keep::kMostFrequent}};
  const auto name = reader->text("keep");
  if (!name) return Keep::kLast;
  for (const auto& [known, keep] : kNames) {
    if (*name != known) continue;
    const bool ordered = kind == FeatureKind::kNumeric || kind == FeatureKind::kTimestamp;
    if (!ordered && (keep == Keep::kMin || keep == Keep::kMax || keep == Keep::kMedian)) {
      reader->fail("keep", "\"" + *name + "\" needs a numeric or timestamp feature", nullptr);
    }
    return keep;
  }
  reader->fail("keep", "\"" + *name + "\" is none of last, first, min, max, median, most_frequent", nullptr);
  return Keep::kLast;
}

// columns = ["Action", "Drama"], columns = { Action = 7, Drama = 13 }, or prefix = "genre_".
OneHot read_one_hot(TableReader* reader) {
  OneHot one_hot;
  one_hot.prefix = reader->text("prefix").value_or("");
  const toml::node* node = reader->raw().get("columns");
  if (node == nullptr) return one_hot;
  if (const toml::table* labels = node->as_table()) {
    for (const auto& [label, place] : *labels) {
      const auto column = TableReader::column_of(place);
      if (!column) reader->fail("columns", "must name a column by each label", node);
      one_hot.labels.emplace_back(std::string(label.str()), column.value_or(""));
    }
  } else {
    for (const std::string& column : reader->columns("columns")) one_hot.labels.emplace_back(column, column);
  }
  if (!one_hot.is_used()) reader->fail("columns", "must not be empty", node);
  return one_hot;
}

std::vector<FeatureMapping> read_features(TableReader* outer, std::string_view key) {
  std::vector<FeatureMapping> features;
  const toml::table* table = outer->table(key);
  if (table == nullptr) return features;
  for (const auto& [name, node] : *table) {
    FeatureMapping feature;
    feature.name = name.str();
    const std::string path = outer->child(key) + "." + feature.name;
    if (const auto column = TableReader::column_of(node)) {  // name = "Column" is short for a categorical one
      feature.source.column = *column;
    } else if (const toml::table* details = node.as_table()) {
      TableReader reader(*details, path, outer->status());
      reader.allow_only({"column", "constant", "columns", "prefix", "kind", "format", "separator", "keep"});
      feature.source.column = reader.column("column").value_or("");
      feature.source.constant = reader.text("constant");
      feature.one_hot = read_one_hot(&reader);
      const int sources = (feature.source.column.empty() ? 0 : 1) + (feature.source.constant ? 1 : 0) +
                          (feature.one_hot.labels.empty() ? 0 : 1) + (feature.one_hot.prefix.empty() ? 0 : 1);
      if (sources != 1) {
        reader.fail("column", "give either a column or a constant, or columns or a prefix that hold 1 and 0 each",
                    &node);
      }
      if (feature.one_hot.is_used()) feature.kind = FeatureKind::kMultiCategorical;
      if (const auto kind_name = reader.text("kind")) {
        const auto kind = parse_feature_kind(*kind_name);
        if (kind.is_ok()) feature.kind = *kind;
        if (!kind.is_ok()) reader.fail("kind", kind.status().message(), &node);
        if (feature.one_hot.is_used() && feature.kind != FeatureKind::kMultiCategorical) {
          reader.fail("kind", "must be multi_categorical for several columns", &node);
        }
      }
      feature.time_format = reader.time_format("format");
      feature.separator = reader.text("separator").value_or("|");
      if (feature.separator.empty()) reader.fail("separator", "must not be empty", &node);
      feature.keep = read_keep(&reader, feature.kind);
    } else {
      outer->fail(std::string(key) + "." + feature.name, "must be a column's name or number, or a table", &node);
    }
    features.push_back(std::move(feature));
  }
  return features;
}

EntityMapping read_entity_mapping(TableReader reader, EntityKind kind) {
  const bool has_hidden = kind == EntityKind::kItem;
  if (has_hidden) reader.allow_only({"id", "where", "hidden", "one_row_each", "features"});
  if (!has_hidden) reader.allow_only({"id", "where", "one_row_each", "features"});
  EntityMapping mapping;
  mapping.kind = kind;
  mapping.id = reader.required_column("id");
  mapping.where = reader.conditions("where");
  if (has_hidden) mapping.hidden = reader.column("hidden").value_or("");
  mapping.one_row_each = reader.flag("one_row_each");
  mapping.features = read_features(&reader, "features");
  return mapping;
}

InteractionMapping read_interaction_mapping(TableReader reader) {
  reader.allow_only({"user", "item", "type", "type_column", "types", "value", "timestamp", "timestamp_format", "where",
                     "idempotency", "idempotency_key", "context"});
  InteractionMapping mapping;
  mapping.user = reader.required_column("user");
  mapping.item = reader.required_column("item");
  if (const auto type = reader.text("type")) mapping.type = {.column = {}, .constant = *type};
  if (const auto column = reader.column("type_column")) mapping.type = {.column = *column, .constant = std::nullopt};
  if (const toml::table* names = reader.table("types")) {
    for (const auto& [theirs, ours] : *names) {
      const auto name = ours.value_exact<std::string>();
      if (!name) reader.fail("types", "must give each type its name here, as { addtocart = \"add_to_cart\" }", names);
      mapping.types[std::string(theirs.str())] = name.value_or("");
    }
  }
  mapping.value = reader.column("value");
  mapping.timestamp = reader.column("timestamp");
  mapping.key = reader.column("idempotency_key");
  mapping.time_format = reader.time_format("timestamp_format");
  mapping.where = reader.conditions("where");
  mapping.idempotency_columns = reader.columns("idempotency");
  mapping.context = read_features(&reader, "context");
  return mapping;
}

VectorMapping read_vector_mapping(TableReader reader) {
  reader.allow_only({"item", "user", "column", "prefix", "separator"});
  VectorMapping mapping;
  const auto user = reader.column("user");
  mapping.kind = user ? EntityKind::kUser : EntityKind::kItem;
  mapping.id = user ? *user : reader.required_column("item");
  mapping.column = reader.column("column").value_or("");
  mapping.prefix = reader.text("prefix").value_or("");
  mapping.separator = reader.text("separator").value_or(" ");
  if (mapping.column.empty() == mapping.prefix.empty())
    reader.fail("column", "give either a column or a prefix", nullptr);
  return mapping;
}

void read_csv_format(TableReader csv, Mapping* mapping) {
  csv.allow_only({"delimiter", "quote", "escape", "encoding", "header", "columns", "null", "extra_fields",
                  "missing_fields", "where"});
  if (const auto text = csv.text("delimiter")) {
    const auto delimiter = parse_delimiter(*text);
    if (!delimiter.is_ok()) csv.fail("delimiter", delimiter.status().message(), csv.raw().get("delimiter"));
    if (delimiter.is_ok()) mapping->format.delimiter = *delimiter;
  }
  mapping->format.quote = csv.character("quote", '"');
  mapping->format.escape = csv.character("escape", std::nullopt);
  mapping->encoding = csv.text("encoding").value_or("auto");
  mapping->columns = csv.texts("columns");
  mapping->has_header = csv.flag("header", mapping->columns.empty());
  mapping->null_tokens = csv.texts("null");
  mapping->ignore_extra_fields = csv.choice("extra_fields", "refuse", "ignore");
  mapping->missing_fields_are_empty = csv.choice("missing_fields", "refuse", "empty");
  mapping->where = csv.conditions("where");
}

}  // namespace

Result<std::string> parse_delimiter(std::string_view text) {
  std::string delimiter(text);
  if (text == "\\t" || text == "tab") delimiter = "\t";
  if (text == "space") delimiter = " ";
  unsigned byte = 0;
  if (text.size() == 4 && text.starts_with("\\x") &&
      std::from_chars(text.data() + 2, text.data() + 4, byte, 16).ptr == text.data() + 4) {
    delimiter = std::string(1, static_cast<char>(byte));
  }
  if (delimiter.empty() || delimiter.size() > 16 || delimiter.find_first_of("\r\n") != std::string::npos) {
    return Status::invalid_argument("\"" + std::string(text.substr(0, 32)) +
                                    "\" cannot stand between fields; expected 1 to 16 characters as , or ::, or "
                                    "\\t, tab, space, \\x01");
  }
  return delimiter;
}

Result<std::optional<char>> parse_quote(std::string_view text, std::string_view what) {
  if (text.empty() || text == "none") return std::optional<char>();
  if (text.size() == 1 && static_cast<signed char>(text[0]) > ' ') return std::optional<char>(text[0]);
  return Status::invalid_argument("\"" + std::string(text.substr(0, 32)) + "\" is no " + std::string(what) +
                                  "; expected one ASCII character, or none");
}

Result<Mapping> parse_mapping(std::string_view toml, const std::string& name) {
  toml::table document;
  try {
    document = toml::parse(toml, name);
  } catch (const toml::parse_error& error) {
    return Status::invalid_argument(name + ", line " + std::to_string(error.source().begin.line) + ": " +
                                    std::string(error.description()));
  }
  Status status;
  Mapping mapping;
  TableReader root(document, "", &status);
  root.allow_only({"csv", "items", "users", "interactions", "vectors"});
  if (const toml::table* table = root.table("csv")) {
    read_csv_format({*table, "csv", &status}, &mapping);
  }
  if (const auto* table = root.table("items")) {
    mapping.items = read_entity_mapping({*table, "items", &status}, EntityKind::kItem);
  }
  if (const auto* table = root.table("users")) {
    mapping.users = read_entity_mapping({*table, "users", &status}, EntityKind::kUser);
  }
  if (const auto* table = root.table("interactions")) {
    mapping.interactions = read_interaction_mapping({*table, "interactions", &status});
  }
  if (const auto* table = root.table("vectors")) mapping.vectors = read_vector_mapping({*table, "vectors", &status});
  if (!status.is_ok()) return std::move(status).with_context(name);
  if (!mapping.items && !mapping.users && !mapping.interactions && !mapping.vectors) {
    return Status::invalid_argument(name + " maps nothing: it needs [items], [users], [interactions] or [vectors]");
  }
  return mapping;
}

Result<Mapping> load_mapping(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::not_found("cannot read the mapping file " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return parse_mapping(text.str(), path);
}

}  // namespace tamis::client
