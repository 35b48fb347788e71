#include <gmock/gmock.h>
#include <lzma.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/evaluate/protocol_lightgcn.h"
#include "random_interactions.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string compress(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                    text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

class LightGcn : public testing::Test {
 protected:
  Result<LightGcnData> read(std::string_view train, std::string_view test) const {
    return read_lightgcn(directory_.write("train.txt", train), directory_.write("test.txt", test));
  }
  Result<EvaluationReport> evaluate(std::string_view model, const Settings& settings = {}) const {
    return evaluate_lightgcn(directory_.path() / "train.txt", directory_.path() / "test.txt", model, settings, {});
  }
  TemporaryDirectory directory_;
};

TEST_F(LightGcn, ReadsLinesWithGapsRepeatsAndForeignEndings) {
  const auto data = read("10 5 18446744073709551615 5\r\n\n  7\t5  6 \n10 6\n3\n", "99 5\n7 1000000");
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  EXPECT_THAT(data->user_ids, ElementsAre(3, 7, 10, 99));
  EXPECT_THAT(data->item_ids, ElementsAre(5, 6, 1000000, UINT64_MAX));
  EXPECT_THAT(data->train.row_columns(2), ElementsAre(0, 1, 3));
  EXPECT_THAT(data->train.row_columns(0), IsEmpty());
  EXPECT_THAT(data->train.weight, Each(1.0F));
  EXPECT_THAT(data->test.row_columns(3), ElementsAre(0));
  EXPECT_THAT(data->test.row_columns(1), ElementsAre(2));
}

