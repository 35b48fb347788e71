#include "engine/learn/rank_examples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "common/feature_reading.h"
#include "common/random.h"
#include "models/parallel.h"
#include "models/value_scale.h"

namespace tamis::engine {
namespace {

using ranker::Columns;
using ranker::ExampleTable;
using ranker::Field;
using ranker::FieldKind;
using ranker::Normalization;

RankQuery query_of(const RankWorld& world, const RankList& list) {
  return {.user_id = world.dataset().users[list.user],
          .user_row = list.user,
          .events = world.history(list.user, list.now_ms),
          .user = world.user_features(list.user),
          .context = list.context,
          .now_ms = list.now_ms,
          .asked_ms = list.now_ms};
}

const Features* features_in(const void* world, std::uint32_t key) {
  return static_cast<const RankWorld*>(world)->item_features(key);
}

// The places in a list (then beyond it: extra items) that become examples.
struct Drawn {
  std::vector<std::uint32_t> items;   // the list's, then the uniform ones
  std::vector<std::uint32_t> labels;  // of those
  std::vector<std::uint32_t> kept;    // places in them
};

// What the user turned down is an example whether it was retrieved and drawn or not.
void keep_disliked(const RankList& list, Drawn* drawn) {
  for (const std::uint32_t item : list.disliked) {
    if (std::binary_search(list.relevant.begin(), list.relevant.end(), item)) continue;
    const auto place =
        static_cast<std::uint32_t>(std::find(drawn->items.begin(), drawn->items.end(), item) - drawn->items.begin());
    if (place == drawn->items.size()) {
      drawn->items.push_back(item);
      drawn->labels.push_back(0);
    }
    if (std::find(drawn->kept.begin(), drawn->kept.end(), place) == drawn->kept.end()) drawn->kept.push_back(place);
  }
}

Drawn draw_examples(const RankWorld& world, const RankList& list, const RankDraw& draw, std::uint64_t stream) {
  Drawn drawn{.items = list.items, .labels = list.labels, .kept = {}};
  std::vector<std::uint32_t> others;
  for (std::uint32_t place = 0; place < list.items.size(); ++place)
    (list.labels[place] != 0 ? drawn.kept : others).push_back(place);
  Random random(draw.seed ^ (stream * 0x9E3779B97F4A7C15ULL));
  std::size_t wanted = draw.negatives == 0 ? others.size() : std::min<std::size_t>(draw.negatives, others.size());
  for (std::size_t i = 0; i < wanted; ++i) {
    std::swap(others[i], others[i + random.below(static_cast<std::uint32_t>(others.size() - i))]);
    drawn.kept.push_back(others[i]);
  }
  if (draw.negatives > 0 || draw.uniform > 0) keep_disliked(list, &drawn);
  const auto catalogue = static_cast<std::uint32_t>(world.dataset().items.size());
  for (std::uint32_t i = 0; i < draw.uniform; ++i) {
    const std::uint32_t item = random.below(catalogue);
    if (!world.is_there(item, list.now_ms) || std::binary_search(list.relevant.begin(), list.relevant.end(), item) ||
        std::find(drawn.items.begin(), drawn.items.end(), item) != drawn.items.end())
      continue;
    drawn.kept.push_back(static_cast<std::uint32_t>(drawn.items.size()));
    drawn.items.push_back(item);
    drawn.labels.push_back(0);
  }
  return drawn;
}

RankExamples examples_of(const RankWorld& world, std::span<const RankList> lists, std::size_t index,
                         const RankModels& models, std::span<const RankFeature> crossed, const RankDraw& draw) {
  const RankList& list = lists[index];
  const Drawn drawn = draw_examples(world, list, draw, index);
  std::vector<RankCandidate> candidates;
  for (const std::uint32_t item : drawn.items) candidates.push_back(world.candidate(item, list.now_ms));
  const RankQuery query = query_of(world, list);
  const ModelScores scores(models, query);
  const std::vector<double> numbers = crossed_numbers(crossed, scores, query, candidates, &world, features_in);
  RankExamples examples;
  for (const std::uint32_t place : drawn.kept) {
    examples.rows.push_back({static_cast<std::uint32_t>(index), drawn.items[place], drawn.labels[place]});
    const auto row = numbers.begin() + static_cast<std::ptrdiff_t>(place * crossed.size());
    examples.numbers.insert(examples.numbers.end(), row, row + static_cast<std::ptrdiff_t>(crossed.size()));
  }
  return examples;
}

// Range, mean and deviation of a number, and whether its logarithm is taken: where it is never below 0. What lies far
// outside of the others counts as the end of their range.
class Scale {
 public:
  void add(double value) {
    constexpr double kLargest = 1e18;  // keeps mean and deviation within a float
    if (std::isfinite(value)) values_.push_back(std::clamp(value, -kLargest, kLargest));
  }
  void describe(Field* field) const {
    field->kind = FieldKind::kNumeric;
    const bool is_positive = std::all_of(values_.begin(), values_.end(), [](double value) { return value >= 0; });
    field->normalization = is_positive ? Normalization::kLogStandard : Normalization::kStandard;
    std::vector<double> scaled;
    for (const double value : values_) scaled.push_back(is_positive ? std::log1p(value) : value);
    const models::ValueScale range = models::measure_values(scaled);
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (!range.is_outlier(scaled[i])) {
        low = std::min(low, values_[i]);
        high = std::max(high, values_[i]);
      }
      const double x = range.clip(scaled[i]);
      sum += x;
      squares += x * x;
    }
    if (low <= high) {
      field->low = low;
      field->high = high;
    }
    const auto count = static_cast<double>(std::max<std::size_t>(1, values_.size()));
    field->mean = static_cast<float>(sum / count);
    const double variance = squares / count - (sum / count) * (sum / count);
    field->stddev = variance > 1e-12 ? static_cast<float>(std::sqrt(variance)) : 1.0F;
  }

