// The content encoder: what is near what, users by their history, new items and texts, files and back.
#include "models/content/content_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "models/content/item_text.h"
#include "models/content/npy_matrix.h"
#include "models/content/word_vector_embedder.h"
#include "tests/models/temporary_directory.h"

namespace tamis::models {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kNames = {"red metal lantern", "blue metal lantern", "white metal lantern",
                                         "set of tea cups",   "set of coffee cups", "tea cups and saucers",
                                         "white photo frame", "wooden photo frame", ""};

std::vector<Features> features_of(const std::vector<std::string>& names) {
  std::vector<Features> features;
  for (const std::string& name : names) features.push_back(name.empty() ? Features{} : Features{{"name", name}});
  return features;
}

Settings in_force(const Settings& settings) { return resolve_settings(content_table(), settings).value(); }

Result<std::unique_ptr<Encoder>> train(const Settings& settings, const TextEmbedderSource* source = nullptr) {
  static const std::vector<Features> features = features_of(kNames);
  TrainingData data;
  data.users = 2;
  data.items = static_cast<std::uint32_t>(features.size());
  data.item_features = features;
  data.text_embedders = source;
  return train_content_encoder(data, in_force(settings), {.threads = 2});
}

double score(const Encoder& encoder, std::span<const float> user, std::uint32_t item) {
  double sum = 0;
  double squares = 0;
  for (std::size_t d = 0; d < user.size(); ++d) {
    sum += double{user[d]} * encoder.item_vectors()[item * user.size() + d];
    squares += double{user[d]} * user[d];
  }
  return sum / std::sqrt(squares);
}

std::vector<float> embed(const Encoder& encoder, std::vector<HistoryEvent> history,
                         std::vector<NewerEvent> newer = {}) {
  std::vector<float> vector(encoder.shape().dim);
  UserInput input;
  input.history = history;
  input.newer = newer;
  EXPECT_TRUE(encoder.embed_user(input, vector).is_ok());
  return vector;
}

HistoryEvent event(std::uint32_t item, float weight, TimestampMs at) {
  HistoryEvent made;
  made.item = item;
  made.weight = weight;
  made.timestamp_ms = at;
  return made;
}

TEST(ItemText, IsNameTitleAndProseOrTheFieldsAskedFor) {
  const Features features = {{"name", std::string("Lantern")},
                             {"about", Text{"Burns oil."}},
                             {"brand", std::string("Acme")},
                             {"tags", std::vector<std::string>{"metal", "light"}},
                             {"price", 3.5}};
  EXPECT_EQ(item_text(features, {}), "Lantern\nBurns oil.");
  const std::vector<std::string> fields = {"tags", "price", "brand", "absent"};
  EXPECT_EQ(item_text(features, fields), "metal light\nAcme");
  EXPECT_EQ(item_text({{"price", 1.0}}, {}), "");
}

TEST(ContentEncoder, PlacesUsersAmongWhatTheyMetLately) {
  const auto encoder = train({{"dim", "6"}, {"max_history", "2"}});
  ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  EXPECT_EQ((*encoder)->shape().metric, Metric::kCosine);
  const auto lanterns = embed(**encoder, {event(3, 1, 1), event(0, 1, 2), event(1, 1, 3)});
  EXPECT_GT(score(**encoder, lanterns, 2), score(**encoder, lanterns, 5) + 0.3) << "the oldest event is left out";
  const auto cups = embed(**encoder, {event(3, 10, 1), event(0, 1, 2)});
  EXPECT_GT(score(**encoder, cups, 5), score(**encoder, cups, 2)) << "weights count";
  std::vector<double> shares(2);
  const std::vector<HistoryEvent> history = {event(3, 10, 1), event(0, 1, 2)};
  UserInput input;
  input.history = history;
  ASSERT_TRUE((*encoder)->explain(input, 5, shares));
  EXPECT_NEAR(shares[0] + shares[1], score(**encoder, cups, 5), 1e-5);
}

TEST(ContentEncoder, RefusesAUserWithoutAText) {
  const auto encoder = train({{"dim", "6"}});
  std::vector<float> vector(6);
  const std::vector<HistoryEvent> history = {event(8, 1, 1)};  // an item without a name
  UserInput input;
  EXPECT_EQ((*encoder)->embed_user(input, vector).code(), StatusCode::kFailedPrecondition);
  input.history = history;
  EXPECT_EQ((*encoder)->embed_user(input, vector).code(), StatusCode::kFailedPrecondition);
}

TEST(ContentEncoder, PlacesNewItemsTextsAndUsersOfNewItems) {
  const auto encoder = train({{"dim", "6"}});
  std::vector<float> item(6);
  ASSERT_TRUE((*encoder)->embeds_new_items());
  ASSERT_TRUE((*encoder)->embed_item({{"title", std::string("metal lantern, green")}}, item).is_ok());
  EXPECT_GT(score(**encoder, item, 0), 0.8);
  EXPECT_FALSE((*encoder)->embed_item({{"price", 2.0}}, item).is_ok());
  std::vector<float> text(6);
  ASSERT_TRUE((*encoder)->embed_text("tea cup", text).is_ok());
  EXPECT_GT(score(**encoder, text, 3), score(**encoder, text, 0) + 0.3);
  const auto user = embed(**encoder, {event(3, 1, 1)}, {{.vector = item, .weight = 5, .timestamp_ms = 2}});
  EXPECT_GT(score(**encoder, user, 0), score(**encoder, user, 3));
}

TEST(ContentEncoder, IsTheSameAfterAFile) {
  const TemporaryDirectory directory;
  directory.write("words.txt", "metal 1 0 0\nlantern 1 0.2 0\ntea 0 1 0\ncups 0 1 0.2\nphoto 0 0 1\n");
  for (const Settings& settings :
       {Settings{{"dim", "6"}}, Settings{{"dim", "16"}, {"projection", "random"}},
        Settings{{"embedder", "word_vectors"}, {"path", (directory.path() / "words.txt").string()}}}) {
    const auto made = train(settings);
    ASSERT_TRUE(made.is_ok()) << made.status().to_string();
    TensorWriter writer;
    (*made)->add_tensors(writer);
    const auto file = directory.path() / "content.safetensors";
    ASSERT_TRUE(writer.write(file).is_ok());
    const auto tensors = TensorReader::open(file);
    const Settings saved = (*made)->settings();
    EXPECT_FALSE(saved.contains("path"));
    const auto loaded = ContentEncoder::load({.shape = (*made)->shape(), .settings = saved, .tensors = *tensors});
    ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
    EXPECT_TRUE(std::ranges::equal((*made)->item_vectors(), (*loaded)->item_vectors()));
    std::vector<float> before((*made)->shape().dim);
    std::vector<float> after(before.size());
    ASSERT_TRUE((*made)->embed_text("tea cups", before).is_ok());
    ASSERT_TRUE((*loaded)->embed_text("tea cups", after).is_ok());
    EXPECT_EQ(before, after);
  }
}

TEST(ContentEncoder, TellsWhatItLacks) {
  EXPECT_EQ(train({{"embedder", "word_vectors"}}).status().field(), "path");
  EXPECT_EQ(train({{"embedder", "word_vectors"}, {"path", "/nowhere.npy"}}).status().field(), "vocabulary");
  EXPECT_EQ(train({{"embedder", "endpoint"}}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(train({{"fields", "price, colour"}}).status().message(), HasSubstr("no item has a text"));
}

// Puts every text by its length.
class LengthEmbedder final : public TextEmbedder {
 public:
  std::uint32_t dim() const override { return 2; }
  Result<std::vector<float>> embed(std::span<const std::string> texts) const override {
    std::vector<float> vectors;
    for (const std::string& text : texts) {
      const float angle = static_cast<float>(text.size()) / 20;
      vectors.insert(vectors.end(), {text.empty() ? 0 : std::cos(angle), text.empty() ? 0 : std::sin(angle)});
    }
    return vectors;
  }
};
class LengthSource final : public TextEmbedderSource {
 public:
  Result<std::shared_ptr<const TextEmbedder>> endpoint(std::string_view model, std::uint32_t) const override {
    if (!model.empty() && model != "length") return Status::failed_precondition("another model");
    return std::shared_ptr<const TextEmbedder>(std::make_shared<LengthEmbedder>());
  }
  std::string model() const override { return "length"; }
};

TEST(ContentEncoder, AsksAnEndpointAndServesWithoutIt) {
  const LengthSource source;
  const auto made = train({{"embedder", "endpoint"}}, &source);
  ASSERT_TRUE(made.is_ok()) << made.status().to_string();
  EXPECT_TRUE((*made)->asks_server());
  EXPECT_EQ((*made)->settings().at("model"), "length");
  const Features features = {{"name", std::string("four")}};
  std::vector<float> vector(2);
  EXPECT_FALSE((*made)->embed_item(features, vector).is_ok()) << "a commit must not wait";
  const Features* one = &features;
  EXPECT_NEAR((*(*made)->embed_items({&one, 1}))[1], std::sin(0.2), 1e-6);

  const TemporaryDirectory directory;
  TensorWriter writer;
  (*made)->add_tensors(writer);
  ASSERT_TRUE(writer.write(directory.path() / "content.safetensors").is_ok());
  const auto tensors = TensorReader::open(directory.path() / "content.safetensors");
  const Settings saved = (*made)->settings();
  const auto alone = ContentEncoder::load({.shape = (*made)->shape(), .settings = saved, .tensors = *tensors});
  ASSERT_TRUE(alone.is_ok());
  EXPECT_TRUE(std::ranges::equal((*made)->item_vectors(), (*alone)->item_vectors()));
  EXPECT_THAT((*alone)->embed_text("x", vector).message(), HasSubstr("no embeddings endpoint"));
  const auto again = ContentEncoder::load(
      {.shape = (*made)->shape(), .settings = saved, .tensors = *tensors, .text_embedders = &source});
  EXPECT_TRUE((*again)->embed_text("four", vector).is_ok());
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// The first `met` items have rows, the others were met by nobody.
Result<std::unique_ptr<Encoder>> train_with_others(const std::vector<std::string>& names, std::size_t met) {
  const std::vector<Features> features = features_of(names);
  TrainingData data;
  data.users = 2;
  data.items = static_cast<std::uint32_t>(met);
  data.item_features = std::span(features).first(met);
  data.other_item_features = std::span(features).subspan(met);
  return train_content_encoder(data, in_force({}), {.threads = 1});
}

TEST(ContentEncoder, LearnsFromItemsThatNobodyMet) {
  for (const std::size_t met : {std::size_t{0}, std::size_t{3}}) {
    const auto encoder = train_with_others(kNames, met);
    ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
    EXPECT_EQ((*encoder)->item_vectors().size(), met * (*encoder)->shape().dim);
    std::vector<float> query((*encoder)->shape().dim);
    ASSERT_TRUE((*encoder)->embed_text("photo frame", query).is_ok());
    const auto score_of = [&](const std::string& name) {
      std::vector<float> item(query.size());
      EXPECT_TRUE((*encoder)->embed_item({{"name", name}}, item).is_ok());
      double sum = 0;
      for (std::size_t d = 0; d < item.size(); ++d) sum += double{item[d]} * query[d];
      return sum;
    };
    EXPECT_GT(score_of("white photo frame"), 0.7);
    EXPECT_LT(score_of("set of tea cups"), 0.3);
  }
}

TEST(ContentEncoder, HasNothingToSayOfNonsense) {
  const auto made = train({});
  ASSERT_TRUE(made.is_ok());
  const TemporaryDirectory directory;
  TensorWriter writer;
  (*made)->add_tensors(writer);
  ASSERT_TRUE(writer.write(directory.path() / "content.safetensors").is_ok());
  const auto tensors = TensorReader::open(directory.path() / "content.safetensors");
  ASSERT_TRUE(tensors.is_ok());
  const Settings saved = (*made)->settings();
  const auto loaded = ContentEncoder::load({.shape = (*made)->shape(), .settings = saved, .tensors = *tensors});
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  std::vector<float> out((*made)->shape().dim);
  for (const Encoder* encoder : {made->get(), loaded->get()}) {
    for (const char* nonsense : {"qqqqzzzz", "zzz", "xkcd jjjj", "1234567", "ЖЖЖ"})
      EXPECT_EQ(encoder->embed_text(nonsense, out).code(), StatusCode::kFailedPrecondition) << nonsense;
    for (const char* known : {"lantern", "LANTERNS", "lantren", "qqqqzzzz lantern", "cup"})
      EXPECT_TRUE(encoder->embed_text(known, out).is_ok()) << known;
  }
}

TEST(ContentEncoder, TurnsAwayFromWhatWasTurnedDown) {
  const auto encoder = train({});
  ASSERT_TRUE(encoder.is_ok());
  const HistoryEvent liked[] = {{.item = 0}, {.item = 3}};
  const HistoryEvent disliked[] = {{.item = 4}};
  std::vector<float> plain((*encoder)->shape().dim);
  std::vector<float> turned(plain.size());
  ASSERT_TRUE((*encoder)->embed_user({.history = liked}, plain).is_ok());
  ASSERT_TRUE((*encoder)->embed_user({.history = liked, .negatives = disliked}, turned).is_ok());
  EXPECT_LT(score(**encoder, turned, 4), score(**encoder, plain, 4));
  EXPECT_LT(score(**encoder, turned, 5), score(**encoder, plain, 5));  // its like
  EXPECT_GT(score(**encoder, turned, 1), score(**encoder, plain, 1));
}

TEST(NpyMatrix, ReadsItsTypesAndRefusesOthers) {
  const TemporaryDirectory directory;
  const auto read = [&](const std::string& bytes, std::uint64_t max_rows = 100) {
    return read_npy_matrix(directory.write("m.npy", bytes), max_rows);
  };
  const std::vector<float> values = {1, -2.5, 3, 0.5, 0, 4};
  EXPECT_EQ(read(npy("<f4", "(3, 2)", bytes_of(values)))->values, values);
  EXPECT_EQ(read(npy("<f8", "(3, 2)", bytes_of(std::vector<double>(values.begin(), values.end()))))->values, values);
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC100, 0x4200, 0x3800, 0x0000, 0x4400};
  EXPECT_EQ(read(npy("<f2", "(3, 2)", bytes_of(halves)))->values, values);
  EXPECT_EQ(read(npy("<f4", "(3, 2)", bytes_of(values)), 2)->rows, 2u);
  EXPECT_EQ(read(npy("<f4", "(4, 2)", bytes_of(values))).status().code(), StatusCode::kCorruption);
  EXPECT_THAT(read(npy(">f4", "(3, 2)", bytes_of(values))).status().message(), HasSubstr("its type"));
  EXPECT_THAT(read(npy("<f4", "(6,)", bytes_of(values))).status().message(), HasSubstr("two dimensions"));
  EXPECT_THAT(read(npy("<f4", "(1, 1)", bytes_of(std::vector<float>{NAN}))).status().message(), HasSubstr("finite"));
  EXPECT_EQ(read("hello").status().code(), StatusCode::kInvalidArgument);
}

TEST(WordVectors, ComeFromAMatrixBesideItsWords) {
  const TemporaryDirectory directory;
  const auto matrix = directory.write("w.npy", npy("<f4", "(2, 2)", bytes_of(std::vector<float>{3, 0, 0, 2})));
  const auto words = directory.write("w.txt", "Red\nblue\n");
  const auto embedder = WordVectorEmbedder::read_npy(matrix, words);
  ASSERT_TRUE(embedder.is_ok()) << embedder.status().to_string();
  const std::vector<std::string> texts = {"red", "BLUE blue", "green"};
  EXPECT_THAT(*embedder->embed(texts), testing::ElementsAre(1, 0, 0, 1, 0, 0));
  EXPECT_EQ(embedder->word_lines(), "red\nblue\n");
  EXPECT_THAT(WordVectorEmbedder::read_npy(matrix, directory.write("one.txt", "red\n")).status().message(),
              HasSubstr("has 1 words, expected 2"));
  EXPECT_EQ(WordVectorEmbedder::read_npy(matrix, words, 1)->words(), 1u);
}

}  // namespace
}  // namespace tamis::models
