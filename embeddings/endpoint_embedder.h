// EndpointEmbedder: an embeddings endpoint as a TextEmbedder.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "embeddings/embeddings_call.h"
#include "embeddings/endpoint_settings.h"
#include "embeddings/vector_cache.h"
#include "models/content/text_embedder.h"

namespace tamis::embeddings {

// Thread-safe; embed() blocks until the endpoint has answered or the attempts are spent. Equal texts are asked for
// once, empty ones never (they are zeros), those in the cache not again. At most `concurrency` requests are under way
// over all callers. After a failure no further batch is begun; vectors that came are in the cache all the same.
class EndpointEmbedder final : public models::TextEmbedder {
 public:
  // `dim` 0: as many as the model gives, found by embedding one word. `cache` may be null.
  static Result<std::shared_ptr<const EndpointEmbedder>> create(const EndpointSettings& settings, std::uint32_t dim,
                                                                std::shared_ptr<VectorCache> cache);

  std::uint32_t dim() const override { return dim_; }
  Result<std::vector<float>> embed(std::span<const std::string> texts) const override;

 private:
  EndpointEmbedder(const EndpointSettings& settings, std::unique_ptr<EmbeddingsCall> call,
                   std::shared_ptr<VectorCache> cache)
      : settings_(settings), call_(std::move(call)), cache_(std::move(cache)) {}

  // One batch: asked for, scaled to length 1, checked against dim_, kept.
  Status fetch(std::span<const std::string* const> texts, std::span<std::vector<float>> vectors) const;
  void begin_request() const;
  void end_request() const;

  const EndpointSettings settings_;
  const std::unique_ptr<EmbeddingsCall> call_;
  const std::shared_ptr<VectorCache> cache_;
  std::uint32_t dim_ = 0;  // 0 only while create() finds out
  mutable Mutex mutex_;
  mutable CondVar request_ended_;
  mutable std::uint32_t requests_ TAMIS_GUARDED_BY(mutex_) = 0;
};

}  // namespace tamis::embeddings
