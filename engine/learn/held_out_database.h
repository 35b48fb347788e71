// HeldOutDatabase: a scratch database as it was before the cut of a held-out tail, with the models that an evaluation
// learned from what came before, and the users who took something after it. Funnels are asked there as people would
// ask them, by the path that serves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/funnel.h"
#include "engine/learn/dataset.h"
#include "engine/learn/evaluation.h"
#include "engine/learn/run_control.h"
#include "engine/learn/scratch_database.h"
#include "models/scored_id.h"

namespace tamis::engine {

// A user with a history before the cut and something liked after it.
struct ReturningUser {
  std::uint32_t user = 0;            // row of the dataset
  std::vector<std::uint32_t> after;  // item rows, ascending, unique
  std::vector<std::uint32_t> fresh;  // of `after`, what the user had not met before
};

struct HeldOutOptions {
  const storage::Store* store = nullptr;  // what the dataset was loaded from
  DatabaseOptions options;                // how the database counts and serves
  std::filesystem::path scratch;          // a directory that does not exist; removed afterwards
  std::size_t max_users = 500;            // more are sampled, by their names alone
  std::uint64_t max_interactions = 0;     // copied; where there are more, users are sampled, and counts are smaller
};

struct FunnelFigures {
  double ndcg10 = 0;
  double error = 0;             // standard error, by the users
  std::vector<double> by_user;  // in the order of the users that count
};

// Externally synchronised. REQUIRES: dataset and store outlive it.
class HeldOutDatabase {
 public:
  // failed_precondition where there is nobody to ask; unavailable (cancelled).
  static Result<std::unique_ptr<HeldOutDatabase>> create(const HeldOutOptions& options, const Dataset& dataset,
                                                         TimestampMs cut_ms, const RunControl& control);
  ~HeldOutDatabase();
  HeldOutDatabase(const HeldOutDatabase&) = delete;
  HeldOutDatabase& operator=(const HeldOutDatabase&) = delete;

  const std::vector<ReturningUser>& users() const { return users_; }

  // Adds a generation of those of the learned models that `members` names; serve() has the database serve it.
  Status add(const std::string& name, const TrialModels& learned, const std::vector<std::string>& members);
  Status serve(const std::string& name) { return scratch_->database().promote(name); }

  // What the funnel's first ten places are worth to each user: right is what was not met before where the funnel
  // excludes what was seen, else all that was taken; users without any are left out.
  Result<FunnelFigures> measure(const FunnelConfig& funnel, const RunControl& control);
  // The funnel's first `k` items for each of users(), by row, with their scores.
  Result<std::vector<std::vector<models::ScoredId>>> lists(const FunnelConfig& funnel, std::uint32_t k,
                                                           const RunControl& control);

 private:
  HeldOutDatabase(const Dataset& dataset, std::filesystem::path models_dir);
  Status fill(const HeldOutOptions& options, TimestampMs cut_ms);
  Result<std::vector<models::ScoredId>> ask(const FunnelConfig& funnel, const ReturningUser& user, std::uint32_t k);
  Status put(const FunnelConfig& funnel);

  const Dataset& dataset_;
  const std::filesystem::path models_dir_;
  std::unique_ptr<ScratchDatabase> scratch_;
  std::unordered_map<std::string, std::uint32_t> rows_;  // of items
  std::vector<ReturningUser> users_;
};

}  // namespace tamis::engine
