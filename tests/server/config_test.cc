// Configuration: precedence, errors, and that table, file and document agree.
#include "server/config/config.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "server/config/config_table.h"

namespace tamis::server {
namespace {

using ::testing::HasSubstr;

std::string write_file(const std::string& text) {
  const auto path =
      std::filesystem::temp_directory_path() / ("tamis_config_test_" + std::to_string(getpid()) + ".toml");
  std::ofstream(path) << text;
  return path.string();
}

std::string read_repository_file(const std::string& name) {
  std::ifstream file(std::string(TAMIS_SOURCE_DIR) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Config, FlagsWinOverEnvironmentOverFileOverDefaults) {
  const std::string file = write_file("[server]\nport = 1001\nworkers = 5\n[limits]\nbody = \"1MiB\"\n");
  EXPECT_EQ(load_config({})->server.port, 8080);
  ConfigSources sources{.file = file};
  EXPECT_EQ(load_config(sources)->server.port, 1001);
  sources.environment = {"TAMIS_SERVER_PORT=1002", "PATH=/bin", "TAMIS_DATA=elsewhere"};
  EXPECT_EQ(load_config(sources)->server.port, 1002);
  sources.settings = {"server.port=1003"};
  const auto config = load_config(sources);
  ASSERT_TRUE(config.is_ok()) << config.status().to_string();
  EXPECT_EQ(config->server.port, 1003);
  EXPECT_EQ(config->server.workers, 5U);
  EXPECT_EQ(config->server.max_body_bytes, 1U << 20U);
}

TEST(Config, ReadsSizesDurationsListsAndMaps) {
  const auto config = load_config(
      {.settings = {"storage.block_cache=1.5GiB", "storage.idempotency_ttl=2d", "recommend.trending_half_life=12h",
                    "training.models=ials,popular", "items.features.price=numeric", "interactions.weights.purchase=7.5",
                    "training.settings.ials.dim=128", "storage.durability=interval"}});
  ASSERT_TRUE(config.is_ok()) << config.status().to_string();
  EXPECT_EQ(config->database.storage.block_cache_bytes, 1'610'612'736U);
  EXPECT_EQ(config->database.storage.idempotency_ttl_s, 172'800);
  EXPECT_EQ(config->database.trending_half_life_s, 43'200.0);
  EXPECT_EQ(config->database.training.models, (std::vector<std::string>{"ials", "popular"}));
  EXPECT_EQ(config->database.item_schema.at("price"), FeatureKind::kNumeric);
  EXPECT_EQ(config->database.interaction_weights.at("purchase"), 7.5);
  EXPECT_EQ(config->database.training.settings.at("ials").at("dim"), "128");
  EXPECT_EQ(config->database.storage.durability, Durability::kInterval);
}

struct BadSetting {
  const char* setting;
  const char* message;
};
class BadConfig : public ::testing::TestWithParam<BadSetting> {};

TEST_P(BadConfig, IsRefusedWithTheReason) {
  const auto config = load_config({.settings = {GetParam().setting}});
  ASSERT_FALSE(config.is_ok());
  EXPECT_EQ(config.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(config.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    ErrorClasses, BadConfig,
    ::testing::Values(BadSetting{"server.prot=1", "did you mean server.port?"},
                      BadSetting{"server.port=abc", "server.port is \"abc\" (from --set); expected a whole number"},
                      BadSetting{"server.port=70000", "0 to 65535"}, BadSetting{"server.port", "has no value"},
                      BadSetting{"limits.body=12parsecs", "expected a size"},
                      BadSetting{"limits.idle_timeout=30", "expected a duration"},
                      BadSetting{"limits.idle_timeout=1000d", "expected a duration"},
                      BadSetting{"storage.durability=perhaps", "sync, interval or none"},
                      BadSetting{"auth.open_metrics=maybe", "true or false"},
                      BadSetting{"index.recall_target=1.5", "0.5 to 1"},
                      BadSetting{"items.features.price=colour", "multi_categorical"},
                      BadSetting{"training.settings.ials=4", "training.settings.<model>.<option>"}));

TEST(Config, UnknownKeysOfFileAndEnvironmentAreRefused) {
  auto config = load_config({.file = write_file("[sever]\nport = 1\n")});
  EXPECT_THAT(config.status().message(), HasSubstr("sever.port"));
  config = load_config({.file = write_file("port = [\n")});
  EXPECT_THAT(config.status().message(), HasSubstr("not valid TOML"));
  config = load_config({.environment = {"TAMIS_SERVER_PROT=1"}});
  EXPECT_THAT(config.status().message(), HasSubstr("TAMIS_SERVER_PROT"));
  EXPECT_EQ(load_config({.file = "/nowhere.toml"}).status().code(), StatusCode::kIoError);
}

TEST(Config, NestedNamesAndVariablesGetTheNearestName) {
  const auto refusal = [](ConfigSources sources) { return load_config(sources).status().message(); };
  EXPECT_THAT(refusal({.settings = {"itmes.features.price=numeric"}}), HasSubstr("did you mean items.features.price?"));
  EXPECT_THAT(refusal({.file = write_file("[users.featurs]\nage = \"numeric\"\n")}),
              HasSubstr("did you mean users.features.age?"));
  EXPECT_THAT(refusal({.settings = {"training.setings.ials.dim=3"}}),
              HasSubstr("did you mean training.settings.ials.dim?"));
  EXPECT_THAT(refusal({.settings = {"training.onlin.enabled=true"}}),
              HasSubstr("did you mean training.online.enabled?"));
  EXPECT_THAT(refusal({.environment = {"TAMIS_LIMITS_BDY=1MiB"}}), HasSubstr("did you mean TAMIS_LIMITS_BODY?"));
  EXPECT_THAT(refusal({.environment = {"TAMIS_ITEMS_FEATURE_price=numeric"}}),
              HasSubstr("did you mean TAMIS_ITEMS_FEATURES_price?"));
}

TEST(Config, VariablesThatAreNoSettingsAreWarnedOf) {
  const auto config = load_config({.environment = {"TAMIS_FOO=1", "TAMIS_SERVER=1", "TAMIS_SEVER_PORT=1", "TAMIS_URL=x",
                                                   "TAMIS_API_KEY=x", "TAMIS_SIMD=scalar", "HOME=/root"}});
  ASSERT_TRUE(config.is_ok()) << config.status().to_string();
  ASSERT_EQ(config->warnings.size(), 3U);
  EXPECT_THAT(config->warnings[0], HasSubstr("TAMIS_FOO is ignored"));
  EXPECT_THAT(config->warnings[1], HasSubstr("TAMIS_SERVER is ignored"));
  EXPECT_THAT(config->warnings[2], HasSubstr("did you mean TAMIS_SERVER_PORT?"));
}

TEST(Config, AVariableNamesTheFile) {
  const std::string file = write_file("[server]\nport = 1001\n");
  EXPECT_EQ(load_config({.environment = {"TAMIS_CONFIG=" + file}})->server.port, 1001);
  EXPECT_EQ(load_config({.environment = {"TAMIS_CONFIG=/nowhere.toml"}}).status().code(), StatusCode::kIoError);
  EXPECT_EQ(load_config({.file = file, .environment = {"TAMIS_CONFIG=/nowhere.toml"}})->server.port, 1001)
      << "a flag wins";
}

TEST(Config, ListsInTextMayHaveBlanksOrBeToml) {
  const std::vector<std::string> both = {"purchase", "order"};
  for (const char* text : {"purchase,order", "purchase, order", " purchase ,\torder ,", "[\"purchase\", \"order\"]",
                           "['purchase','order']", " [ \"purchase\" , \"order\", ]"}) {
    const auto config = load_config({.environment = {std::string("TAMIS_IMPRESSIONS_CONVERSION_TYPES=") + text}});
    ASSERT_TRUE(config.is_ok()) << text << ": " << config.status().to_string();
    EXPECT_EQ(config->database.impressions.conversion_types, both) << text;
  }
  EXPECT_TRUE(
      load_config({.settings = {"impressions.conversion_types=[]"}})->database.impressions.conversion_types.empty());
  for (const char* text : {"[purchase, order]", "[\"purchase\"", "[1, 2]", "[[\"a\"]]"}) {
    const auto config = load_config({.settings = {std::string("impressions.conversion_types=") + text}});
    EXPECT_THAT(config.status().message(), HasSubstr("expected a list")) << text;
  }
}

TEST(Config, NamesInVariablesKeepTheirCase) {
  const auto config =
      load_config({.environment = {"TAMIS_ITEMS_FEATURES_listedAt=timestamp", "TAMIS_ITEMS_FEATURES_PRICE=numeric",
                                   "TAMIS_TRAINING_SETTINGS_ITEM_KNN_NEIGHBORS=50"}});
  ASSERT_TRUE(config.is_ok()) << config.status().to_string();
  EXPECT_EQ(config->database.item_schema.at("listedAt"), FeatureKind::kTimestamp);
  EXPECT_EQ(config->database.item_schema.at("price"), FeatureKind::kNumeric) << "a name all in capitals is a shell's";
  EXPECT_EQ(config->database.training.settings.at("item_knn").at("neighbors"), "50");
}

// What `tamis serve` would refuse, `tamis config --check` finds.
class Unservable : public ::testing::TestWithParam<BadSetting> {};

TEST_P(Unservable, IsFoundByTheCheck) {
  ConfigSources sources;
  std::istringstream settings(GetParam().setting);
  for (std::string setting; std::getline(settings, setting, ' ');) sources.settings.push_back(setting);
  const auto config = load_config(sources);
  const Status status = config.is_ok() ? check_config(*config) : config.status();
  ASSERT_FALSE(status.is_ok()) << GetParam().setting;
  EXPECT_THAT(status.message() + " " + status.field(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, Unservable,
    ::testing::Values(BadSetting{"training.models=dlrm", "training.models"},
                      BadSetting{"training.models=ials,ials", "training.models"},
                      BadSetting{"training.models=[]", "training.models"},
                      BadSetting{"training.settings.ials.dimm=3", "did you mean"},
                      BadSetting{"training.settings.ials.dim=-32", "training.settings.ials.dim"},
                      BadSetting{"training.settings.nosuch.dim=3", "nosuch"}, BadSetting{"ranker.features=foo", "foo"},
                      BadSetting{"auth.keys=web:read", "auth.keys"},
                      BadSetting{"auth.keys=web:reader:0123456789abcdef", "expected read, write or admin"},
                      BadSetting{"auth.keys=web:read:x", "shorter than 16 bytes"},
                      BadSetting{"auth.keys_file=/nowhere", "auth.keys_file"},
                      BadSetting{"server.host=0.0.0.0", "no keys are configured"},
                      BadSetting{"server.host=nowhere.example", "expected an IP address"},
                      BadSetting{"server.tls_key=/nowhere.pem", "go together"},
                      BadSetting{"server.tls_key=/nowhere.pem server.tls_certificate=/nowhere.pem", "/nowhere.pem"},
                      BadSetting{"log.level=loud", "trace, debug, info, warn, error or off"},
                      BadSetting{"log.access=some", "all, errors or none"},
                      BadSetting{"training.settings.content.embedder=endpoint", "url"}));

TEST(Config, TheCheckTakesWhatIsServed) {
  EXPECT_TRUE(check_config(*load_config({})).is_ok());
  EXPECT_TRUE(
      check_config(*load_config({.settings = {"server.host=0.0.0.0", "auth.keys=web:read:0123456789abcdef"}})).is_ok());
}

TEST(Config, PrintedConfigurationReadsBackAsTheSame) {
  const auto config = load_config({.settings = {"server.port=99", "limits.body=3MiB", "items.features.tags=text"}});
  const std::string printed = config_to_toml(*config);
  const auto again = load_config({.file = write_file(printed)});
  ASSERT_TRUE(again.is_ok()) << again.status().to_string();
  EXPECT_EQ(config_to_toml(*again), printed);
  EXPECT_EQ(again->server.port, 99);
}

TEST(Config, SecretsAreNotPrinted) {
  const auto config = load_config({.settings = {"auth.keys=ops:admin:0123456789abcdef"}});
  ASSERT_TRUE(config.is_ok());
  EXPECT_EQ(config_to_toml(*config).find("0123456789abcdef"), std::string::npos);
}

TEST(Config, FileInDeployIsTheDefault) {
  EXPECT_EQ(read_repository_file("deploy/tamis.toml"), config_to_toml(Config{}));
}

TEST(Config, DocumentHoldsTheReference) {
  EXPECT_THAT(read_repository_file("docs/configuration.md"), HasSubstr(config_reference()))
      << "paste the output of `tamis config --reference` into docs/configuration.md";
}

}  // namespace
}  // namespace tamis::server
