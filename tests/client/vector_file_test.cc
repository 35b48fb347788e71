#include "client/import/vector_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "memory_source.h"

namespace tamis::client {
namespace {

using ::testing::ElementsAre;

// The layout of numpy.save (format version 1.0), compared with what NumPy 2.4 writes for [[1, 2], [3, -4.5]] as "<f8".
std::string npy_of(const std::string& descr, const std::string& order, const std::string& shape,
                   const std::string& data) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  return file + header + data;
}

template <typename Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

struct Read {
  Status status;
  std::vector<VectorRow> rows;
};

Read read_npy(const std::string& file, const std::string& ids) {
  MemorySource vectors(file);
  MemorySource names(ids);
  auto reader = open_npy(&vectors, &names, EntityKind::kItem);
  if (!reader.is_ok()) return {reader.status(), {}};
  Read read;
  for (;;) {
    VectorRow row;
    const auto found = (*reader)->next(&row);
    if (!found.is_ok()) return {found.status(), read.rows};
    if (!*found) return read;
    read.rows.push_back(row);
  }
}

TEST(Npy, ReadsBothPrecisions) {
  for (const bool is_double : {false, true}) {
    const std::string data = is_double ? bytes_of<double>({1, 2, 3, -4.5}) : bytes_of<float>({1, 2, 3, -4.5f});
    const Read read = read_npy(npy_of(is_double ? "<f8" : "<f4", "False", "(2, 2)", data), "a\nb\r\n");
    ASSERT_TRUE(read.status.is_ok()) << read.status.to_string();
    ASSERT_EQ(read.rows.size(), 2u);
    EXPECT_EQ(read.rows[0].id, "a");
    EXPECT_EQ(read.rows[1].id, "b");
    EXPECT_THAT(read.rows[1].vector, ElementsAre(3.0f, -4.5f));
  }
}

TEST(Npy, RefusesEveryTruncation) {
  const std::string file = npy_of("<f4", "False", "(3, 2)", bytes_of<float>({1, 2, 3, 4, 5, 6}));
  for (std::size_t length = 0; length < file.size(); ++length) {
    const Read read = read_npy(file.substr(0, length), "a\nb\nc\n");
    EXPECT_FALSE(read.status.is_ok()) << length;
    EXPECT_LT(read.rows.size(), 3u);
  }
}

TEST(Npy, SurvivesEveryFlippedByteOfItsHeader) {
  const std::string file = npy_of("<f4", "False", "(3, 2)", bytes_of<float>({1, 2, 3, 4, 5, 6}));
  for (std::size_t at = 0; at < 128; ++at) {
    for (const int flip : {0x01, 0x10, 0x80, 0xFF}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const Read read = read_npy(damaged, "a\nb\nc\n");  // refused, or rows of a shape that the header does say
      EXPECT_LE(read.rows.size(), 6u);
    }
  }
}

TEST(Npy, RefusesOtherTypesOrdersAndShapes) {
  const std::string data = bytes_of<float>({1, 2, 3, 4});
  EXPECT_FALSE(read_npy(npy_of(">f4", "False", "(2, 2)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<i4", "False", "(2, 2)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<f4", "True", "(2, 2)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<f4", "False", "(4,)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<f4", "False", "(2, 2, 1)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<f4", "False", "(2, 0)", data), "a\nb\n").status.is_ok());
  EXPECT_FALSE(read_npy(npy_of("<f4", "False", "(1, 99999)", data), "a\n").status.is_ok());
}

TEST(Npy, WantsAsManyIdsAsRows) {
  const std::string file = npy_of("<f4", "False", "(2, 2)", bytes_of<float>({1, 2, 3, 4}));
  EXPECT_FALSE(read_npy(file, "a\n").status.is_ok());
  EXPECT_FALSE(read_npy(file, "a\nb\nc\n").status.is_ok());
  EXPECT_TRUE(read_npy(file, "a\nb").status.is_ok());
}

TEST(Npy, ReadsItsOwnHeader) {
  EXPECT_EQ(npy_header(0, 2).size(), npy_header(123'456'789'012, 4'096).size());
  const Read read = read_npy(npy_header(1, 3) + bytes_of<float>({1, 2, 3}), "x\n");
  ASSERT_TRUE(read.status.is_ok()) << read.status.to_string();
  EXPECT_THAT(read.rows.at(0).vector, ElementsAre(1, 2, 3));
}

TEST(Packed, ReadsBackAndRefusesEveryTruncation) {
  const VectorRow item{EntityKind::kItem, "lantern", {1, -2.5f}};
  const VectorRow user{EntityKind::kUser, "ada", {0, 3}};
  const std::string file = packed_header(2) + packed_record(item) + packed_record(user);
  const std::size_t whole_records[] = {16, 16 + packed_record(item).size(), file.size()};
  for (std::size_t length = 0; length <= file.size(); ++length) {
    MemorySource source(file.substr(0, length));
    auto reader = open_packed(&source);
    ASSERT_EQ(reader.is_ok(), length >= 16);
    if (!reader.is_ok()) continue;
    std::vector<VectorRow> rows;
    Status status;
    for (VectorRow row;;) {
      const auto found = (*reader)->next(&row);
      if (!found.is_ok()) status = found.status();
      if (!found.is_ok() || !*found) break;
      rows.push_back(row);
    }
    const bool at_boundary =
        std::find(std::begin(whole_records), std::end(whole_records), length) != std::end(whole_records);
    EXPECT_EQ(status.is_ok(), at_boundary) << length;
    if (length != file.size()) continue;
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].id, "lantern");
    EXPECT_EQ(rows[1].kind, EntityKind::kUser);
    EXPECT_THAT(rows[1].vector, ElementsAre(0, 3));
  }
}

}  // namespace
}  // namespace tamis::client
