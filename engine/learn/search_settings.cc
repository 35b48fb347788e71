#include "engine/learn/search_settings.h"

#include <map>

namespace tamis::engine {

const std::vector<models::Settings>& settings_to_try(const std::string& model) {
  static const std::map<std::string, std::vector<models::Settings>> kTried = {
      {"item_knn",
       {{{"neighbors", "800"}, {"asymmetry", "0.7"}, {"column_weight_exponent", "0.6"}, {"shrinkage", "2"}},
        {{"shrinkage", "0"}, {"asymmetry", "0.5"}, {"column_weight_exponent", "0"}},
        {{"shrinkage", "20"}},
        {{"similarity_exponent", "2"}, {"neighbors", "300"}}}},
      {"user_knn",
       {{{"neighbors", "300"}, {"similarity_exponent", "2"}},
        {{"shrinkage", "0"}, {"asymmetry", "0.4"}, {"column_weight_exponent", "0.25"}, {"neighbors", "100"}},
        {{"shrinkage", "10"}, {"column_weight_exponent", "0"}}}},
      {"ials",
       {{{"unobserved_weight", "0.3"}, {"regularization", "0.003"}},
        {{"regularization", "0.003"}},
        {{"regularization", "0.02"}},
        {{"unobserved_weight", "0.02"}, {"regularization", "0.006"}},
        {{"unobserved_weight", "1"}},
        {{"dim", "128"}},
        {{"dim", "256"}},
        {{"dim", "256"}, {"regularization", "0.003"}}}},
      {"ease", {{{"regularization", "30"}}, {{"regularization", "300"}}, {{"regularization", "1000"}}}},
      {"graph_filter",
       {{{"locality", "1"}},
        {{"item_exponent", "0.3"}},
        {{"item_exponent", "0"}},
        {{"locality", "2.5"}},
        {{"history_exponent", "0.3"}, {"user_exponent", "0.5"}, {"item_exponent", "0.3"}}}},
      {"bpr", {{{"regularization", "0.01"}}}},
      {"sasrec", {{{"dropout", "0.1"}}}},
  };
  static const std::vector<models::Settings> kNone;
  const auto found = kTried.find(model);
  return found == kTried.end() ? kNone : found->second;
}

}  // namespace tamis::engine
