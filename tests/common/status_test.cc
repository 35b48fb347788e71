#include "common/status.h"

#include <gtest/gtest.h>

#include <memory>

namespace tamis {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Status::invalid_argument("odd").at_field("value");
  return value / 2;
}

Result<int> quarter(int value) {
  TAMIS_ASSIGN_OR_RETURN(const int once, half(value));
  TAMIS_ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

TEST(Status, CarriesCodeFieldAndMessage) {
  const Status status = Status::not_found("no user \"u1\"").at_field("user").with_context("recommend");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.field(), "user");
  EXPECT_EQ(status.to_string(), "not_found (user): recommend: no user \"u1\"");
  EXPECT_EQ(Status::ok().to_string(), "ok");
}

TEST(Result, MacrosPassErrorsUp) {
  EXPECT_EQ(*quarter(12), 3);
  ASSERT_FALSE(quarter(6).is_ok());
  EXPECT_EQ(quarter(6).status().field(), "value");
}

TEST(Result, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  const std::unique_ptr<int> value = std::move(result).value();
  EXPECT_EQ(*value, 7);
}

}  // namespace
}  // namespace tamis
