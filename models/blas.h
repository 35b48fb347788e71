// The few dense operations that the models need, over OpenBLAS, on row-major f32 matrices.
//
// Every call runs on its calling thread alone: the models parallelise over rows themselves, which is faster for many
// small matrices and gives the same bits whatever the number of threads. Thread-safe.
#pragma once

#include <cstddef>
#include <span>

namespace tamis::models::blas {

// c[m, n] = a[m, k] * b[k, n].
void multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c);
// c[m, n] = a[m, k] * transpose(b[n, k]).
void multiply_by_transposed(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c);
// c[m, n] += a[m, k] * b[k, n].
void add_multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c);
// c[n, k] += transpose(a[m, n]) * b[m, k].
void add_transposed_multiply(std::size_t m, std::size_t n, std::size_t k, const float* a, const float* b, float* c);

enum Transpose : bool { kNo = false, kTranspose = true };
// c[m, n] = scale * op(a) * op(b) + keep * c, with row strides: the general form, for views into wider matrices.
void gemm(Transpose transpose_a, Transpose transpose_b, std::size_t m, std::size_t n, std::size_t k, float scale,
          const float* a, std::size_t stride_a, const float* b, std::size_t stride_b, float keep, float* c,
          std::size_t stride_c);

// Lower triangle of c[n, n] += transpose(a[m, n]) * a.
void add_gram_of_columns(std::size_t m, std::size_t n, const float* a, float* c);
// Lower triangle of c[m, m] += a[m, n] * transpose(a).
void add_gram_of_rows(std::size_t m, std::size_t n, const float* a, float* c);
// y[n] += transpose(a[m, n]) * x[m].
void add_transposed_times_vector(std::size_t m, std::size_t n, const float* a, const float* x, float* y);
// y[n] += scale * x[n].
void add_scaled(std::size_t n, float scale, const float* x, float* y);
float dot(std::size_t n, const float* a, const float* b);

// Solves a * x = rhs in place for a positive definite `a` [n, n], of which the lower triangle is read and overwritten.
// False where rounding leaves `a` not positive definite; `rhs` is then untouched.
bool solve_positive_definite(std::size_t n, float* a, float* rhs);

// Replaces a positive definite `a` [n, n], of which the lower triangle is read, by its inverse, both triangles. False
// where rounding leaves `a` not positive definite; `a` is then spoilt.
bool invert_positive_definite(std::size_t n, float* a);

// The eigenvalues (ascending) of a symmetric `a` [n, n], of which the lower triangle is read; row i of `a` becomes the
// unit eigenvector of values[i]. False where the iteration does not converge.
bool decompose_symmetric(std::size_t n, float* a, std::span<float> values);

}  // namespace tamis::models::blas
