#include "index/numeric_column.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tamis::index {

NumericColumn::NumericColumn() { buckets_[-std::numeric_limits<double>::infinity()]; }

NumericColumn::Buckets::iterator NumericColumn::bucket_of(double value) {
  return std::prev(buckets_.upper_bound(value));
}

void NumericColumn::add(DenseId id, double value) {
  const auto bucket = bucket_of(value);
  bucket->second.ids.add(id);
  if (bucket->second.uniform) return;
  bucket->second.entries.push_back({value, id});
  if (bucket->second.entries.size() >= 2 * kBucketIds) split(bucket);
}

void NumericColumn::split(Buckets::iterator bucket) {
  std::vector<Entry>& entries = bucket->second.entries;
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
  std::nth_element(entries.begin(), middle, entries.end(),
                   [](const Entry& a, const Entry& b) { return a.value < b.value; });
  const double value = middle->value;
  const auto same = std::count_if(entries.begin(), entries.end(), [&](const Entry& a) { return a.value == value; });
  if (same >= static_cast<std::ptrdiff_t>(kBucketIds / 2)) {
    isolate(bucket, value);
  } else {
    cut(bucket, value);
  }
}

NumericColumn::Buckets::iterator NumericColumn::cut(Buckets::iterator bucket, double key) {
  if (bucket->first == key) return bucket;
  std::vector<Entry>& entries = bucket->second.entries;
  const auto upper = std::partition(entries.begin(), entries.end(), [&](const Entry& a) { return a.value < key; });
  Bucket moved;
  moved.entries.assign(upper, entries.end());
  entries.erase(upper, entries.end());
  for (const Entry& entry : moved.entries) moved.ids.add(entry.id);
  bucket->second.ids -= moved.ids;
  return buckets_.emplace(key, std::move(moved)).first;
}

void NumericColumn::isolate(Buckets::iterator bucket, double value) {
  const auto alone = cut(bucket, value);
  const double above = std::nextafter(value, std::numeric_limits<double>::infinity());
  if (above > value) {
    const auto next = std::next(alone);
    if (next == buckets_.end() || next->first != above) cut(alone, above);
  }
  alone->second.uniform = true;
  alone->second.entries = {};
}

void NumericColumn::remove(DenseId id, double value) {
  const auto bucket = bucket_of(value);
  bucket->second.ids.remove(id);
  if (!bucket->second.uniform) {
    std::vector<Entry>& entries = bucket->second.entries;
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.id == id; });
    if (found == entries.end()) return;
    *found = entries.back();
    entries.pop_back();
  }
  // What a vanished bucket covered falls to the one before, which must then hold any value of its range.
  if (bucket == buckets_.begin() || !bucket->second.ids.isEmpty()) return;
  if (std::prev(bucket)->second.uniform) {
    bucket->second.uniform = false;
  } else {
    buckets_.erase(bucket);
  }
}

void NumericColumn::collect(double low, double high, Bitmap* out) const {
  if (!(low <= high)) return;
  auto bucket = std::prev(buckets_.upper_bound(low));
  std::vector<const Bitmap*> whole;
  std::vector<DenseId> parts;
  for (; bucket != buckets_.end() && bucket->first <= high; ++bucket) {
    const auto next = std::next(bucket);
    if (low <= bucket->first && next != buckets_.end() && next->first <= high) {
      whole.push_back(&bucket->second.ids);
      continue;
    }
    if (bucket->second.uniform) {
      if (low <= bucket->first) whole.push_back(&bucket->second.ids);
      continue;
    }
    for (const Entry& entry : bucket->second.entries) {
      if (low <= entry.value && entry.value <= high) parts.push_back(entry.id);
    }
  }
  if (!whole.empty()) *out |= Bitmap::fastunion(whole.size(), whole.data());
  if (!parts.empty()) out->addMany(parts.size(), parts.data());
}

std::uint64_t NumericColumn::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, bucket] : buckets_) {
    bytes += bucket.entries.capacity() * sizeof(Entry) + bucket.ids.getSizeInBytes(false) + 96;
  }
  return bytes;
}

}  // namespace tamis::index
