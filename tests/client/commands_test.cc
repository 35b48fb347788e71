// The commands as a shell sees them: arguments in, exit code and requests out.
#include "client/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "misbehaving_server.h"

namespace tamis::client {
namespace {

using ::testing::HasSubstr;

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments) {
  CLI::App app;
  app.require_subcommand(1);
  Ran ran;
  register_commands(app, &ran.code);
  std::reverse(arguments.begin(), arguments.end());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    ran.code = error.get_exit_code() == 0 ? kExitOk : kExitUsage;  // as the binary maps them
  }
  std::fflush(stdout);
  std::fflush(stderr);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}

class Commands : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("tamis_commands_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string file(const std::string& name, const std::string& text) {
    const auto path = directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::filesystem::path directory_;
};

ServerAction acknowledge(const SeenRequest& request, int) {
  const auto lines = std::count(request.body.begin(), request.body.end(), '\n');
  return {.bytes = http_answer(200, "{\"accepted\":" + std::to_string(lines) + ",\"duplicates\":0,\"sequence\":3}")};
}

constexpr const char* kCsv = "user,item,value\nu1,a,1\nu2,b,many\nu3,c,3\n";

TEST_F(Commands, ImportSkipsBadRowsAndShowsTheirLines) {
  MisbehavingServer server(acknowledge);
  const Ran ran = run({"import", "interactions", file("a.csv", kCsv), "--url", server.url(), "--format", "json"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("\"accepted\":2"));
  EXPECT_THAT(ran.out, HasSubstr("\"bad\":1"));
  EXPECT_THAT(ran.err, HasSubstr("line 3: value: \"many\" in column value is not a finite number"));
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_THAT(server.requests()[0].body, HasSubstr("\"idempotency_key\":\"csv-2-"));
}

TEST_F(Commands, ImportFailsAtABadRowWhereAsked) {
  MisbehavingServer server(acknowledge);
  const Ran ran = run({"import", "interactions", file("a.csv", kCsv), "--url", server.url(), "--on-error", "fail"});
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("line 3"));
}

TEST_F(Commands, ImportFailsWhereEveryRowIsBad) {
  MisbehavingServer server(acknowledge);
  const Ran ran =
      run({"import", "interactions", file("a.csv", "user,item,value\na,b,x\nc,d,y\n"), "--url", server.url()});
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("every row is bad"));
}

TEST_F(Commands, ImportTakesOnlyTheFirstWordOfItsKeysFromTheFile) {
  MisbehavingServer server(acknowledge);
  const std::string path = file(
      "a.ndjson", "{\"user\":\"u\",\"item\":\"i\"}\n\n{\"user\":\"u\",\"item\":\"j\",\"idempotency_key\":\"mine\"}\n");
  EXPECT_EQ(run({"import", "interactions", path, "--url", server.url(), "--idempotency", "row"}).code, kExitOk);
  const std::string body = server.requests().at(0).body;
  EXPECT_THAT(body, HasSubstr("{\"idempotency_key\":\"line-1-"));
  EXPECT_THAT(body, HasSubstr("\"idempotency_key\":\"mine\""));
  EXPECT_EQ(body.find("line-3-"), std::string::npos);
}

TEST_F(Commands, WrongUsageIsTwo) {
  const std::string csv = file("a.csv", kCsv);
  EXPECT_EQ(run({"import"}).code, kExitUsage);
  EXPECT_EQ(run({"import", "purchases", csv}).code, kExitUsage);
  EXPECT_EQ(run({"import", csv}).code, kExitUsage);
  EXPECT_EQ(run({"import", "items", file("a.bin", "x")}).code, kExitUsage);
  EXPECT_EQ(run({"import", "items", csv, "--mapping", file("m.toml", "[items\n")}).code, kExitUsage);
  EXPECT_EQ(run({"import", "vectors", file("a.npy", "x")}).code, kExitUsage);
  EXPECT_EQ(run({"import", "items", csv, "--url", "ftp://x"}).code, kExitUsage);
  EXPECT_EQ(run({"export", "purchases"}).code, kExitUsage);
  EXPECT_EQ(run({"recommend", "u", "-k", "0"}).code, kExitUsage);
  EXPECT_EQ(run({"similar"}).code, kExitUsage);
}

