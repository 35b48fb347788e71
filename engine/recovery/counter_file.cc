#include "engine/recovery/counter_file.h"

#include <array>
#include <cstring>
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

struct Part {
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
};

// The next part of the file into an array or a text, where it belongs: large ones are not held twice.
template <typename Array>
Status read_part(const Part& part, FileReader* file, Array* values) {
  constexpr std::size_t kElement = sizeof(typename Array::value_type);
  const Status damaged = Status::corruption("a part is damaged");
  if (part.size % kElement != 0 || part.size > file->rest()) return damaged;
  values->resize(part.size / kElement);
  TAMIS_RETURN_IF_ERROR(file->read(values->data(), part.size));
  return checksum64(values->data(), part.size) == part.checksum ? Status::ok() : damaged;
}

// Magic, format, sequence, mark and the parts.
Status read_head(FileReader* file, CounterFile* into, std::vector<Part>* parts) {
  const Status damaged = Status::corruption("the head is damaged or of another format");
  std::array<char, kHeadWords * kWordBytes> fixed{};
  if (file->rest() < fixed.size()) return damaged;
  TAMIS_RETURN_IF_ERROR(file->read(fixed.data(), fixed.size()));
  WordReader words({fixed.data(), fixed.size()});
  words.word();
  const std::uint64_t format = words.word();
  into->sequence = words.word();
  into->mark = words.word();
  const std::uint64_t count = words.word();
  if (std::memcmp(fixed.data(), kCounterMagic, sizeof(kCounterMagic)) != 0 || format != kCounterFormat ||
      count < kFixedParts || count > kMostParts)
    return damaged;
  std::string rest((2 * count + 1) * kWordBytes, '\0');
  if (file->rest() < rest.size()) return damaged;
  TAMIS_RETURN_IF_ERROR(file->read(rest.data(), rest.size()));
  Checksum64 checksum;
  checksum.update(fixed.data(), fixed.size());
  checksum.update(rest.data(), rest.size() - kWordBytes);
  WordReader list(rest);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t size = list.word();
    parts->push_back({size, list.word()});
  }
  return list.word() == checksum.digest() ? Status::ok() : damaged;
}

Result<CounterFile> read_counter_file(FileReader* file) {
  const Status damaged = Status::corruption("a part is damaged");
  CounterFile made;
  std::vector<Part> parts;
  TAMIS_RETURN_IF_ERROR(read_head(file, &made, &parts));
  CounterState& state = made.state;
  std::string bytes;
  TAMIS_RETURN_IF_ERROR(read_part(parts[0], file, &bytes));
  WordReader texts(bytes);
  const std::vector<std::string> meaning = texts.texts();
  state.set_aside = texts.texts();
  state.user_fields = texts.texts();
  state.item_fields = texts.texts();
  if (!texts.is_whole() || meaning.size() != 1) return damaged;
  state.meaning = meaning.front();
  TAMIS_RETURN_IF_ERROR(read_part(parts[1], file, &bytes));
  WordReader numbers(bytes);
  state.statistics.older = numbers.word();
  state.ratings.next = numbers.word();
  if (numbers.word() != parts.size() - kFixedParts) return damaged;
  state.counter.layers.resize(parts.size() - kFixedParts);
  for (PairFilter::Layer& layer : state.counter.layers) layer.keys = numbers.word();
  if (!numbers.is_whole()) return damaged;
  TAMIS_RETURN_IF_ERROR(read_part(parts[2], file, &bytes));
  WordReader newest(bytes);
  for (std::size_t i = 0; i < parts[2].size / (2 * kWordBytes); ++i) {
    const auto time_ms = static_cast<TimestampMs>(newest.word());
    state.statistics.newest.emplace_back(time_ms, newest.word());
  }
  if (!newest.is_whole()) return damaged;
  TAMIS_RETURN_IF_ERROR(read_part(parts[3], file, &state.statistics.rows));
  TAMIS_RETURN_IF_ERROR(read_part(parts[4], file, &state.counter.ahead));
  TAMIS_RETURN_IF_ERROR(read_part(parts[5], file, &state.counts_by_type));
  TAMIS_RETURN_IF_ERROR(read_part(parts[6], file, &state.ratings.values));
  for (std::size_t i = 0; i < state.counter.layers.size(); ++i) {
    state.counter.layers[i].words = std::make_shared<std::vector<std::uint64_t>>();
    TAMIS_RETURN_IF_ERROR(read_part(parts[kFixedParts + i], file, state.counter.layers[i].words.get()));
    if (state.counter.layers[i].words->empty()) return damaged;
  }
  if (file->rest() != 0) return damaged;
  return made;
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
  TAMIS_ASSIGN_OR_RETURN(FileReader file, FileReader::open(path));
  Result<CounterFile> read = read_counter_file(&file);
  if (!read.is_ok()) return Status(read.status()).with_context(path.string());
  return read;
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
