// The kernels on Highway's vectors. This file is compiled once per target by foreach_target.h.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "index/kernels_simd.cc"
#include <hwy/foreach_target.h>  // must precede highway.h
// clang-format off
#include <hwy/highway.h>
#include <hwy/targets.h>
// clang-format on

#include "index/kernel_tables.h"

HWY_BEFORE_NAMESPACE();
namespace tamis::index {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums step(a, b, accumulator) over n elements. `load_a(d, i)` and `load_b(d, i)` give full vectors; the tail goes
// through masked loads where they cannot fault, else through scalar code.
struct DotStep {
  template <class V>
  static HWY_INLINE V step(V a, V b, V sum) {
    return hn::MulAdd(a, b, sum);
  }
  static HWY_INLINE float scalar(float a, float b) { return a * b; }
};
struct L2Step {
  template <class V>
  static HWY_INLINE V step(V a, V b, V sum) {
    const V difference = hn::Sub(a, b);
    return hn::MulAdd(difference, difference, sum);
  }
  static HWY_INLINE float scalar(float a, float b) { return (a - b) * (a - b); }
};

struct F32Row {
  using Element = float;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const float* row) {
    return hn::LoadU(d, row);
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> load_first(D d, std::size_t count, const float* row) {
    return hn::MaskedLoad(hn::FirstN(d, count), d, row);
  }
  static HWY_INLINE float value(float element) { return element; }
};
struct F16Row {
  using Element = std::uint16_t;
  template <class D>
  static HWY_INLINE hn::Vec<D> load(D d, const std::uint16_t* row) {
    const hn::Rebind<hwy::float16_t, D> d16;
    return hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const hwy::float16_t*>(row)));
  }
  template <class D>
  static HWY_INLINE hn::Vec<D> load_first(D d, std::size_t count, const std::uint16_t* row) {
    const hn::Rebind<std::uint16_t, D> du16;
    const hn::Rebind<hwy::float16_t, D> d16;
    return hn::PromoteTo(d, hn::BitCast(d16, hn::MaskedLoad(hn::FirstN(du16, count), du16, row)));
  }
  static HWY_INLINE float value(std::uint16_t element) { return f32_from_f16(element); }
};

template <class Step, class Row>
HWY_INLINE float accumulate(const float* HWY_RESTRICT query, const typename Row::Element* HWY_RESTRICT row,
                            std::size_t n) {
  const hn::ScalableTag<float> d;
  const std::size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d);
  auto sum1 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum0 = Step::step(hn::LoadU(d, query + i), Row::load(d, row + i), sum0);
    sum1 = Step::step(hn::LoadU(d, query + i + lanes), Row::load(d, row + i + lanes), sum1);
  }
  if (i + lanes <= n) {
    sum0 = Step::step(hn::LoadU(d, query + i), Row::load(d, row + i), sum0);
    i += lanes;
  }
#if HWY_MEM_OPS_MIGHT_FAULT
  float tail = 0;
  for (; i < n; ++i) tail += Step::scalar(query[i], Row::value(row[i]));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1))) + tail;
#else
  if (i < n) {
    sum1 = Step::step(hn::MaskedLoad(hn::FirstN(d, n - i), d, query + i), Row::load_first(d, n - i, row + i), sum1);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
#endif
}

HWY_INLINE std::int32_t accumulate_i8(const std::int8_t* HWY_RESTRICT query, const std::uint8_t* HWY_RESTRICT row,
                                      std::size_t n) {
  const hn::ScalableTag<std::int16_t> d16;
  const hn::RepartitionToWide<decltype(d16)> d32;
  const hn::Rebind<std::int8_t, decltype(d16)> d8;
  const hn::Rebind<std::uint8_t, decltype(d16)> du8;
  const std::size_t lanes = hn::Lanes(d16);
  auto sum0 = hn::Zero(d32);
  auto sum1 = hn::Zero(d32);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto q = hn::PromoteTo(d16, hn::LoadU(d8, query + i));
    const auto r = hn::PromoteTo(d16, hn::LoadU(du8, row + i));
    sum0 = hn::ReorderWidenMulAccumulate(d32, q, r, sum0, sum1);
  }
