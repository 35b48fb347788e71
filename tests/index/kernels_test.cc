#include "index/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "common/random.h"

namespace tamis::index {
namespace {

std::vector<std::size_t> lengths() {
  std::vector<std::size_t> all(130);
  std::iota(all.begin(), all.end(), 1);
  all.insert(all.end(), {255, 256, 257, 768, 1025, 4096});
  return all;
}

// A heap block that ends exactly where the elements end, begun at an odd offset, so that AddressSanitizer sees a read
// past either side and alignment cannot be relied on.
template <typename T>
struct Unaligned {
  explicit Unaligned(std::size_t n, std::size_t offset) : bytes(new std::uint8_t[offset + n * sizeof(T)]), at(offset) {}
  T* data() { return reinterpret_cast<T*>(bytes.get() + at); }
  void set(std::size_t i, T value) { std::memcpy(bytes.get() + at + i * sizeof(T), &value, sizeof(T)); }
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t at;
};

class KernelsTest : public testing::TestWithParam<const Kernels*> {
 protected:
  // Float sums differ by order of addition only.
  static double tolerance(std::size_t n) { return 1e-5 * static_cast<double>(n) + 1e-4; }
};

TEST_P(KernelsTest, FloatKernelsAgreeWithTheDefinition) {
  const Kernels& tested = *GetParam();
  Random random(7);
  for (const std::size_t n : lengths()) {
    for (const std::size_t offset : {0U, 4U, 12U}) {
      Unaligned<float> a(n, offset);
      Unaligned<float> b(n, 16 - offset);
      Unaligned<std::uint16_t> half(n, offset + 2);
      double dot = 0, l2 = 0, dot_half = 0, l2_half = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const float x = static_cast<float>(random.normal());
        const float y = static_cast<float>(random.normal());
        const std::uint16_t h = f16_from_f32(y);
        a.set(i, x);
        b.set(i, y);
        half.set(i, h);
        const double z = f32_from_f16(h);
        dot += double{x} * y;
        l2 += (double{x} - y) * (double{x} - y);
        dot_half += x * z;
        l2_half += (x - z) * (x - z);
      }
      EXPECT_NEAR(tested.dot_f32(a.data(), b.data(), n), dot, tolerance(n)) << n;
      EXPECT_NEAR(tested.l2_f32(a.data(), b.data(), n), l2, tolerance(n)) << n;
      EXPECT_NEAR(tested.dot_f16(a.data(), half.data(), n), dot_half, tolerance(n)) << n;
      EXPECT_NEAR(tested.l2_f16(a.data(), half.data(), n), l2_half, tolerance(n)) << n;
    }
  }
}

TEST_P(KernelsTest, Int8IsExactAtExtremesAndRandomCodes) {
  const Kernels& tested = *GetParam();
  Random random(8);
  for (const std::size_t n : lengths()) {
    for (int kind = 0; kind < 3; ++kind) {
      Unaligned<std::int8_t> query(n, 3);
      Unaligned<std::uint8_t> row(n, 1);
      std::int64_t expected = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const int q = kind == 0 ? static_cast<int>(random.below(255)) - 127 : kind == 1 ? 127 : -127;
        const int r = kind == 0 ? static_cast<int>(random.below(256)) : 255;
        query.set(i, static_cast<std::int8_t>(q));
        row.set(i, static_cast<std::uint8_t>(r));
        expected += std::int64_t{q} * r;
      }
      EXPECT_EQ(tested.dot_i8(query.data(), row.data(), n), expected) << n;
    }
  }
}

