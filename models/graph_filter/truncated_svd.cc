#include "models/graph_filter/truncated_svd.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "common/random.h"
#include "models/blas.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kSvdRowsPerBlock = 256;
constexpr std::size_t kGramRows = 4096;    // rows per partial Gramian, at least
constexpr std::size_t kGramPartials = 16;  // at most, to bound memory
constexpr float kNegligible = 1e-6F;       // share of the greatest eigenvalue below which a direction is noise

// A dense matrix [rows, width], row-major.
struct Dense {
  std::size_t rows = 0;
  std::size_t width = 0;
  std::vector<float> values;

  Dense(std::size_t row_count, std::size_t column_count)
      : rows(row_count), width(column_count), values(row_count * column_count) {}
  float* row(std::size_t index) { return values.data() + index * width; }
  const float* row(std::size_t index) const { return values.data() + index * width; }
};

// out = sparse * in.
Status multiply(const InteractionMatrix& sparse, const Dense& in, Dense& out, const TrainControl& control) {
  return parallel_blocks(control, sparse.rows, kSvdRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t index = begin; index < end; ++index) {
      const auto row = static_cast<std::uint32_t>(index);
      float* sum = out.row(index);
      std::fill_n(sum, out.width, 0.0F);
      const auto columns = sparse.row_columns(row);
      const auto weights = sparse.row_weights(row);
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const float weight = weights[i];
        const float* other = in.row(columns[i]);
        for (std::size_t d = 0; d < out.width; ++d) sum[d] += weight * other[d];
      }
    }
  });
}

// transpose(m) * m, [width, width], the lower triangle.
Result<std::vector<float>> gram(const Dense& m, const TrainControl& control) {
  const std::size_t block = std::max(kGramRows, (m.rows + kGramPartials - 1) / kGramPartials);
  std::vector<std::vector<float>> partials((m.rows + block - 1) / block);
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, m.rows, block, [&](std::size_t begin, std::size_t end) {
    std::vector<float>& partial = partials[begin / block];
    partial.assign(m.width * m.width, 0.0F);
    blas::add_gram_of_columns(end - begin, m.width, m.row(begin), partial.data());
  }));
  std::vector<float> sum(m.width * m.width);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    double total = 0;
    for (const std::vector<float>& partial : partials) total += partial[i];
    sum[i] = static_cast<float>(total);
  }
  return sum;
}

// The eigenvectors of a Gramian as rows, greatest eigenvalue first; those that are noise left out.
struct Spectrum {
  std::vector<float> values;
  std::vector<float> vectors;  // [values, width]
};

Result<Spectrum> spectrum_of(std::vector<float> gramian, std::size_t width) {
  std::vector<float> ascending(width);
  if (!blas::decompose_symmetric(width, gramian.data(), ascending))
    return Status::internal("the eigenvalues of the subspace do not converge");
  Spectrum spectrum;
  const float least = std::max(0.0F, kNegligible * ascending.back());
  for (std::size_t i = width; i-- > 0 && ascending[i] > least;) {
    spectrum.values.push_back(ascending[i]);
    const auto vector = gramian.begin() + static_cast<std::ptrdiff_t>(i * width);
    spectrum.vectors.insert(spectrum.vectors.end(), vector, vector + static_cast<std::ptrdiff_t>(width));
  }
  return spectrum;
}

// m * transpose(basis), `basis` [count, m.width].
Result<Dense> project(const Dense& m, std::span<const float> basis, const TrainControl& control) {
  Dense out(m.rows, basis.size() / m.width);
  if (out.width == 0) return out;
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, m.rows, kSvdRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    blas::multiply_by_transposed(end - begin, out.width, m.width, m.row(begin), basis.data(), out.row(begin));
  }));
  return out;
}

// An orthonormal basis of m's columns. Directions that rounding cannot tell from noise are left out.
Result<Dense> orthonormalize(const Dense& m, const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> gramian, gram(m, control));
  TAMIS_ASSIGN_OR_RETURN(Spectrum spectrum, spectrum_of(std::move(gramian), m.width));
  for (std::size_t i = 0; i < spectrum.values.size(); ++i) {
    const float scale = 1.0F / std::sqrt(spectrum.values[i]);
    for (std::size_t d = 0; d < m.width; ++d) spectrum.vectors[i * m.width + d] *= scale;
  }
  return project(m, spectrum.vectors, control);
}

}  // namespace

Result<TruncatedSvd> truncated_svd(const InteractionMatrix& matrix, const InteractionMatrix& transposed,
                                   const TruncatedSvdOptions& options, const TrainControl& control) {
  const std::size_t width = std::min<std::size_t>(options.rank + options.oversampling, matrix.columns);
  TruncatedSvd svd;
  if (width == 0 || matrix.rows == 0) return svd;
  Random random(options.seed);
  Dense basis(matrix.columns, width);
  for (float& value : basis.values) value = static_cast<float>(random.normal());
  for (std::uint32_t iteration = 0; iteration < options.iterations; ++iteration) {
    Dense left(matrix.rows, basis.width);
    TAMIS_RETURN_IF_ERROR(multiply(matrix, basis, left, control));
    TAMIS_RETURN_IF_ERROR(multiply(transposed, left, basis, control));
    TAMIS_ASSIGN_OR_RETURN(basis, orthonormalize(basis, control));
    if (basis.width == 0) return svd;  // a matrix of zeros
    control.progress((iteration + 1.0) / (options.iterations + 1.0),
                     "singular vectors, iteration " + std::to_string(iteration + 1));
  }
  // Rayleigh and Ritz: the singular vectors within the subspace.
  Dense left(matrix.rows, basis.width);
  TAMIS_RETURN_IF_ERROR(multiply(matrix, basis, left, control));
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> gramian, gram(left, control));
  TAMIS_ASSIGN_OR_RETURN(Spectrum spectrum, spectrum_of(std::move(gramian), basis.width));
  const std::size_t rank = std::min<std::size_t>(options.rank, spectrum.values.size());
  spectrum.vectors.resize(rank * basis.width);
  TAMIS_ASSIGN_OR_RETURN(Dense vectors, project(basis, spectrum.vectors, control));
  svd.rank = static_cast<std::uint32_t>(rank);
  for (std::size_t i = 0; i < rank; ++i) svd.values.push_back(std::sqrt(spectrum.values[i]));
  svd.vectors = std::move(vectors.values);
  return svd;
}

}  // namespace tamis::models
