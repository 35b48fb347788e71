#include "ranker/feature_encoder.h"

#include <optional>
#include <string>
#include <utility>

#include "common/feature_reading.h"

namespace tamis::ranker {
namespace {

std::uint32_t category_row(const FeatureValue* value, const Vocabulary& vocabulary) {
  const auto category = value == nullptr ? std::nullopt : category_of(*value);
  return category ? vocabulary.row_of(*category) : Vocabulary::kUnknown;
}

std::optional<double> number_or_flag(const FeatureValue* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(value)) return *flag ? 1 : 0;
  return number_of(*value);
}

void append_bag(const FeatureValue* value, const Vocabulary& vocabulary, IdColumn& column) {
  if (value != nullptr) {
    if (const auto* many = std::get_if<std::vector<std::string>>(value)) {
      for (const std::string& text : *many) column.ids.push_back(vocabulary.row_of(text));
    } else if (const std::uint32_t row = category_row(value, vocabulary); row != Vocabulary::kUnknown) {
      column.ids.push_back(row);
    }
  }
  column.offsets.push_back(static_cast<std::uint32_t>(column.ids.size()));
}

}  // namespace

Result<FeatureEncoder> FeatureEncoder::create(FeatureSchema schema, std::vector<Vocabulary> vocabularies) {
  const auto& id_fields = schema.id_fields();
  if (vocabularies.size() != id_fields.size())
    return Status::invalid_argument("there are " + std::to_string(vocabularies.size()) + " vocabularies for " +
                                    std::to_string(id_fields.size()) + " fields");
  for (std::size_t i = 0; i < id_fields.size(); ++i) {
    const Field& field = schema.fields()[id_fields[i]];
    if (field.rows != vocabularies[i].rows())
      return Status::invalid_argument("field \"" + field.name + "\" has " + std::to_string(field.rows) +
                                      " rows, its vocabulary " + std::to_string(vocabularies[i].rows()) +
                                      " with the unknown value")
          .at_field("fields[" + std::to_string(id_fields[i]) + "].rows");
  }
  FeatureEncoder encoder;
  encoder.schema_ = std::move(schema);
  encoder.vocabularies_ = std::move(vocabularies);
  return encoder;
}

ExampleTable FeatureEncoder::make_table(Columns columns) const {
  ExampleTable table;
  table.ids.resize(schema_.id_fields().size());
  for (std::size_t i = 0; i < table.ids.size(); ++i) {
    const Field& field = schema_.fields()[schema_.id_fields()[i]];
    if (field.kind == FieldKind::kBag && is_column_of(columns, field.side)) table.ids[i].offsets = {0};
  }
  return table;
}

void FeatureEncoder::append(const Features& features, Columns columns, ExampleTable& table) const {
  const auto find = [&](const Field& field) -> const FeatureValue* {
    const auto found = features.find(field.name);
    return found == features.end() ? nullptr : &found->second;
  };
  for (std::size_t i = 0; i < table.ids.size(); ++i) {
    const Field& field = schema_.fields()[schema_.id_fields()[i]];
    if (!is_column_of(columns, field.side)) continue;
    if (field.kind == FieldKind::kBag) {
      append_bag(find(field), vocabularies_[i], table.ids[i]);
    } else {
      table.ids[i].ids.push_back(category_row(find(field), vocabularies_[i]));
    }
  }
  for (const std::size_t position : schema_.numeric_fields()) {
    const Field& field = schema_.fields()[position];
    const auto number = is_column_of(columns, field.side) ? number_or_flag(find(field)) : std::nullopt;
    table.numeric.push_back(number ? normalize(field, *number) : 0.0F);
  }
  ++table.rows;
}

}  // namespace tamis::ranker
