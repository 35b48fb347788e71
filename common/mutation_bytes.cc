#include "common/mutation_bytes.h"

namespace tamis {
namespace {

constexpr std::uint64_t kMapNodeBytes = 48;  // links and colour of a node, and what the allocator adds

// What lies outside of the string object itself.
std::uint64_t heap_bytes(const std::string& text) {
  static const std::size_t kInline = std::string().capacity();
  return text.capacity() > kInline ? text.capacity() + 1 : 0;
}

template <typename T>
std::uint64_t heap_bytes(const std::vector<T>& values) {
  return values.capacity() * sizeof(T);
}

std::uint64_t heap_bytes(const std::vector<std::string>& texts) {
  std::uint64_t bytes = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) bytes += heap_bytes(text);
  return bytes;
}

std::uint64_t heap_bytes(const Features& features) {
  std::uint64_t bytes = 0;
  for (const auto& [name, value] : features) {
    bytes += sizeof(Features::value_type) + kMapNodeBytes + heap_bytes(name);
    if (const auto* text = std::get_if<std::string>(&value)) bytes += heap_bytes(*text);
    if (const auto* prose = std::get_if<Text>(&value)) bytes += heap_bytes(prose->text);
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) bytes += heap_bytes(*texts);
  }
  return bytes;
}

struct HeapBytes {
  std::uint64_t operator()(const PutInteraction& put) const {
    const Interaction& row = put.interaction;
    return heap_bytes(row.user) + heap_bytes(row.item) + heap_bytes(row.type) + heap_bytes(row.context) +
           heap_bytes(row.recommendation_id) + heap_bytes(row.idempotency_key) + heap_bytes(row.import_id);
  }
  std::uint64_t operator()(const PutEntity& put) const {
    return heap_bytes(put.entity.id) + heap_bytes(put.entity.features);
  }
  std::uint64_t operator()(const PatchEntity& patch) const {
    return heap_bytes(patch.id) + heap_bytes(patch.features) + heap_bytes(patch.removed);
  }
  std::uint64_t operator()(const DeleteEntity& erased) const { return heap_bytes(erased.id); }
  std::uint64_t operator()(const PutVector& put) const {
    return heap_bytes(put.space) + heap_bytes(put.id) + heap_bytes(put.vector);
  }
  std::uint64_t operator()(const DeleteVector& erased) const {
    return heap_bytes(erased.space) + heap_bytes(erased.id);
  }
  std::uint64_t operator()(const PutSpace& put) const {
    return heap_bytes(put.space.name) + heap_bytes(put.space.encoder);
  }
  std::uint64_t operator()(const DeleteSpace& erased) const { return heap_bytes(erased.name); }
  std::uint64_t operator()(const PutDocument& put) const {
    return heap_bytes(put.collection) + heap_bytes(put.name) + heap_bytes(put.json);
  }
  std::uint64_t operator()(const DeleteDocument& erased) const {
    return heap_bytes(erased.collection) + heap_bytes(erased.name);
  }
  std::uint64_t operator()(const DeleteInteractions& erased) const {
    std::uint64_t bytes = heap_bytes<InteractionRef>(erased.rows);
    for (const InteractionRef& row : erased.rows) bytes += heap_bytes(row.user);
    return bytes;
  }
  std::uint64_t operator()(const MergeUser& merge) const {
    return heap_bytes(merge.user) + heap_bytes(merge.session) + heap_bytes(merge.moved);
  }
};

}  // namespace

std::uint64_t memory_bytes(const Mutation& mutation) { return sizeof(Mutation) + std::visit(HeapBytes{}, mutation); }

std::uint64_t memory_bytes(std::span<const Mutation> mutations) {
  std::uint64_t bytes = 0;
  for (const Mutation& mutation : mutations) bytes += memory_bytes(mutation);
  return bytes;
}

}  // namespace tamis
