// The JSON of what people ask: recommendations, search, similar, training, spaces. Exact shapes: docs/http_api.md.
// Functions are thread-safe.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "engine/compare.h"
#include "engine/pages.h"
#include "engine/requests.h"
#include "server/json/json_path.h"

namespace tamis::server {

// The fields of a recommendation request onto `request`, which holds what path and query gave. `users` takes the field
// "users" and is null where only one user can be meant; "user" is allowed where it is not null.
Status read_recommend(simdjson::dom::element value, const JsonPath& path, RecommendRequest* request,
                      std::optional<std::vector<std::string>>* users);

// [{"item","type","value","timestamp"}], at most 10,000.
Status read_history(simdjson::dom::element value, const JsonPath& path, std::vector<HistoryEntry>* out);

// {"space","vector"|"item"|"user"|"text","find","k","ef","exact","filter","min_seq","features"}
Result<SearchRequest> read_search(simdjson::dom::element value, const JsonPath& path);

// {"items","k" or "n","mode","filter","exclude","min_seq","features"} onto `request`, which holds what the query gave.
Status read_bought_together(simdjson::dom::element value, const JsonPath& path, BoughtTogetherRequest* request);
// "strict" or "relaxed".
Status read_bought_together_mode(std::string_view mode, BoughtTogetherRequest* request);

// {"a","b","user","k","request"}: funnels by name or as documents; `request` is a recommendation request.
Result<CompareRequest> read_compare(simdjson::dom::element value, const JsonPath& path);
// A funnel by its name or as a document of its own.
Status read_funnel_choice(simdjson::dom::element value, const JsonPath& path, RecommendRequest* request);

// {"user","rows":[...],"request"}; `request` is a recommendation request that all rows have in common.
Result<PagesRequest> read_pages(simdjson::dom::element value, const JsonPath& path);

// {"models":["ials"],"promote":true}
Result<TrainRequest> read_train(simdjson::dom::element value, const JsonPath& path);

// {"dim","metric","quantization","keep_f32","encoder"}; `default_quantization` where none is given.
Result<Space> read_space(simdjson::dom::element value, const JsonPath& path, std::string_view name,
                         Quantization default_quantization);

// A filter object at `path`, so that errors name the place in the whole document.
// Of the query parameter `filter`: JSON.
Status read_filter_parameter(std::string_view text, Filter* out);
// Of the query parameter `as_of`: RFC 3339 or Unix milliseconds.
Status read_as_of(std::string_view text, TimestampMs* out);
Status read_filter(simdjson::dom::element value, const JsonPath& path, Filter* out);

// The name that a funnel document gives itself; `otherwise` where it gives none.
std::string_view funnel_name_of(simdjson::dom::element value, std::string_view otherwise);

}  // namespace tamis::server
