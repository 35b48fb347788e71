#include "common/checksum.h"

#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "common/cancellation.h"

namespace tamis {

struct Checksum64::State {
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> xxh{XXH3_createState(), &XXH3_freeState};
};

std::uint64_t checksum64(const void* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }

Checksum64::Checksum64() : state_(std::make_unique<State>()) { XXH3_64bits_reset(state_->xxh.get()); }
Checksum64::~Checksum64() = default;
void Checksum64::update(const void* bytes, std::size_t size) { XXH3_64bits_update(state_->xxh.get(), bytes, size); }
std::uint64_t Checksum64::digest() const { return XXH3_64bits_digest(state_->xxh.get()); }

Result<std::uint64_t> checksum_file(const std::filesystem::path& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return Status::io_error("cannot open " + path.string() + ": " + std::strerror(errno));
  Checksum64 checksum;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), file.get());
    checksum.update(buffer.data(), read);
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    if (read < buffer.size()) break;
  }
  if (std::ferror(file.get()) != 0) return Status::io_error("cannot read " + path.string());
  return checksum.digest();
}

}  // namespace tamis
