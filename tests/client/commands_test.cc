// The commands as a shell sees them: arguments in, exit code and requests out.
#include "client/command_line/commands.h"

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
  EXPECT_THAT(server.requests()[0].body, HasSubstr("\"idempotency_key\":\"row-"));
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
  EXPECT_THAT(body, HasSubstr("\"idempotency_key\":\"row-"));
  EXPECT_THAT(body, HasSubstr("\"idempotency_key\":\"mine\""));
  EXPECT_EQ(body.find("row-"), body.rfind("row-"));
}

TEST_F(Commands, ImportNamesTheFileTheLineAndWhatToDo) {
  MisbehavingServer server(acknowledge);
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"import", "interactions", file("x.parquet", "PAR1....")}, "duckdb -c"},
      {{"import", "interactions", file("x.zip", "PK\x03\x04")}, "unzip"},
      {{"import", "interactions", directory_.string()}, "is a folder"},
      {{"import", "interactions", "-"}, "--input-format csv, ndjson, npy or packed"},
      {{"import", "interactions", file("x.bin", std::string("a\0b", 3))}, "--input-format"},
      {{"import", "interactions", file("e.csv", "")}, "e.csv: it holds no rows"},
      {{"import", "interactions", file("u.csv", "a,b\n1,2\n")}, "--user COLUMN"},
      {{"import", "interactions", file("d.csv", kCsv), "--delimiter", ""}, "stand between fields"},
      {{"import", "interactions", file("q.csv", kCsv), "--quote", "ab"}, "is no quote"},
      {{"import", "interactions", file("k.csv", kCsv), "--encoding", "klingon"}, "\"KLINGON\" is not known"},
      {{"import", file("n.ndjson", "{}")}, "tamis import interactions|items|users|vectors"},
  };
  for (auto [arguments, expected] : cases) {
    arguments.insert(arguments.end(), {"--url", server.url()});
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.code, kExitUsage) << arguments[2];
    EXPECT_THAT(ran.err, HasSubstr(expected));
  }
  EXPECT_TRUE(server.requests().empty());
  const Ran bad = run({"import", "interactions", file("a.csv", kCsv), "--url", server.url()});
  EXPECT_THAT(bad.err, HasSubstr("a.csv, line 3: value"));
}

TEST_F(Commands, ImportFailsWhereMoreRowsAreLostThanAllowed) {
  MisbehavingServer server(acknowledge);
  std::string rows = "user,item,title\n";
  for (int i = 0; i < 100; ++i) rows += "u,i" + std::to_string(i) + "," + (i % 10 == 0 ? "\"" : "") + "x\n";
  const std::string path = file("stray.csv", rows);
  const Ran lax = run({"import", "interactions", path, "--url", server.url(), "--format", "json"});
  EXPECT_EQ(lax.code, kExitOk);
  EXPECT_THAT(lax.out, HasSubstr("\"accepted\":90"));
  EXPECT_THAT(lax.out, HasSubstr("\"bad\":10"));
  EXPECT_EQ(run({"import", "interactions", path, "--url", server.url(), "--max-errors", "5"}).code, kExitFailed);
}

TEST_F(Commands, ImportSaysThatNothingIsStoredWhereNothingIs) {
  MisbehavingServer server(acknowledge);
  const Ran ran = run({"import", "interactions", file("a.csv", "user,item,value\nu,i,x\n"), "--url", server.url(),
                       "--on-error", "fail"});
  EXPECT_THAT(ran.err, HasSubstr("nothing was stored"));
  EXPECT_EQ(ran.err.find("counted above"), std::string::npos);
}

