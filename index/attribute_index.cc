#include "index/attribute_index.h"

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/checksum.h"
#include "common/mutex.h"
#include "index/id_pages.h"
#include "index/numeric_column.h"

namespace tamis::index {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostKeyBytes = 128;

// Text beyond the limit is kept by its head, length and checksum instead of whole.
std::string text_key(std::string_view text) {
  if (text.size() <= kMostKeyBytes) return std::string(text);
  return std::string(text.substr(0, kMostKeyBytes)) + '\0' + std::to_string(text.size()) + ':' +
         std::to_string(checksum64(text.data(), text.size()));
}

// The number that common/filter.cc compares, where the value has one.
std::optional<double> number_of(const FeatureValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* time = std::get_if<Timestamp>(&value)) return static_cast<double>(time->ms);
  return std::nullopt;
}

std::optional<std::string_view> text_of(const FeatureValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* text = std::get_if<Text>(&value)) return text->text;
  return std::nullopt;
}

// All that is known of one feature name. A value of any kind may stand in any entity.
struct Field {
  Bitmap present;
  Bitmap flags[2];                                // booleans: false, true
  std::unordered_map<std::string, Bitmap> texts;  // categories, elements of sets, prose
  NumericColumn numbers;                          // numbers and timestamps
  FieldSummary summary;
};

using TextPosting = std::pair<const std::string, Bitmap>;

// What an entity put into one field, to take it out again.
struct Posting {
  Field* field = nullptr;
  std::size_t kind = 0;  // the value's alternative
  std::vector<TextPosting*> texts;
  std::optional<double> number;
  std::optional<bool> flag;
};

struct Entry {
  std::string external_id;
  std::vector<Posting> postings;
};

}  // namespace

struct AttributeIndex::Impl {
  mutable SharedMutex mutex;
  std::map<std::string, Field, std::less<>> fields TAMIS_GUARDED_BY(mutex);
  std::unordered_multimap<std::string, DenseId> by_external_id TAMIS_GUARDED_BY(mutex);
  IdPages<std::unique_ptr<Entry>> entries TAMIS_GUARDED_BY(mutex);
  Bitmap live TAMIS_GUARDED_BY(mutex);

  static void add(DenseId id, const FeatureValue& value, Posting* posting) {
    Field& field = *posting->field;
    field.present.add(id);
    posting->kind = value.index();
    ++field.summary.by_kind[posting->kind];
    const auto add_text = [&](std::string_view text) {
      const auto at = field.texts.try_emplace(text_key(text)).first;
      at->second.add(id);
      posting->texts.push_back(&*at);
    };
    if (const auto* flag = std::get_if<bool>(&value)) {
      field.flags[*flag ? 1 : 0].add(id);
      posting->flag = *flag;
    } else if (const auto number = number_of(value)) {
      if (std::isnan(*number)) return;  // equals nothing and compares with nothing
      field.numbers.add(id, *number);
      posting->number = number;
    } else if (const auto text = text_of(value)) {
      add_text(*text);
    } else if (const auto* elements = std::get_if<std::vector<std::string>>(&value)) {
      for (const std::string& element : *elements) add_text(element);
    }
  }

  static void take_out(DenseId id, const Posting& posting) {
    Field& field = *posting.field;
    field.present.remove(id);
    --field.summary.by_kind[posting.kind];
    if (posting.flag) field.flags[*posting.flag ? 1 : 0].remove(id);
    if (posting.number) field.numbers.remove(id, *posting.number);
    for (TextPosting* text : posting.texts) text->second.remove(id);
    // Only after all of them: a list may repeat an element.
    for (TextPosting* text : posting.texts) {
      if (text->second.isEmpty()) text->second.shrinkToFit();
    }
  }

  void remove(DenseId id) TAMIS_REQUIRES(mutex) {
    const std::unique_ptr<Entry>* found = entries.find(id);
    if (found == nullptr || *found == nullptr) return;
    const Entry& entry = **found;
    for (const Posting& posting : entry.postings) take_out(id, posting);
    const auto [begin, end] = by_external_id.equal_range(entry.external_id);
    for (auto at = begin; at != end; ++at) {
      if (at->second == id) {
        by_external_id.erase(at);
        break;
      }
    }
    live.remove(id);
    entries.at(id) = nullptr;
  }

  // The ids whose value of `field` equals `wanted`, as matches() compares.
  static void collect_equal(const Field& field, const FeatureValue& wanted, Bitmap* out) {
    if (const auto* flag = std::get_if<bool>(&wanted)) {
      *out |= field.flags[*flag ? 1 : 0];
    } else if (const auto number = number_of(wanted)) {
      field.numbers.collect(*number, *number, out);
    } else if (const auto text = text_of(wanted)) {
      const auto found = field.texts.find(text_key(*text));
      if (found != field.texts.end()) *out |= found->second;
    }
  }

