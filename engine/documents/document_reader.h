// DocumentReader: reads the members of a JSON object and notes every fault, each with the JSON pointer of its place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "engine/documents/members.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {

// Externally synchronised; `value` and `faults` outlive it. finish() last: it refuses members that nothing described.
class DocumentReader final : public Members {
 public:
  DocumentReader(const Json& value, std::string pointer, std::vector<Status>* faults);

  void boolean(std::string_view name, bool* value, std::string_view meaning) override;
  void integer(std::string_view name, std::uint32_t* value, std::uint32_t low, std::uint32_t high,
               std::string_view meaning) override;
  void number(std::string_view name, double* value, const NumberRange& range, std::string_view meaning) override;
  void text(std::string_view name, std::string* value, std::size_t low_bytes, std::size_t high_bytes,
            std::string_view meaning) override;
  void choice(std::string_view name, std::string* value, Names names, std::string_view meaning) override;
  void texts(std::string_view name, std::vector<std::string>* values, std::size_t most, std::size_t high_bytes,
             std::string_view meaning) override;
  void choices(std::string_view name, std::vector<std::string>* values, Names names, std::string_view meaning) override;
  void filter(std::string_view name, Filter* value, std::string_view meaning) override;
  void object(std::string_view name, const std::function<void(Members&)>& describe, std::string_view meaning) override;
  void list(std::string_view name, std::size_t low, std::size_t high, const List& list,
            std::string_view meaning) override;
  void alternatives(std::string_view name, Names names, std::size_t current,
                    const std::function<void(std::size_t, Members&)>& describe, std::string_view meaning) override;
  void require(std::string_view name) override;
  void refuse(std::string_view name, std::optional<std::size_t> element, const std::string& expected) override;

  void finish();
  // The described members that the document leaves out.
  std::vector<std::string> absent() const;

 private:
  // The member's value, or null where it is absent.
  const Json* find(std::string_view name);
  void note(Status fault);
  template <typename T>
  void take(Result<T> result, T* value);

  const Json& value_;
  std::string pointer_;
  std::vector<Status>& faults_;
  std::vector<std::string_view> known_;
  bool is_whole_ = true;  // every member that may stand here has been described
};

}  // namespace tamis::engine
