// The worked example of docs/storage_format.md, byte for byte.
#include <gtest/gtest.h>

#include "storage/key_codec.h"
#include "storage/log_codec.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(byte));
    text += (text.empty() ? "" : " ") + std::string(digits);
  }
  return text;
}

// "ada" (user 0) buys 6 of "85123A" (item 2) on 2011-12-01T10:00:00Z; the write is number 42 and commits a second
// later.
TEST(StorageFormatTest, WorkedExample) {
  constexpr TimestampMs kBought = 1'322'733'600'000;
  PutInteraction put;
  put.interaction.user = "ada";
  put.interaction.item = "85123A";
  put.interaction.type = "purchase";
  put.interaction.value = 6;
  put.interaction.timestamp_ms = kBought;

  EXPECT_EQ(hex(log_key(42).view()), "00 00 00 00 00 00 00 2a");
  std::string log;
  encode_log_record(kBought + 1'000, put, &log);
  EXPECT_EQ(hex(log),
            "01 01 d0 83 88 91 ff 4c 01 03 61 64 61 06 38 35 31 32 33 41 08 70 75 72 63 68 61 73 65 80 f4 87 91 ff 4c "
            "00 00 00 00 00 00 18 40");

  EXPECT_EQ(hex(history_key({.owner = 0, .timestamp_ms = kBought, .sequence = 42}).view()),
            "00 00 00 00 7f ff fe cc 06 ef 02 ff ff ff ff ff ff ff ff d5");
  std::string row;
  encode_interaction({.item = 2, .type = 0, .value = 6.0}, Interaction{}, &row);
  EXPECT_EQ(hex(row), "01 01 02 00 00 00 00 00 00 00 18 40");

  EXPECT_EQ(hex(history_key({.owner = 2, .timestamp_ms = kBought, .sequence = 42}).view()),
            "00 00 00 02 7f ff fe cc 06 ef 02 ff ff ff ff ff ff ff ff d5");
  std::string by_item;
  encode_by_item({.user = 0, .type = 0, .value = 6.0, .has_details = false}, &by_item);
  EXPECT_EQ(hex(by_item), "01 01 00 00 00 00 00 00 00 00 18 40");

  std::string versioned;
  encode_entity({.id = "", .features = {}, .updated_ms = 1, .hidden = true, .version = 300}, &versioned);
  EXPECT_EQ(hex(versioned), "02 02 00 03 ac 02 00");
  std::string vector;
  encode_vector({1.0F}, 300, &vector);
  EXPECT_EQ(hex(vector), "02 ac 02 00 00 80 3f");

  std::string totals;
  encode_totals({.sequence = 42, .interactions = 17}, &totals);
  EXPECT_EQ(hex(totals), "01 2a 11");
  EXPECT_EQ(hex(id_key(IdSpace::kItem, 2).view()), "01 00 00 00 02");
}

}  // namespace
}  // namespace tamis::storage
