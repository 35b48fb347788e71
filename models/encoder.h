// Encoder: a trained model that places users and items in one embedding space, where a user's score for an item is the
// dot product (or the cosine) of their vectors.
//
// Items are rows of a table that an index searches; a user is embedded at query time from the latest history, so that
// an interaction counts in the very next answer. A model with item biases appends them as one more dimension.
//
// Threads: immutable once made. Every const function may be called from any number of threads at once; scratch is
// thread_local, no lock is taken, no thread is started.
// Latency: embed_user() sits on the query path: under 1 ms for 50 events and 64 dimensions, most models far below.
// Determinism: results depend on the model and the arguments alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/records.h"
#include "common/status.h"
#include "models/matrix_io.h"
#include "models/rating.h"
#include "models/settings.h"

namespace tamis::models {

class TextEmbedderSource;

// One action of a user on an item that the model knows.
struct HistoryEvent {
  std::uint32_t item = 0;  // row, below Encoder::items()
  float weight = 1;        // finite, above 0
  TimestampMs timestamp_ms = 0;
  float rating = kNoRating;  // of an explicit judgement, as it was given
};

// One action on an item that is newer than the model, which has a vector in its space all the same.
struct NewerEvent {
  std::span<const float> vector = {};  // [dim], as the index has it
  float weight = 1;
  TimestampMs timestamp_ms = 0;
};

// What is known of a user when a query arrives. Any part may be missing.
struct UserInput {
  std::optional<std::uint32_t> row = {};  // of the user among those trained on; none for a stranger or a newer user
  std::span<const HistoryEvent> history =
      {};                                  // oldest first; an item may occur again; newest events only where it is long
  std::span<const NewerEvent> newer = {};  // likewise, of items beyond items(); only for encoders that embed new items
  std::span<const HistoryEvent> negatives = {};  // what the user turned down, likewise: a weight above 0 says how much
  std::span<const HistoryEvent> ratings = {};    // the newest rating of each item as it was given, likewise
  const Features* features = nullptr;            // the user's profile; may be null
  const Features* context = nullptr;             // of the request (device, hour, ...); may be null
  TimestampMs now_ms = 0;
};

struct EncoderShape {
  std::string name;  // of the encoder and of the space that it fills: 1..64 of [a-z0-9_-]
  std::string kind;  // "ials", "two_tower", ...: the entry of encoder_kinds.h that loads it
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::uint32_t dim = 0;         // 1..kMaxDim
  Metric metric = Metric::kDot;  // or kCosine
};

class Encoder {
 public:
  virtual ~Encoder() = default;

  const EncoderShape& shape() const { return shape_; }

  // [items, dim], row-major, finite; a row of zeros is an item that the model knows nothing of: it is not indexed.
  virtual std::span<const float> item_vectors() const = 0;
  // [users, dim] as trained, or empty where users are only embedded at query time. Feeds "similar users".
  virtual std::span<const float> user_vectors() const { return {}; }

  // The user's vector. `out` is [dim] and unspecified after an error. failed_precondition, with a reason for people,
  // where nothing places this user ("no history that the model knows"); no other errors.
  virtual Status embed_user(const UserInput& user, std::span<float> out) const = 0;

  // Whether embed_item() places items that were not trained on.
  virtual bool embeds_new_items() const { return false; }
  // The vector of an item from its features alone. As embed_user(), and failed_precondition where !embeds_new_items().
  virtual Status embed_item(const Features& features, std::span<float> out) const;
  // The vectors of several items, [items, dim] row-major, zeros for those that nothing places; calls embed_item() but
  // where an encoder does better. Errors: those of the encoder's server.
  virtual Result<std::vector<float>> embed_items(std::span<const Features* const> items) const;

  // Whether embed_text() places a text that somebody typed, among the items.
  virtual bool embeds_texts() const { return false; }
  // failed_precondition where !embeds_texts() or the text says nothing to the model; unavailable and invalid_argument
  // from its server.
  virtual Status embed_text(std::string_view text, std::span<float> out) const;

  // Whether embed_items() and embed_text() wait for another server: commits then leave new items to a thread in the
  // background, and embed_item() is failed_precondition.
  virtual bool asks_server() const { return false; }

  // Whether refit_item() moves items between trainings.
  virtual bool refits_items() const { return false; }
  // The vector of an item whose interactions are these: `users` [n, dim], as user_vectors() or embed_user() have who
  // interacted, by `weights` [n]. Everything else stays as trained. failed_precondition where !refits_items() or the
  // users say nothing.
  virtual Status refit_item(std::span<const float> users, std::span<const float> weights, std::span<float> out) const;

  // How much each event of the history adds to the user's score for `item`; the shares sum to the score. `shares` is
  // [history]. False where the model cannot tell.
  virtual bool explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const;

  // --- saving: <name>.safetensors holds the tensors, the manifest the shape and the settings ---
  // Everything beside the tensors that loading needs.
  virtual Settings settings() const { return {}; }
  // Adds the tensors, of this object's memory. Names are snake_case; "item_vectors" and "user_vectors" where they are
  // what those functions give. Strings (a vocabulary) go as a U8 tensor of a JSON array.
  virtual void add_tensors(TensorWriter& writer) const = 0;

 protected:
  explicit Encoder(EncoderShape shape) : shape_(std::move(shape)) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

 private:
  EncoderShape shape_;
};

// A saved encoder, for the kind's load function: it checks every shape and value, since the file may come from
// elsewhere, and answers corruption or invalid_argument with the tensor or setting to blame; it never crashes.
struct SavedEncoder {
  const EncoderShape& shape;
  const Settings& settings;
  const TensorReader& tensors;
  const TextEmbedderSource* text_embedders = nullptr;  // null where none is configured; outlives the load alone
};

// The f32 tensor `name` of exactly `shape`; corruption names a value that is not finite.
Result<std::vector<float>> read_finite(const TensorReader& tensors, const std::string& name, const TensorShape& shape);

}  // namespace tamis::models
