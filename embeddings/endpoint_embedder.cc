#include "embeddings/endpoint_embedder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

namespace tamis::embeddings {
namespace {

// False where it has no direction.
bool scale_to_unit(std::vector<float>& vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  if (!(squares > 0)) return false;
  const double scale = 1 / std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(value * scale);
  return true;
}

}  // namespace

Result<std::shared_ptr<const EndpointEmbedder>> EndpointEmbedder::create(const EndpointSettings& settings,
                                                                         std::uint32_t dim,
                                                                         std::shared_ptr<VectorCache> cache) {
  TAMIS_ASSIGN_OR_RETURN(std::unique_ptr<EmbeddingsCall> call, EmbeddingsCall::create(settings));
  std::shared_ptr<EndpointEmbedder> made(new EndpointEmbedder(settings, std::move(call), std::move(cache)));
  made->dim_ = dim;
  if (dim == 0) {
    const std::string word = "dimension";
    TAMIS_ASSIGN_OR_RETURN(const std::vector<float> vector, made->embed({&word, 1}));
    made->dim_ = static_cast<std::uint32_t>(vector.size());
  }
  return std::shared_ptr<const EndpointEmbedder>(std::move(made));
}

void EndpointEmbedder::begin_request() const {
  MutexLock lock(mutex_);
  while (requests_ >= settings_.concurrency) request_ended_.wait(mutex_);
  ++requests_;
}

void EndpointEmbedder::end_request() const {
  {
    MutexLock lock(mutex_);
    --requests_;
  }
  request_ended_.notify_one();
}

Status EndpointEmbedder::fetch(std::span<const std::string* const> texts, std::span<std::vector<float>> vectors) const {
  std::vector<std::string> batch;
  for (const std::string* text : texts) batch.push_back(*text);
  begin_request();
  Result<std::vector<std::vector<float>>> rows = call_->embed(batch);
  end_request();
  if (!rows.is_ok()) return rows.status();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::vector<float>& row = (*rows)[i];
    if (dim_ != 0 && row.size() != dim_)
      return Status::internal("the embeddings endpoint gives vectors of " + std::to_string(row.size()) +
                              " numbers, expected " + std::to_string(dim_));
    if (!scale_to_unit(row)) return Status::internal("the embeddings endpoint gives a vector of zeros");
    vectors[i] = std::move(row);
    if (cache_ != nullptr)
      cache_->put(VectorCache::key_of(settings_.model, settings_.dimensions, *texts[i]), vectors[i]);
  }
  return Status::ok();
}

Result<std::vector<float>> EndpointEmbedder::embed(std::span<const std::string> texts) const {
  std::unordered_map<std::string_view, std::size_t> places;  // of distinct texts
  std::vector<const std::string*> distinct;
  for (const std::string& text : texts) {
    if (!text.empty() && places.try_emplace(text, distinct.size()).second) distinct.push_back(&text);
  }
  std::vector<std::vector<float>> vectors(distinct.size());
  std::vector<const std::string*> missing;
  std::vector<std::size_t> missing_places;
  for (std::size_t i = 0; i < distinct.size(); ++i) {
    if (cache_ != nullptr)
      vectors[i] = cache_->find(VectorCache::key_of(settings_.model, settings_.dimensions, *distinct[i]));
    if (!vectors[i].empty() && (dim_ == 0 || vectors[i].size() == dim_)) continue;
    vectors[i].clear();
    missing.push_back(distinct[i]);
    missing_places.push_back(i);
  }

  const std::size_t batches = (missing.size() + settings_.batch - 1) / settings_.batch;
  std::vector<std::vector<float>> fetched(missing.size());
  std::atomic<std::size_t> next{0};
  Mutex failure_mutex;
  Status failure;
  const auto work = [&] {
    for (std::size_t batch = next.fetch_add(1); batch < batches; batch = next.fetch_add(1)) {
      const std::size_t begin = batch * settings_.batch;
      const std::size_t count = std::min<std::size_t>(settings_.batch, missing.size() - begin);
      const Status status = fetch(std::span(missing).subspan(begin, count), std::span(fetched).subspan(begin, count));
      if (status.is_ok()) continue;
      next.store(batches);
      MutexLock lock(failure_mutex);
      if (failure.is_ok()) failure = status;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 1; t < std::min<std::size_t>(settings_.concurrency, batches); ++t) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (!failure.is_ok()) return failure;
  for (std::size_t i = 0; i < missing.size(); ++i) vectors[missing_places[i]] = std::move(fetched[i]);

  const std::size_t dim = dim_ != 0 ? dim_ : (vectors.empty() ? 0 : vectors[0].size());
  std::vector<float> result(texts.size() * dim, 0.0F);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].empty()) continue;
    const std::vector<float>& vector = vectors[places.at(texts[i])];
    std::copy(vector.begin(), vector.end(), result.begin() + static_cast<std::ptrdiff_t>(i * dim));
  }
  return result;
}

}  // namespace tamis::embeddings
