#include "models/evaluate/protocol_split.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "models/evaluate/number_tokens.h"
#include "models/evaluate/sequence_evaluation.h"
#include "models/text_lines.h"

namespace tamis::models {
namespace {

using Numbers = std::vector<std::vector<std::uint64_t>>;

// The lines of a file as numbers, without empty ones at its end.
Result<Numbers> read_lines(const std::filesystem::path& path) {
  Numbers lines;
  TAMIS_RETURN_IF_ERROR(for_each_line(
      path, [&](std::string_view line, std::size_t) { return parse_numbers(line, lines.emplace_back()); }));
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

Status check_pair(const std::filesystem::path& input_path, std::size_t inputs, const std::filesystem::path& output_path,
                  const Numbers& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].empty()) {
      return Status::invalid_argument(output_path.string() + ":" + std::to_string(i + 1) +
                                      ": no item, expected what follows that line of " + input_path.string());
    }
  }
  if (inputs > outputs.size()) {
    return Status::invalid_argument(input_path.string() + " has " + std::to_string(inputs) + " lines, " +
                                    output_path.string() + " " + std::to_string(outputs.size()));
  }
  return Status::ok();
}

Result<Numbers> read_inputs(const std::filesystem::path& input_path, const std::filesystem::path& output_path,
                            const Numbers& outputs) {
  TAMIS_ASSIGN_OR_RETURN(Numbers inputs, read_lines(input_path));
  TAMIS_RETURN_IF_ERROR(check_pair(input_path, inputs.size(), output_path, outputs));
  std::size_t lines = 0;  // with the empty ones at the end, which read_lines() drops: they are empty histories
  TAMIS_RETURN_IF_ERROR(for_each_line(input_path, [&](std::string_view, std::size_t number) {
    lines = number;
    return Status::ok();
  }));
  if (lines < outputs.size()) {
    return Status::invalid_argument(input_path.string() + " has " + std::to_string(lines) + " lines, " +
                                    output_path.string() + " " + std::to_string(outputs.size()));
  }
  inputs.resize(outputs.size());
  return inputs;
}

std::vector<std::uint32_t> to_dense(const std::vector<std::uint64_t>& ids, const std::vector<std::uint64_t>& numbers) {
  std::vector<std::uint32_t> dense;
  dense.reserve(numbers.size());
  for (const std::uint64_t number : numbers) dense.push_back(dense_id(ids, number));
  return dense;
}

std::vector<HeldOutAction> held_out(const std::vector<std::uint64_t>& ids, const Numbers& inputs,
                                    const Numbers& outputs) {
  std::vector<HeldOutAction> actions;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    HeldOutAction action{.history = to_dense(ids, inputs[i]), .relevant = to_dense(ids, outputs[i])};
    std::sort(action.relevant.begin(), action.relevant.end());
    action.relevant.erase(std::unique(action.relevant.begin(), action.relevant.end()), action.relevant.end());
    actions.push_back(std::move(action));
  }
  return actions;
}

// The one file of `directory` whose name ends in `ending` or `ending`.xz; empty where there is none.
Result<std::filesystem::path> find_one(const std::filesystem::path& directory, const std::string& ending) {
  std::filesystem::path found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(ending) && !name.ends_with(ending + ".xz")) continue;
    if (!found.empty()) {
      return Status::invalid_argument(directory.string() + " holds both " + found.filename().string() + " and " + name +
                                      "; keep one split to a directory");
    }
    found = entry->path();
  }
  if (error) return Status::not_found(directory.string() + ": " + error.message());
  return found;
}

Result<std::filesystem::path> find_part(const std::filesystem::path& directory, const std::string& part,
                                        const std::string& kind) {
  std::error_code error;
  if (std::filesystem::is_directory(directory / part, error)) return find_one(directory / part, kind + ".txt");
  return find_one(directory, part + "_" + kind + ".txt");
}

}  // namespace

Result<SplitFiles> find_split_files(const std::filesystem::path& directory) {
  SplitFiles files;
  TAMIS_ASSIGN_OR_RETURN(files.train_input, find_part(directory, "train", "input"));
  TAMIS_ASSIGN_OR_RETURN(files.validation_input, find_part(directory, "val", "input"));
  TAMIS_ASSIGN_OR_RETURN(files.validation_output, find_part(directory, "val", "output"));
  TAMIS_ASSIGN_OR_RETURN(files.test_input, find_part(directory, "test", "input"));
  TAMIS_ASSIGN_OR_RETURN(files.test_output, find_part(directory, "test", "output"));
  for (const auto& [path, name] : {std::pair{&files.train_input, "train_input.txt"},
                                   {&files.test_input, "test_input.txt"},
                                   {&files.test_output, "test_output.txt"}}) {
    if (path->empty()) return Status::not_found(directory.string() + " holds no " + name + " (or .xz)");
  }
  if (files.validation_input.empty() != files.validation_output.empty()) {
    return Status::not_found(directory.string() + " holds one of val_input.txt and val_output.txt, expected both");
  }
  return files;
}

Result<SequenceDataset> read_split(const SplitFiles& files) {
  TAMIS_ASSIGN_OR_RETURN(const Numbers train, read_lines(files.train_input));
  TAMIS_ASSIGN_OR_RETURN(const Numbers test_outputs, read_lines(files.test_output));
  TAMIS_ASSIGN_OR_RETURN(const Numbers test_inputs, read_inputs(files.test_input, files.test_output, test_outputs));
  Numbers validation_inputs;
  Numbers validation_outputs;
  if (!files.validation_input.empty()) {
    TAMIS_ASSIGN_OR_RETURN(validation_outputs, read_lines(files.validation_output));
    TAMIS_ASSIGN_OR_RETURN(validation_inputs,
                           read_inputs(files.validation_input, files.validation_output, validation_outputs));
  }
  if (train.empty()) return Status::invalid_argument(files.train_input.string() + " holds no sequence");
  if (test_outputs.empty()) return Status::invalid_argument(files.test_output.string() + " holds nothing to predict");

  SequenceDataset data;
  for (const Numbers* lines :
       {&train, &std::as_const(validation_inputs), &std::as_const(validation_outputs), &test_inputs, &test_outputs}) {
    for (const auto& line : *lines) data.item_ids.insert(data.item_ids.end(), line.begin(), line.end());
  }
  sort_unique(data.item_ids);
  if (data.item_ids.size() >= kNoDenseId) return Status::invalid_argument("more items than 32 bits count");
  for (const auto& line : train) data.train.push_back(to_dense(data.item_ids, line));
  data.validation = held_out(data.item_ids, validation_inputs, validation_outputs);
  data.test = held_out(data.item_ids, test_inputs, test_outputs);
  return data;
}

Result<EvaluationReport> evaluate_split(const SplitFiles& files, std::string_view model, const Settings& settings,
                                        const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(const Settings resolved, resolve_sequence_settings(model, settings));
  TAMIS_ASSIGN_OR_RETURN(const SequenceDataset data, read_split(files));
  return evaluate_sequences("split", data, model, resolved, control);
}

}  // namespace tamis::models
