"""The header of a safetensors file: its metadata, and what the file's tensors are."""

import hashlib
import json
import os
from typing import Any, BinaryIO

METADATA = "__metadata__"

_LONGEST = 100_000_000
"""Bytes, as in safetensors' own reader."""

Header = dict[str, Any]

NOT_A_HEADER = (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
"""What the functions here raise where the bytes are not those of a whole file."""


def read_header(file: BinaryIO) -> Header:
    """The header of a file, of which no more is read."""
    start = file.read(8)
    return _parse(file.read(_length(start)), size=os.fstat(file.fileno()).st_size)


def header_in(data: bytes) -> Header:
    """The header of a file's bytes."""
    return _parse(data[8 : 8 + _length(data)], size=len(data))


def tensor_hash(data: bytes) -> str:
    """The sha256 of a file's tensors and their description, without the metadata."""
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
