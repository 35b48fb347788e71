#include "storage/idempotency_expiry.h"

#include "storage/value_codec.h"

namespace tamis::storage {

bool IdempotencyExpiry::Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& existing_value,
                               std::string* /*new_value*/, bool* /*value_changed*/) const {
  IdempotencyRow row;
  return decode_idempotency(existing_value.ToStringView(), &row).is_ok() && row.expires_ms <= clock_->now_ms();
}

}  // namespace tamis::storage
