// Streams cut anywhere decode to the same records.
#include <gmock/gmock.h>

#include <chrono>
#include <cstring>

#include "common/random.h"
#include "server/bulk/arrival_rate.h"
#include "server/bulk/ndjson_decoder.h"
#include "server/bulk/packed_vector_decoder.h"
#include "server/json/mutation_json.h"

namespace tamis::server {
namespace {

TEST(ArrivalRate, CountsOnlyTheTimeSpentWaiting) {
  using std::chrono::milliseconds;
  ArrivalRate dripping;
  for (int i = 0; i < 4; ++i) dripping.add(1, milliseconds(1'000));
  EXPECT_FALSE(dripping.is_slow()) << "too early to tell";
  dripping.add(1, milliseconds(1'000));
  EXPECT_TRUE(dripping.is_slow());
  for (int i = 0; i < 5; ++i) dripping.add(10'000, milliseconds(1'000));
  EXPECT_FALSE(dripping.is_slow()) << "it has recovered";
  ArrivalRate quick;
  for (int i = 0; i < 1'000; ++i) quick.add(100, milliseconds(5));
  EXPECT_FALSE(quick.is_slow());
}

using ::testing::HasSubstr;

Status accept_all(Mutation*) { return Status::ok(); }

NdjsonDecoder make_ndjson(std::size_t max_line_bytes = 1'000) {
  return {max_line_bytes,
          [](simdjson::dom::element value) -> Result<Mutation> {
            auto put = read_interaction(value, JsonPath{});
            if (!put.is_ok()) return put.status();
            return Mutation(std::move(*put));
          },
          accept_all};
}

std::string item_of(const Mutation& mutation) { return std::get<PutInteraction>(mutation).interaction.item; }

const char* const kStream =
    "{\"user\":\"u\",\"item\":\"1\"}\n"
    "\n"
    "{\"user\":\"u\",\"item\":2}\r\n"
    "not json\n"
    "{\"user\":\"u\",\"item\":\"5\"}\r\n"
    "   \n"
    "{\"user\":\"u\",\"item\":\"7\"}";

TEST(NdjsonDecoder, DecodesTheSameHoweverTheStreamIsCut) {
  const std::string stream(kStream);
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    NdjsonDecoder decoder = make_ndjson();
    BulkRecords records;
    std::size_t at = 0;
    while (at < stream.size()) {
      const std::size_t size = std::min<std::size_t>(stream.size() - at, 1 + random.below(40));
      const std::string part = stream.substr(at, size);  // a copy: reading past it is for the sanitizer to see
      ASSERT_TRUE(decoder.feed(part, &records).is_ok());
      at += size;
    }
    ASSERT_TRUE(decoder.finish(&records).is_ok());
    ASSERT_EQ(records.mutations.size(), 3U);
    EXPECT_EQ(item_of(records.mutations[0]), "1");
    EXPECT_EQ(item_of(records.mutations[1]), "5");
    EXPECT_EQ(item_of(records.mutations[2]), "7");
    EXPECT_EQ(records.lines, (std::vector<std::uint64_t>{1, 5, 7}));
    ASSERT_EQ(records.error_count, 2U);
    EXPECT_EQ(records.errors[0].line, 3U);
    EXPECT_EQ(records.errors[0].field, "item");
    EXPECT_EQ(records.errors[1].line, 4U);
  }
}

TEST(NdjsonDecoder, RefusesALineThatIsTooLong) {
  NdjsonDecoder decoder = make_ndjson(50);
  BulkRecords records;
  ASSERT_TRUE(decoder.feed("{\"user\":\"u\",\"item\":\"1\"}\n", &records).is_ok());
  ASSERT_TRUE(decoder.feed(std::string(40, ' '), &records).is_ok());
  const Status status = decoder.feed(std::string(40, ' '), &records);
  EXPECT_THAT(status.message(), HasSubstr("line 2 is longer than 50 bytes"));
  EXPECT_EQ(records.mutations.size(), 1U);
}

TEST(NdjsonDecoder, KeepsTheFirstHundredErrorsAndCountsAll) {
  NdjsonDecoder decoder = make_ndjson();
  BulkRecords records;
  std::string stream;
  for (int i = 0; i < 250; ++i) stream += "{}\n";
  ASSERT_TRUE(decoder.feed(stream, &records).is_ok());
  EXPECT_EQ(records.error_count, 250U);
  EXPECT_EQ(records.errors.size(), 100U);
}

template <typename T>
void append(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string packed_header(std::uint32_t dim) {
  std::string bytes = "TAMISVEC";
  append<std::uint16_t>(&bytes, 1);
  append<std::uint16_t>(&bytes, 0);
  append<std::uint32_t>(&bytes, dim);
  return bytes;
}

void append_record(std::string* out, std::uint8_t kind, const std::string& id, const std::vector<float>& vector) {
  append(out, kind);
  append(out, static_cast<std::uint16_t>(id.size()));
  *out += id;
  for (const float number : vector) append(out, number);
}

TEST(PackedVectorDecoder, DecodesTheSameHoweverTheStreamIsCut) {
  std::string stream = packed_header(3);
  append_record(&stream, 1, "lantern", {1, 2, 3});
  append_record(&stream, 0, "ada", {-1, 0.5F, 0});
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    PackedVectorDecoder decoder("looks", accept_all);
    BulkRecords records;
    for (std::size_t at = 0; at < stream.size(); at += cut)
      ASSERT_TRUE(decoder.feed(stream.substr(at, cut), &records).is_ok());
    ASSERT_TRUE(decoder.finish(&records).is_ok());
    ASSERT_EQ(records.mutations.size(), 2U);
    const auto& first = std::get<PutVector>(records.mutations[0]);
    EXPECT_EQ(first.space, "looks");
    EXPECT_EQ(first.kind, EntityKind::kItem);
    EXPECT_EQ(first.id, "lantern");
    EXPECT_EQ(first.vector, (std::vector<float>{1, 2, 3}));
    EXPECT_EQ(std::get<PutVector>(records.mutations[1]).kind, EntityKind::kUser);
  }
}

TEST(PackedVectorDecoder, RefusesBrokenFrames) {
  const auto status_of = [](const std::string& stream) {
    PackedVectorDecoder decoder("looks", accept_all);
    BulkRecords records;
    const Status fed = decoder.feed(stream, &records);
    return fed.is_ok() ? decoder.finish(&records) : fed;
  };
  EXPECT_THAT(status_of("").message(), HasSubstr("before its header"));
  EXPECT_THAT(status_of("NOTVECTORS______").message(), HasSubstr("does not begin with TAMISVEC"));
  EXPECT_THAT(status_of(packed_header(0)).message(), HasSubstr("dim is 0"));
  EXPECT_THAT(status_of(packed_header(5'000)).message(), HasSubstr("dim is 5000"));
  EXPECT_THAT(status_of(packed_header(2) + std::string("\x02\x01\x00", 3)).message(), HasSubstr("of kind 2"));
  EXPECT_THAT(status_of(packed_header(2) + std::string("\x01\x00\x00", 3)).message(), HasSubstr("id of 0 bytes"));
  std::string cut_off = packed_header(2);
  append_record(&cut_off, 1, "a", {1});
  EXPECT_THAT(status_of(cut_off).message(), HasSubstr("ends inside record 1"));
}

}  // namespace
}  // namespace tamis::server
