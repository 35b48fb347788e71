// StagedIds: ids that a batch in the making assigns, on top of an IdTable that must not know them before the commit.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "common/ids.h"
#include "storage/id_table.h"

namespace tamis::storage {

// Externally synchronised. REQUIRES: the table outlives it and is assigned to by nobody else meanwhile.
class StagedIds {
 public:
  explicit StagedIds(IdTable* table) : table_(table), base_(table->size()) {}

  std::optional<DenseId> find(std::string_view name) const {
    if (const auto staged = ids_.find(name); staged != ids_.end()) return staged->second;
    const auto known = table_->find(name);
    return known && !nameless_.contains(*known) ? known : std::nullopt;
  }
  // REQUIRES: find(name) gave nothing.
  DenseId assign(std::string_view name) {
    const auto id = static_cast<DenseId>(base_ + names_.size());
    ids_.emplace(names_.emplace_back(name), id);
    return id;
  }
  std::string name(DenseId id) const { return id < base_ ? table_->name(id) : names_[id - base_]; }

  // The id has no name from here on; its number stays taken.
  void take_name(DenseId id) {
    nameless_.insert(id);
    if (id >= base_) ids_.erase(names_[id - base_]);
  }
  // Undoes take_name().
  void give_back_name(DenseId id) {
    nameless_.erase(id);
    if (id >= base_) ids_.emplace(names_[id - base_], id);
  }

  std::size_t size() const { return base_ + names_.size(); }
  // Forgets the ids >= size. REQUIRES: size was size() at some time.
  void rollback(std::size_t size) {
    for (; this->size() > size; names_.pop_back()) {
      nameless_.erase(static_cast<DenseId>(this->size() - 1));
      const auto found = ids_.find(names_.back());
      if (found != ids_.end() && found->second == this->size() - 1) ids_.erase(found);
    }
  }
  // Hands the ids to the table.
  void publish() {
    for (const DenseId id : nameless_) {
      if (id < base_) table_->set(id, {});
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto id = static_cast<DenseId>(base_ + i);
      table_->set(id, nameless_.contains(id) ? std::string_view() : std::string_view(names_[i]));
    }
  }

 private:
  IdTable* table_;
  std::size_t base_;
  std::deque<std::string> names_;  // elements never move: ids_ views them
  std::unordered_map<std::string_view, DenseId> ids_;
  std::unordered_set<DenseId> nameless_;
};

}  // namespace tamis::storage
