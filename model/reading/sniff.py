"""What the first bytes say."""

from __future__ import annotations

import struct
from typing import Literal

Format = Literal["png", "jpeg", "tiff", "bmp", "webp", "dicom"]

HEAD = 256
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
# Types that people send though they are not read; an offset of 4 is that of an ISO base media file's brand.
_UNREAD = (
    (0, b"GIF8", "a GIF"),
    (4, b"ftypavif", "an AVIF"),
    (4, b"ftypheic", "a HEIC"),
    (4, b"ftypheix", "a HEIC"),
    (4, b"ftypmif1", "a HEIC"),
    (4, b"ftypmsf1", "a HEIC"),
    (4, b"jP  \r\n", "a JPEG 2000 file"),
    (0, b"\xffO\xffQ", "a JPEG 2000 file"),
    (4, b"JXL \r\n", "a JPEG XL"),
    (0, b"\xff\n", "a JPEG XL"),
    (0, b"%PDF", "a PDF"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"NRRD", "an NRRD file"),
    (0, b"\x5c\x01\x00\x00", "a NIfTI file"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"\x1f\x8b", "a gzip file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"P5\n", "a PGM"),
    (0, b"P6\n", "a PPM"),
    (0, b"<svg", "an SVG"),
    (0, b"\x00\x05\x16\x07", "an AppleDouble file of macOS without the image"),
)
# What a DICOM file without its preamble begins with: group length, version, classes and instances, syntax; or group length,
# character set, image type, SOP class and instance.
_FIRST_ELEMENTS = {2: (0, 1, 2, 3, 0x10), 8: (0, 1, 5, 8, 0x16, 0x18)}
_FIRST_VRS = (b"UL", b"OB", b"UI", b"CS")
_MAX_FIRST_LENGTH = 256


def sniff(head: bytes) -> Format | None:
    """The format that the first `HEAD` bytes belong to; None where it is not one that is read here."""
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


def unread_type(head: bytes) -> str | None:
    """The name, with its article, of a known type that is not read here; None where the bytes are of no known type."""
    for offset, signature, name in _UNREAD:
        if head[offset:].startswith(signature):
            return name
    return None


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
