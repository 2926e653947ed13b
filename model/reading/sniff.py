"""Detection of the format from the first bytes."""

from __future__ import annotations

import struct
from typing import Literal

Format = Literal["png", "jpeg", "tiff", "bmp", "webp", "dicom"]

HEAD = 352
"""The number of bytes for `sniff`; shorter files have fewer."""

_SIGNATURES: dict[bytes, Format] = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"II+\x00": "tiff",
    b"MM\x00+": "tiff",
}
# "BM" also begins words; the size of the following header identifies a bitmap.
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
# The first elements of a DICOM file without preamble: group length, version, classes and instances,
# syntax; or group length, character set, image type, SOP class and instance.
_FIRST_ELEMENTS = {2: (0, 1, 2, 3, 0x10), 8: (0, 1, 5, 8, 0x16, 0x18)}
_FIRST_VRS = (b"UL", b"OB", b"UI", b"CS")
_MAX_FIRST_LENGTH = 256


def sniff(head: bytes) -> Format | None:
    """Return the format of a file from its first `HEAD` bytes; None if it is not supported."""
    if head[128:132] == b"DICM":
        return "dicom"
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    return "dicom" if _is_element(head) else None


def _is_element(head: bytes) -> bool:
    """Return whether these bytes begin a DICOM element, explicit or implicit with a short value."""
    if len(head) < 16:
        return False
    group, element, length = struct.unpack_from("<HHL", head)
    if element not in _FIRST_ELEMENTS.get(group, ()):
        return False
    return head[4:6] in _FIRST_VRS or (length <= _MAX_FIRST_LENGTH and length % 2 == 0)


def cut_within_signature(head: bytes) -> bool:
    """Return whether the file is so short that its format cannot be detected."""
    return any(signature.startswith(head) for signature in _SIGNATURES)
