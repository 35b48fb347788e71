#include "ranker/evaluate/protocol_ctr.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/random.h"
#include "ranker/evaluate/csv_examples.h"
#include "tests/models/temporary_directory.h"

namespace tamis::ranker {
namespace {

using Fields = std::vector<std::string>;

TEST(Csv, SplitsAsRfc4180Says) {
  EXPECT_EQ(*split_csv("a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(*split_csv(",x,"), (Fields{"", "x", ""}));
  EXPECT_EQ(*split_csv(R"("a,1","say ""hi""",z)"), (Fields{"a,1", "say \"hi\"", "z"}));
  EXPECT_EQ(*split_csv(""), (Fields{""}));
  EXPECT_FALSE(split_csv(R"("open)").is_ok());
  EXPECT_FALSE(split_csv(R"("a"b,c)").is_ok());
}

class Ctr : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    return directory_.write(name, text);
  }
  // clicked = whether the parities of user and item agree; "noise" says nothing, "size" little.
  std::filesystem::path write_clicks(const std::string& name, std::uint64_t seed, int rows) const {
    Random random(seed);
    std::string text = "user,clicked,item,size,noise\n";
    for (int i = 0; i < rows; ++i) {
      const std::uint32_t user = random.below(10);
      const std::uint32_t item = random.below(10);
      text += "u" + std::to_string(user) + (user % 2 == item % 2 ? ",1,i" : ",0,i") + std::to_string(item) + "," +
              std::to_string(random.normal()) + ",n" + std::to_string(random.below(3)) + "\n";
    }
    return write(name, text);
  }
  models::TemporaryDirectory directory_;
};

TEST_F(Ctr, TrainsAndReports) {
  const CtrFiles files{.train = write_clicks("train.csv", 1, 3000),
                       .valid = write_clicks("valid.csv", 2, 500),
                       .test = write_clicks("test.csv", 3, 500)};
  const models::Settings settings = {{"label", "clicked"}, {"numeric", "size"},       {"top", "16"},
                                     {"bottom", ""},       {"learning_rate", "0.01"}, {"batch", "128"},
                                     {"epochs", "10"},     {"interaction", "both"},   {"calibration", "platt"}};
  const auto report = evaluate_ctr(files, "dlrm", settings, {});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  EXPECT_GT(report->metrics.at("auc"), 0.97);
  EXPECT_LT(report->metrics.at("log_loss"), 0.25);
  EXPECT_NEAR(report->metrics.at("predicted_to_observed"), 1, 0.1);
  EXPECT_EQ(report->data.at("train_examples"), 3000);
  EXPECT_EQ(report->data.at("fields"), 4);
  EXPECT_EQ(report->settings.at("dim"), "16");
  const auto again = evaluate_ctr(files, "dlrm", settings, {.threads = 2});
  EXPECT_EQ(report->metrics, again->metrics);
}

TEST_F(Ctr, ColumnsMayStandInAnyOrderAndUnknownValuesShareARow) {
  const CsvColumns columns{.label = "y", .numeric = {"n"}, .min_count = 1};
  const auto encoder = fit_csv(write("train.csv", "y,a,n\n1,x,2\n0,z,4\n1,x,\n"), columns);
  ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  const auto table = read_csv(write("test.csv", "extra,n,a,y\nq,5,new,0\nq,3,x,1\n"), columns, *encoder);
  ASSERT_TRUE(table.is_ok()) << table.status().to_string();
  EXPECT_EQ(table->ids[0].ids, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(table->numeric, (std::vector<float>{2, 0}));  // mean 3, deviation 1
  EXPECT_EQ(table->labels, (std::vector<float>{0, 1}));
}

TEST_F(Ctr, RefusesBadFilesWithFileAndLine) {
  const CsvColumns columns{.label = "y", .numeric = {"n"}, .min_count = 1};
  const auto message = [&](const std::string& text) { return fit_csv(write("bad.csv", text), columns).status(); };
  EXPECT_THAT(message("a,n\n1,2\n").message(), testing::HasSubstr("bad.csv:1: there is no column \"y\""));
  EXPECT_THAT(message("y,a\n1,2\n").message(), testing::HasSubstr("no column \"n\""));
  EXPECT_THAT(message("y,n,n\n1,2,3\n").message(), testing::HasSubstr("\"n\" is there twice"));
  EXPECT_THAT(message("y,n,a\n1,2\n").message(), testing::HasSubstr("bad.csv:2: there are 2 fields"));
  EXPECT_THAT(message("y,n,a\n1,2,3\n0,two,3\n").message(), testing::HasSubstr("bad.csv:3: \"two\" is not a number"));
  EXPECT_THAT(message("y,n,a\n").message(), testing::HasSubstr("no examples"));
  EXPECT_EQ(message("").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(fit_csv(directory_.path() / "absent.csv", columns).status().code(), StatusCode::kNotFound);

  const auto encoder = fit_csv(write("train.csv", "y,a,n\n1,x,2\n0,z,4\n"), columns);
  EXPECT_THAT(read_csv(write("test.csv", "y,a,n\n2,x,2\n"), columns, *encoder).status().message(),
              testing::HasSubstr("test.csv:2: label \"2\""));
  EXPECT_FALSE(read_csv(write("test.csv", "y,n\n1,2\n"), columns, *encoder).is_ok());
}

TEST_F(Ctr, RefusesSettingsByName) {
  const CtrFiles files{
      .train = write_clicks("train.csv", 1, 50), .valid = write_clicks("valid.csv", 2, 50), .test = {}};
  const auto field = [&](const models::Settings& settings) {
    return evaluate_ctr(files, "dlrm", settings, {}).status().field();
  };
  EXPECT_EQ(field({{"dmi", "3"}}), "dmi");
  EXPECT_EQ(field({{"dropout", "1"}}), "dropout");
  EXPECT_EQ(field({{"top", "40-x"}}), "top");
  EXPECT_EQ(field({{"top", ""}, {"label", "clicked"}}), "top");
  EXPECT_EQ(field({{"interaction", "sum"}}), "interaction");
  EXPECT_EQ(evaluate_ctr(files, "ials", {}, {}).status().field(), "model");
}

}  // namespace
}  // namespace tamis::ranker
