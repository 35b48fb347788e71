#include "client/import/layout.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "client/import/column_names.h"
#include "client/import/sample_table.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

// Files without a header that everybody knows: MovieLens. `columns` and what they mean, as TOML.
struct KnownFile {
  std::string_view name;  // without its compression
  std::size_t width;
  std::string_view kind;
  std::string_view toml;
};
constexpr std::string_view kGenresOfMovieLens =
    "genres = { columns = { unknown = 6, Action = 7, Adventure = 8, Animation = 9, \"Children's\" = 10, Comedy = 11, "
    "Crime = 12, Documentary = 13, Drama = 14, Fantasy = 15, \"Film-Noir\" = 16, Horror = 17, Musical = 18, "
    "Mystery = 19, Romance = 20, \"Sci-Fi\" = 21, Thriller = 22, War = 23, Western = 24 } }\n";
constexpr KnownFile kKnownFiles[] = {
    {"u.item", 24, "items",
     "id = 1\none_row_each = true\n[items.features]\ntitle = { column = 2, kind = \"text\" }\n"
     "released_at = { column = 3, kind = \"timestamp\", format = \"%d-%b-%Y\" }\n"},
    {"u.user", 5, "users",
     "id = 1\none_row_each = true\n[users.features]\nage = { column = 2, kind = \"numeric\" }\ngender = 3\n"
     "occupation = 4\nzip_code = 5\n"},
    {"movies.dat", 3, "items",
     "id = 1\none_row_each = true\n[items.features]\ntitle = { column = 2, kind = \"text\" }\n"
     "genres = { column = 3, kind = \"multi_categorical\", separator = \"|\" }\n"},
    {"users.dat", 5, "users",
     "id = 1\none_row_each = true\n[users.features]\ngender = 2\nage = 3\noccupation = 4\nzip_code = 5\n"},
};

bool is_known_name(const std::string& plain) {
  const ColumnRole role = role_of_column(plain);
  return role == ColumnRole::kUser || role == ColumnRole::kItem || role == ColumnRole::kId;
}

class LayoutBuilder {
 public:
  LayoutBuilder(const std::string& path, std::string kind, const CsvFlags& flags, const SampleTable& table)
      : file_(std::filesystem::path(without_compression(path)).filename().string()),
        kind_(std::move(kind)),
        flags_(flags),
        table_(table) {}

  Status build() {
    find_roles();
    if (kind_.empty()) kind_ = guess_kind();
    if (kind_ == "vectors") {
      return Status::invalid_argument("vectors from CSV need --mapping with a [vectors] table (docs/command_line.md)");
    }
    if (kind_.empty()) {
      return Status::invalid_argument("nothing tells what it holds; it has the columns " + columns_text() +
                                      ": say tamis import interactions FILE --user COLUMN --item COLUMN, or "
                                      "items|users FILE --id COLUMN");
    }
    return kind_ == "interactions" ? build_interactions() : build_entities();
  }
  std::string toml() const { return "[csv]\n" + format_ + "\n" + body_; }
  std::string summary() const { return kind_ + ": " + summary_; }
  void add_format(const std::string& line) { format_ += line + "\n"; }

 private:
  // A column as a mapping file names it.
  std::string place(std::size_t column) const {
    const std::string& name = table_.names[column];
    const bool is_unique = std::ranges::count(table_.names, name) == 1;
    return table_.has_names && is_unique && !name.empty() ? quote_json(name) : std::to_string(column + 1);
  }
  std::string called(std::size_t column) const {
    return table_.has_names && !table_.names[column].empty() ? table_.names[column]
                                                             : "column " + std::to_string(column + 1);
  }
  std::string columns_text() const {
    std::string text;
    for (std::size_t i = 0; i < table_.names.size() && i < 30; ++i) text += (i > 0 ? ", " : "") + table_.names[i];
    return text;
  }

