// OutputFile: a file that appears whole or not at all, or standard output.
//
// Written under a temporary name beside its own, synced and renamed by commit(); removed where that is never called.
// Externally synchronised. Errors: io_error.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::client {

class OutputFile {
 public:
  OutputFile() = default;
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // "-" is standard output.
  Status open(const std::string& path);
  Status write(std::string_view bytes);
  // Over the bytes at the start. REQUIRES: a file.
  Status rewrite_start(std::string_view bytes);
  Status commit();

 private:
  Status fail(std::string_view doing) const;

  std::FILE* file_ = nullptr;
  std::string path_;
  std::string temporary_;
  bool is_standard_output_ = false;
};

}  // namespace tamis::client
