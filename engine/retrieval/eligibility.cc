#include "engine/retrieval/eligibility.h"

namespace tamis::engine {
namespace {

StampedArray<bool>& fresh_verdicts() {
  thread_local StampedArray<bool> verdicts;
  verdicts.clear();
  return verdicts;
}

}  // namespace

Eligibility::Eligibility(const EntityTable& table, const index::AttributeIndex& attributes, const Filter& filter,
                         std::size_t id_count, TimestampMs now_ms)
    : table_(table), id_count_(id_count), now_ms_(now_ms), verdicts_(fresh_verdicts()) {
  if (!filter.is_trivial()) filter_ = attributes.evaluate(filter);
}

void Eligibility::exclude(DenseId id) {
  if (id >= id_count_) return;
  if (const bool* known = verdicts_.find(id); known != nullptr && !*known) return;
  verdicts_[id] = false;
  excluded_.push_back(id);
  narrowing_.reset();
}

bool Eligibility::operator()(DenseId id) const {
  if (id >= id_count_) return false;  // not of this database (an imported vocabulary), or newer than the query
  if (const bool* known = verdicts_.find(id)) return *known;
  const bool verdict = (!filter_ || filter_->contains(id)) && table_.is_shown(id, now_ms_);
  verdicts_[id] = verdict;
  return verdict;
}

const index::Bitmap* Eligibility::narrowing(std::size_t wanted) const {
  if (narrowing_) return &*narrowing_;
  if (!filter_ && excluded_.size() <= wanted) return nullptr;  // searching that much deeper is cheaper
  if (excluded_.empty()) return &*filter_;
  index::Bitmap excluded(excluded_.size(), excluded_.data());
  if (filter_) {
    narrowing_ = *filter_ - excluded;
  } else {
    excluded.flip(0, id_count_);
    narrowing_ = std::move(excluded);
  }
  return &*narrowing_;
}

std::size_t Eligibility::passing_filter() const { return filter_ ? filter_->cardinality() : id_count_; }

std::size_t Eligibility::upper_bound() const {
  if (!filter_) return id_count_ > excluded_.size() ? id_count_ - excluded_.size() : 0;
  return narrowing(0)->cardinality();
}

}  // namespace tamis::engine
