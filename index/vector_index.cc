#include "index/vector_index.h"

#include <string>
#include <utility>

#include "common/record_checks.h"
#include "index/segmented_index.h"

namespace tamis::index {
namespace {

Status check_range(std::string_view name, double value, double least, double most) {
  if (value >= least && value <= most) return Status::ok();
  return Status::invalid_argument("index." + std::string(name) + " is " + std::to_string(value) + "; expected " +
                                  std::to_string(least) + " to " + std::to_string(most))
      .at_field("index." + std::string(name));
}

}  // namespace

Status validate_index_options(const IndexOptions& options) {
  Space shape;
  shape.dim = options.dim;
  shape.metric = options.metric;
  shape.quantization = options.quantization;
  if (Status status = check_space_shape(shape); !status.is_ok()) {
    const std::string field = "index." + status.field();
    return std::move(status).with_context("index").at_field(field);
  }
  TAMIS_RETURN_IF_ERROR(check_range("m", options.m, 4, 64));
  TAMIS_RETURN_IF_ERROR(check_range("ef_construction", options.ef_construction, 10, 2'000));
  TAMIS_RETURN_IF_ERROR(check_range("recall_target", options.recall_target, 0.5, 1));
  TAMIS_RETURN_IF_ERROR(check_range("growing_limit", options.growing_limit, 16, 1'000'000));
  TAMIS_RETURN_IF_ERROR(check_range("build_threads", options.build_threads, 1, 256));
  return Status::ok();
}

Result<std::unique_ptr<VectorIndex>> VectorIndex::create(const IndexOptions& options) {
  TAMIS_RETURN_IF_ERROR(validate_index_options(options));
  return std::unique_ptr<VectorIndex>(std::make_unique<SegmentedIndex>(options));
}

}  // namespace tamis::index
