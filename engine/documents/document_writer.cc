#include "engine/documents/document_writer.h"

#include <algorithm>
#include <utility>

#include "engine/documents/filter_json.h"

namespace tamis::engine {

DocumentWriter::DocumentWriter(Json* out, std::span<const std::string> left_out) : out_(*out), left_out_(left_out) {
  out_ = Json::object();
}

void DocumentWriter::put(std::string_view name, Json value) {
  if (std::find(left_out_.begin(), left_out_.end(), name) == left_out_.end())
    out_[std::string(name)] = std::move(value);
}

void DocumentWriter::boolean(std::string_view name, bool* value, std::string_view) { put(name, *value); }

void DocumentWriter::integer(std::string_view name, std::uint32_t* value, std::uint32_t, std::uint32_t,
                             std::string_view) {
  put(name, *value);
}

void DocumentWriter::number(std::string_view name, double* value, const NumberRange&, std::string_view) {
  put(name, *value);
}

void DocumentWriter::text(std::string_view name, std::string* value, std::size_t low_bytes, std::size_t,
                          std::string_view) {
  if (!value->empty() || low_bytes == 0) put(name, *value);
}

void DocumentWriter::choice(std::string_view name, std::string* value, Names, std::string_view) { put(name, *value); }

void DocumentWriter::texts(std::string_view name, std::vector<std::string>* values, std::size_t, std::size_t,
                           std::string_view) {
  put(name, *values);
}

void DocumentWriter::choices(std::string_view name, std::vector<std::string>* values, Names, std::string_view) {
  put(name, *values);
}

void DocumentWriter::filter(std::string_view name, Filter* value, std::string_view) { put(name, filter_json(*value)); }

void DocumentWriter::object(std::string_view name, const std::function<void(Members&)>& describe, std::string_view) {
  Json document;
  DocumentWriter writer(&document);
  describe(writer);
  put(name, std::move(document));
}

void DocumentWriter::list(std::string_view name, std::size_t, std::size_t, const List& list, std::string_view) {
  Json documents = Json::array();
  for (std::size_t i = 0; i < list.size; ++i) {
    Json document;
    DocumentWriter writer(&document);
    list.describe(i, writer);
    documents.push_back(std::move(document));
  }
  put(name, std::move(documents));
}

void DocumentWriter::alternatives(std::string_view name, Names names, std::size_t current,
                                  const std::function<void(std::size_t, Members&)>& describe, std::string_view) {
  if (current >= names.size()) return;  // no such alternative: the document lacks it, and is refused when read
  put(name, names[current]);
  describe(current, *this);
}

}  // namespace tamis::engine