 private:
  std::vector<double> values_;
};

// What is seen of one field of an entity or a request.
struct FieldSight {
  bool is_number = false;  // whatever is seen
  std::size_t numbers = 0;
  std::size_t sets = 0;
  std::size_t categories = 0;
  Scale scale;
  ranker::VocabularyBuilder vocabulary;
  std::set<std::string, std::less<>> counted;  // categories of the present owner

  // What is added next is of another item or user. A category counts once for each.
  void begin_owner() { counted.clear(); }
  void add(const FeatureValue& value) {
    if (const auto number = number_of(value)) {
      ++numbers;
      scale.add(*number);
    }
    if (category_of(value)) ++categories;
    if (std::holds_alternative<std::vector<std::string>>(value)) ++sets;
    visit_categories(value, [&](std::string_view category) {
      if (counted.emplace(category).second) vocabulary.add(category);
    });
  }
  Result<ranker::Vocabulary> describe(std::uint64_t min_count, Field* field) const {
    if (is_number || numbers > categories + sets) {
      scale.describe(field);
      return ranker::Vocabulary();
    }
    TAMIS_ASSIGN_OR_RETURN(ranker::Vocabulary known, vocabulary.build(min_count));
    field->kind = sets > categories ? FieldKind::kBag : FieldKind::kCategorical;
    field->rows = known.rows();
    return known;
  }
};

FieldSight look_at(const RankWorld& world, const RankFeature& feature, std::span<const RankList> lists) {
  FieldSight sight;
  sight.is_number = feature.is_computed_number();
  if (feature.source == RankSource::kItemId) {  // one item has it: it counts by the lists that the item stood in
    for (const RankList& list : lists) {
      sight.begin_owner();
      for (const std::uint32_t item : list.items)
        if (const auto value = item_value(feature, world.dataset().items[item], nullptr)) sight.add(*value);
    }
    return sight;
  }
  if (feature.side() == ranker::FieldSide::kItem) {
    for (std::uint32_t item = 0; item < world.dataset().items.size(); ++item) {
      sight.begin_owner();
      if (const auto value = item_value(feature, world.dataset().items[item], world.item_features(item)))
        sight.add(*value);
    }
    return sight;
  }
  std::vector<const RankList*> by_user;
  by_user.reserve(lists.size());
  for (const RankList& list : lists) by_user.push_back(&list);
  std::stable_sort(by_user.begin(), by_user.end(),
                   [](const RankList* a, const RankList* b) { return a->user < b->user; });
  // A value that only one user has identifies that user. The model's file must not keep it after the user is erased, so
  // values are counted by user. Ids are counted by list; generations/erase_users.h removes those of erased users.
  const bool is_shared = feature.source != RankSource::kUserId;
  const RankList* last = nullptr;
  for (const RankList* list : by_user) {
    if (!is_shared || last == nullptr || last->user != list->user) sight.begin_owner();
    if (const auto value = request_value(feature, query_of(world, *list))) sight.add(*value);
    last = list;
  }
  return sight;
}

void append_row(const ExampleTable& from, std::size_t row, const ranker::FeatureSchema& schema, Columns columns,
                ExampleTable* to) {
  for (std::size_t f = 0; f < to->ids.size(); ++f) {
    if (!ranker::is_column_of(columns, schema.fields()[schema.id_fields()[f]].side)) continue;
    const auto ids = from.ids[f].of(row);
    to->ids[f].ids.insert(to->ids[f].ids.end(), ids.begin(), ids.end());
    if (!to->ids[f].offsets.empty()) to->ids[f].offsets.push_back(static_cast<std::uint32_t>(to->ids[f].ids.size()));
  }
}

}  // namespace

