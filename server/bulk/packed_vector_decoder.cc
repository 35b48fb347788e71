#include "server/bulk/packed_vector_decoder.h"

#include <bit>
#include <cstring>

namespace tamis::server {
namespace {

static_assert(std::endian::native == std::endian::little, "records are copied as they stand");

constexpr std::string_view kMagic = "TAMISVEC";
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kPrefixBytes = 3;  // kind, id_bytes

template <typename T>
T read_at(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

Status PackedVectorDecoder::read_header(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) {
    return Status::invalid_argument("the stream does not begin with TAMISVEC; expected packed vectors, version 1");
  }
  const auto version = read_at<std::uint16_t>(bytes, 8);
  const auto reserved = read_at<std::uint16_t>(bytes, 10);
  dim_ = read_at<std::uint32_t>(bytes, 12);
  if (version != 1 || reserved != 0) {
    return Status::invalid_argument("the stream is of version " + std::to_string(version) + "; expected 1");
  }
  if (dim_ < 1 || dim_ > kMaxDim) {
    return Status::invalid_argument("the stream's dim is " + std::to_string(dim_) + "; expected 1 to 4096")
        .at_field("dim");
  }
  has_header_ = true;
  return Status::ok();
}

Result<std::size_t> PackedVectorDecoder::record_size(std::string_view bytes) const {
  if (bytes.size() < kPrefixBytes) return std::size_t{0};
  const auto kind = static_cast<unsigned char>(bytes[0]);
  const auto id_bytes = read_at<std::uint16_t>(bytes, 1);
  const std::string where = "record " + std::to_string(record_ + 1);
  if (kind > 1) {
    return Status::invalid_argument(where + " is of kind " + std::to_string(kind) + "; expected 0 (user) or 1 (item)");
  }
  if (id_bytes < 1 || id_bytes > kMaxExternalIdBytes) {
    return Status::invalid_argument(where + " has an id of " + std::to_string(id_bytes) + " bytes; expected 1 to 256");
  }
  const std::size_t size = kPrefixBytes + id_bytes + sizeof(float) * dim_;
  return bytes.size() < size ? 0 : size;
}

void PackedVectorDecoder::decode_record(std::string_view record, BulkRecords* out) {
  ++record_;
  const auto id_bytes = read_at<std::uint16_t>(record, 1);
  PutVector put{.space = space_,
                .kind = static_cast<EntityKind>(record[0]),
                .id = std::string(record.substr(kPrefixBytes, id_bytes)),
                .vector = std::vector<float>(dim_)};
  std::memcpy(put.vector.data(), record.data() + kPrefixBytes + id_bytes, sizeof(float) * dim_);
  Mutation mutation = std::move(put);
  if (const Status checked = check_(&mutation); !checked.is_ok()) return out->refuse(record_, checked);
  out->add(std::move(mutation), record_);
}

Status PackedVectorDecoder::feed(std::string_view bytes, BulkRecords* out) {
  pending_.append(bytes);
  std::string_view rest = pending_;
  if (!has_header_) {
    if (rest.size() < kHeaderBytes) return Status::ok();
    TAMIS_RETURN_IF_ERROR(read_header(rest));
    rest.remove_prefix(kHeaderBytes);
  }
  while (true) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t size, record_size(rest));
    if (size == 0) break;
    decode_record(rest.substr(0, size), out);
    rest.remove_prefix(size);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return Status::ok();
}

Status PackedVectorDecoder::finish(BulkRecords* /*out*/) {
  if (!has_header_) return Status::invalid_argument("the stream ends before its header of 16 bytes is complete");
  if (!pending_.empty()) {
    return Status::invalid_argument("the stream ends inside record " + std::to_string(record_ + 1));
  }
  return Status::ok();
}

}  // namespace tamis::server
