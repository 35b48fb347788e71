#include "ranker/dlrm_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/matrix_io.h"
#include "ranker/dlrm_metadata.h"
#include "tests/models/temporary_directory.h"
#include "tests/ranker/random_examples.h"

namespace tamis::ranker {
namespace {

Vocabulary numbered(const std::string& prefix, std::uint32_t rows) {
  std::vector<std::string> values;
  for (std::uint32_t row = 1; row < rows; ++row) values.push_back(prefix + std::to_string(row));
  return *Vocabulary::create(std::move(values));
}

class DlrmFile : public testing::Test {
 protected:
  void SetUp() override {
    const FeatureSchema schema = mixed_schema();
    std::vector<Vocabulary> vocabularies;
    for (const std::size_t position : schema.id_fields())
      vocabularies.push_back(numbered(schema.fields()[position].name + "=", schema.fields()[position].rows));
    encoder_ = *FeatureEncoder::create(schema, std::move(vocabularies));
    options_ = {.dim = 4, .bottom = {5}, .top = {8, 6}, .interaction = Interaction::kBoth, .batch_norm = true};
  }
  Dlrm make_model() const { return *Dlrm::create(encoder_.schema(), options_, 9); }
  std::filesystem::path path() const { return directory_.path() / "ranker.safetensors"; }

  models::TemporaryDirectory directory_;
  FeatureEncoder encoder_;
  DlrmOptions options_;
  Calibrator platt_{.kind = Calibration::kPlatt, .slope = 1.25F, .offset = -0.5F, .logits = {}, .probabilities = {}};
};

TEST_F(DlrmFile, ReadsBackWhatItWrote) {
  const Dlrm model = make_model();
  ASSERT_TRUE(write_dlrm(path(), model, encoder_, platt_).is_ok());
  const auto read = read_dlrm(path());
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  Random random(4);
  const ExampleTable examples = random_examples(model.schema(), 25, random);
  std::vector<float> before(25);
  std::vector<float> after(25);
  ASSERT_TRUE(score_examples(model, examples, before, {}).is_ok());
  ASSERT_TRUE(score_examples(read->model, examples, after, {}).is_ok());
  EXPECT_EQ(before, after);
  EXPECT_EQ(read->encoder.vocabularies()[0].row_of("user=3"), 3U);
  EXPECT_EQ(read->calibrator.probability(2), platt_.probability(2));
}

// Reads each row from the file.
class UncachedRows final : public RowSource {
 public:
  UncachedRows(std::shared_ptr<const models::TensorReader> file, std::vector<models::TensorReader::Info> tables)
      : file_(std::move(file)), tables_(std::move(tables)) {}
  Status read(std::size_t table, std::uint32_t row, std::span<float> out) const override {
    return file_->read_part(tables_[table], std::uint64_t{row} * out.size(), out);
  }

