"""Peak memory while each format is written.

Usage: ``python -m tests.reliability.peaks SIDE`` prints a JSON object of bytes by format.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from model.reading import read
from model.writing.formats import Format, write
from samples.phantom import phantom
from tests.app.fakes import segmenter
from tests.model.reading.dicom.files import dicom


def film(side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A radiograph of ``side`` pixels a side and its mask, 0 and 255."""
    drawn = phantom(width=512, height=512, seed=1)
    pixels = cv2.resize(drawn.pixels, (side, side), interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(drawn.mask.view(np.uint8) * 255, (side, side), interpolation=cv2.INTER_NEAREST)
    return np.asarray(pixels, np.uint8), np.asarray(mask, np.uint8)


def as_dicom(pixels: NDArray[np.uint8]) -> bytes:
    """Return the same radiograph as DICOM of 12 bits."""
    return dicom(pixels.astype(np.uint16) * 16, bits=12, StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4")


def peaks(side: int) -> dict[str, int]:
    """Return the peak in bytes above what was held after small images were written in the same way."""
    small, large = (as_dicom(film(edge)[0]) for edge in (64, side))
    for kind in Format:
        _write(small, kind)
    before, found = _memory("VmRSS"), {}
    for kind in Format:
        Path("/proc/self/clear_refs").write_text("5")
        _write(large, kind)
        found[kind.value] = _memory("VmHWM") - before
    return found


def _write(data: bytes, kind: Format) -> None:
    made = segmenter()
    segmentation = made(read(data))
    assert write(segmentation, kind, metadata=made.metadata, engine=made.engine)


def _memory(kind: str) -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(kind))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(peaks(int(sys.argv[1]))))  # noqa: T201 - for the test
