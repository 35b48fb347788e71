// The options of the content encoder: which text of an item, through which embedder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "models/content/hashed_text_embedder.h"
#include "models/option_table.h"
#include "models/settings.h"

namespace tamis::models {

enum class TextEmbedderKind : std::uint8_t { kBuiltin, kWordVectors, kEndpoint };

struct ContentOptions {
  TextEmbedderKind embedder = TextEmbedderKind::kBuiltin;
  std::vector<std::string> fields;  // of an item, in order; empty: as item_text() chooses
  std::uint32_t max_history = 50;   // newest events that a user is the mean of
  double disliked_weight = 0.25;    // of what the user turned down, which is taken from the mean; >= 0

  HashedTextOptions hashed;  // builtin

  std::filesystem::path path;        // word_vectors: a text file, or a .npy matrix
  std::filesystem::path vocabulary;  // word_vectors: of a .npy matrix, its words
  std::uint32_t max_words = 400'000;
  double smoothing = 1e-3;

  std::string model;             // endpoint
  std::uint32_t dimensions = 0;  // endpoint; 0: as many as the model gives
};

// Also the options of the endpoint's client, which docs/models.md lists with them: url, api_key_env, ...
std::vector<ModelOption> content_table();
// REQUIRES: resolve_settings gave them for content_table().
ContentOptions content_options(const Settings& settings);

}  // namespace tamis::models
