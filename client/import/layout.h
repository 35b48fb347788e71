// Layouts: the mapping of a CSV file that comes without one, by its name, its header and its first rows.
//
// Knows MovieLens (100K, 1M, and the CSV files of later ones), MovieTweetings, RetailRocket, Steam, Book-Crossing,
// Amazon's ratings, Gorse's files, and whatever names its columns as these do: user, item, rating, timestamp and their
// synonyms. What cannot be told is refused with what to say instead.
#pragma once

#include <string>
#include <string_view>

#include "client/import/csv_flags.h"
#include "client/import/mapping.h"

namespace tamis::client {

struct Layout {
  Mapping mapping;
  std::string toml;     // the same as a mapping file
  std::string summary;  // in one line
};

// `sample`: the file's first lines, as UTF-8. `kind`: what the file holds, or empty. `flags` win over what is inferred.
Result<Layout> infer_layout(const std::string& path, std::string_view sample, const std::string& kind,
                            const CsvFlags& flags);

}  // namespace tamis::client
