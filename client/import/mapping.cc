#include "client/import/mapping.h"

#include <toml++/toml.h>

#include <algorithm>
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
  std::string required(std::string_view key) {
    const auto value = text(key);
    if (!value || value->empty()) fail(std::string(key), "is missing: it names a column", nullptr);
    return value.value_or("");
  }
  bool flag(std::string_view key) {
    const toml::node* node = table_.get(key);
    if (node == nullptr) return false;
    const auto value = node->value_exact<bool>();
    if (!value) fail(std::string(key), "must be true or false", node);
    return value.value_or(false);
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
  std::optional<char> character(std::string_view key) {
    const auto value = text(key);
    if (!value) return std::nullopt;
    if (value->size() != 1) return fail(std::string(key), "must be one ASCII character", table_.get(key)), std::nullopt;
    return (*value)[0];
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

std::vector<FeatureMapping> read_features(TableReader* outer, std::string_view key) {
  std::vector<FeatureMapping> features;
  const toml::table* table = outer->table(key);
  if (table == nullptr) return features;
  for (const auto& [name, node] : *table) {
    FeatureMapping feature;
    feature.name = name.str();
    const std::string path = outer->child(key) + "." + feature.name;
    if (const auto column = node.value_exact<std::string>()) {  // name = "Column" is short for a categorical one
      feature.source.column = *column;
    } else if (const toml::table* details = node.as_table()) {
      TableReader reader(*details, path, outer->status());
      reader.allow_only({"column", "constant", "kind", "format", "separator", "keep"});
      feature.source.column = reader.text("column").value_or("");
      feature.source.constant = reader.text("constant");
      if (feature.source.column.empty() == !feature.source.constant.has_value()) {
        reader.fail("column", "give either a column or a constant", &node);
      }
      if (const auto kind_name = reader.text("kind")) {
        const auto kind = parse_feature_kind(*kind_name);
        if (kind.is_ok()) feature.kind = *kind;
        if (!kind.is_ok()) reader.fail("kind", kind.status().message(), &node);
      }
      feature.time_format = reader.time_format("format");
      feature.separator = reader.text("separator").value_or("|");
      if (feature.separator.empty()) reader.fail("separator", "must not be empty", &node);
      feature.keep = read_keep(&reader, feature.kind);
    } else {
      outer->fail(std::string(key) + "." + feature.name, "must be a column's name or a table", &node);
    }
    features.push_back(std::move(feature));
  }
  return features;
}

EntityMapping read_entity_mapping(TableReader reader, EntityKind kind) {
  reader.allow_only({"id", "where", "one_row_each", "features"});
  EntityMapping mapping;
  mapping.kind = kind;
  mapping.id = reader.required("id");
  mapping.where = reader.conditions("where");
  mapping.one_row_each = reader.flag("one_row_each");
  mapping.features = read_features(&reader, "features");
  return mapping;
}

InteractionMapping read_interaction_mapping(TableReader reader) {
  reader.allow_only({"user", "item", "type", "type_column", "value", "timestamp", "timestamp_format", "where",
                     "idempotency", "context"});
  InteractionMapping mapping;
  mapping.user = reader.required("user");
  mapping.item = reader.required("item");
  if (const auto type = reader.text("type")) mapping.type = {.column = {}, .constant = *type};
  if (const auto column = reader.text("type_column")) mapping.type = {.column = *column, .constant = std::nullopt};
  mapping.value = reader.text("value");
  mapping.timestamp = reader.text("timestamp");
  mapping.time_format = reader.time_format("timestamp_format");
  mapping.where = reader.conditions("where");
  mapping.idempotency_columns = reader.texts("idempotency");
  mapping.context = read_features(&reader, "context");
  return mapping;
}

VectorMapping read_vector_mapping(TableReader reader) {
  reader.allow_only({"item", "user", "column", "prefix", "separator"});
  VectorMapping mapping;
  const auto user = reader.text("user");
  mapping.kind = user ? EntityKind::kUser : EntityKind::kItem;
  mapping.id = user ? *user : reader.required("item");
  mapping.column = reader.text("column").value_or("");
  mapping.prefix = reader.text("prefix").value_or("");
  mapping.separator = reader.text("separator").value_or(" ");
  if (mapping.column.empty() == mapping.prefix.empty())
    reader.fail("column", "give either a column or a prefix", nullptr);
  return mapping;
}

}  // namespace

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
    TableReader csv(*table, "csv", &status);
    csv.allow_only({"delimiter", "quote", "columns", "where"});
    mapping.format.delimiter = csv.character("delimiter").value_or(',');
    mapping.format.quote = csv.character("quote").value_or('"');
    mapping.columns = csv.texts("columns");
    mapping.where = csv.conditions("where");
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

Result<Mapping> default_mapping(std::string_view kind, const std::vector<std::string>& header) {
  const auto has = [&](const char* name) { return std::find(header.begin(), header.end(), name) != header.end(); };
  Mapping mapping;
  if (kind == "interactions") {
    if (!has("user") || !has("item")) {
      return Status::invalid_argument(
          "without --mapping the file needs the columns user and item (and may have type, value, timestamp)");
    }
    InteractionMapping interactions;
    interactions.user = "user";
    interactions.item = "item";
    if (has("type")) interactions.type = {.column = "type", .constant = std::nullopt};
    if (has("value")) interactions.value = "value";
    if (has("timestamp")) interactions.timestamp = "timestamp";
    mapping.interactions = std::move(interactions);
    return mapping;
  }
  if (kind == "items" || kind == "users") {
    if (!has("id")) return Status::invalid_argument("without --mapping the file needs the column id");
    EntityMapping entities;
    entities.kind = kind == "items" ? EntityKind::kItem : EntityKind::kUser;
    entities.id = "id";
    entities.one_row_each = true;
    for (const std::string& column : header) {
      if (column == "id" || column.empty()) continue;
      FeatureMapping& feature = entities.features.emplace_back();
      feature.name = feature.source.column = column;
    }
    (kind == "items" ? mapping.items : mapping.users) = std::move(entities);
    return mapping;
  }
  return Status::invalid_argument("vectors from CSV need --mapping with a [vectors] table");
}

}  // namespace tamis::client
