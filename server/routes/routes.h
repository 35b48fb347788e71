// The endpoints, one file per resource. add_routes() registers all of them.
#pragma once

#include "server/http/exchange.h"
#include "server/http/router.h"

namespace tamis::server {

void add_routes(Router* router);

void add_interaction_routes(Router* router);
void add_entity_routes(Router* router);
void add_recommendation_routes(Router* router);
void add_session_routes(Router* router);
void add_similar_routes(Router* router);
void add_bought_together_routes(Router* router);
void add_compare_routes(Router* router);
void add_page_routes(Router* router);  // pages, audiences
void add_batch_routes(Router* router);
void add_space_routes(Router* router);
void add_vector_routes(Router* router);
void add_funnel_routes(Router* router);
void add_interaction_type_routes(Router* router);
void add_training_routes(Router* router);
void add_job_event_routes(Router* router);
void add_generation_routes(Router* router);
void add_generation_file_routes(Router* router);
void add_snapshot_routes(Router* router);
void add_log_routes(Router* router);
void add_measurement_routes(Router* router);  // experiments, off-policy evaluation
void add_operation_routes(Router* router);    // stats, health, metrics, openapi.json
void add_overview_routes(Router* router);     // maps of spaces, the sampled matrix
void add_account_routes(Router* router);      // factors, parts of a user's vector, what-if of the ranker
void add_console_routes(Router* router);      // the web page

// GET /v1/items/{id}/similar?funnel=: an item-to-item list made by a funnel, rules and all.
asio::awaitable<Response> recommend_around_item(Exchange& exchange);

}  // namespace tamis::server
