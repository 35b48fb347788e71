// DlrmLayout: how a feature schema becomes the vectors that interact and the inputs of the top MLP.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "ranker/feature_schema.h"

namespace tamis::ranker {

enum class Interaction {
  kDot,   // pairwise dot products, behind the outputs of the bottom MLPs (Naumov et al. 2019)
  kCat,   // the vectors themselves, no products
  kBoth,  // both
};
std::string_view interaction_name(Interaction interaction);  // "dot", "cat", "both"
Result<Interaction> parse_interaction(std::string_view name);

// One of the vectors [dim] that interact: the pooled embedding of an id field, or the output of a bottom MLP. Each side
// with numeric fields has a bottom MLP of its own, so that every vector belongs to one side; where all numeric fields
// lie on one side that is the one bottom MLP of the paper.
struct VectorSource {
  FieldSide side = FieldSide::kContext;
  bool is_bottom = false;
  std::size_t index = 0;  // among id_fields(), or among bottoms
};

struct BottomSource {
  FieldSide side = FieldSide::kContext;
  std::vector<std::size_t> numeric;  // positions among numeric_fields()
};

struct DlrmLayout {
  std::vector<VectorSource> vectors;  // id fields in their order, then the bottom MLPs
  std::vector<BottomSource> bottoms;
  std::vector<std::size_t> concatenated;  // of vectors, in the order of their place in the top MLP's input
  bool has_pairs = false;                 // then the dot products follow, in the order of dot_pairs()
  std::size_t dim = 0;

  std::size_t pairs() const;       // dot products among the inputs
  std::size_t top_inputs() const;  // concatenated.size() * dim + pairs()
  // Whether the input of the top MLP is the vectors as they lie: no copy needed.
  bool is_plain_concatenation() const { return !has_pairs && concatenated.size() == vectors.size(); }
};

// Errors: invalid_argument where nothing would reach the top MLP (a single vector and kDot).
Result<DlrmLayout> make_layout(const FeatureSchema& schema, Interaction interaction, std::size_t dim);

}  // namespace tamis::ranker
