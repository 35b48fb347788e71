#include "engine/documents/document_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/documents/filter_json.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxFaults = 100;  // of one document

bool is_in(double value, const NumberRange& range) {
  const bool is_above = range.above_low ? value > range.low : value >= range.low;
  return is_above && (range.below_high ? value < range.high : value <= range.high);
}

std::string short_number(double value) {
  constexpr double kLargest = 1e15;  // that is written without an exponent
  const bool is_whole = std::abs(value) <= kLargest && value == std::floor(value);
  return to_text(is_whole ? Json(static_cast<std::int64_t>(value)) : Json(value));
}

std::string expectation(const NumberRange& range) {
  if (!range.above_low && !range.below_high)
    return "a number from " + short_number(range.low) + " to " + short_number(range.high);
  return std::string("a number ") + (range.above_low ? "above " : "of at least ") + short_number(range.low) + " and " +
         (range.below_high ? "below " : "at most ") + short_number(range.high);
}

std::string count_of(std::size_t low, std::size_t high) {
  return (low == 0 ? "at most " : std::to_string(low) + " to ") + std::to_string(high);
}

}  // namespace

DocumentReader::DocumentReader(const Json& value, std::string pointer, std::vector<Status>* faults)
    : value_(value), pointer_(std::move(pointer)), faults_(*faults) {
  if (!value_.is_object()) note(json_fault(value_, pointer_, "an object"));
}

void DocumentReader::note(Status fault) {
  if (faults_.size() < kMaxFaults) faults_.push_back(std::move(fault));
}

template <typename T>
void DocumentReader::take(Result<T> result, T* value) {
  if (result.is_ok()) {
    *value = std::move(result).value();
  } else {
    note(result.status());
  }
}

const Json* DocumentReader::find(std::string_view name) {
  known_.push_back(name);
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

void DocumentReader::boolean(std::string_view name, bool* value, std::string_view) {
  if (const Json* given = find(name)) take(read_bool(*given, child_pointer(pointer_, name)), value);
}

void DocumentReader::integer(std::string_view name, std::uint32_t* value, std::uint32_t low, std::uint32_t high,
                             std::string_view) {
  if (const Json* given = find(name)) take(read_uint32(*given, child_pointer(pointer_, name), low, high), value);
}

void DocumentReader::number(std::string_view name, double* value, const NumberRange& range, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  if (given->is_number() && is_in(given->get<double>(), range)) {
    *value = given->get<double>();
  } else {
    note(json_fault(*given, child_pointer(pointer_, name), expectation(range)));
  }
}

void DocumentReader::text(std::string_view name, std::string* value, std::size_t low_bytes, std::size_t high_bytes,
                          std::string_view) {
  if (const Json* given = find(name))
    take(read_string(*given, child_pointer(pointer_, name), low_bytes, high_bytes), value);
}

void DocumentReader::choice(std::string_view name, std::string* value, Names names, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  std::size_t chosen = names.size();
  take(read_name(*given, child_pointer(pointer_, name), names), &chosen);
  if (chosen < names.size()) *value = names[chosen];
}

void DocumentReader::texts(std::string_view name, std::vector<std::string>* values, std::size_t most,
                           std::size_t high_bytes, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  const std::string pointer = child_pointer(pointer_, name);
  if (!given->is_array() || given->size() > most)
    return note(json_fault(*given, pointer, "a list of at most " + std::to_string(most) + " strings"));
  values->assign(given->size(), {});
  for (std::size_t i = 0; i < given->size(); ++i)
    take(read_string((*given)[i], child_pointer(pointer, i), 1, high_bytes), &(*values)[i]);
}

void DocumentReader::choices(std::string_view name, std::vector<std::string>* values, Names names, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  const std::string pointer = child_pointer(pointer_, name);
  if (!given->is_array() || given->size() > names.size())
    return note(json_fault(*given, pointer, "a list of at most " + std::to_string(names.size()) + " names"));
  values->clear();
  for (std::size_t i = 0; i < given->size(); ++i) {
    std::size_t chosen = names.size();
    take(read_name((*given)[i], child_pointer(pointer, i), names), &chosen);
    if (chosen < names.size()) values->emplace_back(names[chosen]);
  }
}

void DocumentReader::filter(std::string_view name, Filter* value, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  std::vector<Status> faults;
  *value = read_filter(*given, child_pointer(pointer_, name), &faults);
  for (Status& fault : faults) note(std::move(fault));
}

void DocumentReader::object(std::string_view name, const std::function<void(Members&)>& describe, std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  DocumentReader reader(*given, child_pointer(pointer_, name), &faults_);
  describe(reader);
  reader.finish();
}

void DocumentReader::list(std::string_view name, std::size_t low, std::size_t high, const List& list,
                          std::string_view) {
  const Json* given = find(name);
  if (given == nullptr) return;
  const std::string pointer = child_pointer(pointer_, name);
  if (!given->is_array() || given->size() < low || given->size() > high)
    return note(json_fault(*given, pointer, "a list of " + count_of(low, high) + " " + std::string(name)));
  list.resize(given->size());
  for (std::size_t i = 0; i < given->size(); ++i) {
    DocumentReader reader((*given)[i], child_pointer(pointer, i), &faults_);
    list.describe(i, reader);
    reader.finish();
  }
}

void DocumentReader::alternatives(std::string_view name, Names names, std::size_t,
                                  const std::function<void(std::size_t, Members&)>& describe, std::string_view) {
  require(name);
  const Json* given = find(name);
  std::size_t chosen = names.size();
  if (given != nullptr) take(read_name(*given, child_pointer(pointer_, name), names), &chosen);
  if (chosen < names.size()) {
    describe(chosen, *this);
  } else {
    is_whole_ = false;
  }
}

void DocumentReader::require(std::string_view name) {
  if (value_.is_object() && !value_.contains(name))
    note(json_fault(value_, pointer_, "one with a \"" + std::string(name) + "\""));
}

void DocumentReader::refuse(std::string_view name, std::optional<std::size_t> element, const std::string& expected) {
  if (!value_.is_object() || !value_.contains(name)) return;
  const Json& member = value_.at(std::string(name));
  const std::string pointer = child_pointer(pointer_, name);
  if (!element) return note(json_fault(member, pointer, expected));
  if (member.is_array() && *element < member.size())
    note(json_fault(member[*element], child_pointer(pointer, *element), expected));
}

void DocumentReader::finish() {
  if (!value_.is_object() || !is_whole_) return;
  for (const auto& [name, member] : value_.items()) {
    if (faults_.size() >= kMaxFaults) return;
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) note(unknown_member(name, pointer_, known_));
  }
}

std::vector<std::string> DocumentReader::absent() const {
  std::vector<std::string> names;
  for (const std::string_view name : known_) {
    if (!value_.is_object() || !value_.contains(name)) names.emplace_back(name);
  }
  return names;
}

}  // namespace tamis::engine
