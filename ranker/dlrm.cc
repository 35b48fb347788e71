#include "ranker/dlrm.h"

#include <algorithm>
#include <string>

#include "models/parallel.h"

namespace tamis::ranker {
namespace {

constexpr std::size_t kRowBlock = 128;

Status check_widths(const std::vector<std::uint32_t>& widths, const char* name, std::size_t fewest) {
  if (widths.size() < fewest || widths.size() > Dlrm::kMaxLayers)
    return Status::invalid_argument(std::string(name) + " has " + std::to_string(widths.size()) +
                                    " hidden layers, expected " + std::to_string(fewest) + ".." +
                                    std::to_string(Dlrm::kMaxLayers))
        .at_field(name);
  for (const std::uint32_t width : widths) {
    if (width == 0 || width > Dlrm::kMaxWidth)
      return Status::invalid_argument(std::string(name) + " has a layer of width " + std::to_string(width) +
                                      ", expected 1.." + std::to_string(Dlrm::kMaxWidth))
          .at_field(name);
  }
  return Status::ok();
}

Status check_options(const DlrmOptions& options) {
  constexpr std::uint32_t kMaxDim = 1024;
  if (options.dim == 0 || options.dim > kMaxDim)
    return Status::invalid_argument("dim is " + std::to_string(options.dim) + ", expected 1..1024").at_field("dim");
  if (!(options.dropout >= 0 && options.dropout <= 0.95F))
    return Status::invalid_argument("dropout is " + std::to_string(options.dropout) + ", expected 0..0.95")
        .at_field("dropout");
  TAMIS_RETURN_IF_ERROR(check_widths(options.bottom, "bottom", 0));
  return check_widths(options.top, "top", 1);
}

}  // namespace

Result<Dlrm> Dlrm::create(FeatureSchema schema, const DlrmOptions& options, std::uint64_t seed) {
  return make(std::move(schema), options, seed, nullptr);
}

Result<Dlrm> Dlrm::create(FeatureSchema schema, const DlrmOptions& options, std::shared_ptr<const RowSource> rows) {
  return make(std::move(schema), options, 0, std::move(rows));
}

Result<Dlrm> Dlrm::make(FeatureSchema schema, const DlrmOptions& options, std::uint64_t seed,
                        std::shared_ptr<const RowSource> rows) {
  TAMIS_RETURN_IF_ERROR(check_options(options));
  Dlrm model;
  TAMIS_ASSIGN_OR_RETURN(model.layout_, make_layout(schema, options.interaction, options.dim));
  Random random(seed);
  for (const std::size_t field : schema.id_fields()) {
    if (rows == nullptr)
      model.tables_.emplace_back(schema.fields()[field].rows, options.dim, options.embedding_stddev, random);
  }
  for (const BottomSource& bottom : model.layout_.bottoms) {
    const MlpOptions mlp{.hidden = options.bottom, .out = options.dim, .activate_output = true};
    model.bottoms_.emplace_back(model.parameters_, "bottom." + std::string(field_side_name(bottom.side)),
                                bottom.numeric.size(), mlp, random);
  }
  const MlpOptions top{.hidden = options.top,
                       .out = 1,
                       .activate_output = false,
                       .batch_norm = options.batch_norm,
                       .dropout = options.dropout};
  model.top_ = Mlp(model.parameters_, "top", model.layout_.top_inputs(), top, random);
  model.schema_ = std::move(schema);
  model.options_ = options;
  model.rows_ = std::move(rows);
  return model;
}

Status Dlrm::pool(const ExampleTable& examples, std::size_t row, std::size_t id_field, float* out) const {
  const auto ids = examples.ids[id_field].of(row);
  const std::size_t dim = options_.dim;
  if (ids.size() == 1) {
    if (rows_ != nullptr) return rows_->read(id_field, ids[0], {out, dim});
    std::copy_n(tables_[id_field].row(ids[0]), dim, out);
    return Status::ok();
  }
  std::fill_n(out, dim, 0.0F);
  if (ids.empty()) return Status::ok();
  const float share = 1 / static_cast<float>(ids.size());
  std::vector<float> fetched(rows_ == nullptr ? 0 : dim);
  for (const std::uint32_t id : ids) {
    if (rows_ != nullptr) TAMIS_RETURN_IF_ERROR(rows_->read(id_field, id, fetched));
    const float* from = rows_ != nullptr ? fetched.data() : tables_[id_field].row(id);
    for (std::size_t j = 0; j < dim; ++j) out[j] += share * from[j];
  }
  return Status::ok();
}

const float* Dlrm::top_inputs(const Cache& cache) const {
  return layout_.is_plain_concatenation() ? cache.vectors.data() : cache.inputs.data();
}

Status Dlrm::forward_train(const ExampleTable& examples, std::span<const std::uint32_t> rows, Cache& cache,
                           std::uint64_t seed, const models::TrainControl& control) {
  const std::size_t dim = options_.dim;
  const std::size_t width = layout_.vectors.size() * dim;
  const std::size_t numbers = schema_.numeric_fields().size();
  if (rows_ != nullptr) return Status::failed_precondition("a model without tables in memory cannot be trained");
  const std::size_t first_bottom = tables_.size();
  cache.vectors.resize(rows.size() * width);
  cache.numeric.resize(bottoms_.size());
  cache.bottoms.resize(bottoms_.size());
  Random seeds(seed);
  for (std::size_t b = 0; b < bottoms_.size(); ++b) {
    const auto& sources = layout_.bottoms[b].numeric;
    cache.numeric[b].clear();
    for (const std::uint32_t row : rows) {
      for (const std::size_t source : sources) cache.numeric[b].push_back(examples.numeric[row * numbers + source]);
    }
    TAMIS_RETURN_IF_ERROR(bottoms_[b].forward_train(parameters_, rows.size(), cache.numeric[b].data(), cache.bottoms[b],
                                                    seeds(), control));
  }
  const std::size_t inputs = layout_.top_inputs();
  if (!layout_.is_plain_concatenation()) cache.inputs.resize(rows.size() * inputs);
  TAMIS_RETURN_IF_ERROR(
      models::parallel_blocks(control, rows.size(), kRowBlock, [&](std::size_t begin, std::size_t end) {
        InteractionScratch scratch;
        for (std::size_t i = begin; i < end; ++i) {
          float* vectors = &cache.vectors[i * width];
          for (std::size_t f = 0; f < first_bottom; ++f)
            static_cast<void>(pool(examples, rows[i], f, vectors + f * dim));  // of tables in memory: cannot fail
          for (std::size_t b = 0; b < bottoms_.size(); ++b)
            std::copy_n(cache.bottoms[b].output() + i * dim, dim, vectors + (first_bottom + b) * dim);
          if (!layout_.is_plain_concatenation()) interact(layout_, vectors, &cache.inputs[i * inputs], scratch);
        }
      }));
  return top_.forward_train(parameters_, rows.size(), top_inputs(cache), cache.top, seeds(), control);
}

Status Dlrm::backward(std::size_t rows, Cache& cache, models::nn::Gradients& gradients,
                      const models::TrainControl& control) const {
  const std::size_t dim = options_.dim;
  const std::size_t width = layout_.vectors.size() * dim;
  const std::size_t inputs = layout_.top_inputs();
  cache.dinputs.resize(rows * inputs);
  TAMIS_RETURN_IF_ERROR(top_.backward(parameters_, rows, top_inputs(cache), cache.dlogits.data(), cache.dinputs.data(),
                                      cache.top, gradients, control));
  if (layout_.is_plain_concatenation()) {
    std::swap(cache.dvectors, cache.dinputs);
  } else {
    cache.dvectors.assign(rows * width, 0.0F);
    TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, rows, kRowBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const float* from = &cache.dinputs[i * inputs];
        float* to = &cache.dvectors[i * width];
        for (const std::size_t v : layout_.concatenated) {
          for (std::size_t j = 0; j < dim; ++j) to[v * dim + j] += from[j];
          from += dim;
        }
        if (layout_.has_pairs) dot_pairs_backward(layout_.vectors.size(), dim, &cache.vectors[i * width], from, to);
      }
    }));
  }
  for (std::size_t b = 0; b < bottoms_.size(); ++b) {
    cache.dbottom.resize(rows * dim);
    const std::size_t at = (tables_.size() + b) * dim;
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(&cache.dvectors[i * width + at], dim, &cache.dbottom[i * dim]);
    TAMIS_RETURN_IF_ERROR(bottoms_[b].backward(parameters_, rows, cache.numeric[b].data(), cache.dbottom.data(),
                                               nullptr, cache.bottoms[b], gradients, control));
  }
  return Status::ok();
}

void Dlrm::backward_table(const ExampleTable& examples, std::span<const std::uint32_t> rows, const Cache& cache,
                          std::size_t id_field, models::nn::SparseGradient& gradient) const {
  const std::size_t dim = options_.dim;
  const std::size_t width = layout_.vectors.size() * dim;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto ids = examples.ids[id_field].of(rows[i]);
    const float share = ids.empty() ? 0 : 1 / static_cast<float>(ids.size());
    const float* from = &cache.dvectors[i * width + id_field * dim];
    for (const std::uint32_t id : ids) {
      float* to = gradient.at_slot(gradient.touch(id));
      for (std::size_t j = 0; j < dim; ++j) to[j] += share * from[j];
    }
  }
}

FrozenNetwork Dlrm::freeze() const {
  FrozenNetwork network;
  for (const Mlp& bottom : bottoms_) network.bottoms.push_back(bottom.freeze(parameters_));
  network.top = top_.freeze(parameters_);
  return network;
}

}  // namespace tamis::ranker
