// The protocols leave-one-out and split: their files, and their figures against values computed by hand.
#include <gmock/gmock.h>

#include <cmath>

#include "models/evaluate/protocol_leave_one_out.h"
#include "models/evaluate/protocol_split.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Items = std::vector<std::uint32_t>;

class LeaveOneOut : public testing::Test {
 protected:
  Result<SequenceDataset> read(std::string_view text) const {
    return read_leave_one_out(directory_.write("data.txt", text));
  }
  TemporaryDirectory directory_;
};

TEST_F(LeaveOneOut, ReadsGapsAlternatingUsersAndForeignEndings) {
  const auto data = read("7 100\r\n900 5\n7\t20\n\n  7 18446744073709551615 \n900 20\n7 5\n");
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  EXPECT_THAT(data->item_ids, ElementsAre(5, 20, 100, UINT64_MAX));
  EXPECT_THAT(data->train, ElementsAre(Items{2, 1}, Items{0, 1}));  // the user of two actions is learned from whole
  ASSERT_EQ(data->validation.size(), 1u);
  EXPECT_THAT(data->validation[0].history, ElementsAre(2, 1));
  EXPECT_THAT(data->validation[0].relevant, ElementsAre(3));
  EXPECT_THAT(data->test[0].history, ElementsAre(2, 1, 3));
  EXPECT_THAT(data->test[0].relevant, ElementsAre(0));
}

TEST_F(LeaveOneOut, NamesTheBadLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 2\n1 x\n", ":2: \"x\" is not a number"},
      {"1 2\n\n1 -3\n", ":3: \"-3\" is not a number"},
      {"1 2 3\n", ":1: the line has 3 numbers"},
      {"1\n", ":1: the line has 1 numbers"},
      {"1 99999999999999999999\n", ":1: \"99999999999999999999\" is not a number"},
      {"1 2\n1 3\n", "nothing to predict"},
      {"", "nothing to predict"},
  };
  for (const auto& [text, message] : cases) {
    const auto data = read(text);
    EXPECT_EQ(data.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(data.status().to_string(), HasSubstr(message));
  }
  EXPECT_EQ(read_leave_one_out("/nonexistent").status().code(), StatusCode::kNotFound);
}

