"""A parser of JPEG and JPEG-LS markers (ISO/IEC 10918-1, 14495-1) that decodes nothing."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import ImageTooLarge, UnreadableImage
from .decoding import DAMAGED
from .memory_file import Data

BASELINE, EXTENDED, PROGRESSIVE, LOSSLESS, JPEG_LS = 0xC0, 0xC1, 0xC2, 0xC3, 0xF7

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_EXIF = 0xE1
# C4, C8 and CC are no frames; D0 to D7 and 01 have no length (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {JPEG_LS}
_ALONE = frozenset(range(0xD0, 0xD8)) | {0x01}
# In entropy-coded data 0xFF is followed by a stuffed byte (below 0x80) or by a restart marker; all else
# ends it.
_END_OF_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")

MAX_SCANS = 100
"""The most scans of one image; encoders write about ten.

A decoder processes the whole image for each scan, so a few bytes could keep a processor busy for minutes."""
_MAX_SCANNED_PIXELS = 500_000_000
"""The most pixels times scans: each scan processes all coefficients (2 bytes a component)."""
_MAX_SEGMENTS = 10_000
_SCAN_PARAMETERS = 3
"""Bytes at the end of a scan header; in JPEG-LS the first is the greatest error of a sample."""


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """The frame header (ITU-T T.81 B.2.2).

    Attributes:
        process: The marker's second byte, such as `BASELINE`.
        bits: Bits per sample.
        width: Columns.
        height: Rows.
        components: The number of components.
    """

    process: int
    bits: int
    width: int
    height: int
    components: int


@dataclass(frozen=True, slots=True)
class JpegSkeleton:
    """The parts of a complete codestream.

    Attributes:
        frame: The frame header.
        scans: The number of scans.
        coded_bytes: Bytes of entropy-coded data.
        exif: The EXIF block; empty if there is none.
        near: The greatest error of a JPEG-LS sample.
    """

    frame: JpegFrame
    scans: int
    coded_bytes: int
    exif: bytes
    near: int = 0

    @property
    def starved(self) -> bool:
        """Whether data must be missing, which libjpeg would replace by grey.

        A block of 8 by 8 pixels, or a sample of a lossless image, takes at least one bit.
        """
        side = {LOSSLESS: 1, JPEG_LS: 256}.get(self.frame.process, 8)
        return 8 * self.coded_bytes < -(-self.frame.width // side) * -(-self.frame.height // side)


def read_frame(data: Data) -> JpegFrame:
    """Return the frame header without parsing what follows it.

    Raises:
        UnreadableImage: There is no frame header.
    """
    for marker, start, end, _ in _segments(data):
        if marker in _FRAMES:
            return _frame(marker, bytes(data[start:end]))
        if marker == _SCAN:
            break
    raise UnreadableImage(DAMAGED)


def read_skeleton(data: Data) -> JpegSkeleton:
    """Parse the markers up to the end of the image; a second image or padding after it is ignored.

    Raises:
        UnreadableImage: The codestream is incomplete, or has more parts than any encoder writes.
    """
    frame: JpegFrame | None = None
    scans = coded_bytes = near = 0
    exif = b""
    for marker, start, end, after in _segments(data):
        if marker in _FRAMES:
            if frame is not None:
                raise UnreadableImage(DAMAGED)
            frame = _frame(marker, bytes(data[start:end]))
        elif marker == _EXIF and data[start : start + 6] == b"Exif\x00\x00":
            exif = exif or bytes(data[start:end])
        elif marker == _SCAN:
            scans += 1
            if scans > MAX_SCANS:
                raise UnreadableImage(f"The JPEG has more than {MAX_SCANS} scans: save it again as baseline.")
            coded_bytes += after - end
            if frame is not None and frame.process == JPEG_LS and end - start >= _SCAN_PARAMETERS:
                near = max(near, data[end - _SCAN_PARAMETERS])
        elif marker == _END:
            if frame is None or scans == 0:
                break
            return JpegSkeleton(frame, scans, coded_bytes, exif, near)
    raise UnreadableImage(DAMAGED)


def check_scans(skeleton: JpegSkeleton) -> None:
    """Reject a large image with several scans before it is decoded.

    Raises:
        ImageTooLarge: The image has too many pixels for its number of scans.
    """
    frame = skeleton.frame
    if (
        skeleton.scans > frame.components
        and skeleton.scans * frame.width * frame.height > _MAX_SCANNED_PIXELS
    ):
        raise ImageTooLarge(
            "A progressive JPEG of this size is not read. Save it as baseline JPEG or as PNG."
        )


class _Segment(NamedTuple):
    """A marker and its body ``data[start:end]``; the search for the next marker begins at ``after``."""

    marker: int
    start: int
    end: int
    after: int


def _segments(data: Data) -> Iterator[_Segment]:
    if data[:2] != bytes((0xFF, _START)):
        raise UnreadableImage(DAMAGED)
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker_at = _marker(data, position)
        marker = data[marker_at + 1]
        start = marker_at + 4
        if marker == _END:
            yield _Segment(marker, start, start, start)
            return
        if marker in _ALONE:
            position = marker_at + 2
            continue
        length = int.from_bytes(data[marker_at + 2 : start], "big")
        end = start + length - 2
        if length < 2 or end > len(data):
            break
        position = _end_of_scan(data, end) if marker == _SCAN else end
        yield _Segment(marker, start, end, position)
    raise UnreadableImage(DAMAGED)


def _marker(data: Data, position: int) -> int:
    """Return the position of the marker at ``position``, after any fill bytes (ITU-T T.81 B.1.1.2)."""
    while data[position : position + 2] == b"\xff\xff":
        position += 1
    if len(data) < position + 2 or data[position] != 0xFF:
        raise UnreadableImage(DAMAGED)
    return position


def _end_of_scan(data: Data, start: int) -> int:
    found = _END_OF_SCAN.search(data, start)
    if found is None:
        raise UnreadableImage(DAMAGED)
    return found.start()


def _frame(process: int, body: bytes) -> JpegFrame:
    if len(body) < 6:
        raise UnreadableImage(DAMAGED)
    bits, height, width, components = struct.unpack_from(">BHHB", body)
    return JpegFrame(process, bits, width, height, components)
