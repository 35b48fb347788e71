#include "engine/generations/erase_users.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

#include "common/checksum.h"
#include "common/durable_files.h"
#include "engine/generations/generation_files.h"
#include "engine/generations/inherit_members.h"
#include "engine/generations/manifest.h"
#include "models/tensor_header.h"
#include "ranker/dlrm_file.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

using Users = std::set<std::string, std::less<>>;

constexpr std::string_view kUserId = "user.id";  // the ranker's feature, whose vocabulary names users
constexpr std::uint64_t kMaxBytes = 1ull << 40;

// A vocabulary without those users: its text, and the rows that were theirs.
struct ErasedVocabulary {
  std::string text;
  std::vector<std::uint64_t> rows;
};

// Empties the lines that are in `users`; answers their numbers.
std::vector<std::uint64_t> empty_lines(const Users& users, std::string* text) {
  std::vector<std::uint64_t> rows;
  std::string kept;
  kept.reserve(text->size());
  std::size_t begin = 0;
  std::uint64_t row = 0;
  for (std::size_t end = text->find('\n'); end != std::string::npos; end = text->find('\n', begin), ++row) {
    const auto line = std::string_view(*text).substr(begin, end - begin);
    if (users.contains(line)) {
      rows.push_back(row);
    } else {
      kept.append(line);
    }
    kept.push_back('\n');
    begin = end + 1;
  }
  kept.append(*text, begin);
  text->swap(kept);
  return rows;
}

// A row of it is about one user.
bool is_user_table(const models::TensorHeader::Tensor& tensor, std::uint64_t users) {
  const auto says = [&](std::string_view part) { return tensor.name.find(part) != std::string::npos; };
  return tensor.name.starts_with("user_") && !says("history") && !says("features") && !says("network") &&
         !tensor.shape.empty() && tensor.shape[0] == users;
}

// Zeroes the rows in every table of users of a safetensors file. True where there is one.
Result<bool> zero_rows(const std::vector<std::uint64_t>& rows, std::uint64_t users, std::string* file) {
  std::uint64_t header_bytes = 0;
  if (file->size() < sizeof header_bytes) return Status::corruption("a tensor file is cut short");
  std::memcpy(&header_bytes, file->data(), sizeof header_bytes);
  if (header_bytes > file->size() - sizeof header_bytes) return Status::corruption("a tensor file is cut short");
  TAMIS_ASSIGN_OR_RETURN(const models::TensorHeader header, models::parse_tensor_header(std::string_view(*file).substr(
                                                                sizeof header_bytes, header_bytes)));
  const std::uint64_t data_begin = sizeof header_bytes + header_bytes;
  TAMIS_RETURN_IF_ERROR(models::validate(header, file->size() - data_begin));
  bool changed = false;
  for (const auto& tensor : header.tensors) {
    if (!is_user_table(tensor, users)) continue;
    const std::uint64_t row_bytes = (tensor.end - tensor.begin) / users;
    for (const std::uint64_t row : rows) {
      std::memset(file->data() + data_begin + tensor.begin + row * row_bytes, 0, row_bytes);
    }
    changed = true;
  }
  return changed;
}

// Gives each of two directories the other's name, in one step where the file system can.
Status exchange(const fs::path& made, const fs::path& dir) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, dir.c_str(), RENAME_EXCHANGE) != 0) {
    std::error_code error;
    const fs::path aside = dir.string() + ".before" + kTemporarySuffix;
    fs::rename(dir, aside, error);
    if (!error) fs::rename(made, dir, error);
    if (!error) fs::rename(aside, made, error);
    if (error) return Status::io_error("cannot replace " + dir.string() + ": " + error.message());
  }
  return sync_directory(dir.parent_path());
}

bool is_user_vocabulary(const std::string& file) { return file.starts_with("users.") && file.ends_with(".txt"); }

bool is_ranker(const std::string& file) { return file.starts_with("ranker") && file.ends_with(".safetensors"); }

// The files of a generation that name some of the users.
struct NamingFiles {
  std::map<std::string, ErasedVocabulary> vocabularies;
  std::set<std::string> rankers;  // damaged ones among them
  bool is_empty() const { return vocabularies.empty() && rankers.empty(); }
};

