// FileRows: the embedding tables of a trained ranker, left in its file. A row that is asked for is read and kept in a
// RowCache.
#pragma once

#include <memory>
#include <vector>

#include "engine/serving/row_cache.h"
#include "models/matrix_io.h"
#include "ranker/row_source.h"

namespace tamis::engine {

// Thread-safe. Keeps the file open: it stays as it was when other bytes take its name.
class FileRows final : public ranker::RowSource {
 public:
  // `tables` are tensors of the file, F32 [rows, dim].
  FileRows(std::shared_ptr<RowCache> cache, std::shared_ptr<const models::TensorReader> file,
           std::vector<models::TensorReader::Info> tables);

  Status read(std::size_t table, std::uint32_t row, std::span<float> out) const override;

 private:
  const std::shared_ptr<RowCache> cache_;
  const std::shared_ptr<const models::TensorReader> file_;
  const std::vector<models::TensorReader::Info> tables_;
  std::vector<std::uint64_t> numbers_;  // of the tables, in the cache
};

}  // namespace tamis::engine
