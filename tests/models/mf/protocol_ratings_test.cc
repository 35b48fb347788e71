#include "models/evaluate/protocol_ratings.h"

#include <gmock/gmock.h>

#include "../temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Ratings : public testing::Test {
 protected:
  std::filesystem::path file(std::string_view text) const { return directory_.write("ratings", text); }
  // Twenty ratings with times that fall: the first line is the newest.
  std::string twenty(const char* separator) const {
    std::string text;
    for (int i = 0; i < 20; ++i) {
      for (const int field : {i % 4, i % 7, 1 + i % 5}) text += std::to_string(field) + separator;
      text += std::to_string(1000 - i) + "\n";
    }
    return text;
  }
  TemporaryDirectory directory_;
};

TEST_F(Ratings, ReadsTheThreeSeparatorsAlike) {
  for (const char* separator : {"::", "\t", ","}) {
    const auto data = read_ratings(file(twenty(separator)));
    ASSERT_TRUE(data.is_ok()) << separator << data.status().to_string();
    EXPECT_EQ(data->users, 4);
    EXPECT_EQ(data->items, 7);
    ASSERT_EQ(data->ratings.size(), 20);
    EXPECT_EQ(data->ratings[6].value, 2);
    EXPECT_EQ(data->time_s[6], 994);
  }
  EXPECT_TRUE(read_ratings(file("userId,movieId,rating,timestamp\n" + twenty(","))).is_ok());  // a header
}

TEST_F(Ratings, NamesTheLineAtFault) {
  const auto expect = [&](const std::string& line, const char* reason) {
    const auto data = read_ratings(file(twenty("::") + line));
    EXPECT_EQ(data.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(data.status().message(), testing::AllOf(HasSubstr(":21: "), HasSubstr(reason)));
  };
  expect("1::2\n", "2 fields");
  expect("1::2::good::5\n", "\"good\"");
  expect("1::2::nan::5\n", "finite");
  expect("1::2::3::soon\n", "\"soon\"");
  expect("::2::3::5\n", "empty");
  EXPECT_THAT(read_ratings(file("1::2::3::4\n")).status().message(), HasSubstr("at least 10"));
}

TEST_F(Ratings, CutsByTimeAndAtRandom) {
  const auto data = read_ratings(file(twenty("\t")));
  ASSERT_TRUE(data.is_ok());
  const RatingsSplit by_time = split_ratings_by_time(*data);
  EXPECT_EQ(by_time.train.size(), 16);
  EXPECT_EQ(by_time.validation.size(), 2);
  ASSERT_EQ(by_time.test.size(), 2);
  EXPECT_EQ(by_time.test[1].value, data->ratings[0].value);  // the newest stands first in the file
  EXPECT_EQ(by_time.test[1].user, data->ratings[0].user);
  const RatingsSplit one = split_ratings_at_random(*data, 1);
  const RatingsSplit again = split_ratings_at_random(*data, 1);
  const RatingsSplit other = split_ratings_at_random(*data, 2);
  const auto values = [](const std::vector<Rating>& ratings) {
    std::vector<std::uint32_t> pairs;
    for (const Rating& rating : ratings) pairs.push_back(rating.user * 7 + rating.item);
    return pairs;
  };
  EXPECT_EQ(values(one.train), values(again.train));
  EXPECT_NE(values(one.train), values(other.train));
}

// Worked by hand: everything learned from is 2, what is predicted is 1 and 4, so errors are 1 and 2.
TEST_F(Ratings, ReportsErrorsByHand) {
  std::string text;
  for (int i = 0; i < 18; ++i) text += std::to_string(i) + "::a::2::" + std::to_string(i) + "\n";
  const auto report = evaluate_ratings(file(text + "x::b::1::100\ny::c::4::101\n"), "mf", {{"epochs", "2"}}, {});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  for (const char* which : {"", "_mean", "_biases"}) {
    EXPECT_NEAR(report->metrics.at(std::string("rmse") + which), std::sqrt((1 + 4) / 2.0), 1e-6);
    EXPECT_NEAR(report->metrics.at(std::string("mae") + which), 1.5, 1e-6);
  }
  EXPECT_EQ(report->data.at("share_of_unknown_users"), 1);
  EXPECT_NEAR(report->intervals.at("mae").low, 1, 1e-9);
  EXPECT_NEAR(report->intervals.at("mae").high, 2, 1e-9);
}

TEST_F(Ratings, ValidationNeverLooksAtTheTest) {
  const std::string text = twenty("::");
  const Settings tuning = {{"report", "validation"}, {"epochs", "3"}};
  const auto report = evaluate_ratings(file(text), "mf", tuning, {});
  ASSERT_TRUE(report.is_ok());
  EXPECT_EQ(report->data.at("train_ratings"), 16);
  // The two newest ratings changed: nothing that validation reports does.
  const std::string changed = "0::0::5::1000\n1::1::1::999\n" + text.substr(text.find('\n', text.find('\n') + 1) + 1);
  const auto same = evaluate_ratings(file(changed), "mf", tuning, {});
  ASSERT_TRUE(same.is_ok());
  EXPECT_EQ(report->metrics, same->metrics);
}

TEST_F(Ratings, RefusesOtherModelsAndSettings) {
  EXPECT_THAT(evaluate_ratings(file(twenty("::")), "ials", {}, {}).status().message(), HasSubstr("mf"));
  EXPECT_EQ(evaluate_ratings(file(twenty("::")), "mf", {{"split", "users"}}, {}).status().field(), "split");
}

}  // namespace
}  // namespace tamis::models
