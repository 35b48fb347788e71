// PackedVectorDecoder: `application/x-tamis-vectors`, vectors without the cost of JSON.
//
//   stream := header record*                      all numbers little-endian
//   header := magic[8] = "TAMISVEC"  version u16 = 1  reserved u16 = 0  dim u32
//   record := kind u8 (0 user, 1 item)  id_bytes u16 (1..256)  id  vector f32[dim] (IEEE 754)
#pragma once

#include "server/bulk/bulk_decoder.h"

namespace tamis::server {

class PackedVectorDecoder final : public BulkDecoder {
 public:
  static constexpr std::string_view kContentType = "application/x-tamis-vectors";

  PackedVectorDecoder(std::string space, Check check) : space_(std::move(space)), check_(std::move(check)) {}

  Status feed(std::string_view bytes, BulkRecords* out) override;
  // A stream that ends inside a record is refused.
  Status finish(BulkRecords* out) override;

 private:
  Status read_header(std::string_view bytes);
  // Bytes of the record that begins `bytes`; 0 where more are needed to tell.
  Result<std::size_t> record_size(std::string_view bytes) const;
  void decode_record(std::string_view record, BulkRecords* out);

  std::string space_;
  Check check_;
  std::string pending_;
  bool has_header_ = false;
  std::uint32_t dim_ = 0;
  std::uint64_t record_ = 0;
};

}  // namespace tamis::server
