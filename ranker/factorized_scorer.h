// FactorizedScorer: a Dlrm's scores for many candidates of one request, with everything taken out of the loop over
// candidates that does not depend on them.
//
// The first layer of the top MLP is linear in its inputs, and each input (a component of a vector, a dot product of
// two) is known of the sides of its vectors. So its product splits into three sums: of inputs of user and context,
// computed once per request; of inputs of the item, once per item and generation; and of the rest (user with item, and
// whatever crossed fields take part in), once per candidate. The layers behind see the sum. Equal to score_examples()
// up to rounding (1e-5).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/train_control.h"
#include "ranker/dlrm.h"

namespace tamis::ranker {

// Immutable; thread-safe, with a Scratch per thread.
class FactorizedScorer {
 public:
  // Shared: a generation keeps the model for as long as a request may score by it.
  explicit FactorizedScorer(std::shared_ptr<const Dlrm> model);

  // Memory per item: 4 * (width of the first layer + item vectors * dim) bytes.
  struct Items {
    std::size_t rows = 0;
    std::vector<float> hidden;   // [rows, first layer]: the item's part of its sums
    std::vector<float> vectors;  // [rows, item vectors, dim]
  };
  // The parts of all items, in parallel. `items` needs the columns of side item alone. Errors: invalid_argument
  // (check_examples), those of parallel_blocks and of the model's RowSource.
  Result<Items> precompute(const ExampleTable& items, const models::TrainControl& control) const;

  // The part of one item, in a row of Items or elsewhere.
  struct ItemPart {
    const float* hidden = nullptr;   // [first layer]
    const float* vectors = nullptr;  // [item vectors, dim]
  };

  struct Request {
    std::vector<float> hidden;  // [first layer], with its bias
    DotPanel panel;             // the vectors of user and context, and room for the crossed ones
  };
  // One request. `user_and_context` has one row and needs the columns of those sides alone. Errors: invalid_argument,
  // those of the RowSource.
  Result<Request> prepare(const ExampleTable& user_and_context) const;

  struct Scratch {
    std::vector<float> inputs, hidden, vectors, numeric, bottom;
    DotPanel panel;
    FrozenMlp::Scratch mlp;
  };
  // logits[i] of item candidates[i]. `crossed` has a row per candidate in the columns of side crossed; rows alone where
  // there is no such field. On the calling thread. Errors: invalid_argument (an item out of range, lengths that
  // differ, check_examples), those of the RowSource.
  Status score(const Request& request, const Items& items, std::span<const std::uint32_t> candidates,
               const ExampleTable& crossed, std::span<float> logits, Scratch& scratch) const;

  // The same for items whose parts lie anywhere, each made by precompute().
  Status score(const Request& request, std::span<const ItemPart> items, const ExampleTable& crossed,
               std::span<float> logits, Scratch& scratch) const;

  bool has_crossed_fields() const { return !crossed_.empty(); }
  const Dlrm& model() const { return *model_; }

 private:
  // Inputs whose vectors all belong to one side: rows of the first layer's weights.
  struct SideInputs {
    std::vector<std::size_t> vectors;  // of the layout
    struct Concatenated {
      std::size_t vector, input;
    };
    struct Pair {
      std::size_t a, b, input;
    };
    std::vector<Concatenated> concatenated;
    std::vector<Pair> pairs;
  };

  void add_side(const SideInputs& side, const float* vectors, float* hidden) const;
  Status fill_vectors(const ExampleTable& examples, std::size_t row, Columns columns, float* vectors,
                      Scratch& scratch) const;
  void fill_inputs(const float* item_vectors, const float* crossed_vectors, DotPanel& panel, float* inputs) const;

  std::shared_ptr<const Dlrm> model_;
  FrozenNetwork network_;
  SideInputs request_side_, item_side_;
  std::vector<std::size_t> crossed_;               // vectors of the layout of side crossed
  std::vector<std::size_t> crossed_concatenated_;  // positions among crossed_
  std::vector<float> candidate_weight_;            // [candidate inputs, first layer], in the order of fill_inputs()
  std::size_t candidate_inputs_ = 0;
};

}  // namespace tamis::ranker
