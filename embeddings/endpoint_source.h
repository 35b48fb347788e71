// EndpointSource: the configured embeddings endpoint, for models that ask for one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "common/status.h"
#include "embeddings/endpoint_settings.h"
#include "embeddings/vector_cache.h"
#include "models/content/text_embedder.h"
#include "models/settings.h"

namespace tamis::embeddings {

// Thread-safe. The embedders that it gives outlive it.
class EndpointSource final : public models::TextEmbedderSource {
 public:
  // Opens the cache; asks the server nothing. `content` are the content encoder's settings. Errors: those of
  // read_endpoint_settings(), and io_error of the cache.
  static Result<std::shared_ptr<const models::TextEmbedderSource>> create(const models::Settings& content);

  Result<std::shared_ptr<const models::TextEmbedder>> endpoint(std::string_view model,
                                                               std::uint32_t dim) const override;
  std::string model() const override { return settings_.model; }

 private:
  EndpointSource(EndpointSettings settings, std::shared_ptr<VectorCache> cache)
      : settings_(std::move(settings)), cache_(std::move(cache)) {}

  const EndpointSettings settings_;
  const std::shared_ptr<VectorCache> cache_;
};

// Settings by model, as TrainingOptions::settings.
using SettingsByModel = std::map<std::string, std::map<std::string, std::string>>;

// The source for a run's settings; null where their content encoder asks no endpoint. Errors: those of create().
Result<std::shared_ptr<const models::TextEmbedderSource>> open_text_embedders(const SettingsByModel& settings);
// What open_text_embedders() would refuse of the settings; it opens no cache.
Status check_text_embedders(const SettingsByModel& settings);
// Has the cache in `dir` where the settings ask for an endpoint and name no folder.
void place_cache(const std::filesystem::path& dir, SettingsByModel* settings);

}  // namespace tamis::embeddings
