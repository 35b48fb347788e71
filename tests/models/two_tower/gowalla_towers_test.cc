// Two towers and PinSage on Gowalla at reduced cost: a broken model falls below these floors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "models/protocol_lightgcn.h"

namespace tamis::models {
namespace {

std::filesystem::path gowalla() {
  const char* data = std::getenv("TAMIS_DATA");
  const std::filesystem::path root =
      data != nullptr ? data : std::filesystem::path(TAMIS_SOURCE_DIR) / ".." / "shared" / "data";
  return root / "gowalla";
}

class GowallaTowers : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(gowalla() / "train.txt.xz")) {
      GTEST_SKIP() << "no data in " << gowalla() << "; set TAMIS_DATA";
    }
  }
  double recall(std::string_view model, const Settings& settings) const {
    const auto report = evaluate_lightgcn(gowalla() / "train.txt.xz", gowalla() / "test.txt.xz", model, settings,
                                          {.threads = std::thread::hardware_concurrency()});
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report.is_ok() ? report->metrics.at("recall@20") : 0;
  }
};

// Most popular gives .0416, all 15 epochs with 128 dimensions (docs/evaluation.md) four times that.
TEST_F(GowallaTowers, TwoTowerInThreeEpochs) { EXPECT_GT(recall("two_tower", {{"dim", "64"}, {"epochs", "3"}}), 0.14); }

TEST_F(GowallaTowers, PinSageInOneEpoch) {
  EXPECT_GT(recall("pinsage", {{"dim", "32"}, {"hidden", "64"}, {"epochs", "1"}}), 0.10);
}

}  // namespace
}  // namespace tamis::models