  std::optional<std::size_t> column_of(ColumnRole role) const {
    for (std::size_t i = 0; table_.has_names && i < table_.names.size(); ++i) {
      if (role_of_column(plain_name(table_.names[i])) == role) return i;
    }
    return std::nullopt;
  }
  void find_roles() {
    user_ = column_of(ColumnRole::kUser);
    item_ = column_of(ColumnRole::kItem);
    type_ = column_of(ColumnRole::kType);
    time_ = column_of(ColumnRole::kTime);
    rating_ = column_of(ColumnRole::kRating);
    amount_ = column_of(ColumnRole::kAmount);
    // RetailRocket's files of one event each have a column "event" that holds 1.
    if (type_ && table_.shapes[*type_].is_number) type_.reset();
    // Amounts have many names, and some of them name other things, too.
    if (amount_ && table_.shapes[*amount_].numbers == 0 && plain_name(table_.names[*amount_]) != "value")
      amount_.reset();
  }

  std::string guess_kind() const {
    if (user_ && item_) return "interactions";
    if (!flags_.user.empty() && !flags_.item.empty()) return "interactions";
    for (const KnownFile& known : kKnownFiles) {
      if (known.name == file_ && known.width == table_.names.size()) return std::string(known.kind);
    }
    if (!table_.has_names) {
      const bool is_list = table_.names.size() >= 2 && table_.names.size() <= 4;
      return is_list && (table_.names.size() == 2 || table_.shapes[2].is_number) ? "interactions" : "";
    }
    if (const std::string by_name = kind_of_file(file_); !by_name.empty()) return by_name;
    return item_ ? "items" : user_ ? "users" : "";
  }

  // The flag's column, else the one found; -1 for a flag that names none of the file's.
  Result<std::optional<std::size_t>> settle(const std::string& flag, std::optional<std::size_t> found) const {
    if (flag.empty()) return found;
    TAMIS_ASSIGN_OR_RETURN(const std::size_t position, Columns(table_.names).position(flag));
    return std::optional<std::size_t>(position);
  }

  Status build_interactions() {
    if (!table_.has_names) {
      if (!user_) user_ = 0;
      if (!item_) item_ = 1;
      for (std::size_t i = 2; i < table_.names.size(); ++i) {
        const ColumnShape& shape = table_.shapes[i];
        if (!shape.time_format.empty() && !time_) {
          time_ = i;
        } else if (shape.is_number && !rating_ && !amount_) {
          (shape.is_half_stars ? rating_ : amount_) = i;
        }
      }
    }
    TAMIS_ASSIGN_OR_RETURN(user_, settle(flags_.user, user_));
    TAMIS_ASSIGN_OR_RETURN(item_, settle(flags_.item, item_));
    TAMIS_ASSIGN_OR_RETURN(type_, settle(flags_.type_column, type_));
    TAMIS_ASSIGN_OR_RETURN(time_, settle(flags_.timestamp, time_));
    TAMIS_ASSIGN_OR_RETURN(auto value, settle(flags_.value, rating_ ? rating_ : amount_));
    if (!user_ || !item_ || *user_ == *item_) {
      return Status::invalid_argument(std::string("no column is called as one of the ") + (user_ ? "items" : "users") +
                                      "; it has " + columns_text() + ": give --user COLUMN and --item COLUMN");
    }
    body_ = "[interactions]\nuser = " + place(*user_) + "\nitem = " + place(*item_) + "\n";
    summary_ = "user = " + called(*user_) + ", item = " + called(*item_);
    if (!flags_.type.empty() || !type_) {
      const std::string type = !flags_.type.empty() ? flags_.type : guess_type(value);
      body_ += "type = " + quote_json(type) + "\n";
      summary_ += ", type \"" + type + "\"";
    } else {
      body_ += "type_column = " + place(*type_) + "\n" + renamed_types();
      summary_ += ", type = " + called(*type_);
    }
    // A column of ones says nothing beyond the row itself.
    if (value && flags_.value.empty() && !rating_ && is_all_ones(*value)) value.reset();
    if (value) {
      body_ += "value = " + place(*value) + "\n";
      summary_ += ", value = " + called(*value);
    }
    TAMIS_RETURN_IF_ERROR(add_time());
    if (const auto key = position_named("idempotency_key")) body_ += "idempotency_key = " + place(*key) + "\n";
    if (value && value == rating_ && table_.shapes[*value].is_number && table_.shapes[*value].max > 5) {
      summary_ += "; ratings go up to " + number_to_json(table_.shapes[*value].max) +
                  ": the server fits the thresholds of /v1/interaction-types/rating to that";
    }
    return Status::ok();
  }

