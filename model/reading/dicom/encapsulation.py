"""The value of Pixel Data: native or compressed, told by what it is, for its transfer syntax may be another's."""

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
_ITEM = b"\xfe\xff\x00\xe0"


@dataclass(frozen=True, slots=True)
class Stored:
    """Pixels as they are stored.

    Attributes:
        value: all frames, one after the other, or in encapsulated fragments.
        vr: value representation of Pixel Data.
        compressed: whether it is fragments.
        syntax: the byte order of what is not.
    """

    value: bytes
    vr: str
    compressed: bool
    syntax: UID


def stored_pixels(dataset: Dataset, syntax: UID, *, native_bytes: int) -> Stored:
    """Pixel Data of a dataset.

    Args:
        dataset: with Pixel Data.
        syntax: the transfer syntax that the file announces.
        native_bytes: how many bytes there are where nothing is compressed.

    Raises:
        UnreadableImage: it is neither native nor compressed pixels.
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
        # Too short for pixels: a writer may have given compressed ones a length, with or without fragments.
        fragments = value.startswith(_ITEM)
        if is_codestream(value):
            value, fragments = encapsulate([value]), True
    if not fragments and len(value) < native_bytes:
        raise UnreadableImage(DAMAGED)
    if fragments and value.count(_ITEM) > _MAX_FRAGMENTS:
        raise UnreadableImage(DAMAGED)
    return Stored(value, dataset["PixelData"].VR, fragments, native)
