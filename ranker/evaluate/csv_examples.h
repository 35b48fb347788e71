// Labelled examples from CSV files: a header, a label column of 0 and 1, every other column categorical unless it is
// declared numeric. Plain or .xz; fields may be quoted (RFC 4180) but not hold line ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "ranker/feature_encoder.h"

namespace tamis::ranker {

struct CsvColumns {
  std::string label = "label";
  std::set<std::string, std::less<>> numeric;  // of these names; the rest is categorical
  std::uint64_t min_count = 1;                 // rarer values of the train file share the unknown row
};

// One line's fields. Errors: invalid_argument (a quote that does not end, text behind a closing quote).
Result<std::vector<std::string>> split_csv(std::string_view line);

// Learns vocabularies and the mean and deviation of numbers from the train file. All fields are of side context.
// Errors: not_found, io_error, corruption, invalid_argument with "file:line: " (no header, no rows, a label column or
// a numeric one that is not there, a repeated column, a number that is none).
Result<FeatureEncoder> fit_csv(const std::filesystem::path& train, const CsvColumns& columns);

// Encodes a file whose columns may stand in any order; columns that the encoder does not know are passed over. Errors:
// as above; a field without a column.
Result<ExampleTable> read_csv(const std::filesystem::path& path, const CsvColumns& columns,
                              const FeatureEncoder& encoder);

}  // namespace tamis::ranker
