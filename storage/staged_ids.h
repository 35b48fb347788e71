// StagedIds: ids that a batch in the making assigns, on top of an IdTable that must not know them before the commit.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/ids.h"
#include "storage/id_table.h"

namespace tamis::storage {

// Externally synchronised. REQUIRES: the table outlives it and is assigned to by nobody else meanwhile.
class StagedIds {
 public:
  explicit StagedIds(IdTable* table) : table_(table), base_(table->size()) {}

  std::optional<DenseId> find(std::string_view name) const {
    if (const auto known = table_->find(name)) return known;
    const auto staged = ids_.find(name);
    if (staged == ids_.end()) return std::nullopt;
    return staged->second;
  }
  // REQUIRES: find(name) gave nothing.
  DenseId assign(std::string_view name) {
    const auto id = static_cast<DenseId>(base_ + names_.size());
    ids_.emplace(names_.emplace_back(name), id);
    return id;
  }
  std::string name(DenseId id) const { return id < base_ ? table_->name(id) : names_[id - base_]; }

  std::size_t size() const { return base_ + names_.size(); }
  // Forgets the ids >= size. REQUIRES: size was size() at some time.
  void rollback(std::size_t size) {
    for (; this->size() > size; names_.pop_back()) ids_.erase(names_.back());
  }
  // Hands the ids to the table.
  void publish() {
    for (const std::string& name : names_) table_->assign(name);
  }

 private:
  IdTable* table_;
  std::size_t base_;
  std::deque<std::string> names_;  // elements never move: ids_ views them
  std::unordered_map<std::string_view, DenseId> ids_;
};

}  // namespace tamis::storage
