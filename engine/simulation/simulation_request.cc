#include "engine/simulation_request.h"

#include <string>

namespace tamis {
namespace {

Status check_number(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return Status::ok();
  const auto text = [](double number) {
    std::string digits = std::to_string(number);
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
    return digits;
  };
  return Status::invalid_argument(std::string(name) + " is " + text(value) + "; expected " + text(low) + " to " +
                                  text(high))
      .at_field(name);
}

}  // namespace

Status check_simulation(const SimulationRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_number("users", request.users, 10, 500));
  TAMIS_RETURN_IF_ERROR(check_number("items", request.items, 20, 500));
  TAMIS_RETURN_IF_ERROR(check_number("new_items", request.new_items, 0, 50));
  TAMIS_RETURN_IF_ERROR(check_number("rounds", request.rounds, 2, 60));
  TAMIS_RETURN_IF_ERROR(check_number("k", request.k, 1, 50));
  TAMIS_RETURN_IF_ERROR(check_number("train_every", request.train_every, 1, 60));
  TAMIS_RETURN_IF_ERROR(check_number("explore_rounds", request.explore_rounds, 1, 60));
  TAMIS_RETURN_IF_ERROR(check_number("explore_share", request.explore_share, 0, 1));
  return check_number("position_bias", request.position_bias, 0, 10);
}

}  // namespace tamis
