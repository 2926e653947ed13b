"""Reading of a file's attributes, with limits on their number and size."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection
from typing import Any, BinaryIO, cast

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.multival import MultiValue
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ...errors import ImageTooLarge, UnreadableImage
from ..memory_file import Data, MemoryFile

DAMAGED = "The DICOM file is damaged or incomplete. Export it again and send the whole file."
NO_PIXELS = "The DICOM file has no pixel data. Export the image itself and not only its header."

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_PIXEL_TAGS = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_PREAMBLE = 128
"""Bytes before ``DICM`` and the file meta information (PS3.10 7.1)."""
_MAX_READS = 40_000
"""The most read calls; an element takes two or three. Millions of empty items could fill the memory."""
_MAX_VALUE = 2**18
"""The most bytes of a value that is kept.

A lookup table of 16 bits in and out takes half of it. A text of millions of numbers would take a hundred
times its length when parsed."""


class _CountedReads(MemoryFile):
    _left = _MAX_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise UnreadableImage("The DICOM file has far more elements than a radiograph: export it again.")
        return super().read(size)


def read_attributes(data: Data, *, max_pixels: int) -> Dataset:
    """Return the dataset with its file meta information and the undecoded pixels.

    Values larger than any attribute of an image (overlays, private blocks, profiles) are left out.

    Args:
        data: The bytes of the file, with or without preamble.
        max_pixels: The most pixels of an image; it limits what a deflated file may inflate to.

    Raises:
        UnreadableImage: There are too many elements, or a deflated file is incomplete.
        ImageTooLarge: A deflated file inflates to more bytes than the pixels can take.
        Exception: Any exception of pydicom for a damaged file.
    """
    file = _CountedReads(data)
    if data[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        file.seek(_PREAMBLE + 4)
    # Always Explicit VR Little Endian (PS3.10 7.1); the transfer syntax is of what follows.
    meta = read_dataset(
        cast(BinaryIO, file), is_implicit_VR=False, is_little_endian=True, stop_when=_after_meta
    )
    syntax = meta.get("TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        file = _CountedReads(_inflate(data[file.tell() :], limit=4 * max_pixels + 2**24))
    # Without a transfer syntax pydicom detects which of the two little-endian ones it is.
    dataset = read_dataset(
        cast(BinaryIO, file),
        is_implicit_VR=syntax is None or syntax == ImplicitVRLittleEndian,
        is_little_endian=syntax != ExplicitVRBigEndian,
    )
    if syntax is None:
        implicit, _ = dataset.original_encoding
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    dataset.file_meta = FileMetaDataset(meta)
    _drop(dataset)
    _drop(dataset.file_meta)
    return dataset


def without_pixels(dataset: Dataset) -> Dataset:
    """Remove the pixels from the dataset and return it."""
    for keyword in PIXELS:
        if keyword in dataset:
            del dataset[keyword]
    return dataset


def integer(dataset: Dataset, keyword: str, *, default: int | None = None) -> int:
    """Return an integer attribute.

    Args:
        dataset: The attributes.
        keyword: The attribute's keyword.
        default: The value of a missing or empty attribute; None: it must be there.

    Raises:
        UnreadableImage: The attribute is missing without a ``default``, or is not one number.
    """
    value = dataset.get(keyword)
    if value is None or value == "":
        if default is not None:
            return default
        raise UnreadableImage(f"The DICOM file has no {keyword}: export it again.")
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise UnreadableImage(f"The DICOM file has no valid {keyword}: export it again.") from None


def text(dataset: Dataset, keyword: str) -> str:
    """Return a single code or UID; empty if it is missing, not text or has several values."""
    value = dataset.get(keyword)
    return value.strip() if isinstance(value, str) else ""


def one_of(dataset: Dataset, keyword: str, names: Collection[str]) -> str:
    """Return the one of a few names that a code string matches by its letters, without case.

    Args:
        dataset: The attributes.
        keyword: The attribute's keyword; of several values the first counts.
        names: The names that may be returned.

    Returns:
        The name, or "" if none matches.
    """
    value = dataset.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if len(value) else None
    if not isinstance(value, str):
        return ""
    spelt = _letters(value)
    return next((name for name in names if _letters(name) == spelt), "")


def is_empty(dataset: Dataset, keyword: str) -> bool:
    """Return whether an attribute is missing or has no value."""
    value = dataset.get(keyword)
    return value is None or value == "" or (isinstance(value, MultiValue) and not len(value))


def _letters(value: str) -> str:
    return re.sub(r"[\W_]+", "", value).upper()


def _after_meta(tag: int, vr: str | None, length: int) -> bool:
    return tag >> 16 != 2


def _inflate(deflated: Data, *, limit: int) -> bytes:
    # Negative: the deflated bytes have no zlib header (PS3.5 A.5, RFC 1951).
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    inflated = stream.decompress(deflated, limit)
    if stream.unconsumed_tail:
        raise ImageTooLarge("The deflated DICOM file inflates to too many bytes: send it uncompressed.")
    if not stream.eof:
        raise UnreadableImage(DAMAGED)
    return inflated


def _drop(dataset: Dataset) -> None:
    """Remove values that are too large, without parsing them."""
    for tag in list(dataset.keys()):
        element: Any = dataset.get_item(tag)
        value = element.value
        if tag not in _PIXEL_TAGS and isinstance(value, bytes) and len(value) > _MAX_VALUE:
            del dataset[tag]
