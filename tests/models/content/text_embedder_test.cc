// The built-in text embedders: what is near what, what survives saving, what bad files give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "models/content/hashed_text_embedder.h"
#include "models/content/text_tokens.h"
#include "models/content/word_vector_embedder.h"
#include "tests/models/temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;

const std::vector<std::string> kTexts = {
    "red metal lantern",   "blue metal lantern",      "white hanging heart holder", "cream hanging heart holder",
    "set of tea cups",     "set of coffee cups",      "wooden picture frame",       "wooden photo frame",
    "small metal lantern", "pink heart light holder", "tea cups and saucers",       "white picture frame"};

double cosine(const std::vector<float>& vectors, std::size_t a, std::size_t b, std::size_t dim) {
  double sum = 0;
  for (std::size_t d = 0; d < dim; ++d) sum += double{vectors[a * dim + d]} * vectors[b * dim + d];
  return sum;
}

TEST(TextTokens, AreLoweredRunsOfLettersAndDigits) {
  EXPECT_THAT(words_of("  T-Light Holder, 2nd (RÉD)\n"), ElementsAre("t", "light", "holder", "2nd", "réd"));
  EXPECT_TRUE(words_of(" -- ").empty());
}

TEST(TextTokens, FoldTheCaseOfEveryAlphabet) {
  EXPECT_EQ(words_of("CAFÉ"), words_of("café"));
  EXPECT_EQ(words_of("CAFE\u0301"), words_of("café"));  // the accent as a character of its own
  EXPECT_EQ(words_of("GRÖSSE"), words_of("größe"));
  EXPECT_EQ(words_of("ЗИМА ΧΕΙΜΏΝΑΣ"), words_of("зима χειμώνας"));
  EXPECT_EQ(words_of("ＬＡＮＴＥＲＮ ﬁsh"), words_of("lantern fish"));
  EXPECT_NE(words_of("cafe"), words_of("café"));
}

TEST(TextTokens, PunctuationOfAnyKindEndsAWord) {
  EXPECT_THAT(words_of("«lampe—rouge» … d’été"), ElementsAre("lampe", "rouge", "d", "été"));
  EXPECT_THAT(words_of("灯笼，红色"), ElementsAre("灯笼", "红色"));
}

TEST(TextTokens, TakeBytesThatAreNoUtf8) {
  EXPECT_THAT(words_of("CAF\xC9 Red"), ElementsAre("caf\xC9", "red"));
  EXPECT_THAT(words_of("\xF0\x9F\x98"), ElementsAre("\xF0\x9F\x98"));
  EXPECT_THAT(words_of(std::string("a\0b", 3)), ElementsAre("a", "b"));
}

TEST(TextTokens, HashIsTheOneThatFilesWereMadeWith) {
  // persistent: FNV-1a of the text, finished by one step of SplitMix64, both computed apart from this code.
  EXPECT_EQ(hash_text("", 0), 0xC3817C016BA4FF30ULL);
  EXPECT_EQ(hash_text("lantern", 1), 0xDD8DA380E8538BE4ULL);
}

class HashedText : public testing::TestWithParam<TextProjection> {};

TEST_P(HashedText, PutsTextsOfLikeWordsTogether) {
  HashedTextOptions options;
  options.dim = GetParam() == TextProjection::kSvd ? 6 : 512;
  options.projection = GetParam();
  const auto embedder = HashedTextEmbedder::fit(kTexts, options, {});
  ASSERT_TRUE(embedder.is_ok());
  const std::vector<std::string> queries = {"Metal lantern", "heart holder", "cups of tea", "lanterns", ""};
  const auto vectors = *embedder->embed(queries);
  const auto items = *embedder->embed(kTexts);
  std::vector<float> all(items);
  all.insert(all.end(), vectors.begin(), vectors.end());
  const auto nearest = [&](std::size_t query) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < kTexts.size(); ++i) {
      if (cosine(all, kTexts.size() + query, i, options.dim) > cosine(all, kTexts.size() + query, best, options.dim))
        best = i;
    }
    return kTexts[best];
  };
  EXPECT_THAT(nearest(0), testing::HasSubstr("lantern"));
  EXPECT_THAT(nearest(1), testing::HasSubstr("heart"));
  EXPECT_THAT(nearest(2), testing::HasSubstr("cups"));
  EXPECT_THAT(nearest(3), testing::HasSubstr("lantern"));  // a word that was never met, by its n-grams
  EXPECT_NEAR(cosine(all, 0, 0, options.dim), 1, 1e-5);
  EXPECT_EQ(cosine(all, all.size() / options.dim - 1, 0, options.dim), 0);  // the empty text
}

