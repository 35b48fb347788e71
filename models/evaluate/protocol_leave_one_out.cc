#include "models/evaluate/protocol_leave_one_out.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/ids.h"
#include "models/evaluate/number_tokens.h"
#include "models/evaluate/sequence_evaluation.h"
#include "models/text_lines.h"

namespace tamis::models {
namespace {

struct Action {
  std::uint64_t user = 0;
  std::uint64_t item = 0;
};

void add_user(std::vector<std::uint32_t> sequence, SequenceDataset& data) {
  if (sequence.size() >= 3) {
    const auto validation = sequence.end() - 2;
    const auto test = sequence.end() - 1;
    data.validation.push_back({.history = {sequence.begin(), validation}, .relevant = {*validation}});
    data.test.push_back({.history = {sequence.begin(), test}, .relevant = {*test}});
    sequence.resize(sequence.size() - 2);
  }
  data.train.push_back(std::move(sequence));
}

}  // namespace

Result<SequenceDataset> read_leave_one_out(const std::filesystem::path& path) {
  std::vector<Action> actions;
  std::vector<std::uint64_t> numbers;
  SequenceDataset data;
  const auto add_line = [&](std::string_view line, std::size_t) -> Status {
    numbers.clear();
    TAMIS_RETURN_IF_ERROR(parse_numbers(line, numbers));
    if (numbers.empty()) return Status::ok();
    if (numbers.size() != 2) {
      return Status::invalid_argument("the line has " + std::to_string(numbers.size()) +
                                      " numbers, expected two: user and item");
    }
    actions.push_back({numbers[0], numbers[1]});
    data.item_ids.push_back(numbers[1]);
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(for_each_line(path, add_line));
  sort_unique(data.item_ids);
  if (data.item_ids.size() >= kNoDenseId) return Status::invalid_argument("more items than 32 bits count");
  std::stable_sort(actions.begin(), actions.end(), [](const Action& a, const Action& b) { return a.user < b.user; });
  for (std::size_t begin = 0; begin < actions.size();) {
    std::vector<std::uint32_t> sequence;
    std::size_t end = begin;
    for (; end < actions.size() && actions[end].user == actions[begin].user; ++end) {
      sequence.push_back(dense_id(data.item_ids, actions[end].item));
    }
    add_user(std::move(sequence), data);
    begin = end;
  }
  if (data.test.empty()) {
    return Status::invalid_argument(path.string() + " holds no user of three actions or more: nothing to predict");
  }
  return data;
}

Result<EvaluationReport> evaluate_leave_one_out(const std::filesystem::path& path, std::string_view model,
                                                const Settings& settings, const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(const Settings resolved, resolve_sequence_settings(model, settings));
  TAMIS_ASSIGN_OR_RETURN(const SequenceDataset data, read_leave_one_out(path));
  return evaluate_sequences("leave-one-out", data, model, resolved, control);
}

}  // namespace tamis::models