Result<RankExamples> make_rank_examples(const RankWorld& world, std::span<const RankList> lists,
                                        const RankModels& models, std::span<const RankFeature> crossed,
                                        const RankDraw& draw, const models::TrainControl& control) {
  std::vector<RankExamples> parts(lists.size());
  TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, lists.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) parts[i] = examples_of(world, lists, i, models, crossed, draw);
  }));
  RankExamples all;
  for (const RankExamples& part : parts) {
    all.rows.insert(all.rows.end(), part.rows.begin(), part.rows.end());
    all.numbers.insert(all.numbers.end(), part.numbers.begin(), part.numbers.end());
  }
  return all;
}

Result<RankEncoder> fit_rank_encoder(const RankWorld& world, std::span<const RankFeature> features,
                                     std::span<const RankList> lists, const RankExamples& examples,
                                     std::uint64_t min_count) {
  std::vector<Field> fields;
  std::vector<ranker::Vocabulary> vocabularies;
  const auto crossed = static_cast<std::size_t>(std::count_if(
      features.begin(), features.end(), [](const auto& f) { return f.side() == ranker::FieldSide::kCrossed; }));
  std::size_t column = 0;
  for (const RankFeature& feature : features) {
    Field& field = fields.emplace_back();
    field.name = feature.name;
    field.side = feature.side();
    if (field.side == ranker::FieldSide::kCrossed) {
      Scale scale;
      for (std::size_t row = 0; row < examples.rows.size(); ++row) scale.add(examples.numbers[row * crossed + column]);
      scale.describe(&field);
      ++column;
      continue;
    }
    TAMIS_ASSIGN_OR_RETURN(ranker::Vocabulary vocabulary, look_at(world, feature, lists).describe(min_count, &field));
    if (!field.is_numeric()) vocabularies.push_back(std::move(vocabulary));
  }
  TAMIS_ASSIGN_OR_RETURN(ranker::FeatureSchema schema, ranker::FeatureSchema::create(std::move(fields)));
  TAMIS_ASSIGN_OR_RETURN(ranker::FeatureEncoder encoder,
                         ranker::FeatureEncoder::create(std::move(schema), std::move(vocabularies)));
  return RankEncoder::create(std::move(encoder));
}

ExampleTable encode_examples(const RankWorld& world, const RankEncoder& encoder, std::span<const RankList> lists,
                             const RankExamples& examples, std::size_t objective) {
  const ranker::FeatureSchema& schema = encoder.schema();
  const std::size_t width = schema.numeric_fields().size();
  ExampleTable items = encoder.encoder().make_table(Columns::kItem);
  for (std::uint32_t item = 0; item < world.dataset().items.size(); ++item)
    encoder.append_item(world.dataset().items[item], world.item_features(item), items);
  const ExampleTable crossed = encoder.encode_crossed(examples.numbers, examples.rows.size());

  ExampleTable table = encoder.encoder().make_table(Columns::kAll);
  table.rows = examples.rows.size();
  table.numeric = crossed.numeric;
  ExampleTable request;
  std::uint32_t encoded_list = kNoDenseId;
  for (std::size_t row = 0; row < examples.rows.size(); ++row) {
    const RankExamples::Row& example = examples.rows[row];
    if (example.list != encoded_list) {
      request = encoder.encode_request(query_of(world, lists[example.list]));
      encoded_list = example.list;
    }
    append_row(request, 0, schema, Columns::kUserAndContext, &table);
    append_row(items, example.item, schema, Columns::kItem, &table);
    for (std::size_t n = 0; n < width; ++n)
      table.numeric[row * width + n] += request.numeric[n] + items.numeric[example.item * width + n];
    table.labels.push_back((example.labels >> objective & 1U) != 0 ? 1.0F : 0.0F);
  }
  return table;
}

}  // namespace tamis::engine
