#include "common/replace_file.h"

#include <system_error>

#include "common/durable_files.h"

namespace tamis::engine {

Status replace_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  TAMIS_RETURN_IF_ERROR(write_file_synced(temporary, bytes));
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return Status::io_error("cannot rename " + temporary.string() + ": " + error.message());
  return sync_directory(path.parent_path());
}

}  // namespace tamis::engine
