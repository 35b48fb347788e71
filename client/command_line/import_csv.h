// `tamis import` of CSV: the file's rows along a mapping, given or inferred.
#pragma once

#include <cstdint>
#include <string>

#include "client/command_line/import_session.h"

namespace tamis::client {

// One import of one file; `kind` may be empty: then the mapping says what the file holds.
struct ImportJob {
  const ImportOptions& options;
  std::string kind;
  std::string path;
  std::string format;
  ImportSession* session;
  std::uint64_t filtered = 0;
};

// The mapping of the job: the file of --mapping with the flags over it, else one that is inferred. `toml`: the inferred
// one as text, which standard error reports in one line.
Result<Mapping> mapping_of(const ImportJob& job, std::string* toml);

Status import_csv(ImportJob* job, const Mapping& mapping);

}  // namespace tamis::client
