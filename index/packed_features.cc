#include "index/packed_features.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

namespace tamis::index {
namespace {

enum Form : std::uint64_t {
  kFalse,
  kTrue,
  kWhole,     // a number without a fraction, zigzag
  kHundreds,  // a number with two decimals, times 100, zigzag
  kFloat,     // 4 bytes
  kDouble,    // 8 bytes
  kTime,      // zigzag
  kCategory,  // a code
  kLong,      // a category that is not worth a code: its length and bytes
  kSet,       // a count and codes
  kText,      // length and bytes
};

constexpr std::size_t kLongCategoryBytes = 64;
constexpr double kMostWhole = 1e12;  // beyond it a double is no longer
constexpr std::uint64_t kLeastWastedBytes = 1u << 20;

std::uint64_t text_hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

void append_number(std::uint64_t number, std::string* out) {
  for (; number > 0x7FU; number >>= 7U) out->push_back(static_cast<char>((number & 0x7FU) | 0x80U));
  out->push_back(static_cast<char>(number));
}
void append_whole(std::int64_t number, std::string* out) {
  append_number((static_cast<std::uint64_t>(number) << 1U) ^ static_cast<std::uint64_t>(number >> 63), out);
}
template <typename T>
void append_raw(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}
template <typename T>
T read_raw(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

bool is_same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// The shortest form that gives the same bits back.
Form form_of(double number) {
  if (std::abs(number) < kMostWhole) {
    if (is_same(static_cast<double>(static_cast<std::int64_t>(number)), number)) return kWhole;
    if (is_same(static_cast<double>(std::llround(number * 100)) / 100, number)) return kHundreds;
  }
  const auto narrow = static_cast<float>(number);
  return is_same(static_cast<double>(narrow), number) ? kFloat : kDouble;
}

}  // namespace

std::uint32_t CategoryTable::take(std::string_view text) {
  const std::uint64_t hash = text_hash(text);
  if (const auto known = by_text_.find(hash, [&](std::uint32_t code) { return this->text(code) == text; })) {
    ++uses_[*known];
    return *known;
  }
  std::uint32_t code = 0;
  if (free_.empty()) {
    code = static_cast<std::uint32_t>(texts_.size());
    texts_.push_back(nullptr);
    uses_.push_back(0);
  } else {
    code = free_.back();
    free_.pop_back();
  }
  texts_[code] = arena_.add(text);
  uses_[code] = 1;
  by_text_.insert(hash, code, [&](std::uint32_t other) { return text_hash(this->text(other)); });
  return code;
}

void CategoryTable::release(std::uint32_t code) {
  if (--uses_[code] > 0) return;
  wasted_bytes_ += text(code).size() + 1;
  by_text_.erase(text_hash(text(code)), code, [&](std::uint32_t other) { return text_hash(text(other)); });
  texts_[code] = nullptr;
  free_.push_back(code);
  if (wasted_bytes_ > kLeastWastedBytes && wasted_bytes_ > arena_.memory_bytes() / 2) compact();
}

void CategoryTable::compact() {
  StringArena fresh;
  for (const char*& text : texts_)
    if (text != nullptr) text = fresh.add(StringArena::view(text));
  arena_ = std::move(fresh);
  wasted_bytes_ = 0;
}

std::uint64_t CategoryTable::memory_bytes() const {
  return arena_.memory_bytes() + by_text_.memory_bytes() +
         texts_.size() * (sizeof(const char*) + sizeof(std::uint32_t));
}

std::uint32_t FeaturePacker::name_id(std::string_view name) {
  if (const auto known = name_ids_.find(name); known != name_ids_.end()) return known->second;
  const auto added = name_ids_.emplace(name, static_cast<std::uint32_t>(names_.size())).first;
  names_.push_back(&added->first);
  return added->second;
}

std::optional<std::uint32_t> FeaturePacker::find_name(std::string_view name) const {
  const auto known = name_ids_.find(name);
  if (known == name_ids_.end()) return std::nullopt;
  return known->second;
}

void FeaturePacker::append_value(std::uint32_t name, const FeatureValue& value, std::string* out) {
  const auto append_tag = [&](Form form) { append_number(name * kForms + form, out); };
  if (const auto* flag = std::get_if<bool>(&value)) {
    append_tag(*flag ? kTrue : kFalse);
  } else if (const auto* number = std::get_if<double>(&value)) {
    const Form form = form_of(*number);
    append_tag(form);
    switch (form) {
      case kWhole: append_whole(static_cast<std::int64_t>(*number), out); break;
      case kHundreds: append_whole(std::llround(*number * 100), out); break;
      case kFloat: append_raw(static_cast<float>(*number), out); break;
      default: append_raw(*number, out); break;
    }
  } else if (const auto* time = std::get_if<Timestamp>(&value)) {
    append_tag(kTime);
    append_whole(time->ms, out);
  } else if (const auto* category = std::get_if<std::string>(&value)) {
    if (category->size() > kLongCategoryBytes) {
      append_tag(kLong);
      append_number(category->size(), out);
      out->append(*category);
    } else {
      append_tag(kCategory);
      append_number(categories_.take(*category), out);
    }
  } else if (const auto* set = std::get_if<std::vector<std::string>>(&value)) {
    append_tag(kSet);
    append_number(set->size(), out);
    for (const std::string& element : *set) append_number(categories_.take(element), out);
  } else if (const auto* text = std::get_if<Text>(&value)) {
    append_tag(kText);
    append_number(text->text.size(), out);
    out->append(text->text);
  }
}

FeaturePacker::Packed FeaturePacker::pack(const Features& features, std::size_t* bytes) {
  if (bytes != nullptr) *bytes = 0;
  if (features.empty()) return nullptr;
  std::string made;
  append_number(features.size(), &made);
  for (const auto& [name, value] : features) append_value(name_id(name), value, &made);
  auto packed = std::make_unique_for_overwrite<char[]>(made.size());
  std::memcpy(packed.get(), made.data(), made.size());
  if (bytes != nullptr) *bytes = made.size();
  return packed;
}

FeatureValue FeaturePacker::value(std::uint64_t form, Reader* reader) const {
  switch (form) {
    case kFalse: return false;
    case kTrue: return true;
    case kWhole: return static_cast<double>(reader->whole());
    case kHundreds: return static_cast<double>(reader->whole()) / 100;
    case kFloat: return static_cast<double>(read_raw<float>(reader->bytes(sizeof(float))));
    case kDouble: return read_raw<double>(reader->bytes(sizeof(double)));
    case kTime: return Timestamp{reader->whole()};
    case kCategory: return std::string(categories_.text(static_cast<std::uint32_t>(reader->number())));
    case kSet: {
      std::vector<std::string> set(reader->number());
      for (std::string& element : set) element = categories_.text(static_cast<std::uint32_t>(reader->number()));
      return set;
    }
    default: break;
  }
  const std::size_t size = reader->number();
  std::string text(reader->bytes(size), size);
  if (form == kLong) return text;
  return Text{std::move(text)};
}

Features FeaturePacker::unpack(const char* packed) const {
  Features features;
  visit(packed, [&](std::uint32_t name, FeatureValue&& value) {
    features.emplace_hint(features.end(), *names_[name], std::move(value));
  });
  return features;
}

void FeaturePacker::pass_over(std::uint64_t form, Reader* reader) {
  switch (form) {
    case kFalse:
    case kTrue: break;
    case kWhole:
    case kHundreds:
    case kTime:
    case kCategory: reader->number(); break;
    case kFloat: reader->bytes(sizeof(float)); break;
    case kDouble: reader->bytes(sizeof(double)); break;
    case kSet:
      for (std::size_t elements = reader->number(); elements > 0; --elements) reader->number();
      break;
    default: reader->bytes(reader->number()); break;
  }
}

void FeaturePacker::release(const char* packed) {
  if (packed == nullptr) return;
  Reader reader(packed);
  for (std::size_t left = reader.number(); left > 0; --left) {
    const std::uint64_t form = reader.number() % kForms;
    if (form == kCategory) {
      categories_.release(static_cast<std::uint32_t>(reader.number()));
    } else if (form == kSet) {
      for (std::size_t elements = reader.number(); elements > 0; --elements)
        categories_.release(static_cast<std::uint32_t>(reader.number()));
    } else {
      pass_over(form, &reader);
    }
  }
}

}  // namespace tamis::index
