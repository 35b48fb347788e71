// Tails of the normal and the chi-square distribution.
#pragma once

namespace tamis::engine {

// z with P(N(0,1) <= z) = p. REQUIRES: 0 < p < 1. To about 1e-12 (Acklam's approximation and one step of Halley).
double normal_quantile(double p);
// P(|N(0,1)| >= |z|).
double two_sided_normal_p(double z);
// P(X >= x) for X chi-square with `degrees` of freedom: the regularised upper incomplete gamma function by its series
// or continued fraction (Abramowitz & Stegun 6.5.29, 6.5.31). REQUIRES: degrees >= 1.
double chi_square_p(double x, double degrees);

}  // namespace tamis::engine