  Bitmap evaluate_id(const Filter& filter) const TAMIS_REQUIRES_SHARED(mutex) {
    if (filter.op == Filter::Op::kExists) return live;
    Bitmap result;
    if (filter.op != Filter::Op::kEqual && filter.op != Filter::Op::kIn) return result;
    for (const FeatureValue& wanted : filter.values) {
      const auto text = text_of(wanted);
      if (!text) continue;
      const auto [begin, end] = by_external_id.equal_range(std::string(*text));
      for (auto at = begin; at != end; ++at) result.add(at->second);
    }
    return result;
  }

  static Bitmap evaluate_range(const Field& field, const Filter& filter) {
    Bitmap result;
    if (filter.values.empty()) return result;
    const auto bound = number_of(filter.values.front());
    if (!bound || std::isnan(*bound)) return result;
    switch (filter.op) {
      case Filter::Op::kLess:
        if (*bound > -kInfinity) field.numbers.collect(-kInfinity, std::nextafter(*bound, -kInfinity), &result);
        break;
      case Filter::Op::kLessEqual: field.numbers.collect(-kInfinity, *bound, &result); break;
      case Filter::Op::kGreater:
        if (*bound < kInfinity) field.numbers.collect(std::nextafter(*bound, kInfinity), kInfinity, &result);
        break;
      case Filter::Op::kGreaterEqual: field.numbers.collect(*bound, kInfinity, &result); break;
      default: break;
    }
    return result;
  }

  Bitmap evaluate(const Filter& filter) const TAMIS_REQUIRES_SHARED(mutex) {
    switch (filter.op) {
      case Filter::Op::kAll: {
        if (filter.children.empty()) return live;
        Bitmap result = evaluate(filter.children.front());
        for (std::size_t i = 1; i < filter.children.size() && !result.isEmpty(); ++i) {
          const Filter& child = filter.children[i];
          if (child.op == Filter::Op::kNot && !child.children.empty()) {
            result -= evaluate(child.children.front());
          } else {
            result &= evaluate(child);
          }
        }
        return result;
      }
      case Filter::Op::kAny: {
        Bitmap result;
        for (const Filter& child : filter.children) result |= evaluate(child);
        return result;
      }
      case Filter::Op::kNot: return filter.children.empty() ? live : live - evaluate(filter.children.front());
      default: break;
    }
    if (filter.field == "id") return evaluate_id(filter);
    const auto found = fields.find(filter.field);
    if (found == fields.end()) return {};
    const Field& field = found->second;
    if (filter.op == Filter::Op::kExists) return field.present;
    if (filter.op != Filter::Op::kEqual && filter.op != Filter::Op::kIn) return evaluate_range(field, filter);
    Bitmap result;
    for (const FeatureValue& wanted : filter.values) collect_equal(field, wanted, &result);
    return result;
  }
};

AttributeIndex::AttributeIndex() : impl_(std::make_unique<Impl>()) {}
AttributeIndex::~AttributeIndex() = default;

void AttributeIndex::set(DenseId id, std::string_view external_id, const Features& features) {
  Impl& impl = *impl_;
  const WriterLock lock(impl.mutex);
  impl.remove(id);
  auto entry = std::make_unique<Entry>();
  entry->external_id = external_id;
  for (const auto& [name, value] : features) {
    Posting posting;
    posting.field = &impl.fields.try_emplace(name).first->second;
    Impl::add(id, value, &posting);
    entry->postings.push_back(std::move(posting));
  }
  impl.by_external_id.emplace(external_id, id);
  impl.entries.at(id) = std::move(entry);
  impl.live.add(id);
}

void AttributeIndex::remove(DenseId id) {
  const WriterLock lock(impl_->mutex);
  impl_->remove(id);
}

Bitmap AttributeIndex::evaluate(const Filter& filter) const {
  const ReaderLock lock(impl_->mutex);
  return impl_->evaluate(filter);
}

Bitmap AttributeIndex::all() const {
  const ReaderLock lock(impl_->mutex);
  return impl_->live;
}

std::optional<FieldSummary> AttributeIndex::find_field(std::string_view name) const {
  const ReaderLock lock(impl_->mutex);
  const auto found = impl_->fields.find(name);
  if (found == impl_->fields.end() || found->second.present.isEmpty()) return std::nullopt;
  return found->second.summary;
}

std::vector<std::string> AttributeIndex::field_names() const {
  const ReaderLock lock(impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, field] : impl_->fields) {
    if (!field.present.isEmpty()) names.push_back(name);
  }
  return names;
}

bool AttributeIndex::empty() const {
  const ReaderLock lock(impl_->mutex);
  return impl_->live.isEmpty();
}

std::uint64_t AttributeIndex::memory_bytes() const {
  const ReaderLock lock(impl_->mutex);
  std::uint64_t bytes = impl_->entries.memory_bytes() + impl_->live.getSizeInBytes(false);
  bytes += impl_->by_external_id.size() * 80 + impl_->live.cardinality() * (sizeof(Entry) + 64);
  for (const auto& [name, field] : impl_->fields) {
    bytes += field.present.getSizeInBytes(false) * 2 + field.numbers.memory_bytes() +
             field.present.cardinality() * sizeof(Posting);
    for (const auto& [text, ids] : field.texts) bytes += text.size() + 96 + ids.getSizeInBytes(false);
  }
  return bytes;
}

}  // namespace tamis::index
