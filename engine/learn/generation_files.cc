#include "engine/learn/generation_files.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <system_error>

#include "common/checksum.h"
#include "common/sha256.h"
#include "engine/learn/durable_files.h"
#include "engine/learn/encoder_files.h"
#include "engine/learn/history_model_files.h"
#include "engine/learn/manifest.h"
#include "engine/rank/generation_ranker.h"
#include "engine/rank/ranker_files.h"
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
constexpr std::uint64_t kMaxManifestBytes = 16ull << 20;
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

Status write_all(const fs::path& dir, const GenerationContents& contents) {
  TAMIS_RETURN_IF_ERROR(write_tables(dir, contents));
  Manifest manifest;
  manifest.info = contents.info;
  manifest.users = static_cast<std::uint32_t>(contents.users.size());
  manifest.items = static_cast<std::uint32_t>(contents.items.size());
  for (const auto& encoder : contents.models.encoders)
    manifest.encoders[encoder->shape().name] = describe_encoder(*encoder);
  for (const auto& model : contents.models.history_models)
    manifest.history_models[model->shape().kind] = {.settings = model->settings()};
  manifest.ranker = describe_ranker(contents.ranker);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, error)) {
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, checksum_file(entry.path()));
    manifest.files[entry.path().filename().string()] = {.bytes = entry.file_size(error), .checksum = checksum};
  }
  if (error) return Status::io_error("cannot list " + dir.string() + ": " + error.message());
  return write_file_synced(dir / kGenerationManifestName, manifest_to_json(manifest));
}

// --- reading ---

Status verify_files(const fs::path& dir, const Manifest& manifest) {
  for (const auto& [name, file] : manifest.files) {
    if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
      return Status::corruption("the manifest names a file '" + name + "' outside of its directory");
    std::error_code error;
    const std::uintmax_t size = fs::file_size(dir / name, error);
    if (error) return Status::corruption(name + " is missing: " + error.message());
    if (size != file.bytes)
      return Status::corruption(name + " has " + std::to_string(size) + " bytes, expected " +
                                std::to_string(file.bytes));
    bool holds = false;
    if (file.sha256.empty()) {
      TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, checksum_file(dir / name));
      holds = checksum == file.checksum;
    } else {
      TAMIS_ASSIGN_OR_RETURN(const std::string hash, sha256_of_file(dir / name));
      holds = hash == file.sha256;
    }
    if (!holds) return Status::corruption(name + " fails its checksum").at_field("files." + name);
  }
  return Status::ok();
}

Result<std::vector<std::string>> read_vocabulary(const fs::path& path, std::uint32_t expected) {
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(path, kMaxVocabularyBytes));
  std::vector<std::string> ids;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    ids.push_back(text.substr(begin, end - begin));
    TAMIS_RETURN_IF_ERROR(validate_external_id(ids.back(), path.filename().string()));
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

// Rows 0..`rows`, ids below `id_limit`, values above 0.
Result<RaggedRows> read_rows(const fs::path& path, const char* id_name, const char* value_name, std::uint32_t rows,
                             std::uint32_t id_limit) {
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
  if (std::any_of(table.values.begin(), table.values.end(), [](float v) { return !(v > 0) || !std::isfinite(v); }))
    return Status::corruption("it holds a value that is not above 0");
  return table;
}

Result<models::NeighborTable> read_neighbors(const fs::path& path, std::uint32_t rows) {
  TAMIS_ASSIGN_OR_RETURN(RaggedRows table, read_rows(path, "neighbor", "similarity", rows, rows));
  return models::NeighborTable{
      .offsets = std::move(table.offsets), .neighbor = std::move(table.ids), .similarity = std::move(table.values)};
}

