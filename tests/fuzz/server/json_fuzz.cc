// Whatever bytes arrive, the parsers of requests answer a Status: the first byte chooses one, the rest is its input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/bulk/ndjson_decoder.h"
#include "server/bulk/packed_vector_decoder.h"
#include "server/http/query_string.h"
#include "server/json/json_reader.h"
#include "server/json/mutation_json.h"
#include "server/json/request_json.h"

namespace tamis::server {
namespace {

Status accept_all(Mutation*) { return Status::ok(); }

template <typename T>
Status status_of(const Result<T>& result) {
  return result.is_ok() ? Status::ok() : result.status();
}

Result<Mutation> read_line(simdjson::dom::element value) {
  auto put = read_interaction(value, JsonPath{});
  if (!put.is_ok()) return put.status();
  return Mutation(std::move(*put));
}

// Feeds `bytes` cut into pieces of `piece` bytes, each in memory of its own so that reading past one is seen.
void feed(BulkDecoder& decoder, std::string_view bytes, std::size_t piece, BulkRecords* records) {
  while (!bytes.empty()) {
    const std::string part(bytes.substr(0, piece));
    bytes.remove_prefix(part.size());
    if (!decoder.feed(part, records).is_ok()) return;
  }
  static_cast<void>(decoder.finish(records));
}

// However a stream is cut, the records are the same.
void check_ndjson(std::string_view bytes) {
  BulkRecords whole;
  BulkRecords cut;
  NdjsonDecoder first(1 << 16, read_line, accept_all);
  NdjsonDecoder second(1 << 16, read_line, accept_all);
  feed(first, bytes, bytes.size() + 1, &whole);
  feed(second, bytes, 7, &cut);
  if (whole.lines != cut.lines || whole.error_count != cut.error_count) std::abort();
}

void read_document(std::uint8_t choice, std::string_view text) {
  JsonDocument document;
  const auto root = document.parse(text);
  if (!root.is_ok()) return;
  RecommendRequest recommend;
  std::optional<std::vector<std::string>> users;
  Status status;
  switch (choice) {
    case 0: status = status_of(read_interaction(*root, JsonPath{})); break;
    case 1: status = status_of(read_entity(*root, JsonPath{}, EntityKind::kItem, "", 1'000)); break;
    case 2: status = status_of(read_patch(*root, JsonPath{}, EntityKind::kUser, "id", 1'000)); break;
    case 3: status = status_of(read_vector_line(*root, JsonPath{}, "space")); break;
    case 4: status = read_recommend(*root, JsonPath{}, &recommend, &users); break;
    case 5: status = status_of(read_search(*root, JsonPath{})); break;
    case 6: status = status_of(read_space(*root, JsonPath{}, "space", Quantization::kInt8)); break;
    default: status = status_of(read_train(*root, JsonPath{})); break;
  }
  if (!status.is_ok() && status.message().empty()) std::abort();  // every refusal says why
}

}  // namespace
}  // namespace tamis::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tamis::server;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::uint8_t choice = data[0] % 11;
  if (choice == 8) {
    check_ndjson(text);
  } else if (choice == 9) {
    PackedVectorDecoder decoder("space", accept_all);
    BulkRecords records;
    feed(decoder, text, 5, &records);
  } else if (choice == 10) {
    std::uint32_t k = 10;
    static_cast<void>(QueryString(text).read_u32("k", 1, 1'000, &k).finish());
  } else {
    read_document(choice, text);
  }
  return 0;
}
