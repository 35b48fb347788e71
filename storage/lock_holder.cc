#include "storage/lock_holder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace tamis::storage {
namespace {

std::string command_of(long process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/comm");
  std::string command;
  std::getline(file, command);
  return command;
}

// The inode of "08:01:123456".
std::string inode_of(const std::string& device_and_inode) {
  return device_and_inode.substr(device_and_inode.rfind(':') + 1);
}

}  // namespace

std::string lock_holder(const std::filesystem::path& lock_file) {
  struct stat status = {};
  if (stat(lock_file.c_str(), &status) != 0) return "another process";
  const std::string inode = std::to_string(status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    // "1: POSIX  ADVISORY  WRITE 4711 08:01:123456 0 EOF"
    std::istringstream fields(line);
    std::string number, type, mode, access, file;
    long process = 0;
    if (!(fields >> number >> type >> mode >> access >> process >> file)) continue;
    if (inode_of(file) != inode || process <= 0) continue;
    if (process == getpid()) return "this process";
    const std::string command = command_of(process);
    return "process " + std::to_string(process) + (command.empty() ? "" : " (" + command + ")");
  }
  return "another process";
}

}  // namespace tamis::storage
