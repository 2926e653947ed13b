import struct

import numpy as np
import pytest

from model.errors import UnreadableImage, UnsupportedImage
from model.reading import read

from .pictures import ramp, saved


def test_top_down_bitmap_is_read() -> None:
    data = saved(ramp(), "BMP")
    flipped = data[:22] + struct.pack("<i", -ramp().shape[0]) + data[26:]
    np.testing.assert_array_equal(read(flipped).pixels, ramp()[::-1])


def test_os2_header_is_read() -> None:
    width, height = 32, 16
    pixels = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    rows = np.repeat(pixels[..., None], 3, axis=2)[::-1].tobytes()
    head = (
        b"BM"
        + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26)
        + struct.pack("<IHHHH", 12, width, height, 1, 24)
    )
    assert np.abs(read(head + rows).pixels.astype(int) - pixels).max() <= 1


@pytest.mark.parametrize("compression", [1, 2, 4, 5])
def test_compressed_bitmaps_are_rejected(compression: int) -> None:
    data = saved(ramp(), "BMP")
    with pytest.raises(UnsupportedImage, match="PNG"):
        read(data[:30] + struct.pack("<I", compression) + data[34:])


def test_header_cut_off_is_rejected() -> None:
    with pytest.raises(UnreadableImage):
        read(saved(ramp(), "BMP")[:40])
