// The statistics of an experiment: estimates per arm, differences and lifts, each with an interval of a fixed sample
// and one that holds at all times at once. Pure functions.
//
// Every metric is a ratio of sums over users, R = sum x / sum y (y = 1 for "per user", slots for the click-through
// rate): the user is who was randomised, so the user is the unit. Its variance is the delta method's,
// var R = sum (x - R y)^2 / (sum y)^2 * n / (n - 1) (Deng, Knoblich & Lu 2018, doi:10.1145/3219819.3219919).
//
// Looking again and again at an interval of a fixed sample finds a difference sooner or later where there is none. The
// always-valid interval is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021
// (arXiv:2103.06476, theorem 2.2), the normal mixture of Robbins 1970 that also underlies the mixture SPRT:
//   estimate +- se * sqrt((n rho + 1) / (n rho) * log((n rho + 1) / alpha^2)),   n users in all,
// with rho chosen to be tightest at the planned number of users. It is wider than the fixed one by about half there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/experiment.h"

namespace tamis::engine {

// What one metric's sums over the users of an arm are.
struct RatioSums {
  double users = 0;
  double x = 0, y = 0;
  double xx = 0, xy = 0, yy = 0;
  void add(double user_x, double user_y);
};

struct Estimate {
  double value = 0;
  double standard_error = 0;
  double users = 0;
};
Estimate ratio_estimate(const RatioSums& sums);

// The half width of an always-valid interval, in standard errors. REQUIRES: users > 0, 0 < alpha < 1, planned >= 1.
double always_valid_z(double users, double planned_users, double alpha);
// The smallest alpha at which the always-valid interval leaves out 0: 1 over the mixture's likelihood ratio.
double always_valid_p(double z, double users, double planned_users, double alpha);

struct IntervalOptions {
  double alpha = 0.05;
  double planned_users = 10'000;
};
MetricInterval interval_of(const Estimate& estimate, const IntervalOptions& options);
// Fills everything but the names.
ArmComparison compare(const Estimate& treated, const Estimate& control, const IntervalOptions& options);

}  // namespace tamis::engine
