// A trained ranker in a file: weights as named tensors (models/matrix_io.h, safetensors), everything else as JSON in
// the file's metadata, so that a generation holds it in one piece and other programs can write it.
//
// Tensors, F32: "embedding.<field>" [rows, dim] for each field with a table, and each slice of Dlrm::parameters() by
// its name, "bottom.<side>.<layer>.weight" [out, in] and so on. Metadata "tamis.ranker":
//   {"format":"tamis.dlrm","version":1,
//    "options":{"dim":16,"bottom":[64],"top":[256,128],"interaction":"dot","batch_norm":false,"dropout":0},
//    "fields":[{"name":"country","kind":"categorical","side":"user","values":["FR","DE"]},
//              {"name":"price","kind":"numeric","side":"item","normalization":"log_standard","mean":1.2,"stddev":0.4}],
//    "calibration":{"kind":"platt","slope":1.1,"offset":-0.2}}
// "values" are the vocabulary from row 1 on; row 0 is the unknown value.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/matrix_io.h"
#include "ranker/calibration.h"
#include "ranker/dlrm.h"
#include "ranker/feature_encoder.h"

namespace tamis::ranker {

// Leaves the embedding tables of a file where they are.
struct TablesOnDisk {
  std::uint64_t above_bytes = 0;  // tables that take no more than that together are read into memory all the same
  // Makes the source of their rows. `tables` by FeatureSchema::id_fields().
  std::function<std::shared_ptr<const RowSource>(std::shared_ptr<const models::TensorReader> file,
                                                 std::vector<models::TensorReader::Info> tables)>
      open;
};

struct TrainedDlrm {
  Dlrm model;
  FeatureEncoder encoder;  // of the model's schema
  Calibrator calibrator;
  std::uint64_t bytes_on_disk = 0;  // of tables that were left there
};

// Errors: invalid_argument (an encoder of another schema, a value that is not UTF-8), those of TensorWriter.
Status write_dlrm(const std::filesystem::path& path, const Dlrm& model, const FeatureEncoder& encoder,
                  const Calibrator& calibrator);

// Errors: those of TensorReader; corruption or invalid_argument that names the member of the metadata or the tensor: no
// such metadata, another format or version, an unknown kind, a value twice, a tensor that is missing, surplus, of
// another shape or not finite.
// Without `on_disk` all is read into memory. Tables that stay on disk are read once, to see that they are finite.
Result<TrainedDlrm> read_dlrm(const std::filesystem::path& path, const TablesOnDisk* on_disk = nullptr);

// Whether the field's vocabulary in the file has one of `values`; false where there is no such field. Errors: those of
// read_dlrm() for the metadata.
Result<bool> knows_values(const std::filesystem::path& path, std::string_view field,
                          const std::set<std::string, std::less<>>& values);
// Writes the file `from` without them to `to`: each becomes a text that no value is, its row of the table zeros; all
// rows stay where they are. Errors: those of read_dlrm() and write_dlrm().
Status forget_values(const std::filesystem::path& from, std::string_view field,
                     const std::set<std::string, std::less<>>& values, const std::filesystem::path& to);

}  // namespace tamis::ranker
