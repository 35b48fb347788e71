"""Embeds the console's built files in a C++ source: console_to_cc.py DIR OUTPUT.cc; without files, DIR is -."""

import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
LEAST_SAVED = 64  # bytes; a smaller gain is not worth an encoding


def assemble(symbol: str, file: pathlib.Path) -> str:
    """The bytes of `file` between two symbols of the read-only data."""
    return (
        f'asm(".pushsection .rodata\\n.global {symbol}_begin\\n.global {symbol}_end\\n{symbol}_begin:\\n'
        f'.incbin \\"{file}\\"\\n{symbol}_end:\\n.byte 0\\n.popsection\\n");\n'
        f"extern const char {symbol}_begin[] __attribute__((visibility(\"hidden\")));\n"
        f"extern const char {symbol}_end[] __attribute__((visibility(\"hidden\")));\n"
    )


def main() -> None:
    source, target = sys.argv[1], pathlib.Path(sys.argv[2])
    files = []
    if source != "-":
        root = pathlib.Path(source).resolve()
        files = sorted(path for path in root.rglob("*") if path.is_file())
    packed = target.parent / "console_packed"
    packed.mkdir(parents=True, exist_ok=True)
    externs, rows, sizes = [], [], [0, 0]
    for index, path in enumerate(files):
        content = path.read_bytes()
        small = gzip.compress(content, 9, mtime=0)
        plain_symbol, gzip_symbol = f"tamis_console_{index}", f"tamis_console_{index}_gzip"
        externs.append(assemble(plain_symbol, path))
        gzip_range = "{}"
        if len(small) + LEAST_SAVED < len(content):
            small_file = (packed / f"{index}.gz").resolve()
            small_file.write_bytes(small)
            externs.append(assemble(gzip_symbol, small_file))
            gzip_range = f"between({gzip_symbol}_begin, {gzip_symbol}_end)"
        else:
            small = content
        sizes[0] += len(content)
        sizes[1] += len(small)
        etag = hashlib.sha256(content).hexdigest()[:24]
        rows.append(
            f'      {{"{path.relative_to(root).as_posix()}", "{TYPES.get(path.suffix, "application/octet-stream")}", "{etag}", '
            f"between({plain_symbol}_begin, {plain_symbol}_end), {gzip_range}}},\n"
        )
    with open(target, "w", encoding="utf-8") as file:
        file.write('#include "server/routes/console_assets.h"\n\n#include <cstddef>\n#include <vector>\n\nextern "C" {\n')
        file.writelines(externs)
        file.write("}\n\nnamespace tamis::server {\n\n")
        file.write(
            "[[maybe_unused]] static std::string_view between(const char* begin, const char* end) {\n"
            "  return {begin, static_cast<std::size_t>(end - begin)};\n}\n\n"
            "std::span<const ConsoleAsset> console_assets() {\n"
            "  static const std::vector<ConsoleAsset> assets = {\n"
        )
        file.writelines(rows)
        file.write("  };\n  return assets;\n}\n\n}  // namespace tamis::server\n")
    print(f"console: {len(files)} files, {sizes[0]:,} bytes, {sizes[1]:,} compressed")


if __name__ == "__main__":
    main()
