// A subset of Gorse's REST API under /api, for clients that were written for it. Off unless `server.gorse_api` is set.
// docs/gorse_api.md says what is there and how it differs.
#pragma once

#include "server/http/router.h"

namespace tamis::server {

void add_gorse_routes(Router* router);

}  // namespace tamis::server
