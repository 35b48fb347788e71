#include "client/import/csv_import.h"

#include <cstdio>
#include <memory>
#include <unordered_map>

#include "client/import/cell.h"
#include "client/import/entity_gatherer.h"
#include "common/checksum.h"

namespace tamis::client {
namespace {

using Row = std::vector<std::string>;

// Column names to positions.
class Columns {
 public:
  explicit Columns(const std::vector<std::string>& names) : names_(names) {
    for (std::size_t i = 0; i < names.size(); ++i) positions_.emplace(names[i], i);
  }
  Result<std::size_t> position(const std::string& name) const {
    const auto found = positions_.find(name);
    if (found != positions_.end()) return found->second;
    std::string known;
    for (const std::string& other : names_) known += (known.empty() ? "" : ", ") + other;
    return Status::invalid_argument("the file has no column \"" + name + "\"; it has: " + known).at_field(name);
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  const std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> positions_;
};

class BoundConditions {
 public:
  Status bind(const std::vector<RowCondition>& conditions, const Columns& columns) {
    for (const RowCondition& condition : conditions) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(condition.column()));
      bound_.emplace_back(condition, position);
    }
    return Status::ok();
  }
  Result<bool> hold(const Row& row) const {
    for (const auto& [condition, position] : bound_) {
      TAMIS_ASSIGN_OR_RETURN(const bool holds, condition.holds(row[position]));
      if (!holds) return false;
    }
    return true;
  }

 private:
  std::vector<std::pair<RowCondition, std::size_t>> bound_;
};

// A cell by position, or a constant.
class BoundCell {
 public:
  Status bind(const CellSource& source, const Columns& columns) {
    constant_ = source.constant;
    if (constant_) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(position_, columns.position(source.column));
    return Status::ok();
  }
  const std::string& of(const Row& row) const { return constant_ ? *constant_ : row[position_]; }

 private:
  std::optional<std::string> constant_;
  std::size_t position_ = 0;
};

class BoundFeatures {
 public:
  Status bind(const std::vector<FeatureMapping>& features, const Columns& columns) {
    features_ = &features;
    for (const FeatureMapping& feature : features)
      TAMIS_RETURN_IF_ERROR(cells_.emplace_back().bind(feature.source, columns));
    return Status::ok();
  }
  Result<std::vector<std::optional<FeatureValue>>> read(const Row& row) const {
    std::vector<std::optional<FeatureValue>> values(cells_.size());
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      TAMIS_ASSIGN_OR_RETURN(values[i], parse_feature_cell((*features_)[i], cells_[i].of(row)));
    }
    return values;
  }
  Result<Features> read_all(const Row& row) const {
    TAMIS_ASSIGN_OR_RETURN(auto values, read(row));
    Features features;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i]) features[(*features_)[i].name] = std::move(*values[i]);
    }
    return features;
  }

 private:
  const std::vector<FeatureMapping>* features_ = nullptr;
  std::vector<BoundCell> cells_;
};

// What one kind of thing makes of a row. `apply` is false where `where` leaves the row out.
class Target {
 public:
  virtual ~Target() = default;
  virtual Status bind(const Columns& columns) = 0;
  virtual Result<bool> apply(const Row& row, std::uint64_t line) = 0;
  virtual Status finish() { return Status::ok(); }
};

class EntityTarget final : public Target {
 public:
  EntityTarget(const EntityMapping& mapping, const CsvReceiver& receiver)
      : mapping_(mapping), receiver_(receiver), gatherer_(&mapping_.features) {}

  Status bind(const Columns& columns) override {
    TAMIS_RETURN_IF_ERROR(where_.bind(mapping_.where, columns));
    TAMIS_ASSIGN_OR_RETURN(id_, columns.position(mapping_.id));
    return features_.bind(mapping_.features, columns);
  }
  Result<bool> apply(const Row& row, std::uint64_t line) override {
    TAMIS_ASSIGN_OR_RETURN(const bool counts, where_.hold(row));
    if (!counts) return false;
    TAMIS_RETURN_IF_ERROR(validate_external_id(row[id_], mapping_.id));
    if (mapping_.one_row_each) {
      Entity entity;
      entity.id = row[id_];
      TAMIS_ASSIGN_OR_RETURN(entity.features, features_.read_all(row));
      TAMIS_RETURN_IF_ERROR(receiver_.entity(mapping_.kind, entity, line));
      return true;
    }
    TAMIS_ASSIGN_OR_RETURN(auto values, features_.read(row));
    gatherer_.add(row[id_], std::move(values), line);
    return true;
  }
  Status finish() override {
    return gatherer_.for_each(
        [&](const Entity& entity, std::uint64_t line) { return receiver_.entity(mapping_.kind, entity, line); });
  }