TEST_F(Commands, ADryRunShowsRowsAndNeedsNoServer) {
  const Ran ran = run({"import", file("r.csv", "user,item,rating\nu1,a,1\nu2,b,many\nu3,c,3\n"), "--dry-run", "--url",
                       "http://127.0.0.1:1"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("interactions, line 2: {\"user\":\"u1\",\"item\":\"a\""));
  EXPECT_THAT(ran.out, HasSubstr("nothing was sent"));
  EXPECT_THAT(ran.err, HasSubstr("r.csv, line 3"));
  const std::string lines = "{\"id\":\"a\"}\nnot json\n";
  const Ran items = run({"import", "items", file("i.ndjson", lines), "--dry-run", "--format", "json"});
  EXPECT_THAT(items.out, HasSubstr("\"by_kind\":{\"items\":1}"));
  EXPECT_THAT(items.out, HasSubstr("\"bad\":1"));
  EXPECT_THAT(items.out, HasSubstr("\"dry_run\":true"));
  const Ran events =
      run({"import", "interactions", file("e.ndjson", "{\"user\":\"u\",\"item\":\"a\"}\n{\"user\":\"u\"}\n"),
           "--dry-run", "--format", "json"});
  EXPECT_THAT(events.out, HasSubstr("\"bad\":1"));
  EXPECT_THAT(events.err, HasSubstr("line 2: the record has no text \"item\""));
}

TEST_F(Commands, ImportReadsJsonArraysAndOtherEncodings) {
  MisbehavingServer server(acknowledge);
  const std::string array = "[{\"id\":\"a\"},\n{\"id\":\"b\"}]\n";
  EXPECT_EQ(run({"import", "items", file("a.json", array), "--url", server.url()}).code, kExitOk);
  EXPECT_EQ(server.requests().back().body, "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  EXPECT_EQ(run({"import", "items", file("b.ndjson", "\xEF\xBB\xBF{\"id\":\"a\"}\n"), "--url", server.url()}).code,
            kExitOk);
  EXPECT_EQ(server.requests().back().body, "{\"id\":\"a\"}\n");
  const Ran latin = run({"import", "items", file("l.csv", "id,title\n1,Les Mis\xE9rables\n"), "--url", server.url()});
  EXPECT_EQ(latin.code, kExitOk);
  EXPECT_THAT(latin.err, HasSubstr("l.csv is read as WINDOWS-1252, by its bytes; --encoding tells another one"));
  EXPECT_THAT(server.requests().back().body, HasSubstr("Les Mis\xC3\xA9rables"));
}

TEST_F(Commands, ImportReadsJsonInOtherWords) {
  MisbehavingServer server(acknowledge);
  const std::string feedback =
      R"({"FeedbackType":"star","UserId":"alice","ItemId":7,"Timestamp":"2021-03-01T10:00:00Z"})"
      "\n"
      R"({"reviewerID":"bob","asin":"B00","overall":4.0,"unixReviewTime":1260759144})"
      "\n";
  const Ran ran = run({"import", "interactions", file("f.ndjson", feedback), "--url", server.url()});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("read with user = UserId, item = ItemId, type = FeedbackType, timestamp = Timestamp"));
  const std::string body = server.requests().back().body;
  EXPECT_THAT(body, HasSubstr(R"("item":"7","timestamp":"2021-03-01T10:00:00Z","type":"star","user":"alice"})"));
  EXPECT_THAT(body, HasSubstr(R"("item":"B00","timestamp":1260759144000,"type":"rating","user":"bob","value":4.0})"));
  const std::string items = R"([{"ItemId":"a","IsHidden":true,"Categories":["x"],"Comment":"text","Labels":{"n":1}}])";
  EXPECT_EQ(run({"import", "items", file("i.json", items), "--url", server.url()}).code, kExitOk);
  EXPECT_EQ(server.requests().back().body,
            R"({"features":{"Categories":["x"],"Comment":"text"},"hidden":true,"id":"a"})"
            "\n");
}

