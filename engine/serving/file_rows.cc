#include "engine/serving/file_rows.h"

#include <algorithm>
#include <utility>

namespace tamis::engine {

FileRows::FileRows(std::shared_ptr<RowCache> cache, std::shared_ptr<const models::TensorReader> file,
                   std::vector<models::TensorReader::Info> tables)
    : cache_(std::move(cache)), file_(std::move(file)), tables_(std::move(tables)) {
  for (std::size_t i = 0; i < tables_.size(); ++i) numbers_.push_back(cache_->next_table());
}

Status FileRows::read(std::size_t table, std::uint32_t row, std::span<float> out) const {
  const auto load = [&]() -> Result<VersionedVector> {
    VersionedVector loaded{.vector = std::vector<float>(out.size())};
    TAMIS_RETURN_IF_ERROR(file_->read_part(tables_[table], std::uint64_t{row} * out.size(), loaded.vector));
    return loaded;
  };
  TAMIS_ASSIGN_OR_RETURN(const RowCache::Row found, cache_->get({numbers_[table], row}, load));
  std::copy(found->vector.begin(), found->vector.end(), out.begin());
  return Status::ok();
}

}  // namespace tamis::engine