 private:
  const EntityMapping& mapping_;
  const CsvReceiver& receiver_;
  EntityGatherer gatherer_;
  BoundConditions where_;
  BoundFeatures features_;
  std::size_t id_ = 0;
};

class InteractionTarget final : public Target {
 public:
  InteractionTarget(const InteractionMapping& mapping, const CsvReceiver& receiver, bool derive_keys)
      : mapping_(mapping), receiver_(receiver), derive_keys_(derive_keys) {}

  Status bind(const Columns& columns) override {
    TAMIS_RETURN_IF_ERROR(where_.bind(mapping_.where, columns));
    TAMIS_ASSIGN_OR_RETURN(user_, columns.position(mapping_.user));
    TAMIS_ASSIGN_OR_RETURN(item_, columns.position(mapping_.item));
    TAMIS_RETURN_IF_ERROR(type_.bind(mapping_.type, columns));
    if (mapping_.value) {
      TAMIS_ASSIGN_OR_RETURN(value_, columns.position(*mapping_.value));
    }
    if (mapping_.timestamp) {
      TAMIS_ASSIGN_OR_RETURN(timestamp_, columns.position(*mapping_.timestamp));
    }
    for (const std::string& name : mapping_.idempotency_columns) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(name));
      key_.push_back(position);
    }
    return context_.bind(mapping_.context, columns);
  }
  Result<bool> apply(const Row& row, std::uint64_t line) override {
    TAMIS_ASSIGN_OR_RETURN(const bool counts, where_.hold(row));
    if (!counts) return false;
    Interaction interaction;
    interaction.user = row[user_];
    interaction.item = row[item_];
    interaction.type = type_.of(row);
    TAMIS_RETURN_IF_ERROR(validate_external_id(interaction.user, mapping_.user));
    TAMIS_RETURN_IF_ERROR(validate_external_id(interaction.item, mapping_.item));
    if (mapping_.value && !row[value_].empty()) {
      TAMIS_ASSIGN_OR_RETURN(interaction.value, parse_number(row[value_], *mapping_.value));
    }
    if (mapping_.timestamp && !row[timestamp_].empty()) {
      auto moment = mapping_.time_format.read(row[timestamp_]);
      if (!moment.is_ok()) return Status(moment.status()).with_context("column " + *mapping_.timestamp);
      interaction.timestamp_ms = *moment;
    }
    TAMIS_ASSIGN_OR_RETURN(interaction.context, context_.read_all(row));
    if (derive_keys_) interaction.idempotency_key = derive_key(row, line);
    TAMIS_RETURN_IF_ERROR(receiver_.interaction(interaction, line));
    return true;
  }

 private:
  std::string derive_key(const Row& row, std::uint64_t line) const {
    Checksum64 checksum;
    const auto add = [&checksum](const std::string& cell) {
      const std::uint64_t size = cell.size();
      checksum.update(&size, sizeof size);
      checksum.update(cell.data(), cell.size());
    };
    for (const std::size_t position : key_) add(row[position]);
    if (key_.empty()) {
      for (const std::string& cell : row) add(cell);
    }
    char key[48];
    if (key_.empty()) {
      std::snprintf(key, sizeof key, "csv-%llu-%016llx", static_cast<unsigned long long>(line),
                    static_cast<unsigned long long>(checksum.digest()));
    } else {
      std::snprintf(key, sizeof key, "csv-%016llx", static_cast<unsigned long long>(checksum.digest()));
    }
    return key;
  }

  const InteractionMapping& mapping_;
  const CsvReceiver& receiver_;
  const bool derive_keys_;
  BoundConditions where_;
  BoundCell type_;
  BoundFeatures context_;
  std::size_t user_ = 0, item_ = 0, value_ = 0, timestamp_ = 0;
  std::vector<std::size_t> key_;
};

class VectorTarget final : public Target {
 public:
  VectorTarget(const VectorMapping& mapping, const CsvReceiver& receiver) : mapping_(mapping), receiver_(receiver) {}

