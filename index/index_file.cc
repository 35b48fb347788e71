// Saving and loading a SegmentedIndex. docs/vector_index.md has the format.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <new>
#include <string>

#include "index/section_file.h"
#include "index/segmented_index.h"

namespace tamis::index {
namespace {

constexpr const char* kFileName = "index.tamis";

enum Section : std::uint32_t {  // persistent: do not renumber
  kShape = 1,                   // u64 rows, u64 entry node, u64 1 where there is a graph
  kRows = 2,                    // rows * stride bytes
  kOriginals = 3,               // rows * dim f32, where kept beside the rows
  kTombstones = 4,              // a bit per row, in u64 words
  kLevels = 5,                  // u8 per node
  kBaseLinks = 6,               // u32 [rows, 2m]
  kUpperLinks = 7,              // u32 [sum of levels, m]
};

struct Shape {
  std::uint64_t rows = 0;
  std::uint64_t entry = 0;
  std::uint64_t has_graph = 0;
};

FileOwner owner_of(const IndexOptions& options) {
  FileOwner owner = {};
  std::memcpy(owner.data(), &options.dim, 4);
  std::memcpy(owner.data() + 4, &options.m, 4);
  owner[8] = static_cast<std::uint8_t>(options.metric);
  owner[9] = static_cast<std::uint8_t>(options.quantization);
  owner[10] = options.keep_f32 ? 1 : 0;
  return owner;
}

template <typename T>
std::span<const std::uint8_t> bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()};
}
template <typename T>
std::span<std::uint8_t> writable_bytes(std::span<T> values) {
  return {reinterpret_cast<std::uint8_t*>(values.data()), values.size_bytes()};
}

// A block as of one moment.
struct Frozen {
  std::shared_ptr<const RowBlock> rows;
  const Graph* graph = nullptr;
  Shape shape;
  std::vector<std::uint64_t> tombstones;
};

