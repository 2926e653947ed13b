"""Where the radiograph lies within plain margins, on drawn radiographs."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.margins import find_picture
from samples.phantom import phantom

Pixels = NDArray[np.uint8]

SIDE = 400
TOLERANCE = 4
"""Pixels by which an edge may be missed."""


def chest(seed: int = 0) -> Pixels:
    pixels = phantom(width=SIDE, height=SIDE, seed=seed).pixels
    assert pixels.dtype == np.uint8
    return np.asarray(pixels, np.uint8)


def framed(pixels: Pixels, *, top: int, bottom: int, left: int, right: int, grey: int) -> Pixels:
    return np.asarray(
        cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(float(grey),)),
        np.uint8,
    )


def assert_found(framed_pixels: NDArray[np.generic], expected: tuple[int, int, int, int]) -> None:
    found = find_picture(framed_pixels)  # type: ignore[arg-type]
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("grey", [255, 190, 100])
def test_margins_on_both_sides_are_found(grey: int, seed: int) -> None:
    image = framed(chest(seed), top=0, bottom=0, left=200, right=200, grey=grey)
    assert_found(image, (200, 0, SIDE, SIDE))


def test_black_margins_larger_than_collimation_are_found() -> None:
    image = framed(chest(), top=0, bottom=0, left=200, right=200, grey=0)
    assert_found(image, (200, 0, SIDE, SIDE))


def test_margins_on_all_sides_are_found() -> None:
    assert_found(framed(chest(), top=80, bottom=120, left=160, right=60, grey=255), (160, 80, SIDE, SIDE))


def test_margin_on_one_side_is_found() -> None:
    assert_found(framed(chest(), top=0, bottom=0, left=300, right=0, grey=255), (300, 0, SIDE, SIDE))


def test_noisy_margins_after_jpeg_are_found() -> None:
    image = framed(chest(), top=100, bottom=100, left=100, right=100, grey=230).astype(np.int16)
    image += np.random.default_rng(0).integers(-4, 5, image.shape).astype(np.int16)
    noisy = np.clip(image, 0, 255).astype(np.uint8)
    decoded = cv2.imdecode(
        cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE
    )
    assert decoded is not None
    assert_found(decoded, (100, 100, SIDE, SIDE))


def test_text_in_a_margin_belongs_to_it() -> None:
    image = framed(chest(), top=20, bottom=140, left=100, right=100, grey=255)
    cv2.putText(image, "Figure 1. A radiograph", (120, SIDE + 90), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
    assert_found(image, (100, 20, SIDE, SIDE))


def test_margins_of_sixteen_bits_are_found() -> None:
    image = framed(chest(), top=0, bottom=0, left=200, right=200, grey=255).astype(np.uint16) * 257
    assert_found(image, (200, 0, SIDE, SIDE))


def test_margins_within_margins_are_found() -> None:
    mounted = framed(chest(), top=60, bottom=60, left=60, right=60, grey=60)
    image = framed(mounted, top=50, bottom=50, left=200, right=200, grey=255)
    assert_found(image, (260, 110, SIDE, SIDE))


@pytest.mark.parametrize("seed", range(12))
def test_radiograph_without_margins_is_not_cut(seed: int) -> None:
    assert find_picture(chest(seed)) is None


@pytest.mark.parametrize("width", [8, 20, 40])
def test_narrow_black_borders_are_left_to_the_network(width: int) -> None:
    image = framed(chest(), top=width, bottom=width, left=width, right=width, grey=0)
    assert find_picture(image) is None


@pytest.mark.parametrize("shape", [(16, 16), (16, 300), (300, 17), (64, 64), (1, 1)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_image_of_one_grey_is_not_cut(grey: int, shape: tuple[int, int]) -> None:
    assert find_picture(np.full(shape, grey, np.uint8)) is None


@pytest.mark.parametrize("shape", [(16, 16), (17, 40), (40, 17)])
def test_small_noise_raises_nothing(shape: tuple[int, int]) -> None:
    find_picture(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
