// print_tables FILE.sst...: every entry of RocksDB table files as hexadecimal text, overwritten ones and tombstones,
// too.
//
// Blocks are compressed, so the bytes of a file do not show all that it holds.
#include <rocksdb/sst_dump_tool.h>

#include <array>
#include <string>

int main(int count, char** files) {
  for (int i = 1; i < count; ++i) {
    std::array<std::string, 4> words = {"sst_dump", "--command=scan", "--output_hex",
                                        std::string("--file=") + files[i]};
    std::array<char*, 4> arguments = {};
    for (std::size_t word = 0; word < words.size(); ++word) arguments[word] = words[word].data();
    if (rocksdb::SSTDumpTool().Run(static_cast<int>(arguments.size()), arguments.data()) != 0) return 1;
  }
  return 0;
}
