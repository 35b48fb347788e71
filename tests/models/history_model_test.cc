#include "models/history_model.h"

#include <gmock/gmock.h>

#include <limits>
#include <map>

#include "models/ease/ease_history_model.h"
#include "models/graph_filter/blurring_sharpening.h"
#include "models/kinds/history_model_kinds.h"
#include "models/kinds/model_options.h"
#include "random_interactions.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr std::uint32_t kUsers = 60;
constexpr std::uint32_t kItems = 40;
const std::vector<std::uint32_t> kHistory = {2, 8, 15, 30};

class HistoryModelTest : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<HistoryModel> train() const {
    Settings given;
    if (GetParam() == "bspm") given["rank"] = "8";
    const auto settings = resolve_settings(*model_options(GetParam()), given);
    auto trained = kind().train(interactions_, *settings, {.threads = 2});
    EXPECT_TRUE(trained.is_ok()) << trained.status().to_string();
    return std::move(trained).value();
  }
  static const HistoryModelKind& kind() { return *find_history_model_kind(GetParam()); }
  std::filesystem::path write(const HistoryModel& model) const {
    TensorWriter writer;
    model.add_tensors(writer);
    const auto path = directory_.path() / "model.safetensors";
    EXPECT_TRUE(writer.write(path).is_ok());
    return path;
  }
  static Result<std::unique_ptr<HistoryModel>> load(const std::filesystem::path& path, const HistoryModelShape& shape,
                                                    const Settings& settings) {
    TAMIS_ASSIGN_OR_RETURN(const TensorReader tensors, TensorReader::open(path));
    return kind().load({.shape = shape, .settings = settings, .tensors = tensors});
  }

  const InteractionMatrix interactions_ = random_interactions(kUsers, kItems, 8, 3);
  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, HistoryModelTest, testing::Values("ease", "graph_filter", "bspm"),
                         [](const auto& kind) { return kind.param; });

TEST_P(HistoryModelTest, AnswersTheSameWhenSavedAndLoaded) {
  const auto model = train();
  const auto loaded = load(write(*model), model->shape(), model->settings());
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  const auto before = model->recommend(kHistory, {}, 10, {});
  ASSERT_EQ(before.size(), 10);
  EXPECT_EQ((*loaded)->recommend(kHistory, {}, 10, {}), before);
}

TEST_P(HistoryModelTest, RecommendsTheHistorysTaste) {
  std::size_t even = 0;
  for (const ScoredId& item : train()->recommend(kHistory, {}, 10, {})) even += item.id % 2 == 0 ? 1 : 0;
  EXPECT_GE(even, 7);  // a history of even items, in data where even users like even items
}

TEST_P(HistoryModelTest, AFilterLeavesTheBestOfTheRest) {
  const auto model = train();
  const auto all = model->recommend(kHistory, {}, kItems, {});
  const auto accepts = [](std::uint32_t item) { return item % 3 == 0; };
  std::vector<ScoredId> expected;
  for (const ScoredId& item : all) {
    if (accepts(item.id) && expected.size() < 4) expected.push_back(item);
  }
  EXPECT_EQ(model->recommend(kHistory, {}, 4, accepts), expected);
  EXPECT_TRUE(model->recommend({}, {}, 4, {}).empty());  // nothing is known, nothing is said
}

TEST_P(HistoryModelTest, RefusesADamagedFile) {
  const auto model = train();
  const auto path = write(*model);
  HistoryModelShape shape = model->shape();
  shape.items -= 10;  // its ids reach beyond the catalogue
  shape.users += 1;
  EXPECT_FALSE(load(path, shape, model->settings()).is_ok());
  EXPECT_FALSE(load(path, model->shape(), {{"no_such_setting", "1"}}).is_ok() && GetParam() != "ease");
  TensorWriter empty;
  ASSERT_TRUE(empty.write(path).is_ok());
  EXPECT_FALSE(load(path, model->shape(), model->settings()).is_ok());
}

