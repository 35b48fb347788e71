#include "engine/generations/generation_files.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <system_error>

#include "common/checksum.h"
#include "common/durable_files.h"
#include "engine/generations/encoder_files.h"
#include "engine/generations/history_model_files.h"
#include "engine/generations/manifest.h"
#include "engine/generations/ranker_files.h"
#include "engine/serving/generation_ranker.h"
#include "models/matrix_io.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;
using models::TensorReader;
using models::TensorWriter;

constexpr const char* kUsers = "users.txt";
constexpr const char* kItems = "items.txt";
constexpr const char* kItemKnn = "item_knn.safetensors";
constexpr const char* kUserKnn = "user_knn.safetensors";
constexpr const char* kInteractions = "interactions.safetensors";
constexpr std::uint64_t kMaxVocabularyBytes = 1ull << 40;

// --- writing ---

Status write_vocabulary(const fs::path& path, const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text.append(id).push_back('\n');
  return write_file_synced(path, text);
}

// A table of ragged rows: a neighbour table or a matrix.
Status write_rows(const fs::path& path, const char* id_name, const char* value_name,
                  const std::vector<std::uint64_t>& offsets, const std::vector<std::uint32_t>& ids,
                  const std::vector<float>& values) {
  TensorWriter writer;
  writer.add<std::uint64_t>("offsets", {offsets.size()}, offsets);
  writer.add<std::uint32_t>(id_name, {ids.size()}, ids);
  writer.add<float>(value_name, {values.size()}, values);
  return writer.write(path);
}

Status write_tables(const fs::path& dir, const GenerationContents& contents) {
  TAMIS_RETURN_IF_ERROR(write_vocabulary(dir / kUsers, contents.users));
  TAMIS_RETURN_IF_ERROR(write_vocabulary(dir / kItems, contents.items));
  for (const auto& [origin, vocabulary] : contents.vocabularies) {
    TAMIS_RETURN_IF_ERROR(write_vocabulary(dir / user_vocabulary_file(origin), vocabulary.users));
    TAMIS_RETURN_IF_ERROR(write_vocabulary(dir / item_vocabulary_file(origin), vocabulary.items));
  }
  for (const auto& encoder : contents.models.encoders) TAMIS_RETURN_IF_ERROR(write_encoder(dir, *encoder));
  for (const auto& model : contents.models.history_models) TAMIS_RETURN_IF_ERROR(write_history_model(dir, *model));
  TAMIS_RETURN_IF_ERROR(write_ranker(dir, contents.ranker));
  if (const auto& table = contents.models.item_neighbors)
    TAMIS_RETURN_IF_ERROR(
        write_rows(dir / kItemKnn, "neighbor", "similarity", table->offsets, table->neighbor, table->similarity));
  if (const auto& table = contents.models.user_neighbors) {
    TAMIS_RETURN_IF_ERROR(
        write_rows(dir / kUserKnn, "neighbor", "similarity", table->offsets, table->neighbor, table->similarity));
    const models::InteractionMatrix& matrix = contents.interactions;
    TAMIS_RETURN_IF_ERROR(
        write_rows(dir / kInteractions, "column", "weight", matrix.offsets, matrix.column, matrix.weight));
  }
  return Status::ok();
}

Status write_all(const fs::path& dir, const GenerationContents& contents, const Inheritance* inheritance) {
  TAMIS_RETURN_IF_ERROR(write_tables(dir, contents));
  Manifest manifest;
  manifest.info = contents.info;
  manifest.users = static_cast<std::uint32_t>(contents.users.size());
  manifest.items = static_cast<std::uint32_t>(contents.items.size());
  manifest.rating_scales = contents.rating_scales;
  for (const auto& encoder : contents.models.encoders)
    manifest.encoders[encoder->shape().name] = describe_encoder(*encoder);
  for (const auto& model : contents.models.history_models)
    manifest.history_models[model->shape().kind] = {.settings = model->settings()};
  manifest.ranker = describe_ranker(contents.ranker);
  for (const auto& [origin, vocabulary] : contents.vocabularies)
    manifest.vocabularies[origin] = {static_cast<std::uint32_t>(vocabulary.users.size()),
                                     static_cast<std::uint32_t>(vocabulary.items.size())};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, checksum_file(entry.path()));
    manifest.files[entry.path().filename().string()] = {.bytes = entry.file_size(error), .checksum = checksum};
  }
  if (error) return Status::io_error("cannot list " + dir.string() + ": " + error.message());
  if (inheritance != nullptr) TAMIS_RETURN_IF_ERROR(link_members(*inheritance, dir, &manifest));
  return write_file_synced(dir / kGenerationManifestName, manifest_to_json(manifest));
}

