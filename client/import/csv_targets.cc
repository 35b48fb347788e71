#include "client/import/csv_targets.h"

#include "client/import/cell.h"
#include "client/import/entity_gatherer.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

class EntityTarget final : public CsvTarget {
 public:
  EntityTarget(const EntityMapping& mapping, const CsvReceiver& receiver)
      : mapping_(mapping), receiver_(receiver), gatherer_(&mapping_.features) {}

  Status bind(const Columns& columns) override {
    TAMIS_RETURN_IF_ERROR(where_.bind(mapping_.where, columns));
    TAMIS_ASSIGN_OR_RETURN(id_, columns.position(mapping_.id));
    if (!mapping_.hidden.empty()) {
      TAMIS_ASSIGN_OR_RETURN(hidden_, columns.position(mapping_.hidden));
    }
    return features_.bind(mapping_.features, columns);
  }
  Result<bool> apply(const CsvRow& row, std::uint64_t line) override {
    TAMIS_ASSIGN_OR_RETURN(const bool counts, where_.hold(row));
    if (!counts) return false;
    TAMIS_RETURN_IF_ERROR(validate_external_id(row[id_], mapping_.id));
    bool is_hidden = false;
    if (!mapping_.hidden.empty() && !row[hidden_].empty()) {
      TAMIS_ASSIGN_OR_RETURN(is_hidden, parse_boolean(row[hidden_], mapping_.hidden));
    }
    if (mapping_.one_row_each) {
      Entity entity;
      entity.id = row[id_];
      entity.hidden = is_hidden;
      TAMIS_ASSIGN_OR_RETURN(entity.features, features_.read_all(row));
      TAMIS_RETURN_IF_ERROR(receiver_.entity(mapping_.kind, entity, line));
      return true;
    }
    TAMIS_ASSIGN_OR_RETURN(auto values, features_.read(row));
    gatherer_.add(row[id_], std::move(values), is_hidden, line);
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
  std::size_t hidden_ = 0;
};

class InteractionTarget final : public CsvTarget {
 public:
  InteractionTarget(const InteractionMapping& mapping, const CsvReceiver& receiver, RowKeys* keys)
      : mapping_(mapping), receiver_(receiver), keys_(keys) {}

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
      name_.push_back(position);
    }
    if (mapping_.key) {
      TAMIS_ASSIGN_OR_RETURN(key_, columns.position(*mapping_.key));
    }
    return context_.bind(mapping_.context, columns);
  }
  Result<bool> apply(const CsvRow& row, std::uint64_t line) override {
    TAMIS_ASSIGN_OR_RETURN(const bool counts, where_.hold(row));
    if (!counts) return false;
    Interaction interaction;
    interaction.user = row[user_];
    interaction.item = row[item_];
    interaction.type = type_.of(row);
    if (const auto renamed = mapping_.types.find(interaction.type); renamed != mapping_.types.end()) {
      interaction.type = renamed->second;
    }
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
    if (interaction.type.empty()) return Status::invalid_argument("the row has no type").at_field("type");
    interaction.idempotency_key = key_of(row, interaction);
    TAMIS_RETURN_IF_ERROR(receiver_.interaction(interaction, line));
    return true;
  }

 private:
  // The row's own key, else one by the columns that name it, else one by what it says.
  std::string key_of(const CsvRow& row, const Interaction& interaction) {
    if (mapping_.key && !row[key_].empty()) return row[key_];
    if (keys_ == nullptr) return "";
    if (name_.empty()) return keys_->next(interaction_to_json(interaction), interaction.timestamp_ms != kNoTime);
    std::string name = interaction.type;
    for (const std::size_t position : name_) name += '\0' + std::to_string(row[position].size()) + ':' + row[position];
    return RowKeys::of_name(name);
  }

  const InteractionMapping& mapping_;
  const CsvReceiver& receiver_;
  RowKeys* const keys_;
  BoundConditions where_;
  BoundCell type_;
  BoundFeatures context_;
  std::size_t user_ = 0, item_ = 0, value_ = 0, timestamp_ = 0, key_ = 0;
  std::vector<std::size_t> name_;  // columns
};

class VectorTarget final : public CsvTarget {
 public:
  VectorTarget(const VectorMapping& mapping, const CsvReceiver& receiver) : mapping_(mapping), receiver_(receiver) {}

  Status bind(const Columns& columns) override {
    TAMIS_ASSIGN_OR_RETURN(id_, columns.position(mapping_.id));
    if (!mapping_.column.empty()) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(mapping_.column));
      elements_.push_back(position);
      return Status::ok();
    }
    TAMIS_ASSIGN_OR_RETURN(elements_, columns.with_prefix(mapping_.prefix));
    return Status::ok();
  }
  Result<bool> apply(const CsvRow& row, std::uint64_t line) override {
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

std::vector<std::unique_ptr<CsvTarget>> make_targets(const Mapping& mapping, const CsvSelection& selection,
                                                     const CsvReceiver& receiver, RowKeys* keys) {
  std::vector<std::unique_ptr<CsvTarget>> targets;
  if (selection.items && mapping.items) targets.push_back(std::make_unique<EntityTarget>(*mapping.items, receiver));
  if (selection.users && mapping.users) targets.push_back(std::make_unique<EntityTarget>(*mapping.users, receiver));
  if (selection.interactions && mapping.interactions) {
    targets.push_back(std::make_unique<InteractionTarget>(*mapping.interactions, receiver, keys));
  }
  if (selection.vectors && mapping.vectors) {
    targets.push_back(std::make_unique<VectorTarget>(*mapping.vectors, receiver));
  }
  return targets;
}

}  // namespace tamis::client
