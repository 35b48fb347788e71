"""Writes docs/openapi.yaml as JSON into a C++ source: openapi_to_cc.py INPUT.yaml OUTPUT.cc"""

import json
import sys

import yaml

CHUNK_BYTES = 8_000  # below the length of a string literal that every compiler takes


def main() -> None:
    source, target = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"))
    chunks = [text[i : i + CHUNK_BYTES] for i in range(0, len(text), CHUNK_BYTES)]
    with open(target, "w", encoding="utf-8") as file:
        file.write('#include "server/routes/openapi_document.h"\n\n#include <string>\n\nnamespace tamis::server {\n\n')
        file.write("std::string_view openapi_document() {\n  static const std::string document = [] {\n    std::string text;\n")
        for chunk in chunks:
            file.write(f'    text += R"tamis({chunk})tamis";\n')
        file.write("    return text;\n  }();\n  return document;\n}\n\n}  // namespace tamis::server\n")


if __name__ == "__main__":
    main()
