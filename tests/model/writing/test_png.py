from io import BytesIO

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.writing.png import mask_png

from .shapes import mask

Mask = NDArray[np.bool_]


def noise(height: int, width: int) -> Mask:
    return np.random.default_rng(0).random((height, width)) < 0.5


MASKS = [
    mask(),
    np.zeros((9, 17), np.bool_),
    np.ones((9, 17), np.bool_),
    noise(7, 1),
    noise(1, 8),
    noise(33, 65),
    np.ones((1, 1), np.bool_),
]


@pytest.mark.parametrize("drawn", MASKS)
def test_pillow_reads_the_mask_back(drawn: Mask) -> None:
    with Image.open(BytesIO(mask_png(drawn))) as image:
        assert image.format == "PNG"
        assert image.mode == "1"
        np.testing.assert_array_equal(np.asarray(image), drawn)


@pytest.mark.parametrize("drawn", MASKS)
def test_opencv_reads_the_mask_back(drawn: Mask) -> None:
    read = cv2.imdecode(np.frombuffer(mask_png(drawn), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, np.where(drawn, 255, 0))


def test_pixel_takes_one_grey_bit() -> None:
    header = mask_png(mask())[:26]
    assert header[24:26] == bytes([1, 0])  # bit depth 1, colour type greyscale


def test_part_of_a_mask_is_written() -> None:
    part = noise(40, 40)[3:20, 5:31]
    with Image.open(BytesIO(mask_png(part))) as image:
        np.testing.assert_array_equal(np.asarray(image), part)


def test_smooth_mask_takes_few_bytes() -> None:
    rows, columns = np.mgrid[:2048, :2048]
    disc = (rows - 1000) ** 2 + (columns - 900) ** 2 < 700**2
    assert len(mask_png(disc)) < 10_000
