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

#include <filesystem>

#include "common/status.h"
#include "ranker/calibration.h"
#include "ranker/dlrm.h"
#include "ranker/feature_encoder.h"

namespace tamis::ranker {

struct TrainedDlrm {
  Dlrm model;
  FeatureEncoder encoder;  // of the model's schema
  Calibrator calibrator;
};

// Errors: invalid_argument (an encoder of another schema, a value that is not UTF-8), those of TensorWriter.
Status write_dlrm(const std::filesystem::path& path, const Dlrm& model, const FeatureEncoder& encoder,
                  const Calibrator& calibrator);

// Errors: those of TensorReader; corruption or invalid_argument that names the member of the metadata or the tensor: no
// such metadata, another format or version, an unknown kind, a value twice, a tensor that is missing, surplus, of
// another shape or not finite.
Result<TrainedDlrm> read_dlrm(const std::filesystem::path& path);

}  // namespace tamis::ranker
