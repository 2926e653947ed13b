from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from model.writing.disagreement import BOTH, EXTRA, MISSED, NEITHER, PALETTE, disagreement_png


def test_each_kind_of_pixel_has_its_colour() -> None:
    mask = np.array([[False, True, False, True]])
    truth = np.array([[False, False, True, True]])
    with Image.open(BytesIO(disagreement_png(mask, truth))) as picture:
        assert picture.format == "PNG"
        assert picture.size == (4, 1)
        rgba = np.asarray(picture.convert("RGBA"))[0]
    assert [tuple(pixel) for pixel in rgba.tolist()] == [
        PALETTE[kind] for kind in (NEITHER, EXTRA, MISSED, BOTH)
    ]


@pytest.mark.parametrize("shape", [(1, 1), (7, 13), (64, 33)])
def test_any_size_and_array_view_is_written(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).random((2, shape[0] * 2, shape[1] * 2)) < 0.5
    mask, truth = noise[:, ::2, ::2]
    with Image.open(BytesIO(disagreement_png(mask, truth))) as picture:
        indices = np.asarray(picture)
    assert np.array_equal(indices, mask * EXTRA + truth * MISSED)


def test_png_has_two_bits_per_pixel() -> None:
    header = disagreement_png(np.zeros((3, 3), np.bool_), np.zeros((3, 3), np.bool_))[:26]
    assert header[24:26] == bytes([2, 3])  # bit depth 2, colour type palette
