#include "server/metrics/funnel_metrics.h"

#include "server/metrics/gauge_family.h"

namespace tamis::server {
namespace {

using prometheus::MetricType;

void add_log_metrics(const ImpressionFigures& figures, std::vector<prometheus::MetricFamily>* out) {
  GaugeFamily lists("tamis_impression_lists_total", "Answers by what became of them as impressions.",
                    MetricType::Counter);
  lists.add(static_cast<double>(figures.logged), {{"result", "logged"}});
  lists.add(static_cast<double>(figures.sampled_out), {{"result", "sampled_out"}});
  lists.add(static_cast<double>(figures.dropped), {{"result", "dropped"}});
  GaugeFamily pending("tamis_impression_queue_length", "Served lists that wait to be written.");
  pending.add(static_cast<double>(figures.pending));
  GaugeFamily touches("tamis_attributions_total", "Interactions by the slot that they belong to, or why to none.",
                      MetricType::Counter);
  touches.add(static_cast<double>(figures.attributed), {{"result", "attributed"}});
  touches.add(static_cast<double>(figures.without_touch), {{"result", "without_touch"}});
  touches.add(static_cast<double>(figures.unknown_list), {{"result", "unknown_list"}});
  touches.add(static_cast<double>(figures.foreign_item), {{"result", "foreign_item"}});
  for (GaugeFamily* family : {&lists, &pending, &touches}) out->push_back(family->take());
}

}  // namespace

void add_funnel_metrics(const Stats& stats, std::vector<prometheus::MetricFamily>* out) {
  add_log_metrics(stats.impressions, out);
  GaugeFamily slots("tamis_funnel_served_slots", "Slots served in the window, as logged.");
  GaugeFamily clicked("tamis_funnel_clicked_slots", "Of them, clicked.");
  GaugeFamily converted("tamis_funnel_converted_slots", "Of them, converted.");
  GaugeFamily value("tamis_funnel_conversion_value", "Sum of the values of the conversions.");
  GaugeFamily click_rate("tamis_funnel_click_through_ratio", "Clicked slots per slot.");
  GaugeFamily conversion("tamis_funnel_conversion_ratio", "Converted slots per slot.");
  GaugeFamily coverage("tamis_funnel_coverage_ratio", "Share of the items that were served.");
  GaugeFamily gini("tamis_funnel_gini_ratio", "Gini coefficient of how often each item was served.");
  for (const FunnelFigures& group : stats.funnels) {
    for (const FunnelWindow& window : group.windows) {
      const MetricLabels labels = {
          {"funnel", group.funnel}, {"experiment", group.experiment}, {"arm", group.arm}, {"window", window.window}};
      slots.add(static_cast<double>(window.slots), labels);
      clicked.add(static_cast<double>(window.clicked), labels);
      converted.add(static_cast<double>(window.converted), labels);
      value.add(window.value, labels);
      click_rate.add(window.click_through_rate, labels);
      conversion.add(window.conversion_rate, labels);
      coverage.add(window.coverage, labels);
      gini.add(window.gini, labels);
    }
  }
  for (GaugeFamily* family : {&slots, &clicked, &converted, &value, &click_rate, &conversion, &coverage, &gini})
    out->push_back(family->take());
}

}  // namespace tamis::server
