from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.heart import HEART
from model.lungs import LEFT, RIGHT
from model.radiograph import Grey, Radiograph
from model.writing.colours import STRUCTURE_COLOURS
from model.writing.overlay import overlay_png, window

SIZE = 200


def radiograph(pixels: Grey, *, width: int = SIZE, height: int = SIZE) -> Radiograph:
    return Radiograph(pixels=pixels, format="array", width=width, height=height)


def ramp(size: int = SIZE) -> NDArray[np.uint8]:
    return np.tile(np.linspace(0, 255, size).astype(np.uint8), (size, 1))


def boxes(size: int = SIZE) -> NDArray[np.uint8]:
    labels = np.zeros((size, size), np.uint8)
    labels[size // 5 : size // 5 * 4, size // 10 : size // 5 * 2] = RIGHT
    labels[size // 5 : size // 5 * 4, size // 5 * 3 : size // 10 * 9] = LEFT
    return labels


def draw(pixels: Grey, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The overlay as RGB."""
    height, width = labels.shape
    encoded = overlay_png(radiograph(pixels, width=width, height=height), labels)
    assert encoded.startswith(b"\x89PNG")
    read = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read is not None
    return cv2.cvtColor(read, cv2.COLOR_BGR2RGB).astype(np.uint8)


def coloured(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(image.astype(np.int16), axis=2) > 20)


def near(pixel: NDArray[np.uint8], label: int) -> bool:
    """Whether a pixel has a lung's colour, possibly blended with the radiograph at an antialiased line."""
    return bool(np.abs(pixel.astype(np.int16) - STRUCTURE_COLOURS[label]).max() <= 40)


def test_each_lung_has_its_colour_on_its_outermost_pixels() -> None:
    image = draw(ramp(), boxes())
    for x in (20, 79):
        assert near(image[100, x], RIGHT)
    for x in (120, 179):
        assert near(image[100, x], LEFT)
    assert near(image[40, 50], RIGHT)
    assert near(image[159, 150], LEFT)


def test_heart_has_a_third_colour() -> None:
    with_heart = boxes()
    with_heart[90:140, 85:115] = HEART
    image = draw(ramp(), with_heart)
    assert near(image[115, 85], HEART)
    assert near(image[115, 114], HEART)


def test_radiograph_is_grey_away_from_the_outlines() -> None:
    image = draw(ramp(), boxes())
    grey = ~coloured(image)
    assert grey[:, :15].all()
    assert grey[60:140, 30:70].all()
    np.testing.assert_array_equal(image[0, :, 0], window(ramp())[0])


def test_hole_is_outlined() -> None:
    labels = boxes()
    labels[90:110, 40:60] = 0
    image = draw(ramp(), labels)
    assert coloured(image)[100, 39]
    assert not coloured(image)[100, 50]


def test_no_lungs_give_the_radiograph_alone() -> None:
    assert not coloured(draw(ramp(), np.zeros((SIZE, SIZE), np.uint8))).any()


@pytest.mark.parametrize(("size", "thickness"), [(200, 1), (400, 1), (1200, 3), (2000, 5)])
def test_lines_grow_with_the_image(size: int, thickness: int) -> None:
    image = draw(ramp(size), boxes(size))
    across = coloured(image)[size // 2, : size // 4]
    # Antialiasing tints two pixels on either side at most.
    assert thickness <= np.count_nonzero(across) <= thickness + 4


def test_overlay_has_native_size_after_reduced_decoding() -> None:
    reduced = np.random.default_rng(0).integers(0, 255, (25, 30), np.uint8)
    labels = np.zeros((101, 119), np.uint8)
    labels[20:80, 20:50] = RIGHT
    assert draw(reduced, labels).shape == (101, 119, 3)


def test_eight_and_sixteen_bits_look_the_same() -> None:
    eight = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE), np.uint8)
    difference = draw(eight, boxes()).astype(int) - draw(eight.astype(np.uint16) * 257, boxes())
    assert np.abs(difference).max() <= 1


def test_window_spans_the_values_in_use() -> None:
    faint = (30_000 + ramp().astype(np.uint16)).astype(np.uint16)
    shown = window(faint)
    assert shown.dtype == np.uint8
    assert (shown[0, 0], shown[0, -1]) == (0, 255)
    assert all(before <= after for before, after in pairwise(shown[0].tolist()))


def test_outlier_does_not_darken_the_rest() -> None:
    pixels = (ramp() // 4).astype(np.uint16)
    pixels[0, 0] = 65_535
    assert window(pixels)[1].max() == 255


def test_flat_radiograph_has_a_window() -> None:
    assert set(np.unique(window(np.full((10, 10), 77, np.uint8)))) == {0}
