#include "models/kinds/model_options.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "models/ials/ials_options.h"

namespace tamis::models {
namespace {

using testing::HasSubstr;

Settings resolve(std::string_view model, const Settings& settings = {}) {
  const auto resolved = resolve_settings(*model_options(model), settings);
  EXPECT_TRUE(resolved.is_ok()) << resolved.status().to_string();
  return *resolved;
}
Status refusal(std::string_view model, const std::string& key, const std::string& value) {
  return resolve_settings(*model_options(model), {{key, value}}).status();
}

// What was chosen on data sets for everyone who gives no option; the other defaults are those of the structs.
TEST(ModelOptions, SomeDefaultsAreChosenOnData) {
  EXPECT_EQ(ials_options(resolve("ials")).unobserved_weight, 0) << "by the data";
  EXPECT_EQ(ials_options(resolve("ials")).regularization, 0.01);
  const NeighborOptions items = neighbor_options(resolve("item_knn"));
  EXPECT_GT(items.shrinkage, 0);
  EXPECT_GT(items.column_weight_exponent, 0);
  const NeighborOptions users = neighbor_options(resolve("user_knn"));
  EXPECT_EQ(users.shrinkage, 2);
  EXPECT_EQ(users.neighbors, 150);
}

TEST(ModelOptions, OtherDefaultsAreThoseOfTheStructs) {
  const IalsOptions ials = ials_options(resolve("ials"));
  const IalsOptions expected;
  EXPECT_EQ(ials.dim, expected.dim);
  EXPECT_EQ(ials.iterations, expected.iterations);
  EXPECT_EQ(ials.regularization_exponent, expected.regularization_exponent);
  EXPECT_EQ(ials.init_stddev, expected.init_stddev);
  EXPECT_EQ(ials.solver, expected.solver);
  EXPECT_EQ(ials.cg_steps, expected.cg_steps);
  EXPECT_EQ(ials.seed, expected.seed);
  const NeighborOptions knn = neighbor_options(resolve("user_knn"));
  const NeighborOptions plain;
  EXPECT_EQ(knn.binary, plain.binary);
  EXPECT_EQ(knn.max_row_length, plain.max_row_length);
  EXPECT_EQ(knn.asymmetry, plain.asymmetry);
  EXPECT_EQ(knn.similarity_exponent, plain.similarity_exponent);
}

TEST(ModelOptions, EveryDefaultIsValid) {
  for (const std::string& model : model_names()) {
    const auto options = model_options(model);
    for (const ModelOption& option : *options) {
      EXPECT_TRUE(refusal(model, option.name, option.default_value).is_ok()) << model << " " << option.name;
      EXPECT_FALSE(option.description.empty());
    }
  }
  EXPECT_TRUE(validate(ials_options(resolve("ials"))).is_ok());
  EXPECT_TRUE(validate(neighbor_options(resolve("item_knn"))).is_ok());
}

TEST(ModelOptions, ReadsValues) {
  const IalsOptions ials =
      ials_options(resolve("ials", {{"dim", "256"}, {"regularization", "2.5e-3"}, {"solver", "cg"}, {"seed", "7"}}));
  EXPECT_EQ(ials.dim, 256);
  EXPECT_EQ(ials.regularization, 0.0025);
  EXPECT_EQ(ials.solver, IalsSolver::kConjugateGradient);
  EXPECT_EQ(ials.seed, 7);
  EXPECT_EQ(ials_options(resolve("ials", {{"solver", "cholesky"}})).solver, IalsSolver::kCholesky);
  EXPECT_FALSE(neighbor_options(resolve("item_knn", {{"binary", "false"}})).binary);
}

TEST(ModelOptions, RefusesWhatIsOutOfRangeOrOfAnotherType) {
  for (const std::string value : {"0", "2049", "-1", "64.5", "sixty", "", " 64", "99999999999999999999"}) {
    const Status status = refusal("ials", "dim", value);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << value;
    EXPECT_EQ(status.field(), "dim");
    EXPECT_THAT(status.message(), HasSubstr("expected an integer in 1..2048"));
  }
  for (const std::string value : {"nan", "inf", "1.1", "-0.1", "1e400", "x"}) {
    EXPECT_THAT(refusal("ials", "regularization_exponent", value).message(), HasSubstr("expected a number in 0..1"));
  }
  EXPECT_THAT(refusal("ials", "solver", "lu").message(), HasSubstr("expected one of dual cg cholesky"));
  EXPECT_THAT(refusal("item_knn", "binary", "yes").message(), HasSubstr("expected true or false"));
}

TEST(ModelOptions, NamesTheNearestKnownKey) {
  EXPECT_THAT(refusal("item_knn", "neighbours", "5").message(), HasSubstr("did you mean \"neighbors\"?"));
  EXPECT_THAT(refusal("ials", "dims", "5").message(), HasSubstr("did you mean \"dim\"?"));
  EXPECT_THAT(refusal("popular", "dim", "5").message(), HasSubstr("unknown setting \"dim\""));
  EXPECT_THAT(refusal("ials", "epochs", "5").message(), HasSubstr("expected one of dim, "));
  EXPECT_EQ(model_options("ial").status().field(), "model");
}

}  // namespace
}  // namespace tamis::models