  std::optional<std::size_t> position_named(std::string_view name) const {
    const auto found = std::ranges::find(table_.names, name);
    if (found == table_.names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - table_.names.begin());
  }

  bool is_all_ones(std::size_t column) const {
    return table_.shapes[column].is_number && plain_name(table_.names[column]) != "value" &&
           std::ranges::all_of(table_.rows,
                               [&](const CsvRow& row) { return row[column] == "1" || row[column] == "1.0"; });
  }

  std::string guess_type(std::optional<std::size_t> value) const {
    if (value && value == rating_ && flags_.value.empty()) return "rating";
    if (const std::string by_file = type_of_name(file_); !by_file.empty()) return by_file;
    const std::string by_column = value && table_.has_names ? type_of_name(table_.names[*value]) : "";
    return by_column.empty() ? "view" : by_column;
  }

  // RetailRocket calls its types in its own way.
  std::string renamed_types() const {
    std::string renamed;
    for (const auto& [theirs, ours] : {std::pair("addtocart", "add_to_cart"), std::pair("transaction", "purchase")}) {
      const auto is_used = [&, name = theirs](const CsvRow& row) { return row[*type_] == name; };
      if (std::ranges::any_of(table_.rows, is_used)) {
        renamed += (renamed.empty() ? "" : ", ") + std::string(theirs) + " = " + quote_json(ours);
      }
    }
    return renamed.empty() ? "" : "types = { " + renamed + " }\n";
  }

  Status add_time() {
    if (!time_) {
      summary_ += ", no time: the time of arrival counts";
      return Status::ok();
    }
    std::string format = flags_.timestamp_format.empty() ? table_.shapes[*time_].time_format : flags_.timestamp_format;
    const bool is_empty = table_.shapes[*time_].filled == 0;
    if (format.empty() && is_empty) format = "rfc3339";
    if (format.empty()) {
      const auto example = std::ranges::find_if(table_.rows, [&](const CsvRow& row) { return !row[*time_].empty(); });
      return Status::invalid_argument("the times in " + called(*time_) + ", as \"" + (*example)[*time_] +
                                      "\", can be read in more than one way: give --timestamp-format, as "
                                      "\"%d/%m/%Y %H:%M\", epoch_s or epoch_ms");
    }
    body_ += "timestamp = " + place(*time_) + "\n";
    if (format != "rfc3339") body_ += "timestamp_format = " + quote_json(format) + "\n";
    summary_ += ", timestamp = " + called(*time_) + " (" + format + ")";
    return Status::ok();
  }

  Status build_entities() {
    for (const KnownFile& known : kKnownFiles) {
      if (known.name != file_ || known.width != table_.names.size() || known.kind != kind_ || table_.has_names)
        continue;
      body_ = "[" + kind_ + "]\n" + std::string(known.toml);
      if (!flags_.quote) add_format("quote = \"\"");
      if (known.name == "u.item") body_ += kGenresOfMovieLens;
      summary_ = "as " + file_ + " of MovieLens";
      return Status::ok();
    }
    if (!table_.has_names && table_.names.size() > 1) {
      return Status::invalid_argument("it has no header: name its columns with --columns id,name,...");
    }
    std::optional<std::size_t> id = kind_ == "items" ? item_ : user_;
    if (const auto plain_id = column_of(ColumnRole::kId); plain_id) id = plain_id;
    TAMIS_ASSIGN_OR_RETURN(id, settle(flags_.id, id));
    if (!id) {
      return Status::invalid_argument("no column is called as the id of " + kind_ + "; it has " + columns_text() +
                                      ": give --id COLUMN");
    }
    body_ = "[" + kind_ + "]\nid = " + place(*id) + "\none_row_each = true\n";
    summary_ = "id = " + called(*id);
    std::optional<std::size_t> hidden;
    for (std::size_t i = 0; i < table_.names.size() && kind_ == "items"; ++i) {
      const std::string plain = plain_name(table_.names[i]);
      if (plain == "ishidden" || plain == "hidden") hidden = i;
    }
    if (hidden) body_ += "hidden = " + place(*hidden) + "\n";
    body_ += "\n[" + kind_ + ".features]\n";
    for (std::size_t i = 0; i < table_.names.size(); ++i) {
      if (i != *id && i != hidden) add_feature(i);
    }
    return Status::ok();
  }

