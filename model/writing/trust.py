"""The quality and checkpoint of a mask as HTTP headers and PNG text, so that every answer format has them."""

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
CHECKPOINT = "Pleura-Checkpoint"
FIELDS = (TRUSTED, PREDICTED_IOU, WARNINGS, CHECKPOINT)

MESSAGES = "Warning"
"""The PNG standard's keyword for a warning about the content; its text is for people."""

_BEFORE_TEXT = 33
"""Bytes of a PNG's signature and its first chunk, IHDR."""


def trust_fields(*qualities: Quality, checkpoint: str | None = None) -> dict[str, str]:
    """Return ASCII names and values for HTTP headers (RFC 9110) and PNG text.

    Args:
        qualities: One per mask. For several masks the fields describe the worst: whether all are trusted, the
            lowest predicted IoU, all warnings.
        checkpoint: The name of the checkpoint that made them.

    Returns:
        ``Pleura-Trusted``: ``true`` or ``false``; ``Pleura-Predicted-IoU``: at most four decimals, absent if
        one is unknown; ``Pleura-Warnings``: the codes, separated by commas, absent if there is none;
        ``Pleura-Checkpoint``: the name, ``?`` for what is not printable ASCII, absent if not given.
    """
    fields = {TRUSTED: "true" if all(quality.trusted for quality in qualities) else "false"}
    predicted = [quality.predicted_iou for quality in qualities if quality.predicted_iou is not None]
    if len(predicted) == len(qualities):
        fields[PREDICTED_IOU] = f"{round(min(predicted), 4):g}"
    codes = dict.fromkeys(warning.code for quality in qualities for warning in quality.warnings)
    if codes:
        fields[WARNINGS] = ", ".join(codes)
    if checkpoint is not None:
        shown = (letter if letter.isascii() and letter.isprintable() else "?" for letter in checkpoint)
        fields[CHECKPOINT] = "".join(shown).strip()
    return fields


def png_with_trust(png: NDArray[np.uint8], quality: Quality | None, checkpoint: str | None) -> bytes:
    """Add text chunks after the header of an encoded PNG; pixels and depth do not change.

    The chunks are `trust_fields` and, if there are warnings, ``Warning`` with their messages.

    Args:
        png: ``(bytes,)`` uint8, an encoded PNG.
        quality: The quality of the mask; None adds nothing.
        checkpoint: The name of the checkpoint that made it.
    """
    if quality is None:
        return png.tobytes()
    chunks = [
        chunk(b"tEXt", f"{name}\0{value}".encode("ascii"))
        for name, value in trust_fields(quality, checkpoint=checkpoint).items()
    ]
    if quality.warnings:
        sentences = " ".join(warning.message for warning in quality.warnings)
        # Keyword, two zeros for "not compressed", language, no translated keyword, UTF-8.
        chunks.append(chunk(b"iTXt", f"{MESSAGES}\0\0\0en\0\0{sentences}".encode()))
    return b"".join((png[:_BEFORE_TEXT].data, *chunks, png[_BEFORE_TEXT:].data))


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG, with length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
