#include "models/ragged_tensors.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace tamis::models {

Result<RaggedIds> read_ragged_ids(const TensorReader& tensors, const std::string& name, std::uint32_t rows,
                                  std::uint32_t id_limit) {
  RaggedIds table;
  TAMIS_ASSIGN_OR_RETURN(table.offsets, tensors.read<std::uint64_t>("offsets", {std::uint64_t{rows} + 1}));
  TAMIS_ASSIGN_OR_RETURN(table.ids, tensors.read<std::uint32_t>(name));
  if (table.offsets.front() != 0 || table.offsets.back() != table.ids.size() ||
      !std::is_sorted(table.offsets.begin(), table.offsets.end()))
    return Status::corruption("offsets do not partition " + name).at_field("offsets");
  for (std::uint32_t row = 0; row < rows; ++row) {
    const auto begin = table.ids.begin() + static_cast<std::ptrdiff_t>(table.offsets[row]);
    const auto end = table.ids.begin() + static_cast<std::ptrdiff_t>(table.offsets[row + 1]);
    if (std::adjacent_find(begin, end, std::greater_equal<>()) != end)
      return Status::corruption(name + " of row " + std::to_string(row) + " do not ascend").at_field(name);
    if (begin != end && *(end - 1) >= id_limit)
      return Status::corruption(name + " of row " + std::to_string(row) + " holds " + std::to_string(*(end - 1)) +
                                ", expected ids below " + std::to_string(id_limit))
          .at_field(name);
  }
  return table;
}

void add_interactions(TensorWriter& writer, const InteractionMatrix& interactions) {
  writer.add<std::uint64_t>("offsets", {interactions.offsets.size()}, interactions.offsets);
  writer.add<std::uint32_t>("column", {interactions.column.size()}, interactions.column);
}

Result<InteractionMatrix> read_interactions(const TensorReader& tensors, std::uint32_t users, std::uint32_t items) {
  TAMIS_ASSIGN_OR_RETURN(RaggedIds table, read_ragged_ids(tensors, "column", users, items));
  std::vector<float> weight(table.ids.size(), 1.0F);
  return InteractionMatrix{.rows = users,
                           .columns = items,
                           .offsets = std::move(table.offsets),
                           .column = std::move(table.ids),
                           .weight = std::move(weight)};
}

}  // namespace tamis::models
