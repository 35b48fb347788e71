#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "common/cancellation.h"
#include "engine/overview/overview.h"

namespace tamis::engine {
namespace {

constexpr double kCurveRatio = 1.04;  // between neighbouring ranks of the curve

// `count` of `total` positions from 0 on, evenly spread, the first and the last among them.
std::vector<std::size_t> spread(std::size_t total, std::size_t count) {
  count = std::min(total, count);
  std::vector<std::size_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = count == 1 ? 0 : i * (total - 1) / (count - 1);
  return positions;
}

std::vector<MatrixSample::Point> make_curve(const std::vector<models::ScoredId>& ranking) {
  double total = 0;
  for (const models::ScoredId& entry : ranking) total += std::max(0.0F, entry.score);
  std::vector<MatrixSample::Point> curve;
  double sum = 0;
  double next = 1;
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    sum += std::max(0.0F, ranking[i].score);
    if (static_cast<double>(i + 1) < next && i + 1 < ranking.size()) continue;
    curve.push_back({i + 1, ranking[i].score, total > 0 ? sum / total : 0});
    next = std::max(next + 1, next * kCurveRatio);
  }
  return curve;
}

std::vector<DenseId> live_users(const ReadState& state) {
  const TimestampMs now = state.options->clock->now_ms();
  std::vector<DenseId> users;
  state.users->scan_ids(0, [&](DenseId id) {
    if (state.users->is_live(id, now)) users.push_back(id);
    return !is_cancelled();
  });
  return users;
}

using ColumnOf = std::unordered_map<DenseId, std::uint32_t>;

Result<MatrixSample::Row> read_row(const ReadState& state, DenseId user, const ColumnOf& column_of) {
  TAMIS_ASSIGN_OR_RETURN(const auto interactions, state.store->user_interactions(user, kMaxMatrixHistory));
  std::unordered_set<DenseId> distinct;
  MatrixSample::Row row;
  row.user = state.store->ids(EntityKind::kUser).name(user);
  for (const storage::StoredInteraction& interaction : interactions) {
    if (!distinct.insert(interaction.item).second) continue;
    const auto column = column_of.find(interaction.item);
    if (column != column_of.end()) row.columns.push_back(column->second);
  }
  row.items = distinct.size();
  std::sort(row.columns.begin(), row.columns.end());
  return row;
}

void add_columns(const ReadState& state, const MatrixSampleRequest& request,
                 const std::vector<models::ScoredId>& ranking, MatrixSample* sample, ColumnOf* column_of) {
  const std::size_t last =
      request.last_rank == 0 ? ranking.size() : std::min<std::size_t>(request.last_rank, ranking.size());
  const std::size_t first = std::min<std::size_t>(std::max(request.first_rank, 1U), last);
  if (last == 0) return;
  for (const std::size_t offset : spread(last - first + 1, std::min(request.items, kMaxMatrixSide))) {
    const models::ScoredId& entry = ranking[first - 1 + offset];
    column_of->emplace(entry.id, static_cast<std::uint32_t>(sample->columns.size()));
    sample->columns.push_back({state.store->ids(EntityKind::kItem).name(entry.id), first + offset, entry.score});
  }
}

}  // namespace

Result<MatrixSample> sample_matrix(const ReadState& state, const MatrixSampleRequest& request, Sequence sequence) {
  const auto ranking = state.item_statistics->popular();
  const std::vector<DenseId> users = live_users(state);
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  MatrixSample sample;
  sample.sequence = sequence;
  sample.users = users.size();
  sample.items = state.items->live_count();
  sample.ranked = ranking->size();
  sample.curve = make_curve(*ranking);
  ColumnOf column_of;
  add_columns(state, request, *ranking, &sample, &column_of);
  double filled = 0;
  for (const std::size_t position : spread(users.size(), std::min(request.users, kMaxMatrixSide))) {
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    TAMIS_ASSIGN_OR_RETURN(auto row, read_row(state, users[position], column_of));
    filled += static_cast<double>(row.items);
    sample.rows.push_back(std::move(row));
  }
  const double cells = static_cast<double>(sample.rows.size()) * static_cast<double>(sample.items);
  sample.density = cells > 0 ? filled / cells : 0;
  return sample;
}

}  // namespace tamis::engine
