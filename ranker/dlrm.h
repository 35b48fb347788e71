// Dlrm: the deep learning recommendation model of Naumov et al. 2019 (arXiv:1906.00091). Embedding bags for
// categorical fields and bottom MLPs for numeric ones give vectors of one length; their pairwise dot products (or the
// vectors themselves) go through the top MLP to one logit, whose sigmoid is the probability of the label.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/nn/embedding_table.h"
#include "models/nn/parameters.h"
#include "models/train_control.h"
#include "ranker/dlrm_layout.h"
#include "ranker/example_table.h"
#include "ranker/feature_schema.h"
#include "ranker/interaction.h"
#include "ranker/mlp.h"
#include "ranker/row_source.h"

namespace tamis::ranker {

struct DlrmOptions {
  std::uint32_t dim = 16;                       // of the vectors, 1..1024
  std::vector<std::uint32_t> bottom = {64};     // hidden layers of each bottom MLP
  std::vector<std::uint32_t> top = {256, 128};  // hidden layers of the top MLP, at least one
  Interaction interaction = Interaction::kDot;
  bool batch_norm = false;         // in the top MLP
  float dropout = 0;               // in the top MLP, 0..0.95
  float embedding_stddev = 0.01F;  // of the random start
};

// The MLPs at inference.
struct FrozenNetwork {
  std::vector<FrozenMlp> bottoms;
  FrozenMlp top;
};

// Externally synchronised while trained; concurrent reads are safe.
class Dlrm {
 public:
  static constexpr std::size_t kMaxWidth = 65'536;  // of a layer
  static constexpr std::size_t kMaxLayers = 32;     // of an MLP

  // A random start by `seed`. Errors: invalid_argument that names the option or the field.
  static Result<Dlrm> create(FeatureSchema schema, const DlrmOptions& options, std::uint64_t seed);
  // The same without tables: their rows come from `rows`. It can be served and not be trained.
  static Result<Dlrm> create(FeatureSchema schema, const DlrmOptions& options, std::shared_ptr<const RowSource> rows);

  const FeatureSchema& schema() const { return schema_; }
  const DlrmOptions& options() const { return options_; }
  const DlrmLayout& layout() const { return layout_; }
  // The embedding tables by schema().id_fields(), none where a RowSource has them, and everything else.
  std::vector<models::nn::EmbeddingTable>& tables() { return tables_; }
  const std::vector<models::nn::EmbeddingTable>& tables() const { return tables_; }
  models::nn::Parameters& parameters() { return parameters_; }
  const models::nn::Parameters& parameters() const { return parameters_; }

  // What a training step keeps between its passes; reused over steps.
  struct Cache {
    std::vector<float> vectors;  // [rows, vectors, dim]
    std::vector<float> inputs;   // [rows, top inputs]; empty where they are the vectors
    std::vector<float> dvectors, dinputs, dlogits, dbottom;
    std::vector<std::vector<float>> numeric;  // by bottom MLP: [rows, its numeric fields]
    std::vector<Mlp::Cache> bottoms;
    Mlp::Cache top;
  };

  // Logits of examples[rows] in training mode: cache.top.output(). `seed` draws the dropout.
  Status forward_train(const ExampleTable& examples, std::span<const std::uint32_t> rows, Cache& cache,
                       std::uint64_t seed, const models::TrainControl& control);
  // From cache.dlogits [rows] to the gradients of parameters() (added) and of the vectors (cache.dvectors).
  Status backward(std::size_t rows, Cache& cache, models::nn::Gradients& gradients,
                  const models::TrainControl& control) const;
  // Adds what cache.dvectors says of one id field to its table's gradient, on the calling thread.
  void backward_table(const ExampleTable& examples, std::span<const std::uint32_t> rows, const Cache& cache,
                      std::size_t id_field, models::nn::SparseGradient& gradient) const;

  FrozenNetwork freeze() const;
  // The pooled embedding of one example [dim]: the mean of its rows, zeros for an empty bag. Errors: those of the
  // RowSource; none where the tables are in memory.
  Status pool(const ExampleTable& examples, std::size_t row, std::size_t id_field, float* out) const;

 private:
  Dlrm() = default;
  static Result<Dlrm> make(FeatureSchema schema, const DlrmOptions& options, std::uint64_t seed,
                           std::shared_ptr<const RowSource> rows);
  const float* top_inputs(const Cache& cache) const;

  FeatureSchema schema_;
  DlrmOptions options_;
  DlrmLayout layout_;
  std::vector<models::nn::EmbeddingTable> tables_;
  std::shared_ptr<const RowSource> rows_;  // instead of tables_; else null
  models::nn::Parameters parameters_;
  std::vector<Mlp> bottoms_;
  Mlp top_;
};

// The input of the top MLP of one example [top inputs] from its vectors [vectors, dim].
void interact(const DlrmLayout& layout, const float* vectors, float* inputs, InteractionScratch& scratch);

// Logits of all examples at inference, in parallel: the plain forward pass, of which FactorizedScorer is the fast
// form. REQUIRES: check_examples() passed, logits.size() == examples.rows. Errors: those of parallel_blocks.
Status score_examples(const Dlrm& model, const ExampleTable& examples, std::span<float> logits,
                      const models::TrainControl& control);
// The same on the calling thread with a network frozen before, for rows [begin, end). Errors: those of the RowSource.
struct ScoreScratch {
  std::vector<float> vectors, inputs, numeric, bottom;
  FrozenMlp::Scratch mlp;
  InteractionScratch interaction;
};
Status score_rows(const Dlrm& model, const FrozenNetwork& network, const ExampleTable& examples, std::size_t begin,
                  std::size_t end, float* logits, ScoreScratch& scratch);

}  // namespace tamis::ranker
