#include "engine/generations/inherit_members.h"

#include <algorithm>
#include <system_error>

#include "common/checksum.h"
#include "common/durable_files.h"
#include "common/sha256.h"
#include "engine/generations/encoder_files.h"
#include "engine/generations/history_model_files.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

// The generation that learned the member, and "" or that generation as part of the vocabulary's name in `manifest`.
struct Origin {
  InheritedMember member;
  std::string suffix;
};
Origin origin_of(const Manifest& manifest, const std::string& member) {
  const auto inherited = manifest.info.inherited.find(member);
  if (inherited == manifest.info.inherited.end()) return {{manifest.info.id, manifest.info.sequence}, ""};
  return {inherited->second, inherited->second.generation};
}

// Files are never changed in place, so a link is a copy.
Status link_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error)) return Status::ok();  // a vocabulary that another member brought
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  return error ? Status::io_error("cannot copy " + from.string() + ": " + error.message()) : Status::ok();
}

bool is_table(const Manifest& manifest, const std::string& member) { return !member_files(manifest, member).empty(); }

// The vocabulary's files where the member has rows: the ranker has none.
std::vector<std::string> vocabulary_files(const Manifest& manifest, const std::string& member) {
  if (member == kRanker || !is_table(manifest, member)) return {};
  const std::string suffix = origin_of(manifest, member).suffix;
  return {user_vocabulary_file(suffix), item_vocabulary_file(suffix)};
}

Status verify_member(const fs::path& dir, const Manifest& manifest, const std::string& member) {
  std::vector<std::string> files = member_files(manifest, member);
  const std::vector<std::string> vocabulary = vocabulary_files(manifest, member);
  files.insert(files.end(), vocabulary.begin(), vocabulary.end());
  for (const std::string& name : files) {
    const auto file = manifest.files.find(name);
    if (file == manifest.files.end()) return Status::corruption("the manifest does not name " + name);
    TAMIS_RETURN_IF_ERROR(verify_file(dir, name, file->second));
  }
  return Status::ok();
}

}  // namespace

Result<Manifest> read_manifest(const fs::path& dir) {
  TAMIS_ASSIGN_OR_RETURN(const std::string text,
                         read_whole_file(dir / kGenerationManifestName, kMaxGenerationManifestBytes));
  return parse_manifest(text);
}

std::string user_vocabulary_file(const std::string& origin) {
  return origin.empty() ? "users.txt" : "users." + origin + ".txt";
}
std::string item_vocabulary_file(const std::string& origin) {
  return origin.empty() ? "items.txt" : "items." + origin + ".txt";
}

Status verify_file(const fs::path& dir, const std::string& name, const Manifest::File& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(dir / name, error);
  if (error) return Status::corruption(name + " is missing: " + error.message());
  if (size != file.bytes)
    return Status::corruption(name + " has " + std::to_string(size) + " bytes, expected " + std::to_string(file.bytes));
  bool holds = false;
  if (file.sha256.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, checksum_file(dir / name));
    holds = checksum == file.checksum;
  } else {
    TAMIS_ASSIGN_OR_RETURN(const std::string hash, sha256_of_file(dir / name));
    holds = hash == file.sha256;
  }
  if (!holds) return Status::corruption(name + " fails its checksum").at_field("files." + name);
  return Status::ok();
}

std::vector<std::string> member_files(const Manifest& manifest, const std::string& member) {
  if (member == "popular") return {};
  if (member == "user_knn") return {"user_knn.safetensors", "interactions.safetensors"};
  std::vector<std::string> files;
  if (member == kRanker) {
    for (const Manifest::Ranker& entry : manifest.ranker) files.push_back(entry.file);
  } else {
    files.push_back(member + ".safetensors");  // of encoders, history models and item_knn alike
  }
  return files;
}

Result<InheritableMembers> find_inheritable(const fs::path& dir, const std::vector<std::string>& wanted) {
  Result<Manifest> manifest = read_manifest(dir);
  if (!manifest.is_ok()) return Status::corruption("the manifest: " + manifest.status().message());
  InheritableMembers found;
  for (const std::string& member : wanted) {
    if (const Status whole = verify_member(dir, *manifest, member); whole.is_ok())
      found.members.push_back(member);
    else
      found.damaged[member] = whole.message();
  }
  return found;
}

Status link_members(const Inheritance& inheritance, const fs::path& to, Manifest* manifest) {
  if (inheritance.members.empty()) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const Manifest from, read_manifest(inheritance.dir));
  for (const std::string& member : inheritance.members) {
    if (std::count(manifest->info.models.begin(), manifest->info.models.end(), member) > 0) continue;
    TAMIS_RETURN_IF_ERROR(verify_member(inheritance.dir, from, member));
    const auto [origin, suffix] = origin_of(from, member);
    for (const std::string& name : member_files(from, member)) {
      TAMIS_RETURN_IF_ERROR(link_file(inheritance.dir / name, to / name));
      manifest->files[name] = from.files.at(name);
    }
    if (!vocabulary_files(from, member).empty()) {
      for (const auto file : {user_vocabulary_file, item_vocabulary_file}) {
        const std::string name = file(origin.generation);
        const Manifest::File& given = from.files.at(file(suffix));
        const auto known = manifest->files.find(name);
        if (known != manifest->files.end() &&
            (known->second.bytes != given.bytes || known->second.checksum != given.checksum))
          return Status::failed_precondition("two different vocabularies are called " + name);
        TAMIS_RETURN_IF_ERROR(link_file(inheritance.dir / file(suffix), to / name));
        manifest->files[name] = given;
      }
      manifest->vocabularies[origin.generation] = from.size_of(member);
      manifest->info.inherited[member] = origin;
    }
    if (const auto encoder = from.encoders.find(member); encoder != from.encoders.end())
      manifest->encoders[member] = encoder->second;
    if (const auto model = from.history_models.find(member); model != from.history_models.end())
      manifest->history_models[member] = model->second;
    if (member == kRanker) {
      manifest->ranker = from.ranker;
      manifest->info.inherited[member] = origin;
    }
    if (const auto metrics = from.info.metrics.find(member); metrics != from.info.metrics.end())
      manifest->info.metrics.emplace(member, metrics->second);
    manifest->info.models.push_back(member);
  }
  return Status::ok();
}

}  // namespace tamis::engine