// --- reading ---

std::vector<std::string> vocabulary_files(const Manifest& manifest) {
  std::vector<std::string> files = {kUsers, kItems};
  for (const auto& [origin, size] : manifest.vocabularies) {
    files.push_back(user_vocabulary_file(origin));
    files.push_back(item_vocabulary_file(origin));
  }
  return files;
}

Status verify_files(const fs::path& dir, const Manifest& manifest) {
  for (const auto& [name, file] : manifest.files) {
    if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
      return Status::corruption("the manifest names a file '" + name + "' outside of its directory");
    TAMIS_RETURN_IF_ERROR(verify_file(dir, name, file));
  }
  return Status::ok();
}

Result<std::vector<std::string>> read_vocabulary(const fs::path& path, std::uint32_t expected) {
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(path, kMaxVocabularyBytes));
  std::vector<std::string> ids;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    ids.push_back(text.substr(begin, end - begin));
    const bool was_erased = ids.back().empty() && path.filename().string().starts_with("users.");
    if (!was_erased) TAMIS_RETURN_IF_ERROR(validate_external_id(ids.back(), path.filename().string()));
    begin = end + 1;
  }
  if (begin != text.size() || ids.size() != expected)
    return Status::corruption(path.filename().string() + " has " + std::to_string(ids.size()) + " lines, expected " +
                              std::to_string(expected));
  return ids;
}

struct RaggedRows {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
};

// Rows 0..`rows`, ids below `id_limit`, values above 0, or where `is_signed` not 0.
Result<RaggedRows> read_rows(const fs::path& path, const char* id_name, const char* value_name, std::uint32_t rows,
                             std::uint32_t id_limit, bool is_signed) {
  TAMIS_ASSIGN_OR_RETURN(const TensorReader reader, TensorReader::open(path));
  RaggedRows table;
  TAMIS_ASSIGN_OR_RETURN(table.offsets, reader.read<std::uint64_t>("offsets", {std::uint64_t{rows} + 1}));
  TAMIS_ASSIGN_OR_RETURN(table.ids, reader.read<std::uint32_t>(id_name));
  TAMIS_ASSIGN_OR_RETURN(table.values, reader.read<float>(value_name, {table.ids.size()}));
  if (table.offsets.front() != 0 || table.offsets.back() != table.ids.size() ||
      !std::is_sorted(table.offsets.begin(), table.offsets.end()))
    return Status::corruption("its offsets do not partition its rows");
  if (std::any_of(table.ids.begin(), table.ids.end(), [&](std::uint32_t id) { return id >= id_limit; }))
    return Status::corruption("it names a row that does not exist");
  const auto is_sound = [&](float value) { return std::isfinite(value) && (is_signed ? value != 0 : value > 0); };
  if (!std::all_of(table.values.begin(), table.values.end(), is_sound))
    return Status::corruption(is_signed ? "it holds a value that is 0 or not finite"
                                        : "it holds a value that is not above 0");
  return table;
}

Result<models::NeighborTable> read_neighbors(const fs::path& path, std::uint32_t rows) {
  TAMIS_ASSIGN_OR_RETURN(RaggedRows table, read_rows(path, "neighbor", "similarity", rows, rows, false));
  return models::NeighborTable{
      .offsets = std::move(table.offsets), .neighbor = std::move(table.ids), .similarity = std::move(table.values)};
}

Result<models::InteractionMatrix> read_interactions(const fs::path& path, std::uint32_t users, std::uint32_t items) {
  TAMIS_ASSIGN_OR_RETURN(RaggedRows table, read_rows(path, "column", "weight", users, items, true));
  for (std::uint32_t row = 0; row < users; ++row) {
    const auto begin = table.ids.begin() + static_cast<std::ptrdiff_t>(table.offsets[row]);
    const auto end = table.ids.begin() + static_cast<std::ptrdiff_t>(table.offsets[row + 1]);
    if (std::adjacent_find(begin, end, std::greater_equal<>()) != end)
      return Status::corruption("the columns of a row do not ascend");
  }
  return models::InteractionMatrix{.rows = users,
                                   .columns = items,
                                   .offsets = std::move(table.offsets),
                                   .column = std::move(table.ids),
                                   .weight = std::move(table.values)};
}

// What a file's reader says, as damage of that file.
Status damaged(const std::string& name, const Status& status) {
  if (status.code() == StatusCode::kIoError) return Status(status).with_context(name);
  if (!status.field().empty() && status.code() == StatusCode::kInvalidArgument)  // a format that this build lacks
    return Status(status).with_context(name);
  return Status::corruption(name + ": " + status.message());
}

