#include "index/attribute_index.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/checksum.h"
#include "common/feature_reading.h"
#include "common/mutex.h"
#include "index/id_pages.h"
#include "index/numeric_column.h"
#include "index/packed_features.h"

namespace tamis::index {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostKeyBytes = 128;
constexpr std::uint64_t kAllIds = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kPreparedAtOnce = 1'000;       // entities, under the writers' lock: less than a millisecond
constexpr std::chrono::microseconds kBreather(100);  // between two spells; waiting threads take the lock in it

// Text beyond the limit is kept by its head, length and checksum instead of whole.
std::string text_key(std::string_view text) {
  if (text.size() <= kMostKeyBytes) return std::string(text);
  return std::string(text.substr(0, kMostKeyBytes)) + '\0' + std::to_string(text.size()) + ':' +
         std::to_string(checksum64(text.data(), text.size()));
}

// The bitmaps of one field. A value of any kind may stand in any entity.
struct Postings {
  Bitmap present;
  Bitmap flags[2];                                // booleans: false, true
  std::unordered_map<std::string, Bitmap> texts;  // categories, elements of sets, prose
  NumericColumn numbers;                          // numbers and timestamps

  void add(DenseId id, const FeatureValue& value) {
    present.add(id);
    if (const auto* flag = std::get_if<bool>(&value)) {
      flags[*flag ? 1 : 0].add(id);
    } else if (const auto number = number_of(value)) {
      if (!std::isnan(*number)) numbers.add(id, *number);  // NaN equals nothing and compares with nothing
    } else {
      visit_texts(value, [&](std::string_view text) { texts.try_emplace(text_key(text)).first->second.add(id); });
    }
  }
  void remove(DenseId id, const FeatureValue& value) {
    present.remove(id);
    if (const auto* flag = std::get_if<bool>(&value)) {
      flags[*flag ? 1 : 0].remove(id);
    } else if (const auto number = number_of(value)) {
      if (!std::isnan(*number)) numbers.remove(id, *number);
    } else {
      visit_texts(value, [&](std::string_view text) { remove_text(id, text); });  // a set may repeat one
    }
  }
  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = present.getSizeInBytes(false) + numbers.memory_bytes();
    for (const auto& [text, ids] : texts) bytes += text.size() + 96 + ids.getSizeInBytes(false);
    return bytes;
  }

 private:
  void remove_text(DenseId id, std::string_view text) {
    const auto found = texts.find(text_key(text));
    if (found == texts.end()) return;
    found->second.remove(id);
    if (found->second.isEmpty()) texts.erase(found);
  }
};

// One feature name.
struct Field {
  FieldSummary summary;
  std::unique_ptr<Postings> postings;  // null: no filter has asked for it
  std::uint64_t posted_to = 0;         // the postings hold the ids below

  bool is_prepared() const { return posted_to == kAllIds; }
  void add(DenseId id, const FeatureValue& value) {
    ++summary.by_kind[value.index()];
    if (id < posted_to) postings->add(id, value);
  }
  void remove(DenseId id, const FeatureValue& value) {
    --summary.by_kind[value.index()];
    if (id < posted_to) postings->remove(id, value);
    if (empty()) forget();
  }
  void forget() {
    postings = nullptr;
    posted_to = 0;
  }
  bool empty() const {
    return std::all_of(summary.by_kind.begin(), summary.by_kind.end(), [](std::uint64_t count) { return count == 0; });
  }
};

// The fields that `filter` compares.
void collect_fields(const Filter& filter, std::vector<std::string_view>* fields) {
  for (const Filter& child : filter.children) collect_fields(child, fields);
  if (!filter.field.empty()) fields->push_back(filter.field);
}

}  // namespace

struct AttributeIndex::Impl {
  explicit Impl(FindId find_id_in) : find_id(std::move(find_id_in)) {}

  const FindId find_id;
  mutable Mutex preparing;  // taken before the other
  mutable SharedMutex mutex;
  FeaturePacker packer TAMIS_GUARDED_BY(mutex);
  mutable std::vector<Field> fields TAMIS_GUARDED_BY(mutex);  // by the packer's numbers of names
  IdPages<FeaturePacker::Packed> packed TAMIS_GUARDED_BY(mutex);
  std::uint64_t packed_bytes TAMIS_GUARDED_BY(mutex) = 0;
  Bitmap live TAMIS_GUARDED_BY(mutex);

