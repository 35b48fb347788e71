#include "engine/generations/encoder_files.h"

#include <algorithm>
#include <cmath>

#include "common/nearest_name.h"
#include "models/kinds/encoder_kinds.h"
#include "models/matrix_io.h"

namespace tamis::engine {
namespace {

Status unknown_encoder(const std::string& kind) {
  std::vector<std::string_view> known;
  for (const models::EncoderKind& candidate : models::encoder_kinds()) known.push_back(candidate.name);
  std::string message = "'" + kind + "' is no kind of encoder that this build loads";
  if (const std::string_view nearest = nearest_name(kind, known); !nearest.empty())
    message += "; did you mean '" + std::string(nearest) + "'?";
  return Status::invalid_argument(std::move(message)).at_field("kind");
}

// What a loader promises, checked again: what serves must not be able to read outside of a table.
Status check_table(std::span<const float> table, std::uint64_t rows, std::uint64_t dim, const char* name) {
  if (table.size() != rows * dim)
    return Status::corruption(std::string(name) + " have " + std::to_string(table.size()) + " values, expected " +
                              std::to_string(rows) + " x " + std::to_string(dim));
  if (std::any_of(table.begin(), table.end(), [](float value) { return !std::isfinite(value); }))
    return Status::corruption(std::string(name) + " hold a value that is not finite");
  return Status::ok();
}

}  // namespace

std::string encoder_file_name(const std::string& encoder) { return encoder + ".safetensors"; }

Status write_encoder(const std::filesystem::path& dir, const models::Encoder& encoder) {
  models::TensorWriter writer;
  encoder.add_tensors(writer);
  return writer.write(dir / encoder_file_name(encoder.shape().name));
}

Manifest::Encoder describe_encoder(const models::Encoder& encoder) {
  return {.kind = encoder.shape().kind,
          .dim = encoder.shape().dim,
          .metric = encoder.shape().metric,
          .settings = encoder.settings()};
}

Result<std::shared_ptr<const models::Encoder>> read_encoder(const std::filesystem::path& dir, const std::string& name,
                                                            const Manifest& manifest,
                                                            const models::TextEmbedderSource* text_embedders) {
  const Manifest::Encoder& entry = manifest.encoders.at(name);
  const models::EncoderKind* kind = models::find_encoder_kind(entry.kind);
  if (kind == nullptr || kind->load == nullptr) return unknown_encoder(entry.kind);
  if (!manifest.files.contains(encoder_file_name(name)))
    return Status::corruption("the manifest does not name " + encoder_file_name(name));
  TAMIS_ASSIGN_OR_RETURN(const models::TensorReader tensors, models::TensorReader::open(dir / encoder_file_name(name)));
  const models::EncoderShape shape{.name = name,
                                   .kind = entry.kind,
                                   .users = manifest.size_of(name).users,
                                   .items = manifest.size_of(name).items,
                                   .dim = entry.dim,
                                   .metric = entry.metric};
  TAMIS_ASSIGN_OR_RETURN(
      std::unique_ptr<models::Encoder> encoder,
      kind->load({.shape = shape, .settings = entry.settings, .tensors = tensors, .text_embedders = text_embedders}));
  TAMIS_RETURN_IF_ERROR(check_table(encoder->item_vectors(), shape.items, shape.dim, "item vectors"));
  if (!encoder->user_vectors().empty())
    TAMIS_RETURN_IF_ERROR(check_table(encoder->user_vectors(), shape.users, shape.dim, "user vectors"));
  if (encoder->shape().name != name || encoder->shape().dim != shape.dim || encoder->shape().metric != shape.metric)
    return Status::corruption("the encoder is not the one that the manifest describes");
  return std::shared_ptr<const models::Encoder>(std::move(encoder));
}

}  // namespace tamis::engine