// The ids of a row must ascend and stay below the items, or serving would read outside of its tables.
TEST(HistoryModelFiles, NameTheTensorAtFault) {
  TemporaryDirectory directory;
  const auto status_of = [&](const std::vector<std::uint64_t>& offsets, const std::vector<std::uint32_t>& neighbor,
                             const std::vector<float>& weight) {
    TensorWriter writer;
    writer.add<std::uint64_t>("offsets", {offsets.size()}, offsets);
    writer.add<std::uint32_t>("neighbor", {neighbor.size()}, neighbor);
    writer.add<float>("weight", {weight.size()}, weight);
    const auto path = directory.path() / "ease.safetensors";
    EXPECT_TRUE(writer.write(path).is_ok());
    const auto tensors = TensorReader::open(path);
    const HistoryModelShape shape{.kind = "ease", .users = 1, .items = 2};
    return EaseHistoryModel::load({.shape = shape, .settings = {}, .tensors = *tensors}).status();
  };
  EXPECT_TRUE(status_of({0, 1, 2}, {1, 0}, {0.5F, -0.5F}).is_ok());
  EXPECT_EQ(status_of({0, 2, 1}, {1, 0}, {0.5F, 0.5F}).field(), "offsets");
  EXPECT_EQ(status_of({0, 1, 3}, {1, 0}, {0.5F, 0.5F}).field(), "offsets");
  EXPECT_THAT(status_of({0, 1, 2}, {1, 2}, {0.5F, 0.5F}).message(), HasSubstr("below 2"));
  EXPECT_THAT(status_of({0, 2, 2}, {1, 0}, {0.5F, 0.5F}).message(), HasSubstr("ascend"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(status_of({0, 1, 2}, {1, 0}, {nan, 0.5F}).message(), HasSubstr("weight[0]"));
}

TEST(EaseHistoryModel, WithAllWeightsGivesTheScoresOfTheModel) {
  const InteractionMatrix interactions = random_interactions(kUsers, kItems, 8, 3);
  const auto model = train_ease(interactions, {.regularization = 5}, {});
  ASSERT_TRUE(model.is_ok());
  std::vector<float> scores(kItems);
  score_ease(*model, kHistory, scores);
  const EaseHistoryModel served(*model, kUsers, 0);
  const auto found = served.recommend(kHistory, {}, kItems, {});
  EXPECT_EQ(static_cast<std::ptrdiff_t>(found.size()),
            std::count_if(scores.begin(), scores.end(), [](float score) { return score > 0; }));
  for (const ScoredId& item : found) EXPECT_NEAR(item.score, scores[item.id], 1e-5);
  std::vector<double> shares(kHistory.size());
  ASSERT_TRUE(served.explain(kHistory, {}, found[0].id, shares));
  EXPECT_NEAR(shares[0] + shares[1] + shares[2] + shares[3], found[0].score, 1e-5);
}

TEST(EaseHistoryModel, KeepsTheLargestWeightsOfEitherSign) {
  EaseModel model{.items = 4, .weights = std::vector<float>(16)};
  const float row[] = {0, 0.2F, -0.9F, 0.5F};
  std::copy(std::begin(row), std::end(row), model.weights.begin());
  const EaseHistoryModel served(model, 1, 2);
  std::vector<double> shares(1);
  const std::uint32_t history[] = {0};
  std::vector<double> kept;
  for (std::uint32_t item = 0; item < 4; ++item) {
    ASSERT_TRUE(served.explain(history, {}, item, shares));
    kept.push_back(shares[0]);
  }
  EXPECT_THAT(kept, testing::Pointwise(testing::DoubleNear(1e-7), {0.0, 0.0, -0.9, 0.5}));
}

TEST(BlurringSharpening, OneRequestEqualsTheBatch) {
  const InteractionMatrix interactions = random_interactions(90, 50, 9, 4);
  for (const std::uint32_t steps : {1U, 3U}) {
    const auto filter = BlurringSharpening::build(interactions, {.rank = 8, .sharpening_steps = steps}, {});
    ASSERT_TRUE(filter.is_ok());
    std::vector<std::span<const std::uint32_t>> histories;
    for (std::uint32_t user = 0; user < 40; ++user) histories.push_back(interactions.row_columns(user));
    std::vector<float> batch(histories.size() * 50);
    filter->score(histories, batch);
    std::vector<float> one(50);
    for (std::size_t h = 0; h < histories.size(); ++h) {
      filter->score_one(histories[h], one);
      EXPECT_THAT(one, Pointwise(FloatNear(1e-5F), std::span(batch).subspan(h * 50, 50))) << "history " << h;
    }
  }
}

}  // namespace
}  // namespace tamis::models
