import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from pleura_client.png import grey_png

from model.reading import read

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=40)


@settings(deadline=None, derandomize=True, database=None)
@given(st.one_of(arrays(np.uint8, SHAPES), arrays(np.uint16, SHAPES)))
def test_opencv_reads_the_same_values(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    found = cv2.imdecode(np.frombuffer(grey_png(pixels), np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    assert found.dtype == pixels.dtype
    assert np.array_equal(found, pixels)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_service_reads_the_same_values(kind: type[np.uint8] | type[np.uint16]) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (300, 500), kind, endpoint=True)
    radiograph = read(grey_png(pixels))
    assert (radiograph.width, radiograph.height, radiograph.format) == (500, 300, "png")
    assert np.array_equal(radiograph.pixels, pixels)


@pytest.mark.parametrize(
    "pixels",
    [
        np.arange(600, dtype=np.uint16).reshape(20, 30)[::2, ::-3],
        np.asfortranarray(np.arange(600, dtype=np.uint16).reshape(20, 30)),
        np.arange(600, dtype=">u2").reshape(20, 30),
    ],
    ids=["strided", "by columns", "big-endian"],
)
def test_memory_layout_does_not_matter(pixels: NDArray[np.uint16]) -> None:
    before = pixels.copy()
    found = cv2.imdecode(np.frombuffer(grey_png(pixels), np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    assert np.array_equal(found, pixels)
    assert np.array_equal(pixels, before)
