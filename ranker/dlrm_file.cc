#include "ranker/dlrm_file.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "models/matrix_io.h"
#include "ranker/dlrm_metadata.h"

namespace tamis::ranker {
namespace {

constexpr const char* kMetadataKey = "tamis.ranker";

std::string table_name(const Field& field) { return "embedding." + field.name; }

bool same_schema(const FeatureSchema& a, const FeatureSchema& b) {
  return std::equal(a.fields().begin(), a.fields().end(), b.fields().begin(), b.fields().end(),
                    [](const Field& x, const Field& y) {
                      return x.name == y.name && x.kind == y.kind && x.side == y.side && x.rows == y.rows;
                    });
}

Status check_finite(const std::string& name, std::span<const float> values) {
  if (std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) return Status::ok();
  return Status::invalid_argument("tensor \"" + name + "\" holds a number that is not finite").at_field(name);
}

// Reads tensors into place and remembers which were asked for.
class Loader {
 public:
  explicit Loader(const models::TensorReader& reader) : reader_(reader) {}

  Status load(const std::string& name, std::size_t rows, std::size_t columns, std::span<float> out) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<float> values, reader_.read<float>(name, {rows, columns}));
    TAMIS_RETURN_IF_ERROR(check_finite(name, values));
    std::copy(values.begin(), values.end(), out.begin());
    known_.insert(name);
    return Status::ok();
  }
  // Looks at a tensor a part at a time.
  Status check(const std::string& name, const models::TensorReader::Info& tensor) {
    constexpr std::uint64_t kPart = 1 << 18;
    std::vector<float> part;
    for (std::uint64_t first = 0, count = tensor.bytes / sizeof(float); first < count; first += part.size()) {
      part.resize(std::min(kPart, count - first));
      TAMIS_RETURN_IF_ERROR(reader_.read_part(tensor, first, part));
      TAMIS_RETURN_IF_ERROR(check_finite(name, part));
    }
    known_.insert(name);
    return Status::ok();
  }
  Status expect_no_others() const {
    for (const auto& [name, info] : reader_.tensors()) {
      if (!known_.contains(name))
        return Status::invalid_argument("tensor \"" + name + "\" belongs to no field and no layer").at_field(name);
    }
    return Status::ok();
  }

 private:
  const models::TensorReader& reader_;
  std::set<std::string> known_;
};

// The shape that the metadata promises must be in the file before memory is taken for it.
Status check_tables(const models::TensorReader& reader, const FeatureSchema& schema, std::uint32_t dim) {
  for (const std::size_t position : schema.id_fields()) {
    const Field& field = schema.fields()[position];
    const auto found = reader.tensors().find(table_name(field));
    if (found == reader.tensors().end())
      return Status::invalid_argument("there is no tensor \"" + table_name(field) + "\"").at_field(table_name(field));
    if (found->second.shape != models::TensorShape{field.rows, dim})
      return Status::invalid_argument("tensor \"" + table_name(field) + "\" is not [" + std::to_string(field.rows) +
                                      ", " + std::to_string(dim) + "], the vocabulary with the unknown value by dim")
          .at_field(table_name(field));
  }
  return Status::ok();
}

// REQUIRES: check_tables() passed.
std::vector<models::TensorReader::Info> tables_of(const models::TensorReader& reader, const FeatureSchema& schema) {
  std::vector<models::TensorReader::Info> tables;
  for (const std::size_t position : schema.id_fields())
    tables.push_back(reader.tensors().at(table_name(schema.fields()[position])));
  return tables;
}

std::uint64_t bytes_of(const std::vector<models::TensorReader::Info>& tables) {
  std::uint64_t bytes = 0;
  for (const auto& table : tables) bytes += table.bytes;
  return bytes;
}

Result<DlrmMetadata> metadata_of(const models::TensorReader& reader) {
  const auto text = reader.metadata().find(kMetadataKey);
  if (text == reader.metadata().end())
    return Status::invalid_argument(std::string("there is no metadata \"") + kMetadataKey + "\"")
        .at_field(kMetadataKey);
  return parse_metadata(text->second);
}