template <typename T, typename Read>
Status read_part(const Manifest& manifest, const std::string& name, T* part, Read read) {
  if (!manifest.files.contains(name)) return Status::ok();
  auto result = read();
  if (!result.is_ok()) return damaged(name, result.status());
  *part = std::move(*result);
  return Status::ok();
}

// That the files are those of the models that the manifest names.
Status check_models(const GenerationContents& contents, const Manifest& manifest) {
  std::set<std::string> models(contents.info.models.begin(), contents.info.models.end());
  models.erase("popular");
  const bool whole =
      (models.erase("item_knn") > 0) == contents.models.item_neighbors.has_value() &&
      (models.erase("dlrm") > 0) != contents.ranker.empty() &&
      (models.erase("user_knn") > 0) == contents.models.user_neighbors.has_value() &&
      (!contents.models.user_neighbors || contents.interactions.rows == manifest.size_of("user_knn").users);
  for (const auto& [name, encoder] : manifest.encoders)
    if (models.erase(name) == 0) return Status::corruption("\"models\" does not name the encoder '" + name + "'");
  for (const auto& [kind, model] : manifest.history_models)
    if (models.erase(kind) == 0) return Status::corruption("\"models\" does not name the history model '" + kind + "'");
  if (whole && models.empty()) return Status::ok();
  return Status::corruption("the files are not those of the models that the manifest names" +
                            (models.empty() ? "" : ": '" + *models.begin() + "' has none"));
}

Status map_vocabulary(const std::vector<std::string>& names, const storage::IdTable& table, const char* kind,
                      bool may_lack, std::vector<DenseId>* ids, std::vector<DenseId>* rows) {
  for (std::uint32_t row = 0; row < names.size(); ++row) {
    const std::optional<DenseId> id = table.find(names[row]);
    if (!id && may_lack) {
      ids->push_back(kNoDenseId);
      continue;
    }
    if (!id)
      return Status::failed_precondition("the generation names " + std::string(kind) + " '" + names[row] +
                                         "', which this database does not know");
    ids->push_back(*id);
    if (rows->size() <= *id) rows->resize(std::size_t{*id} + 1, kNoDenseId);
    if ((*rows)[*id] != kNoDenseId)
      return Status::corruption("the generation names " + std::string(kind) + " '" + names[row] + "' twice");
    (*rows)[*id] = row;
  }
  return Status::ok();
}

Status bind_vocabulary(const std::vector<std::string>& user_names, const std::vector<std::string>& item_names,
                       const storage::IdTable& users, const storage::IdTable& items, bool may_lack_users,
                       Vocabulary* vocabulary) {
  TAMIS_RETURN_IF_ERROR(
      map_vocabulary(user_names, users, "user", may_lack_users, &vocabulary->users, &vocabulary->user_rows));
  return map_vocabulary(item_names, items, "item", false, &vocabulary->items, &vocabulary->item_rows);
}

}  // namespace

Status write_generation(const fs::path& dir, const GenerationContents& contents, const Inheritance* inheritance) {
  std::error_code error;
  if (fs::exists(dir, error)) return Status::already_exists(dir.string() + " is there already");
  const fs::path temporary = dir.string() + kTemporarySuffix;
  fs::remove_all(temporary, error);
  if (!fs::create_directories(temporary, error))
    return Status::io_error("cannot create " + temporary.string() + ": " + error.message());
  Status written = write_all(temporary, contents, inheritance);
  if (written.is_ok()) written = rename_directory_synced(temporary, dir);
  if (!written.is_ok()) fs::remove_all(temporary, error);
  return written;
}

