// Generations that come from elsewhere and go elsewhere.
#include <algorithm>
#include <system_error>

#include "engine/generations/erase_users.h"
#include "engine/generations/generation_files.h"
#include "engine/learn/trainer_impl.h"
#include "index/vector_check.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

// The name becomes a directory, and must not be one that a training run will take.
Status check_import_name(std::string_view name) {
  const bool is_plain = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  const bool is_own = name.size() > 1 && name[0] == 'g' && name.find_first_not_of("0123456789", 1) == name.npos;
  if (is_plain && !is_own) return Status::ok();
  return Status::invalid_argument(
             "\"" + std::string(name.substr(0, 64)) +
             "\" cannot be the name of an imported generation; expected 1 to 64 of a-z, 0-9, _ and "
             "-, and not g with a number, which training runs take")
      .at_field("name");
}

// Bytes from elsewhere that are not what they should be are the caller's mistake, not damage of ours.
Status as_callers_mistake(Status status) {
  if (status.code() != StatusCode::kCorruption) return status;
  return Status::invalid_argument(status.message()).at_field(status.field());
}

// What no index takes is refused at the door; behind it, it is only set aside.
Status check_vectors(const models::Encoder& encoder) {
  const std::size_t dim = encoder.shape().dim;
  const auto check = [&](std::span<const float> table, const std::string& name) {
    for (std::size_t row = 0; row < table.size() / dim; ++row) {
      Status sound = index::check_vector(table.subspan(row * dim, dim), dim, name + "[" + std::to_string(row) + "]");
      if (!sound.is_ok()) return std::move(sound).with_context(encoder.shape().name);
    }
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(check(encoder.item_vectors(), "item_vectors"));
  return check(encoder.user_vectors(), "user_vectors");
}

}  // namespace

Result<GenerationInfo> TrainerImpl::import_generation(const fs::path& dir, std::string_view name) {
  TAMIS_RETURN_IF_ERROR(check_writable("import a generation"));
  TAMIS_RETURN_IF_ERROR(check_import_name(name));
  {
    MutexLock lock(state_mutex_);
    if (!importing_.emplace(name).second)
      return Status::already_exists("generation '" + std::string(name) + "' is being imported by another request");
  }
  Result<GenerationInfo> imported = import_as(dir, name);
  MutexLock lock(state_mutex_);
  importing_.erase(importing_.find(name));
  return imported;
}

Result<GenerationInfo> TrainerImpl::import_as(const fs::path& dir, std::string_view name) {
  if (registry_->get(name).is_ok())
    return Status::already_exists("generation '" + std::string(name) + "' is there already");
  Result<GenerationContents> read = read_generation(dir, options_->text_embedders.get());
  if (!read.is_ok()) return as_callers_mistake(read.status());
  GenerationContents contents = std::move(*read);
  for (const auto& encoder : contents.models.encoders) TAMIS_RETURN_IF_ERROR(check_vectors(*encoder));
  // Every name must be one of ours: a vector of nobody would serve nobody, and more likely the file is another shop's.
  Result<std::shared_ptr<const Generation>> bound =
      bind_generation(contents, store_->ids(EntityKind::kUser), store_->ids(EntityKind::kItem));
  if (!bound.is_ok()) return as_callers_mistake(bound.status());
  contents.info.id = name;
  contents.info.state = "ready";
  contents.info.created_ms = options_->clock->now_ms();
  contents.info.note = "imported" + (contents.info.note.empty() ? "" : "; " + contents.info.note);
  // Written anew from what was read: nothing of the files that was not understood gets in.
  TAMIS_RETURN_IF_ERROR(directory_.remove(name));
  TAMIS_RETURN_IF_ERROR(write_with_what_serves(name, &contents));
  if (const Status added = registry_->add(contents.info); !added.is_ok()) {
    TAMIS_RETURN_IF_ERROR(directory_.remove(name));
    return added;
  }
  return contents.info;
}

Status TrainerImpl::erase_users(const std::set<std::string, std::less<>>& users) {
  if (users.empty()) return Status::ok();
  for (const GenerationInfo& kept : registry_->list()) {
    MutexLock lock(promotion_mutex_);  // nobody reads the files while they change places
    TAMIS_RETURN_IF_ERROR(erase_users_of_generation(directory_.path_of(kept.id), users));
  }
  return Status::ok();
}

Status TrainerImpl::write_with_what_serves(std::string_view name, GenerationContents* contents) {
  const fs::path place = directory_.path_of(name);
  const std::optional<GenerationInfo> serving = serving_info();
  Inheritance inheritance;
  if (serving) {
    inheritance.dir = directory_.path_of(serving->id);
    if (!contents->info.default_funnel) {
      contents->info.default_funnel = serving->default_funnel;
      contents->info.found_settings = serving->found_settings;
    }
    std::vector<std::string> lacking;
    for (const std::string& member : serving->models)
      if (std::count(contents->info.models.begin(), contents->info.models.end(), member) == 0)
        lacking.push_back(member);
    const Result<InheritableMembers> found = find_inheritable(inheritance.dir, lacking);
    if (found.is_ok()) {
      inheritance.members = found->members;
      for (const auto& [member, why] : found->damaged) contents->info.left_out[member] = why;
    } else {
      for (const std::string& member : lacking) contents->info.left_out[member] = found.status().message();
    }
  }
  if (inheritance.members.empty()) return write_generation(place, *contents);
  const Status written = write_generation(place, *contents, &inheritance);
  if (written.is_ok()) {
    TAMIS_ASSIGN_OR_RETURN(const Manifest manifest, read_manifest(place));
    contents->info = manifest.info;
    return Status::ok();
  }
  if (written.code() != StatusCode::kFailedPrecondition && written.code() != StatusCode::kCorruption) return written;
  for (const std::string& member : inheritance.members) contents->info.left_out[member] = written.message();
  return write_generation(place, *contents);
}

Status TrainerImpl::export_generation(std::string_view generation, const fs::path& dir) const {
  TAMIS_RETURN_IF_ERROR(registry_->get(generation).status());
  const fs::path from = directory_.path_of(generation);
  std::error_code error;
  if (!fs::create_directory(dir, error))
    return error ? Status::io_error("cannot create " + dir.string() + ": " + error.message())
                 : Status::already_exists(dir.string() + " is there already");
  for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path to = dir / entry->path().filename();
    fs::create_hard_link(entry->path(), to, error);  // files never change: a link is a copy
    if (error) fs::copy_file(entry->path(), to, error);
    if (error) break;
  }
  if (!error) return Status::ok();
  std::error_code ignored;
  fs::remove_all(dir, ignored);
  return Status::io_error("cannot copy " + from.string() + ": " + error.message());
}

Result<std::shared_ptr<const Generation>> TrainerImpl::load_generation(std::string_view generation) {
  for (const GenerationInfo& kept : registry_->list()) {
    if (kept.id == generation) return load(generation);
  }
  return Status::not_found("generation \"" + std::string(generation) + "\" is not kept").at_field("generation");
}

}  // namespace tamis::engine
