// Labelled examples from lists: the raw values of every declared feature, and from them vocabularies, scales and the
// columns that a Dlrm learns from.
#pragma once

#include <span>
#include <vector>

#include "engine/learn/rank_lists.h"
#include "engine/serving/rank_encoder.h"

namespace tamis::engine {

// Pairs of a list and an item, with the crossed numbers of each. The request's and the item's own features follow from
// the list and the item.
struct RankExamples {
  struct Row {
    std::uint32_t list = 0;
    std::uint32_t item = 0;
    std::uint32_t labels = 0;  // bits by objective
  };
  std::vector<Row> rows;
  std::vector<double> numbers;  // [rows, crossed features]
};

struct RankDraw {
  std::uint32_t negatives = 0;  // candidates that reached no objective, of each list; 0: all of them
  std::uint32_t uniform = 0;    // items of the catalogue that the user did not take
  std::uint64_t seed = 42;
};

// Examples of the lists: all candidates that reached an objective and a draw of the others. Numbers are
// those of whole lists, so that ranks mean what they mean when serving.
Result<RankExamples> make_rank_examples(const RankWorld& world, std::span<const RankList> lists,
                                        const RankModels& models, std::span<const RankFeature> crossed,
                                        const RankDraw& draw, const models::TrainControl& control);

// Learns what the features look like: vocabularies from the lists' users and all items, means and deviations of
// numbers.
Result<RankEncoder> fit_rank_encoder(const RankWorld& world, std::span<const RankFeature> features,
                                     std::span<const RankList> lists, const RankExamples& examples,
                                     std::uint64_t min_count);

// The whole columns, labelled by one objective.
ranker::ExampleTable encode_examples(const RankWorld& world, const RankEncoder& encoder,
                                     std::span<const RankList> lists, const RankExamples& examples,
                                     std::size_t objective);

}  // namespace tamis::engine