TEST_P(HashedText, SurvivesSavingAndAnyNumberOfThreads) {
  HashedTextOptions options;
  options.dim = 8;
  options.buckets = 4096;
  options.projection = GetParam();
  const auto one = HashedTextEmbedder::fit(kTexts, options, {.threads = 1});
  const auto three = HashedTextEmbedder::fit(kTexts, options, {.threads = 3});
  ASSERT_TRUE(one.is_ok() && three.is_ok());
  EXPECT_EQ(one->idf(), three->idf());
  EXPECT_EQ(one->projection(), three->projection());
  const auto restored = HashedTextEmbedder::restore(options, one->idf(), one->projection());
  ASSERT_TRUE(restored.is_ok());
  EXPECT_EQ(*restored->embed(kTexts), *one->embed(kTexts));
  EXPECT_EQ(HashedTextEmbedder::restore(options, {1, 2}, one->projection()).status().code(), StatusCode::kCorruption);
}

INSTANTIATE_TEST_SUITE_P(Projections, HashedText, testing::Values(TextProjection::kRandom, TextProjection::kSvd));

TEST(HashedText, RefusesOptionsOutOfRangeAndTakesAnyBytes) {
  HashedTextOptions options;
  options.dim = 0;
  EXPECT_EQ(HashedTextEmbedder::fit(kTexts, options, {}).status().code(), StatusCode::kInvalidArgument);
  const std::vector<std::string> odd = {std::string("\0\xFF\xC3", 3), "", std::string(10'000, 'x')};
  const auto embedder = HashedTextEmbedder::fit(odd, {}, {});
  ASSERT_TRUE(embedder.is_ok());
  const auto vectors = *embedder->embed(odd);
  for (const float value : vectors) EXPECT_TRUE(std::isfinite(value));
}

TEST(WordVectors, AreMeansOfKnownWordsWithRareOnesHeavier) {
  const TemporaryDirectory directory;
  const auto file = directory.write("vectors.txt", "the 1 0\nLantern 0 1\nlantern 5 5\n");
  auto embedder = WordVectorEmbedder::read(file);
  ASSERT_TRUE(embedder.is_ok()) << embedder.status().to_string();
  EXPECT_EQ(embedder->words(), 2);  // of words alike the first counts
  const std::vector<std::string> texts = {"The lantern", "unknown words", "LANTERN"};
  const auto plain = *embedder->embed(texts);
  const auto half = static_cast<float>(std::sqrt(0.5));
  EXPECT_THAT(plain, testing::Pointwise(testing::FloatNear(1e-6F), {half, half, 0.0F, 0.0F, 0.0F, 1.0F}));
  const std::vector<std::string> corpus = {"the the the lantern"};
  embedder->fit(corpus, 0.25);  // the: .25 / (.25 + .75), lantern: .25 / (.25 + .25)
  const auto weighted = *embedder->embed(texts);
  EXPECT_NEAR(weighted[1] / weighted[0], 2, 1e-5);
}

TEST(WordVectors, SkipAHeaderAndNameABadLine) {
  const TemporaryDirectory directory;
  const auto with_header = WordVectorEmbedder::read(directory.write("w2v.txt", "2 3\na 1 2 3\nb 1 2 4\n"));
  ASSERT_TRUE(with_header.is_ok());
  EXPECT_EQ(with_header->dim(), 3);
  for (const char* bad : {"a 1 2\nb 1\n", "a 1 2\nb 1 x\n", "a 1 2\nb 1 nan\n", "a 1 2\nb\n"}) {
    const auto read = WordVectorEmbedder::read(directory.write("bad.txt", bad));
    ASSERT_EQ(read.status().code(), StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(read.status().message(), testing::HasSubstr("bad.txt:2")) << bad;
  }
  EXPECT_EQ(WordVectorEmbedder::read(directory.write("empty.txt", "")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(WordVectorEmbedder::read(directory.path() / "none.txt").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace tamis::models
