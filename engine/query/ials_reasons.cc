#include "engine/query/ials_reasons.h"

#include <list>
#include <span>

#include "common/mutex.h"
#include "models/blas.h"
#include "models/ials_half_step.h"

namespace tamis::engine {
namespace {

using Gramian = std::shared_ptr<const std::vector<float>>;  // shared: readers outlive its place in the cache

// alpha_0 Q^T Q of the generations being explained.
class GramianCache {
 public:
  Result<Gramian> get(const models::IalsModel& model, const std::shared_ptr<const models::IalsFoldIn>& fold_in) {
    {
      MutexLock lock(mutex_);
      entries_.remove_if([](const Entry& entry) { return entry.key.expired(); });
      for (const Entry& entry : entries_) {
        if (entry.key.lock() == fold_in) return entry.gramian;
      }
    }
    TAMIS_ASSIGN_OR_RETURN(std::vector<float> values, models::ials_gramian(model.item_factors, model.options, {}));
    Gramian gramian = std::make_shared<const std::vector<float>>(std::move(values));
    MutexLock lock(mutex_);
    entries_.push_front({fold_in, gramian});
    if (entries_.size() > kMaxEntries) entries_.pop_back();
    return gramian;
  }

 private:
  static constexpr std::size_t kMaxEntries = 4;
  struct Entry {
    std::weak_ptr<const models::IalsFoldIn> key;
    Gramian gramian;
  };
  Mutex mutex_;
  std::list<Entry> entries_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace

Result<Reasons> explain_ials(const Generation& generation, const std::shared_ptr<const models::IalsFoldIn>& fold_in,
                             const UserState::Rows& history, DenseId item) {
  static GramianCache gramians;
  Reasons reasons;
  if (history.rows.empty() || item >= generation.item_rows.size() || generation.item_rows[item] == kNoDenseId)
    return reasons;
  const models::IalsModel& model = *generation.ials;
  const std::size_t dim = model.options.dim;
  const auto factor = [&](std::uint32_t row) {
    return std::span<const float>(model.item_factors).subspan(row * dim, dim);
  };
  TAMIS_ASSIGN_OR_RETURN(const Gramian gramian, gramians.get(model, fold_in));
  std::vector<float> system = *gramian;  // A = alpha_0 Q^T Q + lambda I + sum of w q q^T
  const auto regularization =
      static_cast<float>(models::ials_row_regularization(model.options, history.rows.size(), model.items));
  for (std::size_t i = 0; i < dim; ++i) system[i * dim + i] += regularization;
  for (std::size_t h = 0; h < history.rows.size(); ++h) {
    const auto own = factor(history.rows[h]);
    for (std::size_t i = 0; i < dim; ++i) {
      const float scaled = history.weights[h] * own[i];
      for (std::size_t j = 0; j <= i; ++j) system[i * dim + j] += scaled * own[j];
    }
  }
  const auto target = factor(generation.item_rows[item]);
  std::vector<float> solved(target.begin(), target.end());  // A^-1 q_i; A is symmetric
  if (!models::blas::solve_positive_definite(dim, system.data(), solved.data())) return reasons;
  for (std::size_t h = 0; h < history.rows.size(); ++h) {
    const auto own = factor(history.rows[h]);
    reasons.emplace_back(history.items[h],
                         double{history.weights[h]} * models::blas::dot(dim, solved.data(), own.data()));
  }
  return reasons;
}

}  // namespace tamis::engine
