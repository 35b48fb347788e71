#include "ranker/evaluate/csv_examples.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>

#include "models/text_lines.h"

namespace tamis::ranker {
namespace {

using Row = std::vector<std::string>;

Result<double> parse_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return Status::invalid_argument("\"" + text.substr(0, 40) + "\" is not a number");
  return value;
}

// Where the columns of a file are, by name.
struct Header {
  std::map<std::string, std::size_t, std::less<>> position;

  Status read(std::string_view line) {
    TAMIS_ASSIGN_OR_RETURN(const Row names, split_csv(line));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!position.emplace(names[i], i).second)
        return Status::invalid_argument("column \"" + names[i] + "\" is there twice");
    }
    return Status::ok();
  }
  Result<std::size_t> find(std::string_view name) const {
    const auto found = position.find(name);
    if (found == position.end()) return Status::invalid_argument("there is no column \"" + std::string(name) + "\"");
    return found->second;
  }
};

// Calls `on_header` once and `on_row` for each further line that is not empty.
Status for_each_row(const std::filesystem::path& path, const std::function<Status(const Header&)>& on_header,
                    const std::function<Status(const Row&)>& on_row) {
  Header header;
  std::size_t rows = 0;
  const auto on_line = [&](std::string_view line, std::size_t number) -> Status {
    if (number == 1) {
      TAMIS_RETURN_IF_ERROR(header.read(line));
      return on_header(header);
    }
    if (line.empty()) return Status::ok();
    TAMIS_ASSIGN_OR_RETURN(const Row row, split_csv(line));
    if (row.size() != header.position.size())
      return Status::invalid_argument("there are " + std::to_string(row.size()) + " fields, the header names " +
                                      std::to_string(header.position.size()));
    ++rows;
    return on_row(row);
  };
  TAMIS_RETURN_IF_ERROR(models::for_each_line(path, on_line));
  if (rows == 0) return Status::invalid_argument(path.string() + " holds no examples");
  return Status::ok();
}

// Mean and variance in one pass (Welford 1962).
struct Moments {
  double count = 0, mean = 0, squares = 0;
  void add(double x) {
    ++count;
    const double delta = x - mean;
    mean += delta / count;
    squares += delta * (x - mean);
  }
  Field field(std::string name) const {
    Field field{.name = std::move(name), .kind = FieldKind::kNumeric};
    field.normalization = Normalization::kStandard;
    field.mean = static_cast<float>(mean);
    const auto deviation = static_cast<float>(std::sqrt(squares / std::max(count, 1.0)));
    field.stddev = deviation > 0 ? deviation : 1;
    return field;
  }
};

struct Column {
  std::string name;
  bool is_numeric = false;
  std::size_t position = 0;
  VocabularyBuilder values = {};
  Moments moments = {};
};

}  // namespace

Result<Row> split_csv(std::string_view line) {
  Row fields(1);
  std::size_t i = 0;
  while (i < line.size()) {
    if (line[i] == '"') {  // a field starts with a quote only
      for (++i;; ++i) {
        if (i >= line.size()) return Status::invalid_argument("a quoted field does not end on its line");
        if (line[i] != '"') {
          fields.back() += line[i];
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
          fields.back() += line[++i];
        } else {
          break;
        }
      }
      if (++i < line.size() && line[i] != ',')
        return Status::invalid_argument("text follows the closing quote of a field");
    } else {
      const std::size_t end = std::min(line.find(',', i), line.size());
      fields.back().assign(line.substr(i, end - i));
      i = end;
    }
    if (i < line.size()) {
      fields.emplace_back();
      ++i;
    }
  }
  return fields;
}

Result<FeatureEncoder> fit_csv(const std::filesystem::path& train, const CsvColumns& columns) {
  std::vector<Column> found;
  const auto on_header = [&](const Header& header) -> Status {
    TAMIS_RETURN_IF_ERROR(header.find(columns.label).status());
    for (const std::string& name : columns.numeric) TAMIS_RETURN_IF_ERROR(header.find(name).status());
    for (const auto& [name, position] : header.position) {
      if (name == columns.label) continue;
      found.push_back({.name = name, .is_numeric = columns.numeric.contains(name), .position = position});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(for_each_row(train, on_header, [&](const Row& row) -> Status {
    for (Column& column : found) {
      const std::string& text = row[column.position];
      if (!column.is_numeric) {
        column.values.add(text);
      } else if (!text.empty()) {
        TAMIS_ASSIGN_OR_RETURN(const double number, parse_number(text));
        column.moments.add(number);
      }
    }
    return Status::ok();
  }));
  std::vector<Field> fields;
  std::vector<Vocabulary> vocabularies;
  for (const Column& column : found) {
    if (column.is_numeric) {
      fields.push_back(column.moments.field(column.name));
      continue;
    }
    TAMIS_ASSIGN_OR_RETURN(Vocabulary vocabulary, column.values.build(columns.min_count));
    fields.push_back({.name = column.name, .kind = FieldKind::kCategorical, .rows = vocabulary.rows()});
    vocabularies.push_back(std::move(vocabulary));
  }
  TAMIS_ASSIGN_OR_RETURN(FeatureSchema schema, FeatureSchema::create(std::move(fields)));
  return FeatureEncoder::create(std::move(schema), std::move(vocabularies));
}

Result<ExampleTable> read_csv(const std::filesystem::path& path, const CsvColumns& columns,
                              const FeatureEncoder& encoder) {
  const FeatureSchema& schema = encoder.schema();
  ExampleTable table = encoder.make_table();
  std::size_t label = 0;
  std::vector<std::size_t> positions;  // by field
  const auto on_header = [&](const Header& header) -> Status {
    TAMIS_ASSIGN_OR_RETURN(label, header.find(columns.label));
    for (const Field& field : schema.fields()) {
      TAMIS_ASSIGN_OR_RETURN(const std::size_t position, header.find(field.name));
      positions.push_back(position);
    }
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(for_each_row(path, on_header, [&](const Row& row) -> Status {
    const std::string& text = row[label];
    if (text != "0" && text != "1" && text != "0.0" && text != "1.0")
      return Status::invalid_argument("label \"" + text.substr(0, 40) + "\" is neither 0 nor 1");
    table.labels.push_back(text[0] == '1' ? 1.0F : 0.0F);
    for (std::size_t i = 0; i < table.ids.size(); ++i)
      table.ids[i].ids.push_back(encoder.vocabularies()[i].row_of(row[positions[schema.id_fields()[i]]]));
    for (const std::size_t position : schema.numeric_fields()) {
      const std::string& number = row[positions[position]];
      if (number.empty()) {
        table.numeric.push_back(0);  // the mean
        continue;
      }
      TAMIS_ASSIGN_OR_RETURN(const double value, parse_number(number));
      table.numeric.push_back(normalize(schema.fields()[position], value));
    }
    ++table.rows;
    return Status::ok();
  }));
  return table;
}

}  // namespace tamis::ranker
