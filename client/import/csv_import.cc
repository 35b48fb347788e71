#include "client/import/csv_import.h"

#include <algorithm>
#include <memory>

#include "client/import/csv_columns.h"
#include "client/import/csv_targets.h"

namespace tamis::client {
namespace {

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= count; ++i) names.push_back(std::to_string(i));
  return names;
}

// Brings the row to the number of columns where the mapping allows it.
Status fit_fields(const Mapping& mapping, std::size_t columns, CsvRow* row) {
  if (row->size() > columns && mapping.ignore_extra_fields) row->resize(columns);
  if (row->size() < columns && mapping.missing_fields_are_empty) row->resize(columns);
  if (row->size() == columns) return Status::ok();
  const std::string counts =
      "the row has " + std::to_string(row->size()) + " fields where " + std::to_string(columns) + " are expected";
  if (row->size() < columns) return Status::invalid_argument(counts + " (--missing-fields empty takes it)");
  return Status::invalid_argument(counts + (row->back().empty() ? "; the last one is empty" : "") +
                                  " (--extra-fields ignore takes it)");
}

}  // namespace

Result<CsvCounts> CsvImport::run(ByteSource* source, const CsvSelection& selection, const CsvReceiver& receiver) {
  CsvReader reader(source, mapping_.format);
  CsvRecord record;
  std::vector<std::string> names = mapping_.columns;
  bool is_row_waiting = false;  // the first record, read to count the columns
  if (mapping_.has_header || names.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const bool found, reader.next(&record));
    if (!found) return Status::invalid_argument(mapping_.has_header ? "it is empty: it has no header" : "it is empty");
    is_row_waiting = !mapping_.has_header;
    if (names.empty()) names = mapping_.has_header ? record.fields : numbered(record.fields.size());
  }
  reader.expect_fields(names.size());
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

  const auto targets = make_targets(mapping_, selection, guarded, keys_);
  for (const auto& target : targets) TAMIS_RETURN_IF_ERROR(target->bind(columns));

  CsvCounts counts;
  // A row that one target refuses is bad as a whole and counted once.
  const auto process = [&](std::uint64_t line) -> Result<bool> {
    TAMIS_RETURN_IF_ERROR(fit_fields(mapping_, names.size(), &record.fields));
    for (std::string& cell : record.fields) {
      const auto& nulls = mapping_.null_tokens;
      if (!nulls.empty() && std::find(nulls.begin(), nulls.end(), cell) != nulls.end()) cell.clear();
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
    auto found = is_row_waiting ? Result<bool>(true) : reader.next(&record);
    is_row_waiting = false;
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