Result<NamingFiles> find_names(const fs::path& dir, const Users& users) {
  NamingFiles found;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string file = entry->path().filename().string();
    if (is_user_vocabulary(file)) {
      TAMIS_ASSIGN_OR_RETURN(std::string text, read_whole_file(entry->path(), kMaxBytes));
      std::vector<std::uint64_t> rows = empty_lines(users, &text);
      if (!rows.empty()) found.vocabularies[file] = {std::move(text), std::move(rows)};
    } else if (is_ranker(file)) {
      const Result<bool> knows = ranker::knows_values(entry->path(), kUserId, users);
      if (!knows.is_ok() && knows.status().code() == StatusCode::kIoError) return knows.status();
      if (!knows.is_ok() || *knows) found.rankers.insert(file);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Status::io_error("cannot list " + dir.string() + ": " + error.message());
  return found;
}

class Rewrite {
 public:
  Rewrite(fs::path dir, const Users& users, const NamingFiles& names)
      : dir_(std::move(dir)), made_(dir_.string() + kTemporarySuffix), users_(users), names_(names) {}

  Status run() {
    std::error_code error;
    fs::remove_all(made_, error);
    if (!fs::create_directory(made_, error)) {
      return Status::io_error("cannot create " + made_.string() + ": " + error.message());
    }
    Status status = fill();
    if (status.is_ok()) status = sync_directory(made_);
    if (status.is_ok()) status = exchange(made_, dir_);
    fs::remove_all(made_, error);
    return status;
  }

 private:
  Status fill() {
    TAMIS_ASSIGN_OR_RETURN(Manifest manifest, read_manifest(dir_));
    // Which vocabulary the rows of a file are of: that of the generation, but for the files of inherited members.
    std::map<std::string, std::string> origins;
    for (const auto& [member, origin] : manifest.info.inherited)
      for (const std::string& file : member_files(manifest, member)) origins[file] = origin.generation;
    for (auto& [name, file] : manifest.files) {
      if (const auto erased = names_.vocabularies.find(name); erased != names_.vocabularies.end()) {
        TAMIS_RETURN_IF_ERROR(replace(name, erased->second.text, &file));
        continue;
      }
      if (names_.rankers.contains(name)) {
        TAMIS_RETURN_IF_ERROR(forget_in_ranker(name, &file));
        continue;
      }
      const auto origin = origins.find(name);
      const std::string vocabulary = origin == origins.end() ? "" : origin->second;
      const auto erased = names_.vocabularies.find(user_vocabulary_file(vocabulary));
      if (name.ends_with(".safetensors") && !is_ranker(name) && erased != names_.vocabularies.end()) {
        const std::uint32_t users = vocabulary.empty() ? manifest.users : manifest.vocabularies[vocabulary].users;
        TAMIS_ASSIGN_OR_RETURN(std::string bytes, read_whole_file(dir_ / name, kMaxBytes));
        TAMIS_ASSIGN_OR_RETURN(const bool changed, zero_rows(erased->second.rows, users, &bytes));
        if (changed) {
          TAMIS_RETURN_IF_ERROR(replace(name, bytes, &file));
          continue;
        }
      }
      std::error_code error;
      fs::create_hard_link(dir_ / name, made_ / name, error);  // files never change: a link is a copy
      if (error) fs::copy_file(dir_ / name, made_ / name, error);
      if (error) return Status::io_error("cannot copy " + (dir_ / name).string() + ": " + error.message());
    }
    return write_file_synced(made_ / kGenerationManifestName, manifest_to_json(manifest));
  }

  Status replace(const std::string& name, std::string_view bytes, Manifest::File* file) const {
    *file = {.bytes = bytes.size(), .checksum = checksum64(bytes.data(), bytes.size())};
    return write_file_synced(made_ / name, bytes);
  }
  Status forget_in_ranker(const std::string& name, Manifest::File* file) const {
    TAMIS_RETURN_IF_ERROR(ranker::forget_values(dir_ / name, kUserId, users_, made_ / name));
    TAMIS_ASSIGN_OR_RETURN(const std::string bytes, read_whole_file(made_ / name, kMaxBytes));
    *file = {.bytes = bytes.size(), .checksum = checksum64(bytes.data(), bytes.size())};
    return Status::ok();
  }

  const fs::path dir_;
  const fs::path made_;
  const Users& users_;
  const NamingFiles& names_;
};

}  // namespace

Status erase_users_of_generation(const fs::path& dir, const std::set<std::string, std::less<>>& users) {
  TAMIS_ASSIGN_OR_RETURN(const NamingFiles names, find_names(dir, users));
  if (names.is_empty()) return Status::ok();
  const Status rewritten = Rewrite(dir, users, names).run();
  const bool is_damaged = rewritten.code() == StatusCode::kCorruption || rewritten.code() == StatusCode::kNotFound ||
                          rewritten.code() == StatusCode::kInvalidArgument;
  if (!is_damaged) return rewritten.is_ok() ? rewritten : Status(rewritten).with_context("generation " + dir.string());
  // Nobody serves a damaged one; the names go all the same. Other generations and snapshots may share the file.
  std::error_code ignored;
  for (const auto& [file, erased] : names.vocabularies) {
    fs::remove(dir / file, ignored);
    TAMIS_RETURN_IF_ERROR(write_file_synced(dir / file, erased.text));
  }
  for (const std::string& file : names.rankers) fs::remove(dir / file, ignored);
  return sync_directory(dir);
}

}  // namespace tamis::engine
