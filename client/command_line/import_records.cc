#include "client/command_line/import_records.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "client/command_line/input_file.h"
#include "client/import/json_array_reader.h"
#include "client/import/record_names.h"
#include "client/wire.h"

namespace tamis::client {
namespace {

constexpr std::size_t kMaxRecordBytes = 1 << 20;

// A source whose first bytes were read already.
class PeekedSource final : public ByteSource {
 public:
  explicit PeekedSource(std::unique_ptr<ByteSource> raw) : raw_(std::move(raw)) {}
  // The first byte that is no white space and no byte order mark; 0 in an empty source.
  Result<char> peek() {
    for (;;) {
      for (; visible_ < start_.size(); ++visible_) {
        if (std::string_view(" \t\r\n\xEF\xBB\xBF").find(start_[visible_]) == std::string_view::npos) {
          return start_[visible_];
        }
      }
      char bytes[4096];
      TAMIS_ASSIGN_OR_RETURN(const std::size_t got, raw_->read(bytes, sizeof bytes));
      if (got == 0) return '\0';
      start_.append(bytes, got);
    }
  }
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    if (given_ == start_.size()) return raw_->read(buffer, capacity);
    const std::size_t count = start_.copy(buffer, capacity, given_);
    given_ += count;
    return count;
  }
  std::uint64_t consumed_bytes() const override { return raw_->consumed_bytes(); }
  std::uint64_t total_bytes() const override { return raw_->total_bytes(); }

 private:
  const std::unique_ptr<ByteSource> raw_;
  std::string start_;
  std::size_t visible_ = 0;
  std::size_t given_ = 0;
};

// Whether no value lies more than 64 levels deep: what walks a document goes as deep as it.
bool is_shallow(std::string_view record) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (in_string && c == '\\') ++i;
    if (c == '"') in_string = !in_string;
    if (in_string) continue;
    if ((c == '{' || c == '[') && ++depth > 64) return false;
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return true;
}

// What the server would find at once, found here, so that a dry run finds it, too.
Status check_record(std::string_view record, nlohmann::json* document) {
  if (!is_valid_utf8(record)) return Status::invalid_argument("the record is not text in the file's encoding");
  if (!is_shallow(record)) return Status::invalid_argument("the record nests deeper than 64 levels");
  *document = nlohmann::json::parse(record.begin(), record.end(), nullptr, false);
  if (document->is_discarded()) return Status::invalid_argument("the record is no JSON");
  if (!document->is_object()) return Status::invalid_argument("the record is no JSON object");
  return Status::ok();
}

// Whether a record has what its kind cannot do without.
Status check_members(const std::string& kind, const nlohmann::json& document) {
  const auto text_at = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
  };
  const auto lacks = [](const std::string& what) { return Status::invalid_argument("the record has no " + what); };
  if (kind == "vectors") {
    if (text_at("item") == text_at("user")) return lacks("text \"item\" or \"user\", or has both");
    const bool is_removal = document.contains("delete") && document["delete"] == true;
    const bool has_vector = document.contains("vector") && document["vector"].is_array();
    return has_vector || is_removal ? Status::ok() : lacks("array \"vector\"");
  }
  const bool is_interaction = kind == "interactions";
  for (const char* name : {is_interaction ? "user" : "id", is_interaction ? "item" : "id"})
    if (!text_at(name)) return lacks(std::string("text \"") + name + "\"");
  return Status::ok();
}

// The record with `members` before its own.
std::string with_members(std::string_view record, const std::string& members) {
  const auto brace = record.find('{');
  const auto next = record.find_first_not_of(" \t", brace + 1);
  const bool is_empty = next != std::string_view::npos && record[next] == '}';
  return "{" + members + (is_empty ? "" : ",") + std::string(record.substr(brace + 1));
}

}  // namespace

Status import_records(ImportJob* job) {
  const std::string encoding = job->options.csv.encoding.empty() ? "auto" : job->options.csv.encoding;
  TAMIS_ASSIGN_OR_RETURN(auto text, open_text(job->path, encoding, true));
  PeekedSource source(std::move(text));
  TAMIS_ASSIGN_OR_RETURN(const char first, source.peek());
  std::unique_ptr<RecordReader> reader;
  if (first == '[') {
    reader = std::make_unique<JsonArrayReader>(&source, kMaxRecordBytes);
  } else {
    reader = std::make_unique<LineReader>(&source, kMaxRecordBytes);
  }
  ImportSession& session = *job->session;
  session.begin_phase(job->kind);
  RowKeys* const keys = job->kind == "interactions" ? session.start_keys() : nullptr;
  bool is_told = false;
  bool has_space = job->kind != "vectors";
  std::string_view record;
  std::uint64_t rows = 0;
  while (session.keep_going(rows++, source.consumed_bytes(), source.total_bytes())) {
    const auto found = reader->next(&record);
    if (!found.is_ok() && found.status().code() != StatusCode::kInvalidArgument) return found.status();
    if (found.is_ok() && !*found) break;
    if (found.is_ok() && record.find_first_not_of(" \t") == std::string_view::npos) continue;
    nlohmann::json document;
    Status fault = found.status();
    if (fault.is_ok()) fault = check_record(record, &document);
    if (!fault.is_ok()) {
      TAMIS_RETURN_IF_ERROR(session.bad_row(reader->line_number(), fault));
      continue;
    }
    if (!has_space && document.contains("vector") && document["vector"].is_array()) {
      TAMIS_RETURN_IF_ERROR(session.ensure_space(document["vector"].size()));
      has_space = true;
    }
    std::string line(record);
    std::string told;
    adopt_names(job->kind, &document, &told);
    if (!told.empty()) line = document.dump();
    if (!told.empty() && !is_told) {
      std::fprintf(stderr, "tamis: %s: read with %s\n", name_of_file(job->path).c_str(), told.c_str());
    }
    is_told = is_told || !told.empty();
    if (const Status complete = check_members(job->kind, document); !complete.is_ok()) {
      TAMIS_RETURN_IF_ERROR(session.bad_row(reader->line_number(), complete));
      continue;
    }
    if (job->kind == "interactions") {
      if (document.contains("import_id")) {  // of the import that it was exported from
        document.erase("import_id");
        line = document.dump();
      }
      std::string key;
      if (keys != nullptr && !document.contains("idempotency_key")) {
        key = keys->next(line, document.contains("timestamp") && !document["timestamp"].is_null());
      }
      line = with_members(line, "\"import_id\":" + quote_json(session.import_id()) +
                                    (key.empty() ? "" : ",\"idempotency_key\":" + quote_json(key)));
    }
    TAMIS_RETURN_IF_ERROR(session.add(job->kind, line, reader->line_number()));
  }
  return session.finish_uploads();
}

}  // namespace tamis::client
