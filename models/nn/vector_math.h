// Elementary functions written so that compilers vectorise loops over them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tamis::models::nn {

// e^x with a relative error below 2e-7 for x in [-87, 88]; clamped outside (0 is not reached: about 1e-38).
// Range reduction and polynomial after Cephes' expf (Moshier).
inline float fast_exp(float x) {
  x = x < -87.0F ? -87.0F : (x > 88.0F ? 88.0F : x);
  const float n = std::floor(x * 1.44269504088896341F + 0.5F);
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<std::int32_t>(n) + 127;
  return p * std::bit_cast<float>(exponent << 23);
}

inline float fast_sigmoid(float x) { return 1.0F / (1.0F + fast_exp(-x)); }
inline float fast_tanh(float x) { return 1.0F - 2.0F / (fast_exp(2.0F * x) + 1.0F); }

}  // namespace tamis::models::nn
