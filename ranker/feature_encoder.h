// FeatureEncoder: a schema with the vocabularies of its fields; turns named features into rows of tables and numbers.
#pragma once

#include <string_view>
#include <vector>

#include "common/feature.h"
#include "common/status.h"
#include "ranker/example_table.h"
#include "ranker/feature_schema.h"
#include "ranker/vocabulary.h"

namespace tamis::ranker {

// Immutable; thread-safe.
class FeatureEncoder {
 public:
  FeatureEncoder() = default;
  // `vocabularies` by schema.id_fields(). Errors: invalid_argument where their number or their rows differ from the
  // schema's.
  static Result<FeatureEncoder> create(FeatureSchema schema, std::vector<Vocabulary> vocabularies);

  const FeatureSchema& schema() const { return schema_; }
  const std::vector<Vocabulary>& vocabularies() const { return vocabularies_; }

  // An empty table with a column for every field of the sides asked for.
  ExampleTable make_table(Columns columns = Columns::kAll) const;
  // Appends one example: fields of the sides asked for by their names in `features`. What is absent or of another kind
  // is unknown (row 0), an empty bag or the mean; a boolean is the category "true" or "false" or the number 0 or 1, a
  // timestamp the number of its milliseconds.
  void append(const Features& features, Columns columns, ExampleTable& table) const;

 private:
  FeatureSchema schema_;
  std::vector<Vocabulary> vocabularies_;
};

}  // namespace tamis::ranker
