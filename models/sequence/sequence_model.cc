#include "models/sequence/sequence_model.h"

#include <algorithm>
#include <new>
#include <string>

#include "models/sequence/sequence_options.h"

namespace tamis::models {
namespace {

constexpr const char* kItemVectors = "item_vectors";
constexpr const char* kMaskVector = "mask_vector";
constexpr const char* kItemEmbedding = "item_embedding";

// Slices are named with dots, tensors in snake case.
std::string tensor_name(std::string slice) {
  std::replace(slice.begin(), slice.end(), '.', '_');
  return slice;
}

TensorShape tensor_shape(const nn::Slice& slice) {
  return slice.rows == 1 ? TensorShape{slice.columns} : TensorShape{slice.rows, slice.columns};
}

EncoderShape shape_of(std::string kind, const SequenceEncoderOptions& options, std::uint32_t users) {
  return {.name = kind, .kind = kind, .users = users, .items = options.items, .dim = options.dim};
}

// The architecture of a saved encoder, every value in its range.
Result<SequenceEncoderOptions> saved_options(const SavedEncoder& saved) {
  const std::string& kind = saved.shape.kind;
  if (saved.shape.metric != Metric::kDot) {
    return Status::invalid_argument("metric is " + std::string(metric_name(saved.shape.metric)) + ", expected dot")
        .at_field("metric");
  }
  Settings given = saved.settings;
  given["dim"] = std::to_string(saved.shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(sequence_model_options(kind), given));
  TAMIS_RETURN_IF_ERROR(validate_sequence_settings(settings));
  return sequence_encoder_options(kind, settings, saved.shape.items);
}

}  // namespace

SequenceModel::SequenceModel(std::string kind, std::unique_ptr<SequenceEncoder> encoder, std::uint32_t users)
    : Encoder(shape_of(std::move(kind), encoder->options(), users)), encoder_(std::move(encoder)) {}

Result<std::unique_ptr<Encoder>> SequenceModel::load(const SavedEncoder& saved) {
  TAMIS_ASSIGN_OR_RETURN(const SequenceEncoderOptions options, saved_options(saved));
  const TensorShape items_shape = {saved.shape.items, saved.shape.dim};
  // Read first: only a file that holds so many items makes memory for them.
  TAMIS_ASSIGN_OR_RETURN(const std::vector<float> items, read_finite(saved.tensors, kItemVectors, items_shape));
  try {
    auto encoder = std::make_unique<SequenceEncoder>(options);
    nn::Parameters& parameters = encoder->parameters();
    for (const nn::NamedSlice& named : parameters.slices()) {
      float* values = parameters.data(named.slice);
      if (named.name == kItemEmbedding) {
        std::copy(items.begin(), items.end(), values);
        if (!options.bidirectional) continue;
        TAMIS_ASSIGN_OR_RETURN(const std::vector<float> mask,
                               read_finite(saved.tensors, kMaskVector, {saved.shape.dim}));
        std::copy(mask.begin(), mask.end(), values + items.size());
      } else {
        TAMIS_ASSIGN_OR_RETURN(const std::vector<float> tensor,
                               read_finite(saved.tensors, tensor_name(named.name), tensor_shape(named.slice)));
        std::copy(tensor.begin(), tensor.end(), values);
      }
    }
    return std::unique_ptr<Encoder>(
        std::make_unique<SequenceModel>(saved.shape.kind, std::move(encoder), saved.shape.users));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("no memory for the weights of " + saved.shape.kind);
  }
}

std::span<const float> SequenceModel::item_vectors() const {
  return {encoder_->item_embeddings(), std::size_t{shape().items} * shape().dim};
}

Status SequenceModel::embed_user(const UserInput& user, std::span<float> out) const {
  if (user.history.empty()) return Status::failed_precondition("no history that the model knows");
  thread_local std::vector<std::uint32_t> items;
  items.clear();
  const std::size_t count = std::min<std::size_t>(user.history.size(), encoder_->options().max_length);
  for (const HistoryEvent& event : user.history.last(count)) items.push_back(event.item);
  const std::span<const std::uint32_t> history = items;
  encoder_->encode_batch({&history, 1}, out);
  return Status::ok();
}

Settings SequenceModel::settings() const {
  const SequenceEncoderOptions& options = encoder_->options();
  return {{"blocks", std::to_string(options.blocks)},
          {"heads", std::to_string(options.heads)},
          {"inner", std::to_string(options.inner)},
          {"max_length", std::to_string(options.max_length)}};
}

void SequenceModel::add_tensors(TensorWriter& writer) const {
  const nn::Parameters& parameters = encoder_->parameters();
  writer.add<float>(kItemVectors, {shape().items, shape().dim}, item_vectors());
  for (const nn::NamedSlice& named : parameters.slices()) {
    const std::span<const float> values(parameters.data(named.slice), named.slice.size());
    if (named.name != kItemEmbedding) {
      writer.add<float>(tensor_name(named.name), tensor_shape(named.slice), values);
    } else if (encoder_->options().bidirectional) {
      writer.add<float>(kMaskVector, {shape().dim}, values.last(shape().dim));
    }
  }
}

}  // namespace tamis::models
