"""The header of a safetensors file: metadata, and the names, shapes and types of the tensors."""

import hashlib
import json
import os
from typing import Any, BinaryIO

METADATA = "__metadata__"

_LONGEST = 100_000_000
"""The most bytes of a header, as in safetensors' own reader."""

Header = dict[str, Any]

NOT_A_HEADER = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
"""The exceptions of the functions here for bytes that are not a complete safetensors file."""


def read_header(file: BinaryIO) -> Header:
    """Read the header of a file, and nothing else of it."""
    start = file.read(8)
    return _parse(file.read(_length(start)), size=os.fstat(file.fileno()).st_size)


def header_in(data: bytes) -> Header:
    """Return the header in the bytes of a file."""
    return _parse(data[8 : 8 + _length(data)], size=len(data))


def tensor_hash(data: bytes) -> str:
    """Return the sha256 of the tensors and of the header without the metadata."""
    header = header_in(data)
    header.pop(METADATA, None)
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    digest.update(memoryview(data)[8 + _length(data) :])
    return digest.hexdigest()


def _length(data: bytes) -> int:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > _LONGEST:
        raise ValueError("it has no header")
    return length


def _parse(text: bytes, *, size: int) -> Header:
    header: Header = json.loads(text)
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != METADATA]
    if 8 + len(text) + max(ends, default=0) != size:
        raise ValueError("its size is not what its header says")
    return header