  void add_feature(std::size_t column) {
    const ColumnShape& shape = table_.shapes[column];
    const std::string& name = table_.names[column];
    const std::string plain = plain_name(name);
    if (name.empty() || plain.starts_with("unnamed") || shape.is_url) {
      summary_ += "; " + (name.empty() ? "column " + std::to_string(column + 1) : name) + " is left out";
      return;
    }
    const FeatureHint hint = hint_of_feature(plain);
    std::string kind = "categorical";
    if (shape.is_boolean) {
      kind = "boolean";
    } else if (!shape.time_format.empty() && (!shape.is_number || role_of_column(plain) == ColumnRole::kTime)) {
      kind = "timestamp";
    } else if (shape.is_number && !shape.is_code && hint == FeatureHint::kNone) {
      kind = "numeric";
    } else if (shape.has_bars || hint == FeatureHint::kList) {
      kind = "multi_categorical";
    } else if (hint == FeatureHint::kText || shape.max_bytes > 64) {
      kind = "text";
    }
    body_ += quote_json(name) + " = { column = " + place(column) + ", kind = " + quote_json(kind);
    if (kind == "timestamp" && shape.time_format != "rfc3339") body_ += ", format = " + quote_json(shape.time_format);
    if (kind == "multi_categorical") body_ += ", separator = \"|\"";
    body_ += " }\n";
    summary_ += ", " + name + " " + kind;
  }

  const std::string file_;
  std::string kind_;
  const CsvFlags& flags_;
  const SampleTable& table_;
  std::optional<std::size_t> user_, item_, type_, time_, rating_, amount_;
  std::string format_;
  std::string body_;
  std::string summary_;
};

void describe_format(const Mapping& format, LayoutBuilder* builder) {
  const auto quoted = [](const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + quote_json(text);
    return "[" + list + "]";
  };
  builder->add_format("delimiter = " + quote_json(format.format.delimiter));
  const auto character = [](std::optional<char> c) { return quote_json(c ? std::string(1, *c) : ""); };
  if (format.format.quote != '"') builder->add_format("quote = " + character(format.format.quote));
  if (format.format.escape) builder->add_format("escape = " + character(format.format.escape));
  if (format.encoding != "auto") builder->add_format("encoding = " + quote_json(format.encoding));
  if (!format.has_header) builder->add_format("header = false");
  if (!format.columns.empty()) builder->add_format("columns = " + quoted(format.columns));
  if (!format.null_tokens.empty()) builder->add_format("null = " + quoted(format.null_tokens));
  if (format.ignore_extra_fields) builder->add_format("extra_fields = \"ignore\"");
  if (format.missing_fields_are_empty) builder->add_format("missing_fields = \"empty\"");
}

}  // namespace

Result<Layout> infer_layout(const std::string& path, std::string_view sample, const std::string& kind,
                            const CsvFlags& flags) {
  TAMIS_ASSIGN_OR_RETURN(const SampleTable table, read_sample_table(path, sample, flags, is_known_name));
  LayoutBuilder builder(path, kind, flags, table);
  TAMIS_RETURN_IF_ERROR(builder.build());
  describe_format(table.format, &builder);
  Layout layout;
  layout.toml = builder.toml();
  layout.summary = builder.summary();
  // The text is the mapping: what is printed to keep reads the file in the same way.
  TAMIS_ASSIGN_OR_RETURN(layout.mapping, parse_mapping(layout.toml, "the inferred mapping"));
  return layout;
}

}  // namespace tamis::client