  const char* packed_of(DenseId id) const TAMIS_REQUIRES_SHARED(mutex) {
    const FeaturePacker::Packed* found = packed.find(id);
    return found == nullptr ? nullptr : found->get();
  }

  // Takes what `id` has out of the fields.
  void take_out(DenseId id) TAMIS_REQUIRES(mutex) {
    const char* before = packed_of(id);
    if (before == nullptr) return;
    packer.visit(before, [&](std::uint32_t name, const FeatureValue& value)
                             TAMIS_NO_THREAD_SAFETY_ANALYSIS { fields[name].remove(id, value); });
    packer.release(before);
    packed_bytes -= std::min<std::uint64_t>(packed_bytes, malloc_bytes(before));
    packed.at(id) = nullptr;
  }

  static std::uint64_t malloc_bytes(const char* block) {
    return ::malloc_usable_size(const_cast<char*>(block)) + sizeof(std::size_t);  // NOLINT: it is not changed
  }

  const Field* find_field(std::string_view name) const TAMIS_REQUIRES_SHARED(mutex) {
    const auto id = packer.find_name(name);
    if (!id || *id >= fields.size() || fields[*id].empty()) return nullptr;
    return &fields[*id];
  }

  // The numbers of those `names` that entities have and that are not prepared.
  std::vector<std::uint32_t> find_unprepared(const std::vector<std::string_view>& names) const
      TAMIS_REQUIRES_SHARED(mutex) {
    std::vector<std::uint32_t> missing;
    for (const std::string_view name : names) {
      const Field* field = find_field(name);
      if (field != nullptr && !field->is_prepared()) missing.push_back(*packer.find_name(name));
    }
    return missing;
  }

  void prepare(const std::vector<std::string_view>& names) const {
    {
      const ReaderLock lock(mutex);
      if (find_unprepared(names).empty()) return;
    }
    const MutexLock one_at_a_time(preparing);
    while (!prepare_some(names)) std::this_thread::sleep_for(kBreather);
  }

  // Goes on with the fields of `names`; true once all are prepared.
  bool prepare_some(const std::vector<std::string_view>& names) const {
    const WriterLock lock(mutex);
    const std::vector<std::uint32_t> missing = find_unprepared(names);
    if (missing.empty()) return true;
    std::uint64_t begin = kAllIds;
    for (const std::uint32_t name : missing) {
      Field& field = fields[name];
      if (field.postings == nullptr) field.postings = std::make_unique<Postings>();
      begin = std::min(begin, field.posted_to);
    }
    auto id = live.begin();
    id.equalorlarger(static_cast<DenseId>(begin));
    try {
      for (std::size_t visited = 0; id != live.end() && visited < kPreparedAtOnce; ++id, ++visited) {
        packer.visit_some(
            packed_of(*id),
            [&](std::uint32_t name) { return std::find(missing.begin(), missing.end(), name) != missing.end(); },
            [&](std::uint32_t name, const FeatureValue& value) TAMIS_NO_THREAD_SAFETY_ANALYSIS {
              if (*id >= fields[name].posted_to) fields[name].postings->add(*id, value);
            });
      }
    } catch (...) {  // of want of memory, in the midst of an entity: all over next time
      for (const std::uint32_t name : missing) fields[name].forget();
      throw;
    }
    const std::uint64_t end = id == live.end() ? kAllIds : *id;
    for (const std::uint32_t name : missing) fields[name].posted_to = std::max(fields[name].posted_to, end);
    return false;
  }