 private:
  std::shared_ptr<const models::TensorReader> file_;
  std::vector<models::TensorReader::Info> tables_;
};

TablesOnDisk uncached(std::uint64_t above_bytes) {
  return {.above_bytes = above_bytes, .open = [](auto file, auto tables) {
            return std::make_shared<const UncachedRows>(std::move(file), std::move(tables));
          }};
}

TEST_F(DlrmFile, TablesThatStayOnDiskScoreAlikeToTheBit) {
  const Dlrm model = make_model();
  ASSERT_TRUE(write_dlrm(path(), model, encoder_, platt_).is_ok());
  std::uint64_t table_bytes = 0;
  for (const auto& table : model.tables()) table_bytes += table.values().size_bytes();
  const TablesOnDisk small = uncached(table_bytes);
  EXPECT_EQ(read_dlrm(path(), &small)->bytes_on_disk, 0u) << "what fits is read into memory";

  const TablesOnDisk large = uncached(table_bytes - 1);
  auto read = read_dlrm(path(), &large);
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  EXPECT_EQ(read->bytes_on_disk, table_bytes);
  EXPECT_TRUE(read->model.tables().empty());
  Random random(4);
  const ExampleTable examples = random_examples(model.schema(), 25, random);
  std::vector<float> in_memory(25);
  std::vector<float> on_disk(25);
  ASSERT_TRUE(score_examples(model, examples, in_memory, {}).is_ok());
  ASSERT_TRUE(score_examples(read->model, examples, on_disk, {}).is_ok());
  EXPECT_EQ(on_disk, in_memory);

  EXPECT_EQ(write_dlrm(path(), read->model, encoder_, platt_).code(), StatusCode::kFailedPrecondition);
  Dlrm::Cache cache;
  const std::vector<std::uint32_t> rows = {0, 1};
  EXPECT_EQ(read->model.forward_train(examples, rows, cache, 1, {}).code(), StatusCode::kFailedPrecondition);
}

TEST_F(DlrmFile, ForgetsValuesAndNothingElse) {
  const Dlrm model = make_model();
  const std::size_t field = 0;
  const std::string name = encoder_.schema().fields()[encoder_.schema().id_fields()[field]].name;
  const std::string last = encoder_.vocabularies()[field].values().back();
  ASSERT_TRUE(write_dlrm(path(), model, encoder_, platt_).is_ok());
  const std::set<std::string, std::less<>> values = {name + "=2", last, "never seen"};
  EXPECT_TRUE(*knows_values(path(), name, values));
  EXPECT_FALSE(*knows_values(path(), name, {"never seen"}));
  EXPECT_FALSE(*knows_values(path(), "no such field", values));

  const auto to = directory_.path() / "forgotten.safetensors";
  ASSERT_TRUE(forget_values(path(), name, values, to).is_ok());
  EXPECT_FALSE(*knows_values(to, name, values));
  const auto read = read_dlrm(to);
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  const Vocabulary& known = read->encoder.vocabularies()[field];
  EXPECT_EQ(known.row_of(last), Vocabulary::kUnknown);
  EXPECT_EQ(known.rows(), encoder_.vocabularies()[field].rows());
  for (std::size_t f = 0; f < model.tables().size(); ++f) {
    for (std::uint32_t row = 0; row < model.tables()[f].rows(); ++row) {
      const bool forgotten = f == field && (row == 2 || row + 1 == known.rows());
      for (std::size_t d = 0; d < options_.dim; ++d) {
        EXPECT_EQ(read->model.tables()[f].row(row)[d], forgotten ? 0.0F : model.tables()[f].row(row)[d]);
      }
      if (f == field && row > 0 && !forgotten) {
        EXPECT_EQ(known.values()[row - 1], encoder_.vocabularies()[f].values()[row - 1]);
      }
    }
  }
  // Once more, others.
  ASSERT_TRUE(forget_values(to, name, {name + "=1"}, path()).is_ok());
  EXPECT_EQ(read_dlrm(path())->encoder.vocabularies()[field].row_of(name + "=1"), Vocabulary::kUnknown);
}

TEST_F(DlrmFile, AFileThatShrinksUnderItsTablesIsAnError) {
  const Dlrm model = make_model();
  ASSERT_TRUE(write_dlrm(path(), model, encoder_, platt_).is_ok());
  const TablesOnDisk large = uncached(0);
  const auto read = read_dlrm(path(), &large);
  ASSERT_TRUE(read.is_ok());
  std::filesystem::resize_file(path(), 100);
  Random random(4);
  const ExampleTable examples = random_examples(model.schema(), 25, random);
  std::vector<float> logits(25);
  EXPECT_EQ(score_examples(read->model, examples, logits, {}).code(), StatusCode::kCorruption);
}

// Rewrites the file with other metadata, or without or with other tensors, and gives the status of reading it.
class DamagedDlrmFile : public DlrmFile {
 protected:
  void SetUp() override {
    DlrmFile::SetUp();
    const Dlrm model = make_model();
    ASSERT_TRUE(write_dlrm(path(), model, encoder_, platt_).is_ok());
    const auto reader = models::TensorReader::open(path());
    for (const auto& [name, info] : reader->tensors()) {
      tensors_[name] = {info.shape, *reader->read<float>(name)};
    }
    metadata_ = reader->metadata().at("tamis.ranker");
  }
  // Both ways: into memory, and with the tables left on disk.
  Status reread() const {
    models::TensorWriter writer;
    writer.set_metadata("tamis.ranker", metadata_);
    for (const auto& [name, tensor] : tensors_) writer.add<float>(name, tensor.first, tensor.second);
    EXPECT_TRUE(writer.write(path()).is_ok());
    const Status status = read_dlrm(path()).status();
    const TablesOnDisk on_disk = uncached(0);
    EXPECT_EQ(read_dlrm(path(), &on_disk).status().to_string(), status.to_string());
    return status;
  }
  void replace(const std::string& from, const std::string& to) {
    const std::size_t at = metadata_.find(from);
    ASSERT_NE(at, std::string::npos) << from << " in " << metadata_;
    metadata_.replace(at, from.size(), to);
  }
  std::map<std::string, std::pair<models::TensorShape, std::vector<float>>> tensors_;
  std::string metadata_;
};

TEST_F(DamagedDlrmFile, NamesTheTensorAtFault) {
  ASSERT_TRUE(reread().is_ok());
  const auto good = tensors_;
  tensors_.erase("embedding.item");
  EXPECT_EQ(reread().field(), "embedding.item");
  tensors_ = good;
  tensors_["embedding.user"].first = {19, 4};
  tensors_["embedding.user"].second.resize(19 * 4);
  EXPECT_EQ(reread().field(), "embedding.user");
  tensors_ = good;
  tensors_["embedding.item"].second[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(reread().field(), "embedding.item");
  tensors_ = good;
  tensors_["top.0.weight"].second[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(reread().field(), "top.0.weight");
  tensors_ = good;
  tensors_["top.1.norm.running_variance"].second[0] = -1;
  EXPECT_EQ(reread().field(), "top.1.norm.running_variance");
  tensors_ = good;
  tensors_["stranger"] = {{1}, {0}};
  EXPECT_EQ(reread().field(), "stranger");
  tensors_ = good;
  tensors_.erase("top.2.bias");
  EXPECT_THAT(reread().message(), testing::HasSubstr("top.2.bias"));
}

TEST_F(DamagedDlrmFile, NamesTheMemberAtFault) {
  const std::string good = metadata_;
  const auto field_after = [&](const std::string& from, const std::string& to) {
    metadata_ = good;
    replace(from, to);
    return reread().field();
  };
  EXPECT_EQ(field_after("\"version\":1", "\"version\":2"), "version");
  EXPECT_EQ(field_after("tamis.dlrm", "other"), "format");
  EXPECT_EQ(field_after("\"side\":\"user\"", "\"side\":\"usr\""), "fields[0].side");
  EXPECT_EQ(field_after("\"user=2\"", "\"user=1\""), "fields[0].values");
  EXPECT_EQ(field_after("\"user=2\",", ""), "embedding.user");
  EXPECT_EQ(field_after("\"stddev\":1.0", "\"stddev\":0"), "fields[1].stddev");
  EXPECT_EQ(field_after("\"dim\":4", "\"dim\":\"4\""), "options.dim");
  EXPECT_EQ(field_after("\"top\":[8,6]", "\"top\":[]"), "top");
  EXPECT_EQ(field_after("\"slope\":1.25", "\"slope\":-1"), "calibration");
  EXPECT_EQ(field_after("\"dim\":4", "\"dim\":8"), "embedding.user");
  metadata_ = "{";
  EXPECT_FALSE(reread().is_ok());
  EXPECT_FALSE(parse_metadata("[]").is_ok());
  EXPECT_FALSE(parse_metadata("{\"format\":\"tamis.dlrm\",\"version\":1,\"options\":3}").is_ok());
}

TEST_F(DlrmFile, RefusesAnEncoderOfAnotherSchemaAndAnAbsentFile) {
  const auto other = FeatureEncoder::create(make_schema({id_field("a", FieldSide::kUser, 2)}), {numbered("a", 2)});
  EXPECT_EQ(write_dlrm(path(), make_model(), *other, platt_).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(read_dlrm(path()).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace tamis::ranker
