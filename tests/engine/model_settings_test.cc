#include "engine/settings/model_settings.h"

#include <gmock/gmock.h>

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;

TEST(ModelSettings, AppliesWhatIsGivenToItsModel) {
  TrainingOptions options;
  options.settings["ials"] = {{"dim", "32"}, {"unobserved_weight", "0.7"}};
  options.settings["user_knn"] = {{"neighbors", "17"}};
  const auto settings = parse_model_settings(options);
  ASSERT_TRUE(settings.is_ok()) << settings.status().to_string();
  EXPECT_EQ(settings->encoders.at("ials").at("dim"), "32");
  EXPECT_EQ(settings->encoders.at("ials").at("unobserved_weight"), "0.7");
  EXPECT_EQ(settings->encoders.at("ials").at("iterations"), "16");
  EXPECT_EQ(settings->user_knn.neighbors, 17);
  EXPECT_EQ(settings->item_knn.neighbors, 200);
  EXPECT_EQ(parse_model_settings(TrainingOptions{})->encoders.at("ials").at("unobserved_weight"), "0");
  EXPECT_EQ(encoder_settings(ModelSettings{}, "ials")->at("unobserved_weight"), "0");
}

TEST(ModelSettings, ErrorsNameTheField) {
  const auto field_of = [](const std::string& model, const std::string& key, const std::string& value) {
    TrainingOptions options;
    options.settings[model] = {{key, value}};
    const Status status = parse_model_settings(options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.field();
  };
  EXPECT_EQ(field_of("ials", "dim", "0"), "training.settings.ials.dim");
  EXPECT_EQ(field_of("ials", "dmi", "8"), "training.settings.ials.dmi");
  EXPECT_EQ(field_of("item_knn", "neighbors", "x"), "training.settings.item_knn.neighbors");
  EXPECT_EQ(field_of("popular", "k", "1"), "training.settings.popular.k");
  EXPECT_EQ(field_of("als", "dim", "8"), "training.settings.als");
}

TEST(ModelSettings, ListsOfModelsAreChecked) {
  EXPECT_TRUE(validate_model_names({"ials", "popular"}, "training.models").is_ok());
  EXPECT_EQ(validate_model_names({}, "training.models").field(), "training.models");
  EXPECT_EQ(validate_model_names({"ials", "ials"}, "training.models").field(), "training.models[0]");
  const Status unknown = validate_model_names({"popular", "item-knn"}, "training.models");
  EXPECT_EQ(unknown.field(), "training.models[1]");
  EXPECT_THAT(unknown.message(), HasSubstr("item_knn"));
}

}  // namespace
}  // namespace tamis::engine
