// Members: the members of a JSON document, described once and read, written and published as a JSON schema from that
// one description (document_reader.h, document_writer.h, document_schema.h).
//
//   void describe(Members& members, CapRuleConfig& rule) {
//     members.require("field");
//     members.text("field", &rule.field, 1, 128, "the field whose values are counted");
//     members.integer("most", &rule.most, 1, 1000, "slots of one value");
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/filter.h"

namespace tamis::engine {

struct NumberRange {
  double low = 0;
  double high = 0;
  bool above_low = false;   // low itself is not in it
  bool below_high = false;  // nor high
};

// Externally synchronised. Names and meanings are literals; a value holds the default before and the setting after a
// read. An absent member keeps its default. An empty text whose least length is above 0 stands for an absent one.
class Members {
 public:
  using Names = std::span<const std::string_view>;
  // A list of objects: `resize` makes room, `describe` tells of one element.
  struct List {
    std::size_t size = 0;
    std::function<void(std::size_t)> resize;
    std::function<void(std::size_t, Members&)> describe;
  };

  virtual ~Members() = default;
  virtual void boolean(std::string_view name, bool* value, std::string_view meaning) = 0;
  virtual void integer(std::string_view name, std::uint32_t* value, std::uint32_t low, std::uint32_t high,
                       std::string_view meaning) = 0;
  virtual void number(std::string_view name, double* value, const NumberRange& range, std::string_view meaning) = 0;
  virtual void text(std::string_view name, std::string* value, std::size_t low_bytes, std::size_t high_bytes,
                    std::string_view meaning) = 0;
  virtual void choice(std::string_view name, std::string* value, Names names, std::string_view meaning) = 0;
  // At most `most` texts of 1 to `high_bytes`.
  virtual void texts(std::string_view name, std::vector<std::string>* values, std::size_t most, std::size_t high_bytes,
                     std::string_view meaning) = 0;
  // At most as many as there are names.
  virtual void choices(std::string_view name, std::vector<std::string>* values, Names names,
                       std::string_view meaning) = 0;
  virtual void filter(std::string_view name, Filter* value, std::string_view meaning) = 0;
  virtual void object(std::string_view name, const std::function<void(Members&)>& describe,
                      std::string_view meaning) = 0;
  virtual void list(std::string_view name, std::size_t low, std::size_t high, const List& list,
                    std::string_view meaning) = 0;
  // The member `name` says which of several sets of members stand beside it. REQUIRED in documents.
  virtual void alternatives(std::string_view name, Names names, std::size_t current,
                            const std::function<void(std::size_t, Members&)>& describe, std::string_view meaning) = 0;

  // The member has to be there.
  virtual void require(std::string_view name) = 0;
  // A fault that types and ranges do not tell, of a member that is there, or of one element of it.
  virtual void refuse(std::string_view name, std::optional<std::size_t> element, const std::string& expected) = 0;

  // A list of `low` to `high` elements, each told of by describe(Members&, T&).
  template <typename T>
  void objects(std::string_view name, std::vector<T>* values, std::size_t low, std::size_t high,
               void (*describe)(Members&, T&), std::string_view meaning) {
    const List elements{.size = values->size(),
                        .resize = [values](std::size_t size) { values->assign(size, T{}); },
                        .describe = [=](std::size_t i, Members& members) { describe(members, (*values)[i]); }};
    list(name, low, high, elements, meaning);
  }
};

}  // namespace tamis::engine
