#include "engine/recovery/counter_file.h"

#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/checksum.h"
#include "common/durable_files.h"

namespace tamis::engine {
namespace {

constexpr char kCounterMagic[8] = {'T', 'A', 'M', 'C', 'O', 'U', 'N', 'T'};
constexpr std::uint64_t kCounterFormat = 2;  // of 1 the filter had three bits for a key
constexpr std::size_t kWordBytes = sizeof(std::uint64_t);
constexpr std::size_t kHeadWords = 5;  // magic, format, sequence, mark, parts
constexpr std::uint64_t kMostParts = 1'000;
constexpr std::size_t kFixedParts = 7;  // before the filter's layers

void put_word(std::uint64_t word, std::string* out) { out->append(reinterpret_cast<const char*>(&word), kWordBytes); }

void put_texts(const std::vector<std::string>& texts, std::string* out) {
  put_word(texts.size(), out);
  for (const std::string& text : texts) {
    put_word(text.size(), out);
    out->append(text);
  }
}

// Reads what put_word() and put_texts() wrote. Once bytes are missing, everything that is read is empty.
class WordReader {
 public:
  explicit WordReader(std::string_view bytes) : rest_(bytes) {}
  std::uint64_t word() {
    std::uint64_t word = 0;
    if (rest_.size() < kWordBytes) return fail(), 0;
    std::memcpy(&word, rest_.data(), kWordBytes);
    rest_.remove_prefix(kWordBytes);
    return word;
  }
  std::string text() {
    const std::uint64_t size = word();
    if (size > rest_.size()) return fail(), std::string();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> texts;
    const std::uint64_t count = word();
    if (count > rest_.size() / kWordBytes) fail();
    for (std::uint64_t i = 0; i < count && !failed_; ++i) texts.push_back(text());
    return texts;
  }
  bool is_whole() const { return !failed_ && rest_.empty(); }

