// What funnels and experiments' arms served and what came of it, as metrics. The engine bounds the number of groups, so
// the labels funnel, experiment and arm are bounded, too.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "engine/requests.h"

namespace tamis::server {

void add_funnel_metrics(const Stats& stats, std::vector<prometheus::MetricFamily>* out);

}  // namespace tamis::server
