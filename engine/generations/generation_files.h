// The files of a generation; the format is public (docs/models.md):
//   manifest.json           what it is, the options of its models, size and checksum of every other file
//   users.txt, items.txt    the vocabulary: external ids by row, one a line; an empty line is a user who was erased
//   <encoder>.safetensors   the tensors of each encoder, by its kind
//   <history model>.safetensors  the tensors of each history model, by its kind
//   item_knn.safetensors    offsets [items + 1] u64, neighbor [n] u32, similarity [n] f32; user_knn likewise
//   ranker.safetensors      the ranker of the first objective (ranker/dlrm_file.h); ranker_2.safetensors and so on of
//                           the others, as the manifest lists them
//   users.<generation>.txt, items.<generation>.txt  the vocabulary of members inherited from that generation
//   interactions.safetensors  with user_knn: offsets [users + 1] u64, column [n] u32, weight [n] f32, below 0
//                           where the user turned the item down
// Thread-safe: functions of their arguments and the files.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/generations/inherit_members.h"
#include "engine/requests.h"
#include "engine/serving/generation.h"
#include "engine/serving/generation_ranker.h"
#include "engine/serving/row_cache.h"
#include "storage/id_table.h"

namespace tamis::engine {

struct VocabularyNames {
  std::vector<std::string> users;
  std::vector<std::string> items;
};

// A generation as it is on disk, by external ids.
struct GenerationContents {
  GenerationInfo info;  // the state is the registry's business: "ready" here
  std::vector<std::string> users;
  std::vector<std::string> items;
  RatingScales rating_scales;
  LearnedModels models;
  std::vector<LearnedObjective> ranker;    // one model per objective, the first leads; empty: none
  models::InteractionMatrix interactions;  // [users, items]; empty without user_knn
  // Of inherited members, by the generation that learned them; info.inherited says which those are.
  std::map<std::string, VocabularyNames> vocabularies;
  std::uint64_t file_bytes = 0;  // of the files that it was read from, without tables that stay there
};

// Written beside `dir` under a temporary name (kTemporarySuffix), synced, then renamed: `dir` is whole or not there.
// already_exists, io_error, resource_exhausted (disk full); nothing is left behind by a failure.
inline constexpr const char* kTemporarySuffix = ".tmp";
// `inheritance`, where given: members of another generation whose files become files of this one, as they are.
Status write_generation(const std::filesystem::path& dir, const GenerationContents& contents,
                        const Inheritance* inheritance = nullptr);

// Verifies every checksum, shape and range. corruption (a file is missing, damaged, or not what the manifest says),
// invalid_argument (a newer format), io_error.
// `text_embedders` as for read_encoder(), `rows` as for read_ranker().
Result<GenerationContents> read_generation(const std::filesystem::path& dir,
                                           const models::TextEmbedderSource* text_embedders = nullptr,
                                           const std::shared_ptr<RowCache>& rows = nullptr);

// Maps the vocabulary to dense ids. failed_precondition where it names a user or an item that the tables do not know.
// A generation of this database's own (`is_own`) may name users who are gone: erased, or sessions that were merged.
// `ranker_items_bytes` as for GenerationRanker::create().
Result<std::shared_ptr<const Generation>> bind_generation(GenerationContents contents, const storage::IdTable& users,
                                                          const storage::IdTable& items, bool is_own = false,
                                                          std::uint64_t ranker_items_bytes = kRankerItemsBytes);

}  // namespace tamis::engine
