// Graph: an HNSW graph (Malkov & Yashunin 2018) in flat arrays, made for searching. Nodes are rows of a RowBlock.
//
// Layer 0 is one array of fixed-length lists, 2m links each, ended early by kNoNode. Nodes of higher layers have one
// list of m links per layer in `upper`. Immutable once built: thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "index/huge_buffer.h"

namespace tamis::index {

inline constexpr std::uint32_t kNoNode = 0xFFFFFFFFU;
inline constexpr std::uint32_t kMaxNodes = 0x7FFFFFFFU;  // the search loop marks nodes by their highest bit
inline constexpr std::uint8_t kMaxLevel = 63;

class Graph {
 public:
  Graph() = default;
  // Room for the nodes of the given levels, all lists empty. May throw bad_alloc.
  Graph(std::uint32_t m, std::vector<std::uint8_t> levels);

  std::uint32_t nodes() const { return static_cast<std::uint32_t>(levels_.size()); }
  std::uint32_t m() const { return m_; }
  std::uint32_t entry() const { return entry_; }  // a node of the highest level; kNoNode where there are none
  std::uint8_t level(std::uint32_t node) const { return levels_[node]; }
  std::span<const std::uint8_t> levels() const { return levels_; }

  std::uint32_t degree(std::uint8_t level) const { return level == 0 ? 2 * m_ : m_; }
  // The list of `node` on `level`, degree(level) long, ended early by kNoNode. REQUIRES: level <= level(node).
  const std::uint32_t* links(std::uint32_t node, std::uint8_t level) const {
    if (level == 0) return reinterpret_cast<const std::uint32_t*>(base_.data()) + std::size_t{node} * 2 * m_;
    return upper_.data() + (std::size_t{upper_begin_[node]} + level - 1) * m_;
  }
  // While building.
  std::uint32_t* links(std::uint32_t node, std::uint8_t level) {
    return const_cast<std::uint32_t*>(static_cast<const Graph&>(*this).links(node, level));
  }
  void set_entry(std::uint32_t node) { entry_ = node; }

  // The arrays as they lie in memory, for index files.
  std::span<std::uint32_t> base_links() {
    return {reinterpret_cast<std::uint32_t*>(base_.data()), std::size_t{nodes()} * 2 * m_};
  }
  std::span<const std::uint32_t> base_links() const {
    return {reinterpret_cast<const std::uint32_t*>(base_.data()), std::size_t{nodes()} * 2 * m_};
  }
  std::span<std::uint32_t> upper_links() { return upper_; }
  std::span<const std::uint32_t> upper_links() const { return upper_; }

  // corruption unless every link names a node that exists on its level and the entry is on the highest one.
  Status validate() const;

  std::uint64_t memory_bytes() const;

 private:
  std::uint32_t m_ = 0;
  std::uint32_t entry_ = kNoNode;
  std::vector<std::uint8_t> levels_;
  std::vector<std::uint32_t> upper_begin_;  // by node: its first list in upper_, in lists
  HugeBuffer base_;
  std::vector<std::uint32_t> upper_;
};

}  // namespace tamis::index
