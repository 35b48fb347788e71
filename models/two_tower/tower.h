// Tower: one side of a two-tower model. Embedding bags of several tables are summed, an optional residual network is
// added, and the sum is scaled to unit length where scores are cosines.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/random.h"
#include "common/status.h"
#include "models/nn/embedding_bag.h"
#include "models/nn/embedding_table.h"
#include "models/nn/linear.h"
#include "models/nn/parameters.h"
#include "models/train_control.h"

namespace tamis::models {

struct TowerOptions {
  std::size_t dim = 64;
  std::size_t hidden = 0;  // width of the residual network; 0: none
  bool unit_norm = true;   // whether vectors have length 1
  float init_stddev = 0.1F;
  std::vector<std::size_t> table_rows;  // one table per kind of input; a table of 0 rows takes empty bags only
};

// Parameters change while it is trained (externally synchronised); forward() is thread-safe between steps.
class Tower {
 public:
  // What backward() needs of forward(); `out` is the result, [rows, dim].
  struct Cache {
    std::vector<float> sum, hidden, activated, out, norms;
  };
  struct TowerGradients {
    explicit TowerGradients(const Tower& tower);
    void clear();
    // Shared: of one table that two towers read, there is one gradient.
    std::vector<std::shared_ptr<nn::SparseGradient>> tables;
    nn::Gradients network;
  };

  Tower() = default;
  Tower(const TowerOptions& options, Random& random);

  // inputs: one Bags per table, all of `rows` bags.
  Status forward(std::span<const nn::Bags> inputs, std::size_t rows, Cache& cache, const TrainControl& control) const;
  // dout [rows, dim] is overwritten. Adds to `gradients`. The same bits for any number of threads.
  Status backward(std::span<const nn::Bags> inputs, std::size_t rows, float* dout, Cache& cache,
                  TowerGradients& gradients, const TrainControl& control) const;

  // From here on table `own` is `theirs` of `other`, which trains and saves it.
  void borrow_table(std::size_t own, const Tower& other, std::size_t theirs);
  bool borrows(std::size_t table) const { return borrowed_[table]; }

  const TowerOptions& options() const { return options_; }
  std::size_t tables() const { return tables_.size(); }
  nn::EmbeddingTable& table(std::size_t t) { return *tables_[t]; }
  const nn::EmbeddingTable& table(std::size_t t) const { return *tables_[t]; }
  nn::Parameters& network() { return network_; }
  const nn::Parameters& network() const { return network_; }

 private:
  Status network_backward(std::size_t rows, float* dout, Cache& cache, nn::Gradients& gradients,
                          const TrainControl& control) const;

  TowerOptions options_;
  std::vector<std::shared_ptr<nn::EmbeddingTable>> tables_;  // shared: another tower may read them, too
  std::vector<bool> borrowed_;
  nn::Parameters network_;
  nn::Linear first_, second_;
};

}  // namespace tamis::models
