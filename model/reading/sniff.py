"""What the first bytes say."""

from __future__ import annotations

import struct
from typing import Literal

Format = Literal["png", "jpeg", "tiff", "bmp", "webp", "dicom"]

HEAD = 352
"""Bytes that `sniff` wants to see; fewer are taken where the file has fewer."""

_SIGNATURES: dict[bytes, Format] = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"II*\x00": "tiff",
    b"MM\x00*": "tiff",
    b"II+\x00": "tiff",
    b"MM\x00+": "tiff",
}
# "BM" also begins words: the size of the header that follows tells a bitmap.
_BMP_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
# What a DICOM file without its preamble begins with: group length, version, classes and instances,
# syntax; or group length, character set, image type, SOP class and instance.
_FIRST_ELEMENTS = {2: (0, 1, 2, 3, 0x10), 8: (0, 1, 5, 8, 0x16, 0x18)}
_FIRST_VRS = (b"UL", b"OB", b"UI", b"CS")
_MAX_FIRST_LENGTH = 256


def sniff(head: bytes) -> Format | None:
    """Return the format that the first `HEAD` bytes belong to; None where it is not one that is read here."""
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
    """Whether a DICOM element begins here, with a value representation or, in implicit syntax, the length of a short value."""
    if len(head) < 16:
        return False
    group, element, length = struct.unpack_from("<HHL", head)
    if element not in _FIRST_ELEMENTS.get(group, ()):
        return False
    return head[4:6] in _FIRST_VRS or (length <= _MAX_FIRST_LENGTH and length % 2 == 0)


def cut_within_signature(head: bytes) -> bool:
    """Whether the file is so short that it may be the beginning of any format."""
    return any(signature.startswith(head) for signature in _SIGNATURES)
