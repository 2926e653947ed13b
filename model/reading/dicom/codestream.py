"""Detection of a compressed frame's codec from its bytes, without decoding.

The transfer syntax may be wrong: some transcoders change only one of the two.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from ...errors import UnreadableImage, UnsupportedImage
from ..jpeg_markers import (
    BASELINE,
    EXTENDED,
    JPEG_LS,
    LOSSLESS,
    PROGRESSIVE,
    check_scans,
    read_skeleton,
)
from .dataset import DAMAGED
from .jpeg_2000 import is_jpeg_2000, read_jpeg_2000

_JPEG = b"\xff\xd8\xff"
_RLE_HEADER = struct.Struct("<16L")
"""The number of segments, and the offset of each (PS3.5 G.5)."""
_RLE_BEST = 64
"""The most decoded bytes per byte of an RLE segment: two bytes repeat a byte up to 128 times (PS3.5 G.3)."""
_DISAGREES = (
    "The compressed pixels of the DICOM file do not agree with its Rows, Columns or SamplesPerPixel: "
    "export it again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Codestream:
    """A complete frame of the size that the attributes say.

    Attributes:
        codec: The codec; ``"jpeg"`` is any JPEG with a discrete cosine transform.
        bits: Bits per sample.
        signed: Whether the codestream says that samples are signed; only JPEG 2000 can.
        lossy: Whether decoded samples may differ from the encoded ones.
    """

    codec: Literal["rle", "jpeg", "jpeg_lossless", "jpeg_ls", "jpeg_2000"]
    bits: int
    signed: bool = False
    lossy: bool = False


def read_codestream(frame: bytes, *, rows: int, columns: int, samples: int) -> Codestream:
    """Identify a frame and check that it is complete and agrees with the attributes in size and samples.

    Decoders allocate memory for the codestream's size, which therefore must not exceed the checked size.

    Args:
        frame: The bytes of one frame, without the fragments' items.
        rows: Rows by the attributes.
        columns: Columns by the attributes.
        samples: Samples Per Pixel by the attributes.

    Raises:
        UnreadableImage: The frame is incomplete, disagrees with the attributes, or has no known codec.
        UnsupportedImage: The kind of JPEG or JPEG 2000 is not supported.
    """
    if is_jpeg_2000(frame):
        found = read_jpeg_2000(frame)
        _check_size((found.width, found.height, found.components), rows, columns, samples)
        return Codestream(codec="jpeg_2000", bits=found.bits, signed=found.signed, lossy=not found.reversible)
    if frame.startswith(_JPEG):
        return _read_jpeg(frame, rows, columns, samples)
    if is_rle(frame):
        return Codestream(codec="rle", bits=_rle_bits(frame, pixels=rows * columns, samples=samples))
    raise UnreadableImage(
        "The compressed pixels of the DICOM file are neither RLE, JPEG, JPEG-LS nor JPEG 2000: "
        "they are damaged, or its transfer syntax is wrong. Export it again."
    )


def is_codestream(value: bytes) -> bool:
    """Return whether these bytes begin a compressed frame other than RLE, which could also be pixels."""
    return value.startswith(_JPEG) or is_jpeg_2000(value)


def is_rle(frame: bytes) -> bool:
    """Return whether these bytes begin the header of an RLE frame: up to 15 segments, the first after it."""
    if len(frame) < _RLE_HEADER.size:
        return False
    offsets = _rle_offsets(frame)
    return len(offsets) > 0 and offsets[0] == _RLE_HEADER.size


def _read_jpeg(frame: bytes, rows: int, columns: int, samples: int) -> Codestream:
    skeleton = read_skeleton(frame)
    announced = skeleton.frame
    if announced.process not in (BASELINE, EXTENDED, PROGRESSIVE, LOSSLESS, JPEG_LS):
        raise UnsupportedImage(
            "This kind of JPEG (arithmetic or hierarchical) is not read. Send the DICOM file uncompressed."
        )
    _check_size((announced.width, announced.height, announced.components), rows, columns, samples)
    if skeleton.starved or not 2 <= announced.bits <= 16:
        raise UnreadableImage(DAMAGED)
    if announced.process == JPEG_LS:
        return Codestream(codec="jpeg_ls", bits=announced.bits, lossy=skeleton.near > 0)
    if announced.process == LOSSLESS:
        return Codestream(codec="jpeg_lossless", bits=announced.bits)
    check_scans(skeleton)
    return Codestream(codec="jpeg", bits=announced.bits, lossy=True)


def _check_size(found: tuple[int, int, int], rows: int, columns: int, samples: int) -> None:
    if found != (columns, rows, samples):
        raise UnreadableImage(_DISAGREES)


def _rle_bits(frame: bytes, *, pixels: int, samples: int) -> int:
    offsets = _rle_offsets(frame)
    ends = [*offsets[1:], len(frame)]
    # A segment for each byte of each sample (PS3.5 G.2).
    bits = 8 * len(offsets) // samples
    if len(offsets) % samples or bits not in (8, 16, 32):
        raise UnreadableImage(_DISAGREES)
    if any(
        end - start < pixels // _RLE_BEST or start < _RLE_HEADER.size
        for start, end in zip(offsets, ends, strict=True)
    ):
        raise UnreadableImage(DAMAGED)
    return bits


def _rle_offsets(frame: bytes) -> list[int]:
    """Return the offsets of the segments; none if there are more than a header can hold."""
    count, *offsets = _RLE_HEADER.unpack_from(frame)
    return offsets[:count] if count <= len(offsets) else []