Result<models::InteractionMatrix> read_interactions(const fs::path& path, std::uint32_t users, std::uint32_t items) {
  TAMIS_ASSIGN_OR_RETURN(RaggedRows table, read_rows(path, "column", "weight", users, items));
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
Status damaged(const char* name, const Status& status) {
  if (status.code() == StatusCode::kIoError) return Status(status).with_context(name);
  if (!status.field().empty() && status.code() == StatusCode::kInvalidArgument)  // a format that this build lacks
    return Status(status).with_context(name);
  return Status::corruption(std::string(name) + ": " + status.message());
}

template <typename T, typename Read>
Status read_part(const Manifest& manifest, const char* name, T* part, Read read) {
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
  const bool whole = (models.erase("item_knn") > 0) == contents.models.item_neighbors.has_value() &&
                     (models.erase("dlrm") > 0) != contents.ranker.empty() &&
                     (models.erase("user_knn") > 0) == contents.models.user_neighbors.has_value() &&
                     (!contents.models.user_neighbors || contents.interactions.rows == manifest.users);
  for (const auto& [name, encoder] : manifest.encoders)
    if (models.erase(name) == 0) return Status::corruption("\"models\" does not name the encoder '" + name + "'");
  for (const auto& [kind, model] : manifest.history_models)
    if (models.erase(kind) == 0) return Status::corruption("\"models\" does not name the history model '" + kind + "'");
  if (whole && models.empty()) return Status::ok();
  return Status::corruption("the files are not those of the models that the manifest names" +
                            (models.empty() ? "" : ": '" + *models.begin() + "' has none"));
}

Status map_vocabulary(const std::vector<std::string>& names, const storage::IdTable& table, const char* kind,
                      std::vector<DenseId>* ids, std::vector<DenseId>* rows) {
  for (std::uint32_t row = 0; row < names.size(); ++row) {
    const std::optional<DenseId> id = table.find(names[row]);
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

}  // namespace

Status write_generation(const fs::path& dir, const GenerationContents& contents) {
  std::error_code error;
  if (fs::exists(dir, error)) return Status::already_exists(dir.string() + " is there already");
  const fs::path temporary = dir.string() + kTemporarySuffix;
  fs::remove_all(temporary, error);
  if (!fs::create_directories(temporary, error))
    return Status::io_error("cannot create " + temporary.string() + ": " + error.message());
  Status written = write_all(temporary, contents);
  if (written.is_ok()) written = rename_directory_synced(temporary, dir);
  if (!written.is_ok()) fs::remove_all(temporary, error);
  return written;
}

Result<GenerationContents> read_generation(const fs::path& dir, const models::TextEmbedderSource* text_embedders) {
  Result<std::string> text = read_whole_file(dir / kGenerationManifestName, kMaxManifestBytes);
  if (!text.is_ok()) return damaged(kGenerationManifestName, text.status());
  TAMIS_ASSIGN_OR_RETURN(const Manifest manifest, parse_manifest(*text));
  TAMIS_RETURN_IF_ERROR(verify_files(dir, manifest));
  for (const char* name : {kUsers, kItems})
    if (!manifest.files.contains(name)) return Status::corruption("the manifest does not name " + std::string(name));

  GenerationContents contents;
  contents.info = manifest.info;
  contents.info.state = "ready";
  TAMIS_RETURN_IF_ERROR(
      read_part(manifest, kUsers, &contents.users, [&] { return read_vocabulary(dir / kUsers, manifest.users); }));
  TAMIS_RETURN_IF_ERROR(
      read_part(manifest, kItems, &contents.items, [&] { return read_vocabulary(dir / kItems, manifest.items); }));
  for (const auto& [name, entry] : manifest.encoders) {
    auto encoder = read_encoder(dir, name, manifest, text_embedders);
    if (!encoder.is_ok()) return damaged(encoder_file_name(name).c_str(), encoder.status());
    contents.models.encoders.push_back(std::move(*encoder));
  }
  for (const auto& [kind, entry] : manifest.history_models) {
    auto model = read_history_model(dir, kind, manifest);
    if (!model.is_ok()) return damaged(history_model_file_name(kind).c_str(), model.status());
    contents.models.history_models.push_back(std::move(*model));
  }
  auto ranker = read_ranker(dir, manifest);
  if (!ranker.is_ok()) return damaged("the ranker", ranker.status());
  contents.ranker = std::move(*ranker);
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kItemKnn, &contents.models.item_neighbors,
                                  [&] { return read_neighbors(dir / kItemKnn, manifest.items); }));
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kUserKnn, &contents.models.user_neighbors,
                                  [&] { return read_neighbors(dir / kUserKnn, manifest.users); }));
  TAMIS_RETURN_IF_ERROR(read_part(manifest, kInteractions, &contents.interactions, [&] {
    return read_interactions(dir / kInteractions, manifest.users, manifest.items);
  }));
  TAMIS_RETURN_IF_ERROR(check_models(contents, manifest));
  return contents;
}

Result<std::shared_ptr<const Generation>> bind_generation(GenerationContents contents, const storage::IdTable& users,
                                                          const storage::IdTable& items) {
  auto generation = std::make_shared<Generation>();
  TAMIS_RETURN_IF_ERROR(map_vocabulary(contents.users, users, "user", &generation->users, &generation->user_rows));
  TAMIS_RETURN_IF_ERROR(map_vocabulary(contents.items, items, "item", &generation->items, &generation->item_rows));
  generation->info = std::move(contents.info);
  generation->encoders = std::move(contents.models.encoders);
  generation->history_models = std::move(contents.models.history_models);
  generation->item_neighbors = std::move(contents.models.item_neighbors);
  generation->user_neighbors = std::move(contents.models.user_neighbors);
  if (!contents.ranker.empty()) {
    TAMIS_ASSIGN_OR_RETURN(generation->ranker, GenerationRanker::create(contents.ranker));
  }
  generation->interactions = std::move(contents.interactions);
  generation->interactions_by_item = generation->interactions.transpose();
  generation->user_norms.resize(generation->interactions.rows);
  for (std::uint32_t row = 0; row < generation->interactions.rows; ++row)
    generation->user_norms[row] = std::sqrt(static_cast<float>(generation->interactions.row_columns(row).size()));
  return std::shared_ptr<const Generation>(std::move(generation));
}

}  // namespace tamis::engine
