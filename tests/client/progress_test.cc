#include "client/command_line/progress.h"

#include <gtest/gtest.h>

namespace tamis::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Screen {
  std::FILE* file = std::tmpfile();
  steady_clock::time_point now{};
  ~Screen() { std::fclose(file); }

  ProgressOptions options(bool is_terminal) {
    ProgressOptions made;
    made.out = file;
    made.is_terminal = is_terminal;
    made.now = [this] { return now; };
    return made;
  }
  std::string text() const {
    std::string all(100'000, '\0');
    std::rewind(file);
    all.resize(std::fread(all.data(), 1, all.size(), file));
    return all;
  }
};

TEST(Progress, PrintsPlainLinesNowAndThenOffATerminal) {
  Screen screen;
  Progress progress("importing", "rows", screen.options(false));
  for (int second = 1; second <= 25; ++second) {
    screen.now += milliseconds(1'000);
    progress.update(static_cast<std::uint64_t>(second) * 1'000, second / 100.0);
  }
  progress.finish(25'000);
  EXPECT_EQ(screen.text(),
            "importing  10%  10,000 rows  1,000/s  ETA 1:30\n"
            "importing  20%  20,000 rows  1,000/s  ETA 1:20\n"
            "importing: 25,000 rows in 25.0 s (1,000/s)\n");
}

TEST(Progress, RedrawsABarOnATerminal) {
  Screen screen;
  {
    Progress progress("importing", "rows", screen.options(true));
    screen.now += milliseconds(1'000);
    progress.update(50, 0.5);
    screen.now += milliseconds(10);
    progress.update(51, 0.5);  // too soon
  }
  const std::string text = screen.text();
  EXPECT_EQ(text.find("51 rows"), std::string::npos);
  EXPECT_NE(text.find("\r\x1b[Kimporting [="), std::string::npos);
  EXPECT_NE(text.find(" 50%  50 rows  50/s  ETA 0:01"), std::string::npos);
  EXPECT_TRUE(text.ends_with('\n'));
}

TEST(Progress, TellsTheTimeUntilNowWhereStepsSayNothingOfWhatRemains) {
  Screen screen;
  auto options = screen.options(false);
  options.estimates = false;
  Progress progress("training j1", "", options);
  screen.now += milliseconds(90'000);
  progress.update(0, 0.25, "ials");
  EXPECT_EQ(screen.text(), "training j1  25%  ials  after 1:30\n");
}

TEST(Progress, SaysNothingWhenQuiet) {
  Screen screen;
  auto options = screen.options(true);
  options.quiet = true;
  Progress progress("importing", "rows", options);
  progress.update(1, 0.5);
  progress.finish(1);
  EXPECT_EQ(screen.text(), "");
}

TEST(Progress, KeepsToOneLineOfANarrowTerminal) {
  Screen screen;
  auto options = screen.options(true);
  options.columns = 30;
  Progress progress("a rather long label", "rows", options);
  screen.now += milliseconds(1'000);
  progress.update(123'456'789, 0.5, "note");
  EXPECT_LE(screen.text().size(), 30u + 4u);
}

TEST(Duration, ReadsAsAClock) {
  EXPECT_EQ(as_duration(5), "0:05");
  EXPECT_EQ(as_duration(3'700), "1:01:40");
  EXPECT_EQ(as_duration(-1), "0:00");
}

}  // namespace
}  // namespace tamis::client
