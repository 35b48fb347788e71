#include "server/json/measurement_json.h"

namespace tamis::server {
namespace {

void write_window(const FunnelWindow& window, JsonWriter* json) {
  json->key(window.window)
      .begin_object()
      .field("lists", window.lists)
      .field("slots", window.slots)
      .field("clicked", window.clicked)
      .field("converted", window.converted)
      .field("value", window.value)
      .field("click_through_rate", window.click_through_rate)
      .field("conversion_rate", window.conversion_rate)
      .field("coverage", window.coverage)
      .field("gini", window.gini);
  json->key("outcomes").begin_object();
  for (const auto& [type, count] : window.outcomes) json->field(type, count);
  json->end_object().end_object();
}

}  // namespace

void write_measurement(const Stats& stats, JsonWriter* json) {
  json->key("funnels").begin_array();
  for (const FunnelFigures& group : stats.funnels) {
    json->begin_object().field("funnel", group.funnel);
    if (!group.experiment.empty()) json->field("experiment", group.experiment).field("arm", group.arm);
    for (const FunnelWindow& window : group.windows) write_window(window, json);
    json->end_object();
  }
  json->end_array();
  const ImpressionFigures& impressions = stats.impressions;
  json->key("impressions")
      .begin_object()
      .field("logged", impressions.logged)
      .field("sampled_out", impressions.sampled_out)
      .field("dropped", impressions.dropped)
      .field("pending", impressions.pending)
      .field("attributed", impressions.attributed)
      .field("without_touch", impressions.without_touch)
      .field("unknown_list", impressions.unknown_list)
      .field("foreign_item", impressions.foreign_item)
      .end_object();
}

}  // namespace tamis::server
