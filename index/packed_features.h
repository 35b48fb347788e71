// PackedFeatures: the features of one entity as a few bytes, and the tables that give its numbers their meaning.
//
// A feature is a tag (its name and form), then its value: nothing for a boolean, 1 to 8 bytes for a number or a time, a
// code of 1 to 5 bytes for a category, the bytes of a text. Names and categories are held once for all entities.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/feature.h"
#include "common/hashed_ids.h"
#include "common/string_arena.h"

namespace tamis::index {

// Categories by code. Codes of those that nobody has any more are given out again. Externally synchronised.
class CategoryTable {
 public:
  std::uint32_t take(std::string_view text);  // one more user of it
  void release(std::uint32_t code);           // one fewer
  std::string_view text(std::uint32_t code) const { return StringArena::view(texts_[code]); }
  std::uint64_t memory_bytes() const;

 private:
  void compact();
  StringArena arena_;
  std::deque<const char*> texts_;
  std::deque<std::uint32_t> uses_;
  std::vector<std::uint32_t> free_;
  HashedIds by_text_;
  std::uint64_t wasted_bytes_ = 0;
};

// Externally synchronised; concurrent reads are safe.
class FeaturePacker {
 public:
  using Packed = std::unique_ptr<char[]>;  // null: no features

  // The number of a name, given out in order from 0.
  std::uint32_t name_id(std::string_view name);
  std::optional<std::uint32_t> find_name(std::string_view name) const;
  const std::string& name(std::uint32_t id) const { return *names_[id]; }

  // Sets `*bytes` to the size, unless it is null.
  Packed pack(const Features& features, std::size_t* bytes = nullptr);
  Features unpack(const char* packed) const;
  // Calls visit(name id, value) for each feature, in the order of names.
  template <typename Visit>
  void visit(const char* packed, Visit&& visit_feature) const {
    Reader reader(packed);
    for (std::size_t left = packed == nullptr ? 0 : reader.number(); left > 0; --left) {
      const std::uint64_t tag = reader.number();
      visit_feature(static_cast<std::uint32_t>(tag / kForms), value(tag % kForms, &reader));
    }
  }
  // The same for the features that wants(name id) picks; the others are passed over.
  template <typename Wants, typename Visit>
  void visit_some(const char* packed, Wants&& wants, Visit&& visit_feature) const {
    Reader reader(packed);
    for (std::size_t left = packed == nullptr ? 0 : reader.number(); left > 0; --left) {
      const std::uint64_t tag = reader.number();
      const auto name = static_cast<std::uint32_t>(tag / kForms);
      if (wants(name)) {
        visit_feature(name, value(tag % kForms, &reader));
      } else {
        pass_over(tag % kForms, &reader);
      }
    }
  }
  // The packed bytes are about to go: their categories have one user fewer.
  void release(const char* packed);
  std::uint64_t memory_bytes() const { return categories_.memory_bytes() + names_.size() * 128; }

 private:
  static constexpr std::uint64_t kForms = 16;

  class Reader {
   public:
    explicit Reader(const char* at) : at_(at) {}
    std::uint64_t number() {
      std::uint64_t made = 0;
      for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(*at_++);
        made |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80U) == 0) return made;
      }
    }
    std::int64_t whole() {
      const std::uint64_t folded = number();
      return static_cast<std::int64_t>(folded >> 1U) ^ -static_cast<std::int64_t>(folded & 1U);
    }
    const char* bytes(std::size_t count) {
      const char* place = at_;
      at_ += count;
      return place;
    }

   private:
    const char* at_;
  };

  FeatureValue value(std::uint64_t form, Reader* reader) const;
  static void pass_over(std::uint64_t form, Reader* reader);
  void append_value(std::uint32_t name, const FeatureValue& value, std::string* out);

  CategoryTable categories_;
  std::map<std::string, std::uint32_t, std::less<>> name_ids_;
  std::vector<const std::string*> names_;
};

}  // namespace tamis::index