  Status bind(const Columns& columns) override {
    TAMIS_ASSIGN_OR_RETURN(id_, columns.position(mapping_.id));
    if (!mapping_.column.empty()) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(mapping_.column));
      elements_.push_back(position);
      return Status::ok();
    }
    for (std::size_t i = 0; i < columns.names().size(); ++i) {
      if (columns.names()[i].starts_with(mapping_.prefix)) elements_.push_back(i);
    }
    if (elements_.empty()) return Status::invalid_argument("no column begins with \"" + mapping_.prefix + "\"");
    return Status::ok();
  }
  Result<bool> apply(const Row& row, std::uint64_t line) override {
    TAMIS_RETURN_IF_ERROR(validate_external_id(row[id_], mapping_.id));
    VectorRow vector{mapping_.kind, row[id_], {}};
    const auto add = [&](std::string_view cell) -> Status {
      TAMIS_ASSIGN_OR_RETURN(const double number,
                             parse_number(cell, mapping_.column.empty() ? mapping_.prefix : mapping_.column));
      vector.vector.push_back(static_cast<float>(number));
      return Status::ok();
    };
    if (!mapping_.column.empty()) {
      for (const std::string& part : split_cell(row[elements_[0]], mapping_.separator))
        TAMIS_RETURN_IF_ERROR(add(part));
    } else {
      for (const std::size_t position : elements_) TAMIS_RETURN_IF_ERROR(add(row[position]));
    }
    TAMIS_RETURN_IF_ERROR(receiver_.vector(vector, line));
    return true;
  }

 private:
  const VectorMapping& mapping_;
  const CsvReceiver& receiver_;
  std::size_t id_ = 0;
  std::vector<std::size_t> elements_;
};

}  // namespace

Result<std::vector<std::string>> read_csv_header(ByteSource* source, const CsvFormat& format) {
  CsvReader reader(source, format);
  CsvRecord record;
  TAMIS_ASSIGN_OR_RETURN(const bool found, reader.next(&record));
  if (!found) return Status::invalid_argument("the file is empty: it has no header");
  return std::move(record.fields);
}

Result<CsvCounts> CsvImport::run(ByteSource* source, const CsvSelection& selection, const CsvReceiver& receiver) {
  CsvReader reader(source, mapping_.format);
  CsvRecord record;
  std::vector<std::string> names = mapping_.columns;
  if (names.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const bool found, reader.next(&record));
    if (!found) return Status::invalid_argument("the file is empty: it has no header");
    names = record.fields;
  }
  const Columns columns(names);
  BoundConditions where;
  TAMIS_RETURN_IF_ERROR(where.bind(mapping_.where, columns));

  // A failure to send is no fault of the row, whatever its code.
  Status sent;
  const auto remember = [&sent](Status status) {
    if (!status.is_ok() && sent.is_ok()) sent = status;
    return status;
  };
  CsvReceiver guarded = receiver;
  guarded.entity = [&](EntityKind kind, const Entity& entity, std::uint64_t line) {
    return remember(receiver.entity(kind, entity, line));
  };
  guarded.interaction = [&](const Interaction& interaction, std::uint64_t line) {
    return remember(receiver.interaction(interaction, line));
  };
  guarded.vector = [&](const VectorRow& row, std::uint64_t line) { return remember(receiver.vector(row, line)); };

  std::vector<std::unique_ptr<Target>> targets;
  if (selection.items && mapping_.items) targets.push_back(std::make_unique<EntityTarget>(*mapping_.items, guarded));
  if (selection.users && mapping_.users) targets.push_back(std::make_unique<EntityTarget>(*mapping_.users, guarded));
  if (selection.interactions && mapping_.interactions) {
    targets.push_back(std::make_unique<InteractionTarget>(*mapping_.interactions, guarded, derive_keys_));
  }
  if (selection.vectors && mapping_.vectors)
    targets.push_back(std::make_unique<VectorTarget>(*mapping_.vectors, guarded));
  for (const auto& target : targets) TAMIS_RETURN_IF_ERROR(target->bind(columns));

  CsvCounts counts;
  // A row that one target refuses is bad as a whole and counted once.
  const auto process = [&](std::uint64_t line) -> Result<bool> {
    if (record.fields.size() != names.size()) {
      return Status::invalid_argument("the row has " + std::to_string(record.fields.size()) + " fields where " +
                                      std::to_string(names.size()) + " are expected");
    }
    TAMIS_ASSIGN_OR_RETURN(const bool counts_at_all, where.hold(record.fields));
    if (!counts_at_all) return false;
    bool used = false;
    for (const auto& target : targets) {
      TAMIS_ASSIGN_OR_RETURN(const bool applied, target->apply(record.fields, line));
      used = used || applied;
    }
    return used;
  };
  while (!receiver.keep_going || receiver.keep_going()) {
    auto found = reader.next(&record);
    if (found.is_ok() && !*found) break;
    Result<bool> used = found;
    if (found.is_ok()) used = process(record.line);
    if (!sent.is_ok()) return sent;
    if (!used.is_ok() && used.status().code() != StatusCode::kInvalidArgument) return used.status();
    ++counts.rows;
    if (!used.is_ok()) {
      ++counts.bad;
      TAMIS_RETURN_IF_ERROR(receiver.bad_row(reader.line(), used.status()));
    } else if (!*used) {
      ++counts.filtered;
    }
  }
  for (const auto& target : targets) TAMIS_RETURN_IF_ERROR(target->finish());
  return counts;
}

}  // namespace tamis::client
