"""The value of Pixel Data, native or compressed; detected from its bytes, as the syntax may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

from ...errors import UnreadableImage
from .codestream import is_codestream
from .dataset import DAMAGED, NO_PIXELS
from .syntax import is_native

_MAX_FRAGMENTS = 20_000
_UNDEFINED = 0xFFFFFFFF
"""The length of Pixel Data in fragments (PS3.5 A.4)."""
_ITEM = b"\xfe\xff\x00\xe0"
"""The tag (FFFE,E000) before each fragment."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored pixels.

    Attributes:
        value: All frames, one after the other, or in encapsulated fragments.
        vr: The value representation of Pixel Data.
        compressed: Whether the value is fragments.
        syntax: The byte order of native pixels.
    """

    value: bytes
    vr: str
    compressed: bool
    syntax: UID


def stored_pixels(dataset: Dataset, syntax: UID, *, native_bytes: int) -> Stored:
    """Return the Pixel Data of a dataset.

    Args:
        dataset: A dataset with Pixel Data.
        syntax: The transfer syntax that the file declares.
        native_bytes: The number of bytes of uncompressed pixels.

    Raises:
        UnreadableImage: The value is neither native nor compressed pixels.
    """
    element: Any = dataset.get_item("PixelData")
    value = element.value
    if not value:
        raise UnreadableImage(NO_PIXELS)
    if not isinstance(value, bytes):
        raise UnreadableImage(DAMAGED)
    fragments = getattr(element, "is_undefined_length", False)
    fragments = fragments or getattr(element, "length", 0) == _UNDEFINED
    native = syntax if is_native(syntax) else ExplicitVRLittleEndian
    if not fragments and len(value) < native_bytes:
        # Too short for native pixels: some writers store compressed pixels with a length, with or without
        # fragments.
        fragments = value.startswith(_ITEM)
        if is_codestream(value):
            value, fragments = encapsulate([value]), True
    if not fragments and len(value) < native_bytes:
        raise UnreadableImage(DAMAGED)
    if fragments and value.count(_ITEM) > _MAX_FRAGMENTS:
        raise UnreadableImage(DAMAGED)
    return Stored(value, dataset["PixelData"].VR, fragments, native)
