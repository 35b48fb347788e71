#include "server/routes/routes.h"

namespace tamis::server {

void add_routes(Router* router) {
  add_interaction_routes(router);
  add_entity_routes(router);
  add_recommendation_routes(router);
  add_session_routes(router);
  add_similar_routes(router);
  add_bought_together_routes(router);
  add_compare_routes(router);
  add_page_routes(router);
  add_batch_routes(router);
  add_space_routes(router);
  add_vector_routes(router);
  add_funnel_routes(router);
  add_interaction_type_routes(router);
  add_training_routes(router);
  add_job_event_routes(router);
  add_generation_routes(router);
  add_generation_file_routes(router);
  add_snapshot_routes(router);
  add_log_routes(router);
  add_measurement_routes(router);
  add_operation_routes(router);
  add_overview_routes(router);
  add_account_routes(router);
  add_console_routes(router);
}

}  // namespace tamis::server
