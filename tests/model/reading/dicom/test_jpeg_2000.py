import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid as uids

from model.errors import UnreadableImage
from model.reading import read
from model.reading.dicom.jpeg_2000 import read_jpeg_2000

from .files import chest, dicom
from .test_syntaxes import spread

STORED = chest(8, 96, 130).astype(np.uint8)


def codestream(**options: Any) -> bytes:
    """A lossless codestream by Pillow, which can make tiles."""
    file = io.BytesIO()
    options = {"no_jp2": True, "irreversible": False, **options}
    Image.fromarray(STORED).save(file, "JPEG2000", **options)
    return file.getvalue()


def shown(frame: bytes) -> NDArray[Any]:
    return read(dicom(STORED, syntax=uids.JPEG2000Lossless, frame=frame)).pixels


@pytest.mark.parametrize(
    "options",
    [{}, {"tile_size": (64, 64)}, {"no_jp2": False}, {"precinct_size": (64, 64), "codeblock_size": (16, 16)}],
    ids=str,
)
def test_encoded_images_are_complete(options: dict[str, Any]) -> None:
    np.testing.assert_array_equal(shown(codestream(**options)), spread(STORED))


def test_last_tile_part_without_length_extends_to_the_end() -> None:
    frame = bytearray(codestream())
    at = frame.index(b"\xff\x90") + 6
    frame[at : at + 4] = bytes(4)
    np.testing.assert_array_equal(shown(bytes(frame)), spread(STORED))
    with pytest.raises(UnreadableImage):
        shown(bytes(frame[:-20]))


def test_missing_end_is_found() -> None:
    frame = codestream()
    assert frame.endswith(b"\xff\xd9")
    with pytest.raises(UnreadableImage):
        shown(frame[:-2])


def test_missing_tile_is_found() -> None:
    frame = codestream(tile_size=(64, 64))
    last = frame.rindex(b"\xff\x90")
    with pytest.raises(UnreadableImage):
        shown(frame[:last] + b"\xff\xd9")


@pytest.mark.parametrize("tile", [6, 65535])
def test_tile_too_many_is_found(tile: int) -> None:
    frame = bytearray(codestream())
    at = frame.index(b"\xff\x90") + 4
    frame[at : at + 2] = struct.pack(">H", tile)
    with pytest.raises(UnreadableImage):
        shown(bytes(frame))


@pytest.mark.parametrize("length", [14, 12, 0])
def test_too_many_tile_parts_are_rejected(length: int) -> None:
    frame = codestream()
    at = frame.index(b"\xff\x90")
    part = b"\xff\x90" + struct.pack(">HHLBB", 10, 0, length, 0, 1) + (b"\xff\x93" if length == 14 else b"")
    with pytest.raises(UnreadableImage):
        read_jpeg_2000(frame[:at] + part * 300_000 + b"\xff\xd9")


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\x4f",
        b"\x00\x00\x00\x0cjP  \r\n\x87\n",
        b"\xff\x4f\xff\x52\x00\x0c" + bytes(10),
        b"\xff\x4f\xff\x51\x00\x04\x00\x00",
        b"\xff\x4f\x00\x51\x00\x29" + bytes(60),
    ],
)
def test_other_bytes_are_rejected(frame: bytes) -> None:
    with pytest.raises(UnreadableImage):
        read_jpeg_2000(frame)


@pytest.mark.parametrize(
    ("offset", "value"), [(10, 5), (26, 7), (36, 3), (37, 0x17), (38, 31), (39, 4), (40, 2)]
)
def test_contradictory_grids_are_rejected(offset: int, value: int) -> None:
    frame = bytearray(codestream())
    at = frame.index(b"\xff\x51") + 2
    frame[at + offset + 3 if offset < 36 else at + offset] = value
    with pytest.raises(UnreadableImage):
        shown(bytes(frame))