Result<TrainedDlrm> load(const std::shared_ptr<const models::TensorReader>& file, const TablesOnDisk* on_disk) {
  const models::TensorReader& reader = *file;
  TAMIS_ASSIGN_OR_RETURN(DlrmMetadata metadata, metadata_of(reader));
  TAMIS_RETURN_IF_ERROR(check_tables(reader, metadata.encoder.schema(), metadata.options.dim));
  const FeatureSchema& schema = metadata.encoder.schema();
  const std::vector<models::TensorReader::Info> tables = tables_of(reader, schema);
  const bool stays = on_disk != nullptr && bytes_of(tables) > on_disk->above_bytes;
  TAMIS_ASSIGN_OR_RETURN(Dlrm model, stays ? Dlrm::create(schema, metadata.options, on_disk->open(file, tables))
                                           : Dlrm::create(schema, metadata.options, 0));
  Loader loader(reader);
  for (std::size_t f = 0; f < tables.size(); ++f) {
    const std::string name = table_name(schema.fields()[schema.id_fields()[f]]);
    if (stays) {
      TAMIS_RETURN_IF_ERROR(loader.check(name, tables[f]));
      continue;
    }
    auto& table = model.tables()[f];
    TAMIS_RETURN_IF_ERROR(loader.load(name, table.rows(), table.dim(), table.values()));
  }
  models::nn::Parameters& parameters = model.parameters();
  for (const models::nn::NamedSlice& named : parameters.slices()) {
    const std::span<float> target(parameters.data(named.slice), named.slice.size());
    TAMIS_RETURN_IF_ERROR(loader.load(named.name, named.slice.rows, named.slice.columns, target));
    if (named.name.ends_with(".running_variance") &&
        !std::all_of(target.begin(), target.end(), [](float x) { return x >= 0; }))
      return Status::invalid_argument("tensor \"" + named.name + "\" holds a negative variance").at_field(named.name);
  }
  TAMIS_RETURN_IF_ERROR(loader.expect_no_others());
  return TrainedDlrm{std::move(model), std::move(metadata.encoder), std::move(metadata.calibrator),
                     stays ? bytes_of(tables) : 0};
}

// The place among schema.id_fields() of the field, if it has a vocabulary.
std::optional<std::size_t> id_field_of(const FeatureSchema& schema, std::string_view name) {
  const auto& fields = schema.id_fields();
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (schema.fields()[fields[f]].name == name) return f;
  return std::nullopt;
}

}  // namespace

Status write_dlrm(const std::filesystem::path& path, const Dlrm& model, const FeatureEncoder& encoder,
                  const Calibrator& calibrator) {
  if (model.tables().size() != model.schema().id_fields().size())
    return Status::failed_precondition("a model whose tables stay in another file cannot be written");
  if (!same_schema(model.schema(), encoder.schema()))
    return Status::invalid_argument("the encoder has another schema than the model");
  TAMIS_ASSIGN_OR_RETURN(std::string metadata, format_metadata({model.options(), encoder, calibrator}));
  models::TensorWriter writer;
  writer.set_metadata(kMetadataKey, std::move(metadata));
  for (std::size_t f = 0; f < model.tables().size(); ++f) {
    const auto& table = model.tables()[f];
    writer.add<float>(table_name(model.schema().fields()[model.schema().id_fields()[f]]), {table.rows(), table.dim()},
                      table.values());
  }
  const models::nn::Parameters& parameters = model.parameters();
  for (const models::nn::NamedSlice& named : parameters.slices()) {
    writer.add<float>(named.name, {named.slice.rows, named.slice.columns},
                      std::span<const float>(parameters.data(named.slice), named.slice.size()));
  }
  return writer.write(path);
}

Result<TrainedDlrm> read_dlrm(const std::filesystem::path& path, const TablesOnDisk* on_disk) {
  TAMIS_ASSIGN_OR_RETURN(models::TensorReader reader, models::TensorReader::open(path));
  auto loaded = load(std::make_shared<const models::TensorReader>(std::move(reader)), on_disk);
  if (!loaded.is_ok()) return Status(loaded.status()).with_context(path.string());
  return loaded;
}

Result<bool> knows_values(const std::filesystem::path& path, std::string_view field,
                          const std::set<std::string, std::less<>>& values) {
  TAMIS_ASSIGN_OR_RETURN(const models::TensorReader reader, models::TensorReader::open(path));
  const auto metadata = metadata_of(reader);
  if (!metadata.is_ok()) return Status(metadata.status()).with_context(path.string());
  const std::optional<std::size_t> place = id_field_of(metadata->encoder.schema(), field);
  if (!place) return false;
  const auto& known = metadata->encoder.vocabularies()[*place].values();
  return std::any_of(known.begin(), known.end(), [&](const std::string& value) { return values.contains(value); });
}

Status forget_values(const std::filesystem::path& from, std::string_view field,
                     const std::set<std::string, std::less<>>& values, const std::filesystem::path& to) {
  TAMIS_ASSIGN_OR_RETURN(TrainedDlrm trained, read_dlrm(from));
  const FeatureSchema& schema = trained.encoder.schema();
  if (const std::optional<std::size_t> place = id_field_of(schema, field)) {
    auto& table = trained.model.tables()[*place];
    std::vector<Vocabulary> vocabularies = trained.encoder.vocabularies();
    std::vector<std::string> known = vocabularies[*place].values();
    for (std::uint32_t row = 1; row <= known.size(); ++row) {
      if (!values.contains(known[row - 1])) continue;
      known[row - 1] = "\x01 forgotten " + std::to_string(row);
      std::fill_n(table.row(row), table.dim(), 0.0F);
    }
    TAMIS_ASSIGN_OR_RETURN(vocabularies[*place], Vocabulary::create(std::move(known)));
    TAMIS_ASSIGN_OR_RETURN(trained.encoder, FeatureEncoder::create(schema, std::move(vocabularies)));
  }
  return write_dlrm(to, trained.model, trained.encoder, trained.calibrator);
}

}  // namespace tamis::ranker