Result<GenerationContents> read_generation(const fs::path& dir, const models::TextEmbedderSource* text_embedders,
                                           const std::shared_ptr<RowCache>& rows) {
  Result<std::string> text = read_whole_file(dir / kGenerationManifestName, kMaxGenerationManifestBytes);
  if (!text.is_ok()) return damaged(kGenerationManifestName, text.status());
  TAMIS_ASSIGN_OR_RETURN(const Manifest manifest, parse_manifest(*text));
  TAMIS_RETURN_IF_ERROR(verify_files(dir, manifest));
  for (const std::string& name : vocabulary_files(manifest))
    if (!manifest.files.contains(name)) return Status::corruption("the manifest does not name " + name);

  GenerationContents contents;
  contents.info = manifest.info;
  contents.info.state = "ready";
  contents.rating_scales = manifest.rating_scales;
  for (const auto& [name, checksum] : manifest.files) contents.file_bytes += fs::file_size(dir / name);
  TAMIS_RETURN_IF_ERROR(
      read_part(manifest, kUsers, &contents.users, [&] { return read_vocabulary(dir / kUsers, manifest.users); }));
  TAMIS_RETURN_IF_ERROR(
      read_part(manifest, kItems, &contents.items, [&] { return read_vocabulary(dir / kItems, manifest.items); }));
  for (const auto& [origin, size] : manifest.vocabularies) {
    const std::string users = user_vocabulary_file(origin);
    const std::string items = item_vocabulary_file(origin);
    VocabularyNames& names = contents.vocabularies[origin];
    TAMIS_RETURN_IF_ERROR(
        read_part(manifest, users, &names.users, [&] { return read_vocabulary(dir / users, size.users); }));
    TAMIS_RETURN_IF_ERROR(
        read_part(manifest, items, &names.items, [&] { return read_vocabulary(dir / items, size.items); }));
  }
  for (const auto& [name, entry] : manifest.encoders) {
    auto encoder = read_encoder(dir, name, manifest, text_embedders);
    if (!encoder.is_ok()) return damaged(encoder_file_name(name), encoder.status());
    contents.models.encoders.push_back(std::move(*encoder));
  }
  for (const auto& [kind, entry] : manifest.history_models) {
    auto model = read_history_model(dir, kind, manifest);
    if (!model.is_ok()) return damaged(history_model_file_name(kind), model.status());
    contents.models.history_models.push_back(std::move(*model));
  }
  auto ranker = read_ranker(dir, manifest, rows);
  if (!ranker.is_ok()) return damaged("the ranker", ranker.status());
  contents.ranker = std::move(*ranker);
  for (const LearnedObjective& objective : contents.ranker) contents.file_bytes -= objective.model->bytes_on_disk;
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kItemKnn, &contents.models.item_neighbors,
                                  [&] { return read_neighbors(dir / kItemKnn, manifest.size_of("item_knn").items); }));
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kUserKnn, &contents.models.user_neighbors,
                                  [&] { return read_neighbors(dir / kUserKnn, manifest.size_of("user_knn").users); }));
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kInteractions, &contents.interactions, [&] {
    const Manifest::Size size = manifest.size_of("user_knn");
    return read_interactions(dir / kInteractions, size.users, size.items);
  }));
  TAMIS_RETURN_IF_ERROR(check_models(contents, manifest));
  return contents;
}

Result<std::shared_ptr<const Generation>> bind_generation(GenerationContents contents, const storage::IdTable& users,
                                                          const storage::IdTable& items, bool is_own,
                                                          std::uint64_t ranker_items_bytes) {
  auto generation = std::make_shared<Generation>();
  TAMIS_RETURN_IF_ERROR(bind_vocabulary(contents.users, contents.items, users, items, is_own, generation.get()));
  std::map<std::string, std::shared_ptr<const Vocabulary>> origins;
  for (const auto& [origin, names] : contents.vocabularies) {
    auto vocabulary = std::make_shared<Vocabulary>();
    TAMIS_RETURN_IF_ERROR(bind_vocabulary(names.users, names.items, users, items, is_own, vocabulary.get()));
    origins[origin] = std::move(vocabulary);
  }
  for (const auto& [member, origin] : contents.info.inherited)
    if (const auto found = origins.find(origin.generation); found != origins.end())
      generation->inherited_vocabularies[member] = found->second;
  generation->info = std::move(contents.info);
  generation->rating_scales = std::move(contents.rating_scales);
  generation->file_bytes = contents.file_bytes;
  generation->encoders = std::move(contents.models.encoders);
  generation->history_models = std::move(contents.models.history_models);
  generation->item_neighbors = std::move(contents.models.item_neighbors);
  generation->user_neighbors = std::move(contents.models.user_neighbors);
  if (!contents.ranker.empty()) {
    TAMIS_ASSIGN_OR_RETURN(generation->ranker, GenerationRanker::create(contents.ranker, ranker_items_bytes));
  }
  generation->interactions = std::move(contents.interactions);
  generation->interactions_by_item = generation->interactions.transpose();
  generation->user_norms.resize(generation->interactions.rows);
  for (std::uint32_t row = 0; row < generation->interactions.rows; ++row)
    generation->user_norms[row] = std::sqrt(static_cast<float>(generation->interactions.row_columns(row).size()));
  return std::shared_ptr<const Generation>(std::move(generation));
}

}  // namespace tamis::engine
