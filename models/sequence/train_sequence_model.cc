// Learning a SequenceModel from a database's events.
#include <algorithm>
#include <utility>

#include "models/option_table.h"
#include "models/sequence/encoder_training.h"
#include "models/sequence/sequence_model.h"

namespace tamis::models {
namespace {

constexpr std::size_t kValidationUsers = 2000;
constexpr std::size_t kShortestHeldOut = 3;  // a shorter sequence is learned from whole

SequenceDataset to_sequences(const TrainingData& data, std::uint64_t validation_users) {
  SequenceDataset sequences;
  sequences.item_ids.resize(data.items);  // only their number counts
  sequences.train.resize(data.users);
  for (const TimedInteraction& event : data.events) sequences.train[event.user].push_back(event.item);
  std::vector<std::uint32_t> users;
  for (std::uint32_t user = 0; user < data.users; ++user) {
    if (sequences.train[user].size() >= kShortestHeldOut) users.push_back(user);
  }
  const std::size_t limit = validation_users == 0 ? kValidationUsers : static_cast<std::size_t>(validation_users);
  const std::size_t stride = std::max<std::size_t>(1, users.size() / std::max<std::size_t>(limit, 1));
  for (std::size_t i = 0; i < users.size() && sequences.validation.size() < limit; i += stride) {
    std::vector<std::uint32_t>& sequence = sequences.train[users[i]];
    const std::uint32_t last = sequence.back();
    sequence.pop_back();
    sequences.validation.push_back({.history = sequence, .relevant = {last}});
  }
  return sequences;
}

// An item without an event was only ever pushed away: the model knows nothing of it.
void clear_unknown_items(const TrainingData& data, SequenceEncoder& encoder) {
  std::vector<bool> known(data.items);
  for (const TimedInteraction& event : data.events) known[event.item] = true;
  float* vectors = encoder.parameters().data(encoder.item_embedding_slice());
  const std::size_t dim = encoder.options().dim;
  for (std::size_t item = 0; item < known.size(); ++item) {
    if (!known[item]) std::fill_n(vectors + item * dim, dim, 0.0F);
  }
}

Result<std::unique_ptr<Encoder>> train(std::string_view kind, const TrainingData& data, const Settings& settings,
                                       const TrainControl& control) {
  const SequenceDataset sequences = to_sequences(data, integer_setting(settings, "validation_users"));
  TAMIS_ASSIGN_OR_RETURN(std::unique_ptr<SequenceEncoder> encoder,
                         train_sequence_encoder(kind, settings, sequences, kValidationDepth, control));
  clear_unknown_items(data, *encoder);
  return std::unique_ptr<Encoder>(std::make_unique<SequenceModel>(std::string(kind), std::move(encoder), data.users));
}

}  // namespace

Result<std::unique_ptr<Encoder>> train_sasrec(const TrainingData& data, const Settings& settings,
                                              const TrainControl& control) {
  return train("sasrec", data, settings, control);
}

Result<std::unique_ptr<Encoder>> train_bert4rec(const TrainingData& data, const Settings& settings,
                                                const TrainControl& control) {
  return train("bert4rec", data, settings, control);
}

}  // namespace tamis::models
