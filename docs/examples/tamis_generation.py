"""Writes a generation that Tamis imports: manifest.json, vocabularies and safetensors. Python's standard library only.

The format is told in docs/models.md, "Generations as files". Tables are anything with a shape and float rows: torch tensors
on the CPU, numpy arrays, or lists of lists.
"""
import array
import hashlib
import json
import pathlib
import struct
import tarfile
import time


def flat_f32(table) -> tuple[list[int], bytes]:
    """Shape and little-endian float32 bytes of a tensor, an array or nested lists."""
    if hasattr(table, "detach"):  # torch
        table = table.detach().cpu().float().contiguous().numpy()
    if hasattr(table, "astype"):  # numpy
        return list(table.shape), table.astype("<f4").tobytes()
    rows = table if isinstance(table[0], (list, tuple)) else [table]
    shape = [len(table), len(table[0])] if rows is table else [len(table)]
    values = array.array("f", (value for row in rows for value in row))
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        values.byteswap()
    return shape, values.tobytes()


def write_safetensors(path: pathlib.Path, tensors: dict) -> None:
    """https://github.com/huggingface/safetensors#format; the package `safetensors` writes the same."""
    header, parts, at = {}, [], 0
    for name, table in tensors.items():
        shape, data = flat_f32(table)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        parts.append(data)
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def write_generation(directory, users, items, encoders: dict, note: str = "") -> None:
    """encoders: name -> {"tensors": {...}, "metric": "dot", "settings": {...}}, of kind "imported".

    Row r of a user table is users[r], row r of an item table is items[r]: ids as Tamis knows them.
    """
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "users.txt").write_text("".join(f"{user}\n" for user in users), encoding="utf-8")
    (directory / "items.txt").write_text("".join(f"{item}\n" for item in items), encoding="utf-8")
    files = ["users.txt", "items.txt"]
    described = {}
    for name, encoder in encoders.items():
        write_safetensors(directory / f"{name}.safetensors", encoder["tensors"])
        files.append(f"{name}.safetensors")
        described[name] = {
            "kind": "imported",
            "dim": flat_f32(encoder["tensors"]["item_vectors"])[0][1],
            "metric": encoder.get("metric", "dot"),
            "settings": encoder.get("settings", {}),
        }
    manifest = {
        "format": "tamis.generation",
        "version": 2,
        "generation": {
            "id": directory.name,
            "state": "ready",
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "sequence": 0,
            "models": list(encoders),
            "metrics": {},
            "note": note,
        },
        "users": len(users),
        "items": len(items),
        "encoders": described,
        "files": {
            name: {
                "bytes": (directory / name).stat().st_size,
                "sha256": hashlib.sha256((directory / name).read_bytes()).hexdigest(),
            }
            for name in files
        },
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def pack(directory, archive) -> None:
    """The tar that PUT /v1/generations/{name} takes."""
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(pathlib.Path(directory).iterdir()):
            tar.add(path, arcname=path.name)
