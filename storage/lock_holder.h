// Who holds a database directory's lock: for the message that a second process gets.
#pragma once

#include <filesystem>
#include <string>

namespace tamis::storage {

// "process 4711 (tamis)", "this process", or "another process" where the system does not tell. Only looks: opening
// the lock file would drop this process's own lock on it (POSIX fcntl).
std::string lock_holder(const std::filesystem::path& lock_file);

}  // namespace tamis::storage
