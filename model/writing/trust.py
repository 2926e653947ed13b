"""Whether a mask can be trusted, in the words of HTTP headers and of PNG text, so that no format of the answer leaves it out."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..quality import Quality

TRUSTED = "Pleura-Trusted"
PREDICTED_IOU = "Pleura-Predicted-IoU"
WARNINGS = "Pleura-Warnings"
FIELDS = (TRUSTED, PREDICTED_IOU, WARNINGS)

MESSAGES = "Warning"
"""The keyword that the PNG standard has for a warning about the content; its text is for people."""

_BEFORE_TEXT = 33
"""Bytes of a PNG's signature and of its first chunk, IHDR."""


def trust_fields(*qualities: Quality) -> dict[str, str]:
    """Names and values, all of them ASCII, for headers (RFC 9110) and PNG text.

    Args:
        qualities: one for each mask. Of several masks the fields tell the worst: whether all are trusted,
            the lowest predicted IoU, every warning.

    Returns:
        ``Pleura-Trusted``: ``true`` or ``false``; ``Pleura-Predicted-IoU``: three decimals at most,
        absent where one is unknown; ``Pleura-Warnings``: the codes with commas between, absent where
        there is none.
    """
    fields = {TRUSTED: "true" if all(quality.trusted for quality in qualities) else "false"}
    predicted = [quality.predicted_iou for quality in qualities if quality.predicted_iou is not None]
    if len(predicted) == len(qualities):
        fields[PREDICTED_IOU] = f"{round(min(predicted), 3):g}"
    codes = dict.fromkeys(warning.code for quality in qualities for warning in quality.warnings)
    if codes:
        fields[WARNINGS] = ", ".join(codes)
    return fields


def png_with_trust(png: NDArray[np.uint8], quality: Quality | None) -> bytes:
    """Return an encoded PNG ``(bytes,)`` with text chunks behind its header; pixels and depth stay as they are.

    The chunks are `trust_fields` and, where there are warnings, ``Warning`` with their sentences.
    """
    if quality is None:
        return png.tobytes()
    chunks = [
        _chunk(b"tEXt", f"{name}\0{value}".encode("ascii")) for name, value in trust_fields(quality).items()
    ]
    if quality.warnings:
        sentences = " ".join(warning.message for warning in quality.warnings)
        # Keyword, two zeros for "not compressed", language, no translated keyword, UTF-8.
        chunks.append(_chunk(b"iTXt", f"{MESSAGES}\0\0\0en\0\0{sentences}".encode()))
    return b"".join((png[:_BEFORE_TEXT].data, *chunks, png[_BEFORE_TEXT:].data))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