 private:
  void fail() {
    failed_ = true;
    rest_ = {};
  }
  std::string_view rest_;
  bool failed_ = false;
};

template <typename T>
bool read_array(std::string_view part, std::vector<T>* values) {
  if (part.size() % sizeof(T) != 0) return false;
  values->resize(part.size() / sizeof(T));
  if (!part.empty()) std::memcpy(values->data(), part.data(), part.size());
  return true;
}

}  // namespace

Status save_counter_file(const std::filesystem::path& path, const CounterFile& file) {
  const CounterState& state = file.state;
  std::string texts;
  put_texts({state.meaning}, &texts);
  put_texts(state.set_aside, &texts);
  put_texts(state.user_fields, &texts);
  put_texts(state.item_fields, &texts);
  std::string numbers;
  put_word(state.statistics.older, &numbers);
  put_word(state.ratings.next, &numbers);
  put_word(state.counter.layers.size(), &numbers);
  for (const PairFilter::Layer& layer : state.counter.layers) put_word(layer.keys, &numbers);
  std::string newest;
  for (const auto& [time_ms, count] : state.statistics.newest) {
    put_word(static_cast<std::uint64_t>(time_ms), &newest);
    put_word(count, &newest);
  }

  std::vector<std::string_view> parts = {
      texts,
      numbers,
      newest,
      as_part(state.statistics.rows.data(), state.statistics.rows.size()),
      as_part(state.counter.ahead.data(), state.counter.ahead.size()),
      as_part(state.counts_by_type.data(), state.counts_by_type.size()),
      as_part(state.ratings.values.data(), state.ratings.values.size()),
  };
  for (const PairFilter::Layer& layer : state.counter.layers)
    parts.push_back(as_part(layer.words->data(), layer.words->size()));

  std::string head(kCounterMagic, sizeof(kCounterMagic));
  put_word(kCounterFormat, &head);
  put_word(file.sequence, &head);
  put_word(file.mark, &head);
  put_word(parts.size(), &head);
  for (const std::string_view part : parts) {
    put_word(part.size(), &head);
    put_word(checksum64(part.data(), part.size()), &head);
  }
  put_word(checksum64(head.data(), head.size()), &head);
  parts.insert(parts.begin(), head);
  return replace_file(path, parts);
}

Result<CounterFile> load_counter_file(const std::filesystem::path& path) {
  TAMIS_ASSIGN_OR_RETURN(const std::string bytes, read_whole_file(path, std::numeric_limits<std::uint64_t>::max()));
  const auto damaged = [&] { return Status::corruption(path.string() + " is damaged or of another format"); };
  WordReader head(bytes);
  head.word();
  const std::uint64_t format = head.word();
  CounterFile file;
  file.sequence = head.word();
  file.mark = head.word();
  const std::uint64_t count = head.word();
  if (bytes.size() < sizeof(kCounterMagic) || std::memcmp(bytes.data(), kCounterMagic, sizeof(kCounterMagic)) != 0 ||
      format != kCounterFormat || count < kFixedParts || count > kMostParts)
    return damaged();
  const std::size_t head_bytes = (kHeadWords + 2 * count) * kWordBytes;
  if (bytes.size() < head_bytes + kWordBytes) return damaged();
  std::uint64_t check = 0;
  std::memcpy(&check, bytes.data() + head_bytes, kWordBytes);
  if (check != checksum64(bytes.data(), head_bytes)) return damaged();

  std::vector<std::string_view> parts;
  std::string_view rest = std::string_view(bytes).substr(head_bytes + kWordBytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t size = head.word();
    if (size > rest.size() || head.word() != checksum64(rest.data(), size)) return damaged();
    parts.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (!rest.empty()) return damaged();

  CounterState& state = file.state;
  WordReader texts(parts[0]);
  const std::vector<std::string> meaning = texts.texts();
  state.set_aside = texts.texts();
  state.user_fields = texts.texts();
  state.item_fields = texts.texts();
  if (!texts.is_whole() || meaning.size() != 1) return damaged();
  state.meaning = meaning.front();
  WordReader numbers(parts[1]);
  state.statistics.older = numbers.word();
  state.ratings.next = numbers.word();
  if (numbers.word() != count - kFixedParts) return damaged();
  state.counter.layers.resize(count - kFixedParts);
  for (PairFilter::Layer& layer : state.counter.layers) layer.keys = numbers.word();
  WordReader newest(parts[2]);
  for (std::size_t i = 0; i < parts[2].size() / (2 * kWordBytes); ++i) {
    const auto time_ms = static_cast<TimestampMs>(newest.word());
    state.statistics.newest.emplace_back(time_ms, newest.word());
  }
  if (!numbers.is_whole() || !newest.is_whole() || !read_array(parts[3], &state.statistics.rows) ||
      !read_array(parts[4], &state.counter.ahead) || !read_array(parts[5], &state.counts_by_type) ||
      !read_array(parts[6], &state.ratings.values))
    return damaged();
  for (std::size_t i = 0; i < state.counter.layers.size(); ++i) {
    state.counter.layers[i].words = std::make_shared<std::vector<std::uint64_t>>();
    if (!read_array(parts[kFixedParts + i], state.counter.layers[i].words.get()) ||
        state.counter.layers[i].words->empty())
      return damaged();
  }
  return file;
}

Result<std::uint64_t> mark_of(const storage::Store& store, Sequence sequence) {
  std::string record;
  TAMIS_RETURN_IF_ERROR(store.read_log(sequence, [&](const storage::CommittedRecord& found) {
    if (found.sequence != sequence) return false;
    put_word(sequence, &record);
    put_word(static_cast<std::uint64_t>(found.committed_ms), &record);
    put_word(found.mutation.index(), &record);
    put_word(found.item, &record);
    return false;
  }));
  if (record.empty()) return Status::failed_precondition("the log has no record " + std::to_string(sequence));
  return checksum64(record.data(), record.size());
}

}  // namespace tamis::engine
