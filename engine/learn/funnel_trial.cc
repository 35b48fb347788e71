#include "engine/learn/funnel_trial.h"

#include <algorithm>
#include <memory>

#include "engine/learn/fuse_retrievers.h"
#include "engine/learn/held_out_database.h"

namespace tamis::engine {
namespace {

bool is_learned(const TrialModels& learned, const std::string& member) {
  if (member == "popular") return true;
  if (member == "item_knn") return learned.models.item_neighbors.has_value();
  if (member == "user_knn") return learned.models.user_neighbors.has_value();
  if (member == "dlrm") return !learned.ranker.empty();
  return std::any_of(learned.models.encoders.begin(), learned.models.encoders.end(),
                     [&](const auto& encoder) { return encoder->shape().name == member; }) ||
         std::any_of(learned.models.history_models.begin(), learned.models.history_models.end(),
                     [&](const auto& model) { return model->shape().kind == member; });
}

std::vector<std::string> learned_of(const TrialModels& learned, const std::vector<std::string>& members) {
  std::vector<std::string> found;
  std::copy_if(members.begin(), members.end(), std::back_inserter(found),
               [&](const std::string& member) { return is_learned(learned, member); });
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Result<std::map<std::string, FunnelQuality>> try_funnels(const FunnelTrial& trial, const Dataset& dataset,
                                                         TimestampMs cut_ms, const TrialModels& learned,
                                                         const std::vector<std::string>& members,
                                                         const RunControl& control) {
  const models::TrainControl running = control.stage("try funnels", 0, 1);
  TAMIS_ASSIGN_OR_RETURN(const std::unique_ptr<HeldOutDatabase> database,
                         HeldOutDatabase::create({.store = trial.store,
                                                  .options = trial.options,
                                                  .scratch = trial.scratch,
                                                  .max_users = trial.max_users,
                                                  .max_interactions = trial.max_interactions},
                                                 dataset, cut_ms, control));
  const std::vector<std::string> given = learned_of(learned, members);
  const std::vector<std::string> before = learned_of(learned, trial.serving);
  TAMIS_RETURN_IF_ERROR(database->add("given", learned, given));
  const bool is_compared = !trial.serving.empty();
  if (is_compared && before != given) TAMIS_RETURN_IF_ERROR(database->add("before", learned, before));

  std::map<std::string, FunnelQuality> qualities;
  std::map<std::string, std::vector<double>> by_user;
  TAMIS_RETURN_IF_ERROR(database->serve("given"));
  for (const FunnelConfig& funnel : trial.funnels) {
    TAMIS_ASSIGN_OR_RETURN(const FunnelFigures measured, database->measure(funnel, control));
    FunnelQuality& quality = qualities[funnel.name];
    quality.ndcg10 = measured.ndcg10;
    quality.error = measured.error;
    quality.from_ms = cut_ms;
    quality.users = measured.by_user.size();
    by_user[funnel.name] = measured.by_user;
    for (const std::string& member : members)
      if (!is_learned(learned, member)) quality.without.push_back(member);
    if (is_compared) quality.serving_ndcg10 = measured.ndcg10;  // by the same members
  }
  if (!is_compared || before == given) return qualities;
  TAMIS_RETURN_IF_ERROR(database->serve("before"));
  for (const FunnelConfig& funnel : trial.funnels) {
    TAMIS_ASSIGN_OR_RETURN(const FunnelFigures measured, database->measure(funnel, control));
    qualities[funnel.name].serving_ndcg10 =
        std::max(0.0, measured.ndcg10 - 2 * mean_gain(measured.by_user, by_user[funnel.name]).error);
  }
  return qualities;
}

}  // namespace tamis::engine
