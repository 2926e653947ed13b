"""Too large sizes in a header are rejected before decoding."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest

from model.errors import ImageTooLarge, UnreadableImage
from model.reading import MAX_PIXELS, read, read_mask

from .dicom.files import chest, dataset, written
from .pictures import png_chunk, png_file, ramp, saved, tiff_file

SIDE = 60_000


def _png(width: int, height: int) -> bytes:
    return png_file(np.zeros((2, 9), np.uint8), width=width, height=height, depth=8, colour_type=0)


def _jpeg(width: int, height: int) -> bytes:
    data = saved(ramp(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _tiff(width: int, height: int) -> bytes:
    return tiff_file(ramp(), tags={256: (width,), 257: (height,)})


def _bmp(width: int, height: int) -> bytes:
    data = saved(ramp(), "BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def _webp(width: int, height: int) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4) + sides
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _dicom(width: int, height: int) -> bytes:
    return written(dataset(chest(), Rows=height, Columns=width))


FORMATS = {"png": _png, "jpeg": _jpeg, "tiff": _tiff, "bmp": _bmp, "webp": _webp, "dicom": _dicom}


@pytest.mark.parametrize("name", FORMATS)
def test_huge_declared_size_is_rejected_without_using_memory(name: str) -> None:
    data = FORMATS[name](SIDE, SIDE)
    tracemalloc.start()
    try:
        for reader in (read, read_mask):
            with pytest.raises(ImageTooLarge):
                reader(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize("name", FORMATS)
def test_pixel_limit_is_exact(name: str) -> None:
    width, height = 56, 40
    data = FORMATS[name](width, height)
    with pytest.raises(ImageTooLarge, match=f"{width} by {height}"):
        read(data, max_pixels=width * height - 1)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "webp"])
@pytest.mark.parametrize("size", [(0, 40), (56, 0)])
def test_no_width_or_height_is_rejected(name: str, size: tuple[int, int]) -> None:
    with pytest.raises(UnreadableImage):
        read(FORMATS[name](*size))


def test_default_limit_is_a_hundred_million_pixels() -> None:
    assert MAX_PIXELS == 100_000_000
    with pytest.raises(ImageTooLarge):
        read(_png(10_001, 10_000))


@pytest.mark.parametrize("name", FORMATS)
def test_header_that_announces_more_than_there_is_is_rejected(name: str) -> None:
    with pytest.raises(UnreadableImage):
        read(FORMATS[name](5_000, 5_000))


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt", b"iTXt"])
def test_bombs_in_metadata_are_not_opened(kind: bytes) -> None:
    bomb = zlib.compress(bytes(2**27), 9)
    prefix = b"x\x00\x01\x00\x00\x00" if kind == b"iTXt" else b"x\x00\x00"
    rows = ramp()
    data = png_file(rows, width=rows.shape[1], depth=8, colour_type=0, extra=png_chunk(kind, prefix + bomb))
    tracemalloc.start()
    try:
        np.testing.assert_array_equal(read(data).pixels, rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000
