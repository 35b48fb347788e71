#include "engine/query/failed_conditions.h"

namespace tamis::engine {

std::vector<Filter> failed_conditions(const Filter& filter, std::string_view id, const Features& features) {
  if (matches(filter, id, features)) return {};
  if (filter.op != Filter::Op::kAll) return {filter};
  std::vector<Filter> failed;
  for (const Filter& child : filter.children) {
    for (Filter& part : failed_conditions(child, id, features)) failed.push_back(std::move(part));
  }
  return failed;
}

}  // namespace tamis::engine
