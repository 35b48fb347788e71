// Two towers and PinSage on Gowalla at reduced cost: a broken model falls below these floors.
#include "../gowalla_fixture.h"

namespace tamis::models {
namespace {

using GowallaTowers = GowallaTest;

// Most popular gives .0416, all 15 epochs with 128 dimensions (docs/evaluation.md) four times that.
TEST_F(GowallaTowers, TwoTowerInThreeEpochs) { EXPECT_GT(recall("two_tower", {{"dim", "64"}, {"epochs", "3"}}), 0.14); }

TEST_F(GowallaTowers, PinSageInOneEpoch) {
  EXPECT_GT(recall("pinsage", {{"dim", "32"}, {"hidden", "64"}, {"epochs", "1"}}), 0.10);
}

}  // namespace
}  // namespace tamis::models
