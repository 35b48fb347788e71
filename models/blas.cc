#include "models/blas.h"

#include <cblas.h>

#include <vector>

extern "C" {
// LAPACK, as OpenBLAS exports it (https://netlib.org/lapack). Column-major: what is lower there is upper here.
void spotrf_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void spotrs_(const char* uplo, const int* n, const int* nrhs, const float* a, const int* lda, float* b, const int* ldb,
             int* info);
void spotri_(const char* uplo, const int* n, float* a, const int* lda, int* info);
void ssyevd_(const char* jobz, const char* uplo, const int* n, float* a, const int* lda, float* w, float* work,
             const int* lwork, int* iwork, const int* liwork, int* info);
}

namespace tamis::models::blas {
namespace {

void use_calling_thread_only() {
  static const bool once = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(once);
}

int to_int(std::size_t n) { return static_cast<int>(n); }

}  // namespace

void multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c) {
  use_calling_thread_only();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, to_int(m), to_int(n), to_int(k), 1.0F, a, to_int(k), b,
              to_int(n), 0.0F, c, to_int(n));
}

void multiply_by_transposed(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c) {
  use_calling_thread_only();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, to_int(m), to_int(n), to_int(k), 1.0F, a, to_int(k), b,
              to_int(k), 0.0F, c, to_int(n));
}

void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k, float scale,
          const float* a, std::size_t stride_a, const float* b, std::size_t stride_b, float keep, float* c,
          std::size_t stride_c) {
  if (m == 0 || n == 0) return;
  use_calling_thread_only();
  cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans,
              to_int(m), to_int(n), to_int(k), scale, a, to_int(stride_a), b, to_int(stride_b), keep, c,
              to_int(stride_c));
}

void add_multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c) {
  gemm(kNo, kNo, m, n, k, 1, a, k, b, n, 1, c, n);
}

void add_transposed_multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c) {
  gemm(kTranspose, kNo, n, k, m, 1, a, n, b, k, 1, c, k);
}

void add_gram_of_columns(std::size_t m, std::size_t n, const float* a, float* c) {
  use_calling_thread_only();
  cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, to_int(n), to_int(m), 1.0F, a, to_int(n), 1.0F, c, to_int(n));
}

void add_gram_of_rows(std::size_t m, std::size_t n, const float* a, float* c) {
  use_calling_thread_only();
  cblas_ssyrk(CblasRowMajor, CblasLower, CblasNoTrans, to_int(m), to_int(n), 1.0F, a, to_int(n), 1.0F, c, to_int(m));
}

void add_transposed_times_vector(std::size_t m, std::size_t n, const float* a, const float* x, float* y) {
  use_calling_thread_only();
  cblas_sgemv(CblasRowMajor, CblasTrans, to_int(m), to_int(n), 1.0F, a, to_int(n), x, 1, 1.0F, y, 1);
}

void add_scaled(std::size_t n, float scale, const float* x, float* y) {
  use_calling_thread_only();
  cblas_saxpy(to_int(n), scale, x, 1, y, 1);
}

float dot(std::size_t n, const float* a, const float* b) {
  use_calling_thread_only();
  return cblas_sdot(to_int(n), a, 1, b, 1);
}

bool solve_positive_definite(std::size_t n, float* a, float* rhs) {
  use_calling_thread_only();
  const int size = to_int(n);
  const int one = 1;
  int info = 0;
  spotrf_("U", &size, a, &size, &info);
  if (info != 0) return false;
  spotrs_("U", &size, &one, a, &size, rhs, &size, &info);
  return info == 0;
}

bool invert_positive_definite(std::size_t n, float* a) {
  use_calling_thread_only();
  const int size = to_int(n);
  int info = 0;
  spotrf_("U", &size, a, &size, &info);
  if (info != 0) return false;
  spotri_("U", &size, a, &size, &info);
  if (info != 0) return false;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) a[j * n + i] = a[i * n + j];
  }
  return true;
}

bool decompose_symmetric(std::size_t n, float* a, std::span<float> values) {
  use_calling_thread_only();
  const int size = to_int(n);
  const int query = -1;
  int info = 0;
  float work_size = 0;
  int integer_work_size = 0;
  ssyevd_("V", "U", &size, a, &size, values.data(), &work_size, &query, &integer_work_size, &query, &info);
  if (info != 0) return false;
  // The size comes back rounded to f32: a little more makes up for it.
  const int work_length = static_cast<int>(work_size * 1.001F) + 1;
  std::vector<float> work(static_cast<std::size_t>(work_length));
  std::vector<int> integer_work(static_cast<std::size_t>(integer_work_size));
  ssyevd_("V", "U", &size, a, &size, values.data(), work.data(), &work_length, integer_work.data(), &integer_work_size,
          &info);
  return info == 0;
}

}  // namespace tamis::models::blas
