// The options of the sequence models as a table (option_table.h), and from a table's values to structs.
#pragma once

#include <string_view>
#include <vector>

#include "models/option_table.h"
#include "models/sequence/sequence_encoder.h"
#include "models/sequence/train_sequence.h"

namespace tamis::models {

// "sasrec" and "bert4rec".
bool is_sequence_model(std::string_view model);
// The options of a sequence model, in the order of the documents. REQUIRES: is_sequence_model(model).
std::vector<ModelOption> sequence_model_options(std::string_view model);

// From settings in force. REQUIRES: resolve_settings gave them for the model.
SequenceEncoderOptions sequence_encoder_options(std::string_view model, const Settings& settings, std::uint32_t items);
SequenceTrainOptions sequence_train_options(const Settings& settings);
// Whether the combination makes sense: invalid_argument with the field at fault.
Status validate_sequence_settings(const Settings& settings);

}  // namespace tamis::models