TEST_F(Commands, NoServerIsThree) {
  const std::vector<std::vector<std::string>> commands = {{"stats"}, {"import", "interactions", file("a.csv", kCsv)}};
  for (const auto& command : commands) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--url", "http://127.0.0.1:1"});
    EXPECT_EQ(run(arguments).code, kExitUnavailable) << command[0];
  }
}

TEST_F(Commands, TrainFollowsTheJob) {
  std::string last = "succeeded";
  MisbehavingServer server([&](const SeenRequest& request, int) {
    const std::string state = request.method == "POST" ? "queued" : last;
    return ServerAction{.bytes = http_answer(200, "{\"job\":\"j7\",\"state\":\"" + state +
                                                      "\",\"progress\":1,\"generation\":\"g4\",\"detail\":\"why\"}")};
  });
  const Ran ran = run({"train", "--url", server.url()});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("generation g4"));
  EXPECT_EQ(run({"train", "--no-wait", "--url", server.url()}).out, "j7\n");
  last = "failed";
  const Ran failed = run({"train", "--url", server.url()});
  EXPECT_EQ(failed.code, kExitFailed);
  EXPECT_THAT(failed.err, HasSubstr("why"));
}

TEST_F(Commands, ExportWritesWhatImportReads) {
  MisbehavingServer server([](const SeenRequest& request, int) {
    if (request.target.starts_with("/v1/stats")) return ServerAction{.bytes = http_answer(200, "{\"items\":2}")};
    const bool first = request.target.find("cursor") == std::string::npos;
    return ServerAction{
        .bytes = http_answer(
            200, first ? R"({"items":[{"id":"a","features":{"name":"A, B","tags":["x","y"]}}],"cursor":"c1"})"
                       : R"({"items":[{"id":"b","features":{"price":1.5}}],"cursor":null})")};
  });
  const std::string path = (directory_ / "items.csv").string();
  EXPECT_EQ(run({"export", "items", "--output", path, "--url", server.url()}).code, kExitOk);
  std::ifstream csv(path);
  const std::string text((std::istreambuf_iterator<char>(csv)), std::istreambuf_iterator<char>());
  EXPECT_EQ(text, "id,name,price,tags\na,\"A, B\",,x|y\nb,,1.5,\n");
  EXPECT_EQ(run({"export", "items", "--url", server.url()}).out,
            "{\"id\":\"a\",\"features\":{\"name\":\"A, "
            "B\",\"tags\":[\"x\",\"y\"]}}\n{\"id\":\"b\",\"features\":{\"price\":1.5}}\n");
}

TEST_F(Commands, ExportLeavesNoHalfAFile) {
  MisbehavingServer server([](const SeenRequest& request, int) {
    const bool first = request.target.find("cursor") == std::string::npos;
    return ServerAction{.bytes = first ? http_answer(200, R"({"items":[{"id":"a"}],"cursor":"c1"})")
                                       : http_answer(500, "{}")};
  });
  const auto path = directory_ / "items.ndjson";
  EXPECT_EQ(run({"export", "items", "--output", path.string(), "--url", server.url()}).code, kExitFailed);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(Commands, RecommendPrintsNamesAndReasons) {
  MisbehavingServer server([](const SeenRequest& request, int) {
    if (request.method == "GET")
      return ServerAction{.bytes = http_answer(200, R"({"id":"b","features":{"name":"MUG"}})")};
    return ServerAction{
        .bytes = http_answer(
            200,
            R"({"user":"u","funnel":"default","generation":"g1","sequence":4,"items":[{"item":"a","rank":1,"score":0.25,
      "features":{"name":"LANTERN"},"explain":{"retrieved_by":[{"retriever":"item_knn","rank":1,"score":1,"because":[{"item":"b","weight":1}]}]}}]})")};
  });
  const Ran ran = run({"recommend", "u", "--explain", "--url", server.url()});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("LANTERN"));
  EXPECT_THAT(ran.out, HasSubstr("because of MUG"));
}

}  // namespace
}  // namespace tamis::client
