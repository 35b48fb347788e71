#include "client/import/csv_flags.h"

#include <string_view>

namespace tamis::client {

std::string without_compression(std::string path) {
  for (const std::string_view ending : {".gz", ".xz", ".zst"}) {
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  }
  return path;
}

Status apply_format_flags(const CsvFlags& flags, Mapping* mapping) {
  if (!flags.encoding.empty()) mapping->encoding = flags.encoding;
  if (flags.delimiter) {
    TAMIS_ASSIGN_OR_RETURN(mapping->format.delimiter, parse_delimiter(*flags.delimiter));
  }
  if (flags.quote) {
    TAMIS_ASSIGN_OR_RETURN(mapping->format.quote, parse_quote(*flags.quote, "quote"));
  }
  if (flags.escape) {
    TAMIS_ASSIGN_OR_RETURN(mapping->format.escape, parse_quote(*flags.escape, "escape"));
  }
  if (!flags.columns.empty()) mapping->columns = flags.columns;
  if (flags.no_header || !flags.columns.empty()) mapping->has_header = false;
  if (!flags.nulls.empty()) mapping->null_tokens = flags.nulls;
  if (!flags.extra_fields.empty()) mapping->ignore_extra_fields = flags.extra_fields == "ignore";
  if (!flags.missing_fields.empty()) mapping->missing_fields_are_empty = flags.missing_fields == "empty";
  return Status::ok();
}

Status apply_column_flags(const CsvFlags& flags, const std::string& kind, Mapping* mapping) {
  const bool for_interactions = !flags.user.empty() || !flags.item.empty() || !flags.type.empty() ||
                                !flags.type_column.empty() || !flags.value.empty() || !flags.timestamp.empty() ||
                                !flags.timestamp_format.empty();
  if (for_interactions) {
    if (!mapping->interactions) {
      if (flags.user.empty() || flags.item.empty()) {
        return Status::invalid_argument(
            "interactions need --user COLUMN and --item COLUMN (a name, or a number from 1)");
      }
      mapping->interactions.emplace();
    }
    InteractionMapping& interactions = *mapping->interactions;
    if (!flags.user.empty()) interactions.user = flags.user;
    if (!flags.item.empty()) interactions.item = flags.item;
    if (!flags.type.empty()) interactions.type = {.column = {}, .constant = flags.type};
    if (!flags.type_column.empty()) interactions.type = {.column = flags.type_column, .constant = std::nullopt};
    if (!flags.value.empty()) interactions.value = flags.value;
    if (!flags.timestamp.empty()) interactions.timestamp = flags.timestamp;
    if (!flags.timestamp_format.empty()) {
      TAMIS_ASSIGN_OR_RETURN(interactions.time_format, TimeFormat::parse(flags.timestamp_format));
    }
  }
  if (flags.id.empty()) return Status::ok();
  if (mapping->vectors && kind == "vectors") {
    mapping->vectors->id = flags.id;
    return Status::ok();
  }
  if (kind != "items" && kind != "users") {
    return Status::invalid_argument(
        "--id names the id of items, users or vectors: tamis import items FILE --id COLUMN");
  }
  auto& entities = kind == "items" ? mapping->items : mapping->users;
  if (!entities) {
    entities.emplace();
    entities->kind = kind == "items" ? EntityKind::kItem : EntityKind::kUser;
    entities->one_row_each = true;
  }
  entities->id = flags.id;
  return Status::ok();
}

}  // namespace tamis::client