  // The ids whose value of `field` equals `wanted`, as matches() compares.
  static void collect_equal(const Postings& field, const FeatureValue& wanted, Bitmap* out) {
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
      const auto id = find_id(*text);
      if (id && live.contains(*id)) result.add(*id);
    }
    return result;
  }

  static Bitmap evaluate_range(const Postings& field, const Filter& filter) {
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
    const Field* found = find_field(filter.field);
    // A field that came with a write since prepare(): no entity had it when the call began.
    if (found == nullptr || !found->is_prepared()) return {};
    const Postings& field = *found->postings;
    if (filter.op == Filter::Op::kExists) return field.present;
    if (filter.op != Filter::Op::kEqual && filter.op != Filter::Op::kIn) return evaluate_range(field, filter);
    Bitmap result;
    for (const FeatureValue& wanted : filter.values) collect_equal(field, wanted, &result);
    return result;
  }
};

AttributeIndex::AttributeIndex(FindId find_id) : impl_(std::make_unique<Impl>(std::move(find_id))) {}
AttributeIndex::~AttributeIndex() = default;

void AttributeIndex::set(DenseId id, const Features& features) {
  Impl& impl = *impl_;
  const WriterLock lock(impl.mutex);
  // What is new is taken before what was there is released, so that a category that stays keeps its code.
  FeaturePacker::Packed packed = impl.packer.pack(features);
  impl.take_out(id);
  impl.live.add(id);
  if (packed == nullptr) return;
  impl.packer.visit(packed.get(), [&](std::uint32_t name, const FeatureValue& value) TAMIS_NO_THREAD_SAFETY_ANALYSIS {
    if (name >= impl.fields.size()) impl.fields.resize(name + std::size_t{1});
    impl.fields[name].add(id, value);
  });
  impl.packed_bytes += Impl::malloc_bytes(packed.get());
  impl.packed.at(id) = std::move(packed);
}

void AttributeIndex::remove(DenseId id) {
  const WriterLock lock(impl_->mutex);
  impl_->take_out(id);
  impl_->live.remove(id);
}

Features AttributeIndex::features(DenseId id) const {
  const ReaderLock lock(impl_->mutex);
  return impl_->packer.unpack(impl_->packed_of(id));
}

Bitmap AttributeIndex::evaluate(const Filter& filter) const {
  std::vector<std::string_view> names;
  collect_fields(filter, &names);
  impl_->prepare(names);
  const ReaderLock lock(impl_->mutex);
  return impl_->evaluate(filter);
}

void AttributeIndex::prepare(const std::vector<std::string>& fields) const {
  impl_->prepare({fields.begin(), fields.end()});
}

std::vector<std::string> AttributeIndex::prepared_fields() const {
  const ReaderLock lock(impl_->mutex);
  std::vector<std::string> names;
  for (std::uint32_t name = 0; name < impl_->fields.size(); ++name)
    if (impl_->fields[name].is_prepared()) names.push_back(impl_->packer.name(name));
  return names;
}

std::size_t AttributeIndex::count_unprepared(const Filter& filter) const {
  std::vector<std::string_view> names;
  collect_fields(filter, &names);
  const ReaderLock lock(impl_->mutex);
  return impl_->find_unprepared(names).size();
}

Bitmap AttributeIndex::all() const {
  const ReaderLock lock(impl_->mutex);
  return impl_->live;
}

std::optional<FieldSummary> AttributeIndex::find_field(std::string_view name) const {
  const ReaderLock lock(impl_->mutex);
  const Field* found = impl_->find_field(name);
  if (found == nullptr) return std::nullopt;
  return found->summary;
}

std::vector<std::string> AttributeIndex::field_names() const {
  const ReaderLock lock(impl_->mutex);
  std::vector<std::string> names;
  for (std::uint32_t name = 0; name < impl_->fields.size(); ++name)
    if (!impl_->fields[name].empty()) names.push_back(impl_->packer.name(name));
  std::sort(names.begin(), names.end());
  return names;
}

bool AttributeIndex::empty() const {
  const ReaderLock lock(impl_->mutex);
  return impl_->live.isEmpty();
}

std::uint64_t AttributeIndex::memory_bytes() const {
  const ReaderLock lock(impl_->mutex);
  std::uint64_t bytes = impl_->packed.memory_bytes() + impl_->packed_bytes + impl_->packer.memory_bytes() +
                        impl_->live.getSizeInBytes(false);
  for (const Field& field : impl_->fields)
    if (field.postings != nullptr) bytes += field.postings->memory_bytes();
  return bytes;
}

}  // namespace tamis::index
