#include "models/matrix_io.h"

#include <gmock/gmock.h>

#include <cstring>
#include <iterator>

#include "common/random.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string with_header(std::string_view header, std::string_view data = "") {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof(length), '\0');
  std::memcpy(bytes.data(), &length, sizeof(length));
  return bytes + std::string(header) + std::string(data);
}
std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
template <typename T>
std::span<const T> view(const std::vector<T>& values) {
  return values;
}

class MatrixIo : public testing::Test {
 protected:
  Status open(std::string_view bytes) const {
    return TensorReader::open(directory_.write("bytes.safetensors", bytes)).status();
  }
  std::filesystem::path write_sample() const {
    static const std::vector<float> kFactors = {1.5F, -2, 0.25F, 3, 0, 7};
    static const std::vector<std::int64_t> kOffsets = {0, 3, 5};
    static const std::vector<std::uint8_t> kBlob = {'a', 'b', 'c', 'd', 'e'};
    static const std::vector<std::uint32_t> kNone;
    TensorWriter writer;
    writer.add("factors", {3, 2}, view(kFactors));
    writer.add("offsets", {3}, view(kOffsets));
    writer.add("blob", {5}, view(kBlob));
    writer.add("none", {0, 4}, view(kNone));
    writer.set_metadata("model", "ials");
    const std::filesystem::path path = directory_.path() / "sample.safetensors";
    EXPECT_TRUE(writer.write(path).is_ok());
    return path;
  }
  TemporaryDirectory directory_;
};

TEST_F(MatrixIo, ReadsWhatItWrote) {
  const auto reader = TensorReader::open(write_sample());
  ASSERT_TRUE(reader.is_ok()) << reader.status().to_string();
  EXPECT_THAT(*reader->read<float>("factors", {3, 2}), ElementsAre(1.5F, -2, 0.25F, 3, 0, 7));
  EXPECT_THAT(*reader->read<std::int64_t>("offsets"), ElementsAre(0, 3, 5));
  EXPECT_THAT(*reader->read<std::uint8_t>("blob"), ElementsAre('a', 'b', 'c', 'd', 'e'));
  EXPECT_THAT(*reader->read<std::uint32_t>("none", {0, 4}), IsEmpty());
  EXPECT_THAT(reader->metadata(), ElementsAre(testing::Pair("model", "ials")));
  EXPECT_EQ(reader->tensors().at("factors").shape, TensorShape({3, 2}));
}

// As Python's safetensors wrote {"factors": [[1.5, -2], [0.25, 3]] f32, "ids": [1, -2, 3] i64}.
TEST_F(MatrixIo, ReadsAFileOfTheReferenceLibrary) {
  const std::string bytes =
      with_header(R"({"__metadata__":{"format":"tamis"},"ids":{"dtype":"I64","shape":[3],"data_offsets":[0,24]},)"
                  R"("factors":{"dtype":"F32","shape":[2,2],"data_offsets":[24,40]}}      )",
                  std::string_view("\x01\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff\x03\0\0\0\0\0\0\0"
                                   "\0\0\xc0?\0\0\0\xc0\0\0\x80>\0\0@@",
                                   40));
  ASSERT_EQ(bytes.size(), 208);
  const auto reader = TensorReader::open(directory_.write("golden.safetensors", bytes));
  ASSERT_TRUE(reader.is_ok()) << reader.status().to_string();
  EXPECT_THAT(*reader->read<float>("factors", {2, 2}), ElementsAre(1.5F, -2, 0.25F, 3));
  EXPECT_THAT(*reader->read<std::int64_t>("ids"), ElementsAre(1, -2, 3));
  EXPECT_EQ(reader->metadata().at("format"), "tamis");
}

TEST_F(MatrixIo, AsksForTheRightNameTypeAndShape) {
  const auto reader = TensorReader::open(write_sample());
  ASSERT_TRUE(reader.is_ok());
  EXPECT_EQ(reader->read<float>("factor").status().code(), StatusCode::kNotFound);
  EXPECT_THAT(reader->read<std::int64_t>("factors").status().message(), HasSubstr("is F32, expected I64"));
  EXPECT_THAT(reader->read<float>("factors", {2, 3}).status().message(), HasSubstr("shape [3, 2], expected [2, 3]"));
  EXPECT_EQ(TensorReader::open(directory_.path() / "absent").status().code(), StatusCode::kNotFound);
}

