#include "engine/learn/search_settings.h"

#include <map>

namespace tamis::engine {

const std::vector<models::Settings>& settings_to_try(const std::string& model) {
  static const std::map<std::string, std::vector<models::Settings>> kTried = {
      {"item_knn",
       {{{"asymmetry", "0.7"}, {"column_weight_exponent", "0.6"}, {"shrinkage", "2"}},
        {{"shrinkage", "20"}},
        {{"similarity_exponent", "2"}, {"shrinkage", "5"}, {"neighbors", "300"}},
        {{"asymmetry", "0.3"}, {"column_weight_exponent", "0.5"}}}},
      {"user_knn",
       {{{"column_weight_exponent", "0.6"}, {"shrinkage", "2"}},
        {{"similarity_exponent", "2"}, {"neighbors", "300"}},
        {{"column_weight_exponent", "0.3"}, {"similarity_exponent", "2"}, {"shrinkage", "5"}, {"neighbors", "200"}}}},
      {"ials",
       {{{"unobserved_weight", "0.1"}},
        {{"unobserved_weight", "1"}},
        {{"unobserved_weight", "0.3"}, {"regularization", "0.01"}},
        {{"unobserved_weight", "0.1"}, {"regularization", "0.01"}},
        {{"unobserved_weight", "1"}, {"regularization", "0.01"}},
        {{"unobserved_weight", "0.3"}, {"regularization", "0.003"}, {"dim", "128"}},
        {{"unobserved_weight", "0.1"}, {"regularization", "0.003"}, {"dim", "128"}},
        {{"unobserved_weight", "0.3"}, {"regularization", "0.01"}, {"dim", "256"}}}},
      {"ease",
       {{{"regularization", "50"}},
        {{"regularization", "500"}},
        {{"regularization", "1000"}},
        {{"regularization", "20"}}}},
      {"graph_filter",
       {{{"locality", "1"}},
        {{"item_exponent", "0.3"}},
        {{"item_exponent", "0"}},
        {{"locality", "2.5"}},
        {{"history_exponent", "0.3"}, {"user_exponent", "0.5"}, {"item_exponent", "0.3"}}}},
      {"bpr", {{{"regularization", "0.01"}}}},
  };
  static const std::vector<models::Settings> kNone;
  const auto found = kTried.find(model);
  return found == kTried.end() ? kNone : found->second;
}

}  // namespace tamis::engine
