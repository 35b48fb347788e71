#include "engine/generations/generation_files.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/durable_files.h"
#include "common/random.h"
#include "engine/generations/manifest.h"
#include "models/ials/ials_encoder.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr std::uint32_t kUsers = 5;
constexpr std::uint32_t kItems = 7;

std::shared_ptr<const models::Encoder> encoder_of(models::IalsModel model) {
  return models::IalsEncoder::create(std::move(model)).value();
}

GenerationContents make_contents() {
  Random random(3);
  GenerationContents contents;
  contents.info = {.id = "g4",
                   .state = "ready",
                   .created_ms = 1'322'733'600'250,
                   .sequence = 1'042,
                   .models = {"popular", "item_knn", "user_knn", "ials"},
                   .metrics = {{"ials", {{"ndcg@10", 0.1 + 0.2}}}},
                   .note = "a note"};
  for (std::uint32_t u = 0; u < kUsers; ++u) contents.users.push_back("user " + std::to_string(u) + " \xC3\xA9");
  for (std::uint32_t i = 0; i < kItems; ++i) contents.items.push_back("item/" + std::to_string(i));
  std::vector<models::WeightedPair> pairs;
  for (int n = 0; n < 30; ++n)
    pairs.push_back({random.below(kUsers), random.below(kItems), static_cast<float>(1 + random.uniform())});
  contents.interactions = models::make_interaction_matrix(kUsers, kItems, pairs);
  const models::NeighborOptions options{.neighbors = 3};
  contents.models.item_neighbors =
      models::train_neighbors(contents.interactions.transpose(), options, models::TrainControl{}).value();
  contents.models.user_neighbors =
      models::train_neighbors(contents.interactions, options, models::TrainControl{}).value();
  contents.models.encoders.push_back(encoder_of(
      models::train_ials(contents.interactions, {.dim = 3, .unobserved_weight = 0.7}, models::TrainControl{}).value()));
  return contents;
}

class GenerationFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            (std::string("generation_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(GenerationFilesTest, WhatIsReadIsWhatWasWritten) {
  const GenerationContents written = make_contents();
  ASSERT_TRUE(write_generation(root_ / "g4", written).is_ok());
  EXPECT_FALSE(fs::exists(root_ / "g4.tmp"));
  const auto read = read_generation(root_ / "g4");
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  EXPECT_EQ(read->info.id, "g4");
  EXPECT_EQ(read->info.created_ms, written.info.created_ms);
  EXPECT_EQ(read->info.sequence, 1'042);
  EXPECT_EQ(read->info.models, written.info.models);
  EXPECT_EQ(read->info.metrics, written.info.metrics);
  EXPECT_EQ(read->info.note, "a note");
  EXPECT_EQ(read->users, written.users);
  EXPECT_EQ(read->items, written.items);
  ASSERT_EQ(read->models.encoders.size(), 1);
  const models::Encoder& encoder = *read->models.encoders[0];
  EXPECT_EQ(encoder.shape().name, "ials");
  EXPECT_EQ(encoder.shape().dim, 3);
  EXPECT_THAT(encoder.user_vectors(), ::testing::ElementsAreArray(written.models.encoders[0]->user_vectors()));
  EXPECT_THAT(encoder.item_vectors(), ::testing::ElementsAreArray(written.models.encoders[0]->item_vectors()));
  EXPECT_EQ(encoder.settings(), written.models.encoders[0]->settings());
  EXPECT_EQ(read->models.item_neighbors->offsets, written.models.item_neighbors->offsets);
  EXPECT_EQ(read->models.item_neighbors->neighbor, written.models.item_neighbors->neighbor);
  EXPECT_EQ(read->models.item_neighbors->similarity, written.models.item_neighbors->similarity);
  EXPECT_EQ(read->models.user_neighbors->neighbor, written.models.user_neighbors->neighbor);
  EXPECT_EQ(read->interactions.offsets, written.interactions.offsets);
  EXPECT_EQ(read->interactions.column, written.interactions.column);
  EXPECT_EQ(read->interactions.weight, written.interactions.weight);
}

TEST_F(GenerationFilesTest, NothingIsOverwritten) {
  ASSERT_TRUE(write_generation(root_ / "g4", make_contents()).is_ok());
  EXPECT_EQ(write_generation(root_ / "g4", make_contents()).code(), StatusCode::kAlreadyExists);
}

TEST_F(GenerationFilesTest, EveryFlippedBitAndEveryCutIsDetected) {
  ASSERT_TRUE(write_generation(root_ / "g4", make_contents()).is_ok());
  Random random(11);
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(root_ / "g4")) {
    const std::string whole = read_whole_file(entry.path(), 1 << 20).value();
    for (int n = 0; n < 40; ++n) {
      std::string bytes = whole;
      const std::size_t at = random.below(static_cast<std::uint32_t>(whole.size()));
      if (n % 4 == 0)
        bytes.resize(at);
      else
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      std::ofstream(entry.path(), std::ios::binary) << bytes;
      const auto read = read_generation(root_ / "g4");
      // White space between the manifest's members carries nothing: a flip there may do no harm.
      if (read.is_ok()) {
        EXPECT_EQ(entry.path().filename(), kGenerationManifestName);
        EXPECT_EQ(read->info.metrics, make_contents().info.metrics);
        EXPECT_EQ(read->info.note, "a note");
        continue;
      }
      ++damaged;
      EXPECT_TRUE(read.status().code() == StatusCode::kCorruption) << read.status().to_string();
    }
    std::ofstream(entry.path(), std::ios::binary) << whole;
  }
  EXPECT_GT(damaged, 250);
  EXPECT_TRUE(read_generation(root_ / "g4").is_ok());
}

TEST_F(GenerationFilesTest, MissingFilesAreTold) {
  ASSERT_TRUE(write_generation(root_ / "g4", make_contents()).is_ok());
  fs::remove(root_ / "g4" / "user_knn.safetensors");
  const Status status = read_generation(root_ / "g4").status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("user_knn.safetensors"));
  EXPECT_EQ(read_generation(root_ / "g5").status().code(), StatusCode::kCorruption);
}

TEST_F(GenerationFilesTest, TablesThatLeadOutsideAreRefusedThoughChecksumsFit) {
  GenerationContents contents = make_contents();
  contents.models.item_neighbors->neighbor[0] = kItems;
  ASSERT_TRUE(write_generation(root_ / "g4", contents).is_ok());
  EXPECT_EQ(read_generation(root_ / "g4").status().code(), StatusCode::kCorruption);

  contents = make_contents();
  models::IalsModel broken{
      .options = {.dim = 3}, .users = kUsers, .items = kItems, .user_factors = {}, .item_factors = {}};
  broken.user_factors.resize(kUsers * 3);
  broken.item_factors.resize(kItems * 3);
  broken.item_factors[0] = std::numeric_limits<float>::quiet_NaN();
  contents.models.encoders = {encoder_of(std::move(broken))};
  ASSERT_TRUE(write_generation(root_ / "g5", contents).is_ok());
  EXPECT_EQ(read_generation(root_ / "g5").status().code(), StatusCode::kCorruption);

  contents = make_contents();
  contents.items.pop_back();
  ASSERT_TRUE(write_generation(root_ / "g6", contents).is_ok());
  EXPECT_EQ(read_generation(root_ / "g6").status().code(), StatusCode::kCorruption);
}

TEST_F(GenerationFilesTest, ANewerVersionIsRefusedAsSuch) {
  Manifest manifest;
  manifest.info = make_contents().info;
  std::string text = manifest_to_json(manifest);
  ASSERT_TRUE(parse_manifest(text).is_ok());
  text.replace(text.find("\"version\": 2"), 12, "\"version\": 5");
  const Status status = parse_manifest(text).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("version 5"));
}