#if HWY_MEM_OPS_MIGHT_FAULT
  std::int32_t tail = 0;
  for (; i < n; ++i) tail += std::int32_t{query[i]} * std::int32_t{row[i]};
  return hn::GetLane(hn::SumOfLanes(d32, hn::Add(sum0, sum1))) + tail;
#else
  if (i < n) {
    const auto q = hn::PromoteTo(d16, hn::MaskedLoad(hn::FirstN(d8, n - i), d8, query + i));
    const auto r = hn::PromoteTo(d16, hn::MaskedLoad(hn::FirstN(du8, n - i), du8, row + i));
    sum0 = hn::ReorderWidenMulAccumulate(d32, q, r, sum0, sum1);
  }
  return hn::GetLane(hn::SumOfLanes(d32, hn::Add(sum0, sum1)));
#endif
}

template <class Step, class Row>
float one(const float* query, const typename Row::Element* row, std::size_t n) {
  return accumulate<Step, Row>(query, row, n);
}

template <class Step, class Row>
void many(const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) {
  using Element = typename Row::Element;
  const std::size_t bytes = n * sizeof(Element);
  const std::size_t ahead = HWY_MIN(count, kPrefetchRows);
  for (std::size_t i = 0; i < ahead; ++i) prefetch_row(set.row(rows[i]), bytes);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchRows < count) prefetch_row(set.row(rows[i + kPrefetchRows]), bytes);
    out[i] = accumulate<Step, Row>(query, reinterpret_cast<const Element*>(set.row(rows[i])), n);
  }
}

std::int32_t one_i8(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  return accumulate_i8(query, row, n);
}

void many_i8(const std::int8_t* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
             std::int32_t* out) {
  const std::size_t ahead = HWY_MIN(count, kPrefetchRows);
  for (std::size_t i = 0; i < ahead; ++i) prefetch_row(set.row(rows[i]), n);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchRows < count) prefetch_row(set.row(rows[i + kPrefetchRows]), n);
    out[i] = accumulate_i8(query, set.row(rows[i]), n);
  }
}

const Kernels* table(std::string_view name) {
  static const Kernels kernels = {
      .name = name,
      .dot_f32 = one<DotStep, F32Row>,
      .l2_f32 = one<L2Step, F32Row>,
      .dot_f16 = one<DotStep, F16Row>,
      .l2_f16 = one<L2Step, F16Row>,
      .dot_i8 = one_i8,
      .dot_f32_rows = many<DotStep, F32Row>,
      .l2_f32_rows = many<L2Step, F32Row>,
      .dot_f16_rows = many<DotStep, F16Row>,
      .l2_f16_rows = many<L2Step, F16Row>,
      .dot_i8_rows = many_i8,
  };
  return &kernels;
}

}  // namespace HWY_NAMESPACE
}  // namespace tamis::index
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tamis::index {

HWY_EXPORT(table);

namespace {
[[maybe_unused]] bool supported(std::int64_t target) { return (hwy::SupportedTargets() & target) != 0; }
}  // namespace

const Kernels* sse4_kernels() {
#if HWY_TARGETS & HWY_SSE4
  if (supported(HWY_SSE4)) return N_SSE4::table("sse4");
#endif
  return nullptr;
}

const Kernels* avx2_kernels() {
#if HWY_TARGETS & HWY_AVX2
  if (supported(HWY_AVX2)) return N_AVX2::table("avx2");
#endif
  return nullptr;
}

const Kernels* avx512_kernels() {
#if HWY_TARGETS & HWY_AVX3
  if (supported(HWY_AVX3)) return N_AVX3::table("avx512");
#endif
  return nullptr;
}

const Kernels* native_kernels() {
#if HWY_ARCH_X86
  return nullptr;
#else
  return HWY_DYNAMIC_DISPATCH(table)("native");
#endif
}

}  // namespace tamis::index
#endif  // HWY_ONCE