// Popularity over the train part alone: item 1 has 3 there, item 2 has 2, item 3 has 1. With the history removed, user
// 1 is shown 4.. never: only items above zero are ranked.
TEST_F(LeaveOneOut, FiguresAreThoseOfTheDefinition) {
  const auto path = directory_.write("data.txt", "1 1\n1 9\n1 2\n2 1\n2 2\n2 9\n2 3\n3 1\n3 2\n3 3\n3 9\n3 8\n");
  const auto report = evaluate_leave_one_out(path, "popular", {{"k", "2"}}, {});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  // Train: {1}, {1, 2}, {1, 2, 3}; order 1, 2, 3. Lists: user 1 (seen 1, 9) 2, 3: hit at 1. User 2 (seen 1, 2, 9) 3:
  // hit at 1. User 3 (seen 1, 2, 3, 9): nothing.
  EXPECT_DOUBLE_EQ(report->metrics.at("hr@2"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(report->metrics.at("ndcg@2"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(report->metrics.at("coverage@2"), 2.0 / 5);
  // Entries 2, 3, 3 with 2, 1 and 1 of the 6 train actions.
  EXPECT_NEAR(report->metrics.at("novelty@2"), (std::log2(3) + 2 * std::log2(6)) / 3, 1e-12);
  EXPECT_LE(report->intervals.at("hr@2").low, 2.0 / 3);
  EXPECT_GE(report->intervals.at("hr@2").high, 2.0 / 3);
  EXPECT_EQ(report->data.at("users_evaluated"), 3);
  const auto validation = evaluate_leave_one_out(path, "popular", {{"report", "validation"}}, {});
  ASSERT_TRUE(validation.is_ok());
  EXPECT_DOUBLE_EQ(validation->metrics.at("hr@10"), 0);  // 9 is never in train
}

TEST_F(LeaveOneOut, EveryModelRuns) {
  std::string text;
  // Everybody walks around a ring of forty items, eight steps from a place of their own.
  for (int user = 0; user < 120; ++user) {
    for (int step = 0; step < 8; ++step) text += std::to_string(user) + " " + std::to_string((user + step) % 40) + "\n";
  }
  const auto path = directory_.write("data.txt", text);
  // Chance is 10 of the 33 places that a walker has not been to.
  const std::vector<std::pair<std::string, double>> least = {
      {"popular", 0.2}, {"item_knn", 0.9}, {"ials", 0.9}, {"sasrec", 0.6}, {"bert4rec", 0.5}};
  for (const auto& [model, hit_rate] : least) {
    Settings settings;
    if (model == "sasrec" || model == "bert4rec") settings = {{"dim", "16"}, {"epochs", "60"}, {"max_length", "6"}};
    const auto report = evaluate_leave_one_out(path, model, settings, {.threads = 2});
    ASSERT_TRUE(report.is_ok()) << report.status().to_string();
    EXPECT_GE(report->metrics.at("hr@10"), hit_rate) << model;
    EXPECT_LE(report->metrics.at("hr@10"), 1) << model;
  }
  EXPECT_THAT(evaluate_leave_one_out(path, "sasrek", {}, {}).status().to_string(), HasSubstr("sasrec"));
  const auto odd = evaluate_leave_one_out(path, "sasrec", {{"heads", "3"}}, {});
  EXPECT_THAT(odd.status().to_string(), HasSubstr("multiple of heads"));
}

class Split : public testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) const { directory_.write(name, text); }
  void write_good() const {
    write("my-train_input.txt", "5 6 7\n8 5\n");
    write("my-val_input.txt", "5 6\n");
    write("my-val_output.txt", "9\n");
    write("my-test_input.txt", "\n8 5 8\n");  // an empty history
    write("my-test_output.txt", "6\n7 6\n");
  }
  Result<SequenceDataset> read() const {
    TAMIS_ASSIGN_OR_RETURN(const SplitFiles files, find_split_files(directory_.path()));
    return read_split(files);
  }
  TemporaryDirectory directory_;
};

TEST_F(Split, ReadsTheFilesOfADirectory) {
  write_good();
  const auto data = read();
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  EXPECT_THAT(data->item_ids, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_THAT(data->train, ElementsAre(Items{0, 1, 2}, Items{3, 0}));
  EXPECT_THAT(data->validation.at(0).relevant, ElementsAre(4));
  ASSERT_EQ(data->test.size(), 2u);
  EXPECT_THAT(data->test[0].history, ElementsAre());
  EXPECT_THAT(data->test[1].history, ElementsAre(3, 0, 3));
  EXPECT_THAT(data->test[1].relevant, ElementsAre(1, 2));
  const auto report = evaluate_split(*find_split_files(directory_.path()), "popular", {}, {});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  // The second user has 5 and 8 removed: 6 and 7 at places 1 and 2; the first gets 5, 6, 7, 8: 6 at place 2.
  EXPECT_DOUBLE_EQ(report->metrics.at("recall@10"), 1);
  EXPECT_DOUBLE_EQ(report->metrics.at("ndcg@10"), (1 / std::log2(3) + 1) / 2);
}

TEST_F(Split, ReadsFoldersAndNoValidation) {
  std::filesystem::create_directories(directory_.path() / "train");
  std::filesystem::create_directories(directory_.path() / "test");
  write("train/input.txt", "1 2\n");
  write("test/input.txt", "1\n");
  write("test/output.txt", "2\n");
  const auto data = read();
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  EXPECT_TRUE(data->validation.empty());
  const auto report = evaluate_split(*find_split_files(directory_.path()), "popular", {{"report", "validation"}}, {});
  EXPECT_THAT(report.status().to_string(), HasSubstr("no validation part"));
}

TEST_F(Split, NamesWhatIsWrong) {
  EXPECT_THAT(read().status().to_string(), HasSubstr("no train_input.txt"));
  write_good();
  write("my-test_output.txt", "6\n\n7\n");
  EXPECT_THAT(read().status().to_string(), HasSubstr("my-test_output.txt:2: no item"));
  write("my-test_output.txt", "6\n");
  EXPECT_THAT(read().status().to_string(), HasSubstr("has 2 lines"));
  write("my-test_output.txt", "6\n7\n7\n");
  EXPECT_THAT(read().status().to_string(), HasSubstr("has 2 lines"));
  write_good();
  write("my-train_input.txt", "5 6\n5 6,7\n");
  EXPECT_THAT(read().status().to_string(), HasSubstr("my-train_input.txt:2: \"6,7\" is not a number"));
  write_good();
  write("other-train_input.txt", "1 2\n");
  EXPECT_THAT(read().status().to_string(), HasSubstr("holds both"));
  EXPECT_EQ(find_split_files("/nonexistent").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace tamis::models
