#include "embeddings/endpoint_source.h"

#include <utility>

#include "embeddings/endpoint_embedder.h"

namespace tamis::embeddings {
namespace {

// Those of the content encoder where it asks an endpoint, else null.
const std::map<std::string, std::string>* endpoint_settings_of(const SettingsByModel& settings) {
  const auto content = settings.find("content");
  if (content == settings.end()) return nullptr;
  const auto embedder = content->second.find("embedder");
  return embedder != content->second.end() && embedder->second == "endpoint" ? &content->second : nullptr;
}

}  // namespace

Result<std::shared_ptr<const models::TextEmbedderSource>> EndpointSource::create(const models::Settings& content) {
  TAMIS_ASSIGN_OR_RETURN(EndpointSettings settings, read_endpoint_settings(content));
  std::shared_ptr<VectorCache> cache;
  if (!settings.cache_dir.empty() && settings.cache_bytes > 0) {
    TAMIS_ASSIGN_OR_RETURN(cache, VectorCache::open(settings.cache_dir, settings.cache_bytes));
  }
  return std::shared_ptr<const models::TextEmbedderSource>(
      std::shared_ptr<EndpointSource>(new EndpointSource(std::move(settings), std::move(cache))));
}

Result<std::shared_ptr<const models::TextEmbedder>> EndpointSource::endpoint(std::string_view model,
                                                                             std::uint32_t dim) const {
  if (!model.empty() && model != settings_.model)
    return Status::failed_precondition("the configured embeddings endpoint has the model \"" + settings_.model +
                                       "\", not \"" + std::string(model) + "\" (training.settings.content.model)");
  TAMIS_ASSIGN_OR_RETURN(auto embedder, EndpointEmbedder::create(settings_, dim, cache_));
  return std::shared_ptr<const models::TextEmbedder>(std::move(embedder));
}

Result<std::shared_ptr<const models::TextEmbedderSource>> open_text_embedders(const SettingsByModel& settings) {
  const std::map<std::string, std::string>* content = endpoint_settings_of(settings);
  if (content == nullptr) return std::shared_ptr<const models::TextEmbedderSource>();
  return EndpointSource::create({content->begin(), content->end()});
}

Status check_text_embedders(const SettingsByModel& settings) {
  const std::map<std::string, std::string>* content = endpoint_settings_of(settings);
  if (content == nullptr) return Status::ok();
  return read_endpoint_settings({content->begin(), content->end()}).status();
}

void place_cache(const std::filesystem::path& dir, SettingsByModel* settings) {
  if (endpoint_settings_of(*settings) != nullptr) (*settings)["content"].try_emplace("cache_dir", dir.string());
}

}  // namespace tamis::embeddings
