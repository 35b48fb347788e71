// DocumentWriter: writes described members into a JSON object.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/documents/members.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {

// Externally synchronised; `out` outlives it. Members named in `left_out` are not written.
class DocumentWriter final : public Members {
 public:
  explicit DocumentWriter(Json* out, std::span<const std::string> left_out = {});

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
  void require(std::string_view /*name*/) override {}
  void refuse(std::string_view /*name*/, std::optional<std::size_t> /*element*/,
              const std::string& /*expected*/) override {}

 private:
  void put(std::string_view name, Json value);

  Json& out_;
  std::span<const std::string> left_out_;
};

}  // namespace tamis::engine