std::vector<std::uint64_t> tombstones_of(const RowBlock& rows, std::uint32_t count) {
  std::vector<std::uint64_t> words((count + 63) / 64);
  for (std::uint32_t row = 0; row < count; ++row) {
    if (!rows.is_live(row)) words[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  return words;
}

// The sections of one block, as found in a file.
using BlockSections = std::map<std::uint32_t, SectionOnDisk>;

Result<SectionOnDisk> expect(const BlockSections& sections, Section kind, std::uint64_t length) {
  const auto found = sections.find(kind);
  if (found == sections.end()) return Status::corruption("section " + std::to_string(kind) + " is missing");
  if (found->second.length != length) {
    return Status::corruption("section " + std::to_string(kind) + " has " + std::to_string(found->second.length) +
                              " bytes; expected " + std::to_string(length));
  }
  return found->second;
}

// Numbers that would poison comparisons are refused even under a valid checksum.
Status check_rows(const RowBlock& rows) {
  std::vector<float> decoded(rows.format().dim());
  const auto finite_norm = [&](const float* vector) {
    return std::isfinite(kernels().dot_f32(vector, vector, decoded.size()));
  };
  for (std::uint32_t row = 0; row < rows.count(); ++row) {
    const RowTail& tail = rows.format().tail(rows.rows().row(row));
    rows.format().decode(rows.rows().row(row), decoded.data());
    const float* original = rows.original(row);
    if (tail.id == kNoDenseId || !std::isfinite(tail.scale) || !std::isfinite(tail.norm2) || !(tail.norm2 >= 0) ||
        !std::isfinite(tail.error) || !(tail.error >= 0) || !finite_norm(decoded.data()) ||
        (original != nullptr && !finite_norm(original))) {
      return Status::corruption("row " + std::to_string(row) + " is not a vector");
    }
  }
  return Status::ok();
}

Result<std::shared_ptr<RowBlock>> read_rows(const SectionFile& file, const BlockSections& sections,
                                            const RowFormat& format, bool keep_f32, std::uint32_t count) {
  TAMIS_ASSIGN_OR_RETURN(const auto row_section, expect(sections, kRows, count * std::uint64_t{format.stride_bytes()}));
  const bool has_originals = keep_f32 && format.quantization() != Quantization::kF32;
  auto rows = std::make_shared<RowBlock>(format, count, keep_f32);
  TAMIS_RETURN_IF_ERROR(file.read(row_section, rows->row_bytes()));
  if (has_originals) {
    TAMIS_ASSIGN_OR_RETURN(const auto originals, expect(sections, kOriginals, rows->original_bytes().size()));
    TAMIS_RETURN_IF_ERROR(file.read(originals, rows->original_bytes()));
  }
  std::vector<std::uint64_t> tombstones((count + 63) / 64);
  TAMIS_ASSIGN_OR_RETURN(const auto tombstone_section, expect(sections, kTombstones, tombstones.size() * 8));
  TAMIS_RETURN_IF_ERROR(file.read(tombstone_section, writable_bytes(std::span(tombstones))));
  rows->restore(count);
  for (std::uint32_t row = 0; row < count; ++row) {
    if ((tombstones[row / 64] >> (row % 64) & 1U) != 0) rows->bury(row);
  }
  TAMIS_RETURN_IF_ERROR(check_rows(*rows));
  return rows;
}

Result<Graph> read_graph(const SectionFile& file, const BlockSections& sections, std::uint32_t m, const Shape& shape) {
  std::vector<std::uint8_t> levels(shape.rows);
  TAMIS_ASSIGN_OR_RETURN(const auto level_section, expect(sections, kLevels, levels.size()));
  TAMIS_RETURN_IF_ERROR(file.read(level_section, levels));
  std::uint64_t upper_lists = 0;
  for (const std::uint8_t level : levels) upper_lists += level;
  TAMIS_ASSIGN_OR_RETURN(const auto upper, expect(sections, kUpperLinks, upper_lists * m * 4));
  TAMIS_ASSIGN_OR_RETURN(const auto base, expect(sections, kBaseLinks, shape.rows * 2 * m * 4));
  Graph graph(m, std::move(levels));
  TAMIS_RETURN_IF_ERROR(file.read(base, writable_bytes(graph.base_links())));
  TAMIS_RETURN_IF_ERROR(file.read(upper, writable_bytes(graph.upper_links())));
  graph.set_entry(static_cast<std::uint32_t>(shape.entry));
  TAMIS_RETURN_IF_ERROR(graph.validate());
  return graph;
}

}  // namespace

Status SegmentedIndex::save(const std::filesystem::path& dir, Sequence sequence) const {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return Status::io_error("cannot create " + dir.string() + ": " + error.message());
  std::vector<Frozen> blocks;
  std::shared_ptr<const State> state;
  {
    const MutexLock lock(mutex_);  // so that tombstones and counts are of one moment
    state = pin();
    const auto freeze = [&](std::shared_ptr<const RowBlock> rows, const Graph* graph) {
      const std::uint32_t count = rows->count();
      if (count == 0) return;
      Shape shape{count, graph != nullptr ? graph->entry() : 0, graph != nullptr ? 1U : 0U};
      std::vector<std::uint64_t> tombstones = tombstones_of(*rows, count);
      blocks.push_back({std::move(rows), graph, shape, std::move(tombstones)});
    };
    for (const auto& segment : state->sealed) freeze(segment->shared_rows(), &segment->graph());
    for (const auto& growing : state->growing) freeze(growing->rows, nullptr);
  }
  std::vector<SectionToWrite> sections;
  for (std::uint32_t i = 0; i < blocks.size(); ++i) {
    const Frozen& block = blocks[i];
    const auto count = static_cast<std::uint32_t>(block.shape.rows);
    sections.push_back({kShape, i, bytes_of(std::span<const Shape>(&block.shape, 1))});
    sections.push_back({kRows, i, block.rows->row_bytes(count)});
    if (!block.rows->original_bytes(count).empty()) {
      sections.push_back({kOriginals, i, block.rows->original_bytes(count)});
    }
    sections.push_back({kTombstones, i, bytes_of(std::span<const std::uint64_t>(block.tombstones))});
    if (block.graph == nullptr) continue;
    sections.push_back({kLevels, i, block.graph->levels()});
    sections.push_back({kBaseLinks, i, bytes_of(block.graph->base_links())});
    sections.push_back({kUpperLinks, i, bytes_of(block.graph->upper_links())});
  }
  Status status = write_section_file(dir / kFileName, owner_of(options_), sequence, sections);
  return status.is_ok() ? status : std::move(status).with_context("saving an index");
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::load(const std::filesystem::path& dir, const IndexOptions& options,
                                                       Sequence* sequence) {
  TAMIS_RETURN_IF_ERROR(validate_index_options(options));
  try {
    TAMIS_ASSIGN_OR_RETURN(const SectionFile file, SectionFile::open(dir / kFileName, owner_of(options)));
    std::map<std::uint32_t, BlockSections> blocks;
    for (const SectionOnDisk& section : file.sections()) blocks[section.owner][section.kind] = section;
    const RowFormat format(options.dim, options.metric, options.quantization);
    std::vector<std::shared_ptr<Segment>> segments;
    std::vector<std::shared_ptr<RowBlock>> unsealed;
    for (const auto& [number, sections] : blocks) {
      Shape shape;
      TAMIS_ASSIGN_OR_RETURN(const auto shape_section, expect(sections, kShape, sizeof(Shape)));
      TAMIS_RETURN_IF_ERROR(file.read(shape_section, writable_bytes(std::span(&shape, 1))));
      if (shape.rows == 0 || shape.rows >= kMaxNodes || shape.entry >= shape.rows) {
        return Status::corruption("segment " + std::to_string(number) + " has an impossible shape");
      }
      TAMIS_ASSIGN_OR_RETURN(
          auto rows, read_rows(file, sections, format, options.keep_f32, static_cast<std::uint32_t>(shape.rows)));
      if (shape.has_graph == 0) {
        unsealed.push_back(std::move(rows));
        continue;
      }
      TAMIS_ASSIGN_OR_RETURN(Graph graph, read_graph(file, sections, options.m, shape));
      segments.push_back(std::make_shared<Segment>(std::move(rows), std::move(graph)));
    }
    if (sequence != nullptr) *sequence = file.sequence();
    return std::unique_ptr<VectorIndex>(
        std::make_unique<SegmentedIndex>(options, std::move(segments), std::move(unsealed)));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("not enough memory to load an index");
  }
}

}  // namespace tamis::index