TEST_F(LightGcn, ReadsXz) {
  const auto plain = directory_.write("test.txt", "1 4\n");
  const auto data = read_lightgcn(directory_.write("train.txt.xz", compress("1 2 3\n2 3 4\n")), plain);
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  EXPECT_EQ(data->train.nonzeros(), 4);
  std::string damaged = compress("1 2 3\n2 3 4\n");
  damaged[damaged.size() / 2] ^= 0x10;
  EXPECT_EQ(read_lightgcn(directory_.write("damaged.xz", damaged), plain).status().code(), StatusCode::kCorruption);
  const std::string torn = compress("1 2 3\n2 3 4\n").substr(0, 40);
  EXPECT_EQ(read_lightgcn(directory_.write("torn.xz", torn), plain).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(read_lightgcn(directory_.write("empty.xz", ""), plain).status().code(), StatusCode::kCorruption);
}

TEST_F(LightGcn, NamesFileAndLineOfABadToken) {
  for (const std::string_view bad : {"x", "1.5", "-1", "18446744073709551616", "2,3", "\xff\x01"}) {
    const auto data = read("1 2\n1 3 " + std::string(bad) + " 4\n", "1 4\n");
    ASSERT_FALSE(data.is_ok()) << bad;
    EXPECT_EQ(data.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(data.status().message(), HasSubstr("train.txt:2: \""));
  }
  EXPECT_THAT(read("1 2\n", "1 2\n\nu 3\n").status().message(), HasSubstr("test.txt:3: \"u\""));
  EXPECT_THAT(read("1 " + std::string(1000, 'z'), "1 2").status().message(), testing::SizeIs(testing::Lt(200)));
}

TEST_F(LightGcn, RefusesWhatHoldsNothing) {
  EXPECT_THAT(read("", "1 2\n").status().message(), HasSubstr("train.txt holds no interactions"));
  EXPECT_THAT(read("1 2\n", "1\n2\n\n").status().message(), HasSubstr("test.txt holds no interactions"));
  EXPECT_EQ(read_lightgcn(directory_.path() / "absent", directory_.path() / "absent").status().code(),
            StatusCode::kNotFound);
  EXPECT_EQ(read_lightgcn(directory_.path(), directory_.path()).status().code(), StatusCode::kIoError);
}

TEST_F(LightGcn, MostPopularByHand) {
  // Popularity in train: item 1 three times, 2 twice, 3 once, 4 and 5 never.
  ASSERT_TRUE(read("1 1 2\n2 1 3\n3 1 2\n", "1 3 4\n2 2\n9 5\n").is_ok());
  const auto report = evaluate("popular", {{"k", "1"}});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  // User 1 gets {3}: a hit of 2; user 2 gets {2}: a hit of 1; user 9 of the test file alone gets {1}: no hit.
  EXPECT_DOUBLE_EQ(report->metrics.at("recall@1"), (0.5 + 1 + 0) / 3);
  EXPECT_DOUBLE_EQ(report->metrics.at("ndcg@1"), 2.0 / 3);
  EXPECT_EQ(report->data.at("users_evaluated"), 3);
  EXPECT_EQ(report->data.at("items"), 5);
  EXPECT_DOUBLE_EQ(report->metrics.at("hr@1"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(report->metrics.at("mrr@1"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(report->metrics.at("coverage@1"), 3.0 / 5);
  // Shares of the six train interactions: item 3 one, item 2 two, item 1 three.
  EXPECT_NEAR(report->metrics.at("novelty@1"), -(std::log2(1 / 6.0) + std::log2(2 / 6.0) + std::log2(3 / 6.0)) / 3,
              1e-12);
  for (const char* name : {"recall@1", "ndcg@1", "hr@1", "mrr@1", "map@1"}) {
    EXPECT_LE(report->intervals.at(name).low, report->metrics.at(name)) << name;
    EXPECT_GE(report->intervals.at(name).high, report->metrics.at(name)) << name;
  }
}

TEST_F(LightGcn, EveryModelBeatsPopularOnPlantedTastes) {
  const auto interactions = random_interactions(200, 80, 20, 21);
  std::string train;
  std::string test;
  for (std::uint32_t user = 0; user < 200; ++user) {
    const auto items = interactions.row_columns(user);
    for (auto [text, first] : {std::pair{&train, 0}, std::pair{&test, 1}}) {
      *text += std::to_string(user);
      for (std::size_t i = 0; i < items.size(); ++i) {
        if ((i % 4 == 0) == (first == 1)) *text += " " + std::to_string(items[i]);
      }
      *text += "\n";
    }
  }
  ASSERT_TRUE(read(train, test).is_ok());
  const double popular = evaluate("popular")->metrics.at("recall@20");
  for (const std::string model : {"item_knn", "user_knn", "ials", "bpr", "graph_filter", "bspm", "ease"}) {
    const auto report = evaluate(model);
    ASSERT_TRUE(report.is_ok()) << report.status().to_string();
    EXPECT_GT(report->metrics.at("recall@20"), 1.2 * popular) << model;
    EXPECT_GT(report->peak_rss_bytes, 1'000'000);
  }
  const auto validated = evaluate("ials", {{"validation", "0.3"}, {"dim", "8"}});
  ASSERT_TRUE(validated.is_ok());
  EXPECT_EQ(validated->settings.at("dim"), "8");
  EXPECT_NE(validated->data.at("test_interactions"), evaluate("popular")->data.at("test_interactions"));
}

TEST_F(LightGcn, ValidationComesFromTrainAlone) {
  const auto data = read("1 1 2 3 4 5 6 7 8 9 10\n2 1 2 3\n3 1 2 3 4\n", "1 11\n2 12\n");
  ASSERT_TRUE(data.is_ok());
  const LightGcnData cut = cut_validation(*data, 0.25, 7);
  EXPECT_EQ(cut.test.row_columns(0).size(), 2);
  EXPECT_EQ(cut.test.row_columns(1).size(), 0);
  EXPECT_EQ(cut.test.row_columns(2).size(), 1);
  EXPECT_EQ(cut.train.nonzeros() + cut.test.nonzeros(), data->train.nonzeros());
  for (std::uint32_t user = 0; user < 3; ++user) {
    for (const std::uint32_t item : cut.test.row_columns(user)) {
      EXPECT_THAT(cut.train.row_columns(user), testing::Not(testing::Contains(item)));
      EXPECT_THAT(data->train.row_columns(user), testing::Contains(item));
    }
  }
  EXPECT_EQ(cut_validation(*data, 0.25, 7).test.column, cut.test.column);
  EXPECT_NE(cut_validation(*data, 0.5, 8).test.column, cut_validation(*data, 0.5, 9).test.column);
}

TEST_F(LightGcn, RefusesUnknownModelsAndSettings) {
  ASSERT_TRUE(read("1 2\n", "1 3\n").is_ok());
  EXPECT_THAT(evaluate("item_kn").status().message(), HasSubstr("did you mean \"item_knn\"?"));
  const auto unknown = evaluate("ials", {{"regularisation", "1"}});
  EXPECT_EQ(unknown.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(unknown.status().message(), HasSubstr("did you mean \"regularization\"?"));
  EXPECT_THAT(evaluate("popular", {{"k", "0"}}).status().message(),
              HasSubstr("k is \"0\", expected an integer in 1.."));
}

TEST(EvaluationReport, IsJson) {
  EvaluationReport report;
  report.protocol = "lightgcn";
  report.model = "ials";
  report.metrics = {{"recall@20", 0.25}};
  report.train_s = 1.5;
  report.peak_rss_bytes = 4096;
  report.settings = {{"dim", "64"}};
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["protocol"], "lightgcn");
  EXPECT_EQ(json["metrics"]["recall@20"], 0.25);
  EXPECT_EQ(json["train_s"], 1.5);
  EXPECT_EQ(json["evaluate_s"], 0);
  EXPECT_EQ(json["peak_rss_bytes"], 4096);
  EXPECT_EQ(json["settings"]["dim"], "64");
}

}  // namespace
}  // namespace tamis::models