TEST_P(KernelsTest, BatchedEqualsOneByOne) {
  const Kernels& tested = *GetParam();
  Random random(9);
  for (const std::size_t n : {1U, 17U, 64U, 100U, 129U}) {
    constexpr std::size_t kRows = 37;
    const std::size_t stride = n * 4 + 4;
    std::vector<std::uint8_t> memory(kRows * stride);
    for (std::size_t r = 0; r < kRows; ++r) {
      for (std::size_t i = 0; i < n; ++i) {
        const float value = static_cast<float>(random.normal());
        std::memcpy(&memory[r * stride + 4 * i], &value, 4);
      }
    }
    std::vector<float> query(n);
    std::vector<std::int8_t> codes(n);
    for (std::size_t i = 0; i < n; ++i) {
      query[i] = static_cast<float>(random.normal());
      codes[i] = static_cast<std::int8_t>(static_cast<int>(random.below(255)) - 127);
    }
    const RowSet set{memory.data(), stride};
    for (const std::size_t count : {0U, 1U, 3U, 4U, 5U, 32U}) {
      std::vector<std::uint32_t> rows(count);
      for (std::uint32_t& row : rows) row = random.below(kRows);
      std::vector<float> out(count + 1, -7);
      std::vector<std::int32_t> sums(count + 1, -7);
      tested.dot_f32_rows(query.data(), n, set, rows.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(out[i], tested.dot_f32(query.data(), reinterpret_cast<const float*>(set.row(rows[i])), n));
      }
      tested.l2_f32_rows(query.data(), n, set, rows.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(out[i], tested.l2_f32(query.data(), reinterpret_cast<const float*>(set.row(rows[i])), n));
      }
      tested.dot_i8_rows(codes.data(), n, set, rows.data(), count, sums.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(sums[i], tested.dot_i8(codes.data(), set.row(rows[i]), n));
      }
      EXPECT_EQ(out[count], -7);
      EXPECT_EQ(sums[count], -7);
      for (std::size_t r = 0; r < kRows; ++r) {  // the same memory as halves, without NaN and infinity
        for (std::size_t i = 0; i < n; ++i) {
          const std::uint16_t h = f16_from_f32(static_cast<float>(random.normal()));
          std::memcpy(&memory[r * stride + 2 * i], &h, 2);
        }
      }
      tested.dot_f16_rows(query.data(), n, set, rows.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(out[i], tested.dot_f16(query.data(), reinterpret_cast<const std::uint16_t*>(set.row(rows[i])), n));
      }
      tested.l2_f16_rows(query.data(), n, set, rows.data(), count, out.data());
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(out[i], tested.l2_f16(query.data(), reinterpret_cast<const std::uint16_t*>(set.row(rows[i])), n));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tables, KernelsTest, testing::ValuesIn(available_kernels()),
                         [](const auto& tested) { return std::string(tested.param->name); });

TEST(HalfTest, RoundTripsEveryFiniteHalf) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    if ((bits & 0x7C00U) == 0x7C00U) continue;
    EXPECT_EQ(f16_from_f32(f32_from_f16(static_cast<std::uint16_t>(bits))), bits);
  }
}

// Values from the IEEE 754 binary16 definition.
TEST(HalfTest, RoundsToNearestEven) {
  EXPECT_EQ(f16_from_f32(1.0F), 0x3C00);
  EXPECT_EQ(f16_from_f32(65504.0F), 0x7BFF);
  EXPECT_EQ(f16_from_f32(65519.0F), 0x7BFF);
  EXPECT_EQ(f16_from_f32(65520.0F), 0x7C00);
  EXPECT_EQ(f16_from_f32(1.0F + 0x1.0p-11F), 0x3C00);      // a tie goes to the even mantissa
  EXPECT_EQ(f16_from_f32(1.0F + 3 * 0x1.0p-11F), 0x3C02);  // and up where that is even
  EXPECT_EQ(f16_from_f32(0x1.0p-24F), 0x0001);             // the least subnormal
  EXPECT_EQ(f16_from_f32(0x1.0p-25F), 0x0000);
  EXPECT_EQ(f16_from_f32(-2.0F), 0xC000);
}

// Run by CTest once per value of TAMIS_SIMD (tests/index/CMakeLists.txt).
TEST(DispatchTest, EnvironmentForcesATable) {
  const char* forced = std::getenv("TAMIS_SIMD");
  if (forced == nullptr) {
    EXPECT_EQ(kernels().name, available_kernels().back()->name);
    return;
  }
  for (const Kernels* table : available_kernels()) {
    if (table->name.starts_with(forced)) {
      EXPECT_TRUE(kernels().name.starts_with(forced)) << kernels().name;
      return;
    }
  }
  GTEST_SKIP() << "this machine lacks " << forced;
}

}  // namespace
}  // namespace tamis::index
