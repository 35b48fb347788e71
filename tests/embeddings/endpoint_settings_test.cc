// The endpoint's settings: where the key comes from, and what is refused.
#include "embeddings/endpoint_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "embeddings/endpoint_source.h"
#include "tests/models/temporary_directory.h"

namespace tamis::embeddings {
namespace {

models::Settings content(models::Settings more = {}) {
  more.insert({{"embedder", "endpoint"}, {"url", "http://localhost:1"}, {"model", "small"}});
  return more;
}

TEST(EndpointSettings, TakeTheKeyFromTheEnvironmentOrAFile) {
  ::setenv("TAMIS_TEST_KEY", " secret \n", 1);
  EXPECT_EQ(read_endpoint_settings(content({{"api_key_env", "TAMIS_TEST_KEY"}}))->api_key, "secret");
  const models::TemporaryDirectory directory;
  const std::string file = directory.path() / "key";
  std::ofstream(file) << "from-file\n";
  EXPECT_EQ(read_endpoint_settings(content({{"api_key_file", file}}))->api_key, "from-file");
  EXPECT_EQ(read_endpoint_settings(content())->api_key, "");
}

TEST(EndpointSettings, TellWhatIsWrongByTheSettingAndNeverTheKey) {
  ::unsetenv("TAMIS_TEST_NO_KEY");
  ::setenv("TAMIS_TEST_TWO_LINES", "one\ntwo", 1);
  const auto field_of = [](const models::Settings& settings) {
    return read_endpoint_settings(settings).status().field();
  };
  EXPECT_EQ(field_of(content({{"api_key_env", "TAMIS_TEST_NO_KEY"}})), "api_key_env");
  EXPECT_EQ(field_of(content({{"api_key_file", "/nowhere/key"}})), "api_key_file");
  EXPECT_EQ(field_of(content({{"batch", "0"}})), "batch");
  EXPECT_EQ(field_of({{"embedder", "endpoint"}, {"model", "small"}}), "url");
  EXPECT_EQ(field_of({{"embedder", "endpoint"}, {"url", "http://localhost:1"}}), "model");
  const Status two = read_endpoint_settings(content({{"api_key_env", "TAMIS_TEST_TWO_LINES"}})).status();
  EXPECT_EQ(two.field(), "api_key_env");
  EXPECT_THAT(two.message(), testing::Not(testing::HasSubstr("two")));
}

TEST(EndpointSource, IsThereOnlyWhereTheContentEncoderAsksAnEndpoint) {
  EXPECT_EQ(*open_text_embedders({}), nullptr);
  EXPECT_EQ(*open_text_embedders({{"content", {{"embedder", "builtin"}}}}), nullptr);
  SettingsByModel settings = {{"content", {{"embedder", "endpoint"}, {"url", "http://localhost:1"}, {"model", "m"}}}};
  const models::TemporaryDirectory directory;
  place_cache(directory.path() / "embeddings", &settings);
  const auto source = open_text_embedders(settings);
  ASSERT_TRUE(source.is_ok());
  EXPECT_EQ((*source)->model(), "m");
  EXPECT_TRUE(std::filesystem::exists(directory.path() / "embeddings"));
  EXPECT_TRUE((*source)->endpoint("m", 4).is_ok());
  EXPECT_EQ((*source)->endpoint("other", 4).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tamis::embeddings
