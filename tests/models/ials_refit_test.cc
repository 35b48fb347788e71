// Refitting an item of iALS: the half-step of training, for one item and any users.
#include <gtest/gtest.h>

#include "models/ials/ials_encoder.h"
#include "random_interactions.h"

namespace tamis::models {
namespace {

TEST(IalsRefit, EqualsTheHalfStepOfTraining) {
  const InteractionMatrix matrix = random_interactions(60, 40, 5, 7);
  IalsOptions options;
  options.dim = 8;
  options.iterations = 3;
  auto model = train_ials(matrix, options, {});
  ASSERT_TRUE(model.is_ok());
  const IalsModel trained = *model;
  const auto encoder = IalsEncoder::create(std::move(*model));
  ASSERT_TRUE(encoder.is_ok());
  ASSERT_TRUE((*encoder)->refits_items());
  const InteractionMatrix by_item = matrix.transpose();
  std::vector<float> refitted(options.dim);
  for (std::uint32_t item = 0; item < matrix.columns; ++item) {
    if (by_item.row_columns(item).empty()) continue;
    std::vector<float> users;
    for (const std::uint32_t user : by_item.row_columns(item)) {
      const float* row = &trained.user_factors[user * options.dim];
      users.insert(users.end(), row, row + options.dim);
    }
    ASSERT_TRUE((*encoder)->refit_item(users, by_item.row_weights(item), refitted).is_ok());
    for (std::uint32_t d = 0; d < options.dim; ++d)
      EXPECT_NEAR(refitted[d], trained.item_factors[item * options.dim + d], 1e-3) << "item " << item;
  }
}

}  // namespace
}  // namespace tamis::models
