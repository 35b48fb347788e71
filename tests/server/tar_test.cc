#include "server/archive/tar.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>

#include "tests/requirement.h"

namespace tamis::server {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TarTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::path(testing::TempDir()) /
           (std::string("tar_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  void TearDown() override { fs::remove_all(dir_); }

  static std::string entry(const std::string& name, const std::string& bytes) {
    return tar_header(name, bytes.size()) + bytes + tar_padding(bytes.size());
  }
  Status read(std::string_view archive, std::size_t piece = 1'000'000) {
    fs::create_directories(dir_ / "out");
    TarReader reader(dir_ / "out");
    for (; !archive.empty(); archive.remove_prefix(std::min(piece, archive.size())))
      TAMIS_RETURN_IF_ERROR(reader.add(archive.substr(0, piece)));
    return reader.finish();
  }
  std::string file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  fs::path dir_;
};

TEST_F(TarTest, ReadsWhatItWroteInAnyPieces) {
  const std::string large(1'500, 'x');
  const std::string archive =
      entry("manifest.json", "{}") + entry("a.safetensors", large) + entry("empty", "") + tar_end();
  for (const std::size_t piece : {1, 511, 512, 513, 100'000}) {
    ASSERT_TRUE(read(archive, piece).is_ok()) << piece;
    EXPECT_EQ(file(dir_ / "out/manifest.json"), "{}");
    EXPECT_EQ(file(dir_ / "out/a.safetensors"), large);
    EXPECT_EQ(file(dir_ / "out/empty"), "");
    fs::remove_all(dir_ / "out");
  }
}

// The system's tar is the other party of the format, both ways.
TEST_F(TarTest, UnderstandsAndIsUnderstoodByTar) {
  fs::create_directories(dir_ / "in");
  std::ofstream(dir_ / "in/manifest.json") << "{\"a\":1}";
  std::ofstream(dir_ / "in/users.txt") << std::string(700, 'u');
  const std::string made = (dir_ / "made.tar").string();
  TAMIS_REQUIRE(std::system(("tar -C '" + (dir_ / "in").string() + "' -cf '" + made + "' .").c_str()) == 0, "tar");
  ASSERT_TRUE(read(file(made)).is_ok());
  EXPECT_EQ(file(dir_ / "out/manifest.json"), "{\"a\":1}");
  EXPECT_EQ(file(dir_ / "out/users.txt"), std::string(700, 'u'));

  std::ofstream(dir_ / "ours.tar", std::ios::binary) << entry("users.txt", "one\ntwo\n") << tar_end();
  fs::create_directories(dir_ / "theirs");
  ASSERT_EQ(
      std::system(("tar -C '" + (dir_ / "theirs").string() + "' -xf '" + (dir_ / "ours.tar").string() + "'").c_str()),
      0);
  EXPECT_EQ(file(dir_ / "theirs/users.txt"), "one\ntwo\n");
}

TEST_F(TarTest, RefusesWhatLeadsOutsideOrIsNoArchive) {
  for (const char* name : {"../evil", "/etc/evil", "a/b", ".hidden", "./../x"}) {
    EXPECT_EQ(read(entry(name, "x") + tar_end()).code(), StatusCode::kInvalidArgument) << name;
    EXPECT_FALSE(fs::exists(dir_ / "evil"));
  }
  std::string link = tar_header("link", 0);
  link[156] = '2';
  EXPECT_EQ(read(link).code(), StatusCode::kInvalidArgument);  // its checksum no longer fits, either
  EXPECT_THAT(read(std::string(2'000, 'z')).message(), HasSubstr("tar"));
  EXPECT_THAT(read("").message(), HasSubstr("empty"));
  const std::string whole = entry("users.txt", std::string(600, 'u'));
  EXPECT_THAT(read(std::string_view(whole).substr(0, 700)).message(), HasSubstr("cut off"));
}

}  // namespace
}  // namespace tamis::server