TEST_F(MatrixIo, RefusesMalformedHeaders) {
  const std::string tensor = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  EXPECT_TRUE(open(with_header("{\"a\":{" + tensor + "}}", "1234")).is_ok());
  EXPECT_TRUE(open(with_header("{\"a\":{" + tensor + "}}   ", "1234")).is_ok());
  EXPECT_TRUE(open(with_header("{}")).is_ok());
  const std::string bad[] = {
      "",
      "1234567",
      std::string(8, '\0'),
      std::string(8, '\xff'),
      with_header("{"),
      with_header("[]"),
      with_header("  {}"),
      with_header("{} x"),
      with_header("{\"a\":3}"),
      with_header("{\"a\":{}}"),
      with_header("{\"a\":{" + tensor + "}}", "123"),
      with_header("{\"a\":{" + tensor + "}}", "12345"),
      with_header("{\"a\":{" + tensor + "},\"a\":{" + tensor + "}}", "1234"),
      with_header("{\"a\":{" + tensor + "},\"b\":{" + tensor + "}}", "1234"),
      with_header("{\"a\":{" + tensor + ",\"more\":1}}", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}})", "1234"),
      with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678"),
      with_header(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", "12345678"),
      with_header(R"({"__metadata__":{"a":1}})"),
      with_header(R"({"__metadata__":"a"})"),
      with_header("{\"a\":" + std::string(100000, '[') + "}"),
      with_header("{\"\xff\":{" + tensor + "}}", "1234"),
  };
  for (const std::string& bytes : bad) EXPECT_FALSE(open(bytes).is_ok()) << bytes.substr(0, 100);
}

TEST_F(MatrixIo, SurvivesEveryTruncationAndBitFlip) {
  const std::string intact = read_file(write_sample());
  for (std::size_t size = 0; size < intact.size(); ++size) {
    EXPECT_FALSE(open(intact.substr(0, size)).is_ok()) << size << " bytes";
  }
  for (std::size_t byte = 0; byte < intact.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = intact;
      flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << bit));
      const auto reader = TensorReader::open(directory_.write("flipped.safetensors", flipped));
      if (!reader.is_ok()) continue;  // otherwise a name, a dtype of the same width, or data changed: all can be read
      for (const auto& [name, info] : reader->tensors()) {
        const auto values = reader->read<float>(name);
        if (values.is_ok()) {
          EXPECT_EQ(values->size() * sizeof(float), info.bytes);
        }
      }
    }
  }
}

TEST_F(MatrixIo, SurvivesNoise) {
  Random random(17);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = with_header(R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})", "12345678");
    for (int change = 0; change < 6; ++change) {
      bytes[8 + random.below(static_cast<std::uint32_t>(bytes.size() - 8))] = static_cast<char>(random.below(256));
    }
    const auto reader = TensorReader::open(directory_.write("noise.safetensors", bytes));
    if (reader.is_ok()) {
      EXPECT_LE(reader->tensors().size(), 1U);
    }
  }
}

TEST_F(MatrixIo, NoticesAFileThatShrank) {
  const auto path = write_sample();
  const auto reader = TensorReader::open(path);
  ASSERT_TRUE(reader.is_ok());
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 20);
  EXPECT_EQ(reader->read<std::uint8_t>("blob").status().code(), StatusCode::kCorruption);
}

TEST_F(MatrixIo, RefusesToWriteWhatItCouldNotRead) {
  const std::vector<float> data = {1, 2};
  const auto write = [&](const std::string& first, const std::string& second, TensorShape shape) {
    TensorWriter writer;
    writer.add(first, {2}, view(data));
    writer.add(second, std::move(shape), view(data));
    return writer.write(directory_.path() / "refused.safetensors").code();
  };
  EXPECT_EQ(write("a", "a", {2}), StatusCode::kInvalidArgument);
  EXPECT_EQ(write("a", "__metadata__", {2}), StatusCode::kInvalidArgument);
  EXPECT_EQ(write("a", "b", {3}), StatusCode::kInvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "refused.safetensors"));
  EXPECT_EQ(write("a", "b", {2}), StatusCode::kOk);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "refused.safetensors.tmp"));
  TensorWriter writer;
  EXPECT_EQ(writer.write(directory_.path() / "no" / "such" / "place").code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace tamis::models