TEST_F(GenerationFilesTest, AWholeNumberIsNeitherABooleanNorAFractionNorTooLarge) {
  Manifest written;
  written.info = make_contents().info;
  nlohmann::json manifest = nlohmann::json::parse(manifest_to_json(written));
  manifest.erase("checksum");
  ASSERT_TRUE(parse_manifest(manifest.dump()).is_ok());
  for (const char* member : {"version", "users", "items"}) {
    for (const char* value : {"1e30", "true", "1.5", "-1", "4294967296", "\"1\"", "null"}) {
      nlohmann::json changed = manifest;
      changed[member] = nlohmann::json::parse(value);
      const Status status = parse_manifest(changed.dump()).status();
      ASSERT_FALSE(status.is_ok()) << member << " " << value;
      EXPECT_THAT(status.message(), HasSubstr(member)) << value;
    }
  }
}

// Version 1 as it was written: the options of iALS, as numbers, in the place of the encoders.
TEST_F(GenerationFilesTest, Version1IsStillRead) {
  const GenerationContents contents = make_contents();
  ASSERT_TRUE(write_generation(root_ / "g4", contents).is_ok());
  nlohmann::json manifest;
  std::ifstream(root_ / "g4/manifest.json") >> manifest;
  manifest["version"] = 1;
  manifest["ials"] = {{"dim", 3},
                      {"iterations", 16},
                      {"unobserved_weight", 0.7},
                      {"regularization", 0.003},
                      {"regularization_exponent", 1.0},
                      {"init_stddev", 0.1},
                      {"seed", 42}};
  manifest.erase("encoders");
  manifest.erase("checksum");
  std::ofstream(root_ / "g4/manifest.json") << manifest;
  const auto read = read_generation(root_ / "g4");
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  ASSERT_EQ(read->models.encoders.size(), 1);
  std::vector<float> now(3);
  std::vector<float> then(3);
  const models::HistoryEvent history[] = {{.item = 2, .weight = 1.5F}};
  ASSERT_TRUE(read->models.encoders[0]->embed_user({.history = history}, now).is_ok());
  ASSERT_TRUE(contents.models.encoders[0]->embed_user({.history = history}, then).is_ok());
  EXPECT_EQ(now, then);
}

TEST_F(GenerationFilesTest, BindingMapsExternalIdsToDenseOnes) {
  storage::IdTable users;
  storage::IdTable items;
  users.assign("someone newer");
  const GenerationContents contents = make_contents();
  for (auto id = contents.users.rbegin(); id != contents.users.rend(); ++id) users.assign(*id);
  for (const std::string& id : contents.items) items.assign(id);
  const auto bound = bind_generation(contents, users, items);
  ASSERT_TRUE(bound.is_ok()) << bound.status().to_string();
  const Generation& generation = **bound;
  for (std::uint32_t row = 0; row < kUsers; ++row) {
    EXPECT_EQ(users.name(generation.users[row]), contents.users[row]);
    EXPECT_EQ(generation.user_rows[generation.users[row]], row);
    EXPECT_FLOAT_EQ(generation.user_norms[row] * generation.user_norms[row],
                    static_cast<float>(generation.interactions.row_columns(row).size()));
  }
  EXPECT_EQ(generation.user_rows[0], kNoDenseId);
  EXPECT_EQ(generation.interactions_by_item.rows, kItems);
  EXPECT_EQ(generation.interactions_by_item.nonzeros(), generation.interactions.nonzeros());
}

TEST_F(GenerationFilesTest, BindingRefusesAVocabularyThatIsNotOurs) {
  storage::IdTable users;
  storage::IdTable items;
  GenerationContents contents = make_contents();
  for (const std::string& id : contents.users) users.assign(id);
  EXPECT_EQ(bind_generation(contents, users, items).status().code(), StatusCode::kFailedPrecondition);
  for (const std::string& id : contents.items) items.assign(id);
  contents.users[1] = contents.users[0];
  EXPECT_EQ(bind_generation(contents, users, items).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace tamis::engine
