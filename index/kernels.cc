#include "index/kernels.h"

#include <cstdlib>

#include "index/kernel_tables.h"

namespace tamis::index {
namespace {

// AVX-512 with the int8 kernels of VNNI where the machine has them.
const Kernels* vnni_table() {
  const Kernels* avx512 = avx512_kernels();
  const VnniKernels* vnni = vnni_kernels();
  if (avx512 == nullptr || vnni == nullptr) return nullptr;
  static const Kernels table = [&] {
    Kernels merged = *avx512;
    merged.name = "avx512_vnni";
    merged.dot_i8 = vnni->dot_i8;
    merged.dot_i8_rows = vnni->dot_i8_rows;
    return merged;
  }();
  return &table;
}

const Kernels* choose() {
  const std::vector<const Kernels*> available = available_kernels();
  const char* forced = std::getenv("TAMIS_SIMD");
  if (forced == nullptr) return available.back();
  const Kernels* chosen = nullptr;
  for (const Kernels* table : available) {
    if (table->name.starts_with(forced)) chosen = table;  // "avx512" takes VNNI along
  }
  return chosen != nullptr ? chosen : available.back();
}

}  // namespace

std::vector<const Kernels*> available_kernels() {
  std::vector<const Kernels*> available = {&scalar_kernels()};
  for (const Kernels* table : {sse4_kernels(), avx2_kernels(), avx512_kernels(), vnni_table(), native_kernels()}) {
    if (table != nullptr) available.push_back(table);
  }
  return available;
}

const Kernels& kernels() {
  static const Kernels* const chosen = choose();
  return *chosen;
}

}  // namespace tamis::index
