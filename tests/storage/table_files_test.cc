// How table files are laid out: what a large database depends on and no answer shows.
#include <rocksdb/sst_file_reader.h>

#include <map>
#include <string>

#include "storage/table.h"
#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

TEST_F(StoreTest, TableFilesHaveIndexesInPartsAndFiltersWhereTheyHelp) {
  options_.memtable_bytes = 256 << 10;  // files are written as they fill
  must_open();
  for (int batch = 0; batch < 60; ++batch) {
    std::vector<Mutation> mutations;
    for (int i = 0; i < 500; ++i) {
      mutations.push_back(interaction("user" + std::to_string(i % 20), "item" + std::to_string((batch * 37 + i) % 30),
                                      batch * 1'000 + i));
    }
    must_commit(std::move(mutations));
  }
  store_.reset();
  std::map<std::string, std::size_t> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir())) {
    if (entry.path().extension() != ".sst") continue;
    rocksdb::SstFileReader reader{rocksdb::Options()};
    ASSERT_TRUE(reader.Open(entry.path().string()).ok());
    const auto properties = reader.GetTableProperties();
    const std::string& table = properties->column_family_name;
    ++files[table];
    EXPECT_GT(properties->index_partitions, 0u) << table;
    const bool is_history = table == table_name(Table::kInteractions) || table == table_name(Table::kByItem);
    if (table == table_name(Table::kLog)) {
      EXPECT_EQ(properties->filter_size, 0u) << "it is read in order";
    }
    if (!is_history) continue;
    EXPECT_GT(properties->filter_size, 0u) << table;
    EXPECT_LT(properties->filter_size * 8, properties->num_entries * 5)
        << table << " has a key of filter for each owner, not for each interaction";
  }
  for (const Table table : {Table::kInteractions, Table::kByItem, Table::kLog, Table::kUsers}) {
    EXPECT_GT(files[std::string(table_name(table))], 0u) << table_name(table);
  }
}

}  // namespace
}  // namespace tamis::storage
