#include "storage/store.h"

#include "storage/rocks_store.h"

namespace tamis::storage {

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& dir, const StoreOptions& options) {
  return RocksStore::open(dir, options);
}

}  // namespace tamis::storage
