// The file of one encoder of a generation, <name>.safetensors, and its entry in the manifest.
// Thread-safe: functions of their arguments and the files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/status.h"
#include "engine/generations/manifest.h"
#include "models/encoder.h"

namespace tamis::engine {

std::string encoder_file_name(const std::string& encoder);  // "ials.safetensors"

// io_error, resource_exhausted (disk full).
Status write_encoder(const std::filesystem::path& dir, const models::Encoder& encoder);
Manifest::Encoder describe_encoder(const models::Encoder& encoder);

// Loads it by its kind and holds what was loaded to the manifest: row counts, dim, finite vectors. corruption,
// invalid_argument (a kind or a setting that this build does not know), io_error. `text_embedders` (may be null) is
// asked for the endpoint of an encoder that has one.
Result<std::shared_ptr<const models::Encoder>> read_encoder(const std::filesystem::path& dir, const std::string& name,
                                                            const Manifest& manifest,
                                                            const models::TextEmbedderSource* text_embedders = nullptr);

}  // namespace tamis::engine
