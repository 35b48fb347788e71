// Models on Gowalla by the lightgcn protocol.
#pragma once

#include <string_view>
#include <thread>

#include "models/evaluate/protocol_lightgcn.h"
#include "tests/requirement.h"

namespace tamis::models {

class GowallaTest : public testing::Test {
 protected:
  void SetUp() override { TAMIS_REQUIRE_DATA("gowalla/train.txt.xz"); }

  static std::filesystem::path train() { return data_directory() / "gowalla" / "train.txt.xz"; }
  static std::filesystem::path test() { return data_directory() / "gowalla" / "test.txt.xz"; }
  static TrainControl control() { return {.threads = std::thread::hardware_concurrency()}; }

  static EvaluationReport evaluate(std::string_view model, const Settings& settings) {
    auto report = evaluate_lightgcn(train(), test(), model, settings, control());
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report.is_ok() ? *report : EvaluationReport{};
  }
  static double recall(std::string_view model, const Settings& settings) {
    const EvaluationReport report = evaluate(model, settings);
    return report.metrics.contains("recall@20") ? report.metrics.at("recall@20") : 0;
  }
};

}  // namespace tamis::models
