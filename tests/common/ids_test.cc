#include "common/ids.h"

#include <gtest/gtest.h>

#include <string>

namespace tamis {
namespace {

using namespace std::string_literals;

TEST(Utf8, AcceptsWellFormedText) {
  for (const std::string& text :
       {""s, "plain"s, "\xC3\xA9"s, "\xE2\x82\xAC"s, "\xF0\x9F\x8E\x81"s, "\xF4\x8F\xBF\xBF"s}) {
    EXPECT_TRUE(is_valid_utf8(text)) << testing::PrintToString(text);
  }
}

TEST(Utf8, RefusesMalformedText) {
  // Continuation alone, overlong forms, surrogates, above U+10FFFF, truncations (Unicode standard, table 3-7).
  for (const std::string& text :
       {"\x80"s, "\xC0\xAF"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s,
        "\xF5\x80\x80\x80"s, "\xC3"s, "\xE2\x82"s, "\xF0\x9F\x8E"s, "a\xFFz"s}) {
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
  }
}

TEST(ExternalId, AcceptsPrintableIds) {
  for (const std::string& id : {"u1"s, "85123A"s, "caf\xC3\xA9 \xF0\x9F\x8E\x81"s, std::string(256, 'x')}) {
    EXPECT_TRUE(validate_external_id(id, "user").is_ok()) << id;
  }
}

TEST(ExternalId, RefusesAndNamesTheField) {
  for (const std::string& id : {""s, std::string(257, 'x'), "a\nb"s, "a\0b"s, "\x7F"s, "\xFF"s}) {
    const Status status = validate_external_id(id, "item");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.field(), "item");
    EXPECT_EQ(status.message().rfind("item ", 0), 0u) << status.message();
  }
}

}  // namespace
}  // namespace tamis
