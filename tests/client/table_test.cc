#include "client/command_line/table.h"

#include <gtest/gtest.h>

namespace tamis::client {
namespace {

TEST(Table, AlignsByCharactersNotBytes) {
  Table table;
  table.add_column("name");
  table.add_column("n", Table::Align::kRight);
  table.add_row({"caf\xC3\xA9", "5"});
  table.add_row({"tea\nx", "1234"});
  EXPECT_EQ(table.to_text(),
            "name      n\n"
            "-----  ----\n"
            "caf\xC3\xA9      5\n"
            "tea x  1234\n");
}

TEST(Table, CutsLongCells) {
  Table table;
  table.add_column("a");
  table.add_row({"abcdefghij"});
  EXPECT_EQ(table.to_text(5), "a\n-----\nabcd…\n");
}

TEST(Numbers, ReadWell) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1'234'567), "1,234,567");
  EXPECT_EQ(as_bytes(1'536), "1.5 KiB");
  EXPECT_EQ(as_bytes(12), "12 B");
}

}  // namespace
}  // namespace tamis::client
