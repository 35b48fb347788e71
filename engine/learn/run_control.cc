#include "engine/learn/run_control.h"

namespace tamis::engine {

models::TrainControl RunControl::stage(const std::string& name, double begin, double end) const {
  models::TrainControl control{.threads = threads, .report = {}, .cancelled = cancelled};
  if (report) {
    control.report = [report = report, name, begin, end](double fraction, std::string_view detail) {
      report(begin + (end - begin) * fraction, name, detail);
    };
    report(begin, name, "");
  }
  return control;
}

RunControl RunControl::part(const std::string& prefix, double begin, double end) const {
  RunControl control{.threads = threads, .report = {}, .cancelled = cancelled, .warn = warn};
  if (report) {
    control.report = [report = report, prefix, begin, end](double fraction, std::string_view name,
                                                           std::string_view detail) {
      report(begin + (end - begin) * fraction, prefix + std::string(name), detail);
    };
  }
  return control;
}

Status RunControl::check() const {
  return models::TrainControl{.threads = 1, .report = {}, .cancelled = cancelled}.check();
}

}  // namespace tamis::engine