TEST_F(Commands, EachImportHasAnIdByWhichItIsUndone) {
  MisbehavingServer server([](const SeenRequest& request, int count) {
    if (request.method != "DELETE") return acknowledge(request, count);
    return ServerAction{.bytes = http_answer(200, "{\"deleted\":2,\"sequence\":9}")};
  });
  const std::string csv = file("a.csv", "user,item\nu,i\n");
  const Ran ran = run({"import", csv, "--url", server.url(), "--import-id", "first"});
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("tamis import --undo first"));
  EXPECT_THAT(server.requests().back().body, HasSubstr("\"import_id\":\"first\""));
  // The rows of an export are of this import now.
  const std::string old = "{\"user\":\"u\",\"item\":\"i\",\"import_id\":\"old\"}\n";
  EXPECT_EQ(run({"import", "interactions", file("b.ndjson", old), "--url", server.url(), "--import-id", "second"}).code,
            kExitOk);
  EXPECT_THAT(server.requests().back().body, HasSubstr("\"import_id\":\"second\""));
  EXPECT_EQ(server.requests().back().body.find("old"), std::string::npos);
  // Without a name each has another one.
  run({"import", csv, "--url", server.url()});
  run({"import", csv, "--url", server.url()});
  const auto requests = server.requests();
  EXPECT_NE(requests[requests.size() - 2].body, requests.back().body);
  const Ran undone = run({"import", "--undo", "first import", "--url", server.url()});
  EXPECT_EQ(undone.code, kExitOk) << undone.err;
  EXPECT_EQ(server.requests().back().method, "DELETE");
  EXPECT_EQ(server.requests().back().target, "/v1/interactions?import_id=first%20import");
  EXPECT_THAT(undone.out, HasSubstr("2 interactions"));
  EXPECT_EQ(run({"import", csv, "--undo", "x", "--url", server.url()}).code, kExitUsage);
}

TEST_F(Commands, ImportPrintsTheMappingThatItInfers) {
  const std::string path = file("u.data", "1\t31\t2.5\t1260759144\n2\t10\t4\t835355493\n");
  const Ran printed = run({"import", path, "--print-mapping"});
  EXPECT_EQ(printed.code, kExitOk) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("timestamp_format = \"epoch_s\""));
  MisbehavingServer server(acknowledge);
  EXPECT_EQ(run({"import", path, "--mapping", file("m.toml", printed.out), "--url", server.url()}).code, kExitOk);
  EXPECT_EQ(run({"import", path, "--url", server.url()}).code, kExitOk);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(requests[0].body, HasSubstr("\"type\":\"rating\",\"value\":2.5,\"timestamp\":1260759144000"));
}

TEST_F(Commands, WrongUsageIsTwo) {
  const std::string csv = file("a.csv", kCsv);
  EXPECT_EQ(run({"import"}).code, kExitUsage);
  EXPECT_EQ(run({"import", "purchases", csv}).code, kExitUsage);
  EXPECT_EQ(run({"import", file("unclear.csv", "a,b\nc,d\n")}).code, kExitUsage);
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
  run({"train", "--no-wait", "--model", "ials,bpr", "--model", "ease", "--url", server.url()});
  EXPECT_THAT(server.requests().back().body, HasSubstr(R"("models":["ials","bpr","ease"])"));
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
      "features":{"name":"LANTERN"},"explain":{"retrieved_by":[{"retriever":"item_knn","rank":1,"score":1,"because":[{"item":"b","weight":1}]}]}}],
      "warnings":[{"path":"/funnel/filter/field","detail":"no item has the field \"in_stok\""}]})")};
  });
  const Ran ran = run({"recommend", "u", "--explain", "--url", server.url()});
  EXPECT_EQ(ran.code, kExitOk);
  EXPECT_THAT(ran.out, HasSubstr("LANTERN"));
  EXPECT_THAT(ran.out, HasSubstr("because of MUG"));
  EXPECT_THAT(ran.err, HasSubstr("warning: /funnel/filter/field: no item has the field \"in_stok\""));
}

}  // namespace
}  // namespace tamis::client
