// The JSON half of a ranker's file (dlrm_file.h).
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"
#include "ranker/calibration.h"
#include "ranker/dlrm.h"
#include "ranker/feature_encoder.h"

namespace tamis::ranker {

struct DlrmMetadata {
  DlrmOptions options;
  FeatureEncoder encoder;
  Calibrator calibrator;
};

// Errors: invalid_argument where a name or value is not UTF-8.
Result<std::string> format_metadata(const DlrmMetadata& metadata);
// Errors: invalid_argument at the path of the member at fault, as "fields[2].values".
Result<DlrmMetadata> parse_metadata(std::string_view text);

}  // namespace tamis::ranker
