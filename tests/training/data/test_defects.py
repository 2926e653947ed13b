"""The image defects that degradation and augmentation share."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.defects import Opacity, compress_jpeg, displace, opacity_field, reduce_resolution


@pytest.fixture
def ramp() -> NDArray[np.uint8]:
    """Grey values that rise from left to right, ``(20, 30)``."""
    return np.tile(np.arange(0, 240, 8, dtype=np.uint8), (20, 1))


def test_lower_jpeg_quality_changes_more(ramp: NDArray[np.uint8]) -> None:
    errors = [np.abs(compress_jpeg(ramp, quality).astype(int) - ramp).mean() for quality in (95, 50, 1)]
    assert errors == sorted(errors)
    assert errors[0] < errors[2]


def test_reduced_resolution_keeps_size_and_type_and_loses_detail(ramp: NDArray[np.uint8]) -> None:
    lines = ramp.copy()
    lines[::2] = 255 - lines[::2]
    for pixels in (lines, lines.astype(np.float32)):
        reduced = reduce_resolution(pixels, (30, 5))
        assert (reduced.shape, reduced.dtype) == (pixels.shape, pixels.dtype)
        assert float(np.ptp(reduced[:, 3])) < 0.1 * float(np.ptp(pixels[:, 3]))


def test_opacity_field_is_an_opacity_where_it_was_drawn() -> None:
    field = opacity_field([Opacity((4, 2), (2, 1), 0, 0.5)], grid=(16, 16), sigma=0.1, shape=(64, 128))
    assert field.shape == (64, 128)
    row, column = np.unravel_index(field.argmax(), field.shape)
    assert abs(row - 10) <= 4
    assert abs(column - 36) <= 20
    assert field.max() == pytest.approx(0.5)
    assert field[40:].max() == 0


def test_displacement_moves_the_image_and_repeats_its_edge(ramp: NDArray[np.uint8]) -> None:
    shifts = np.zeros((20, 30, 2), np.float32)
    shifts[..., 0] = 3
    moved = displace(ramp, shifts, is_mask=False)
    assert np.array_equal(moved[:, :-3], ramp[:, 3:])
    assert (moved[:, -3:] == ramp[:, -1:]).all()


def test_displaced_mask_has_background_outside() -> None:
    shifts = np.full((20, 30, 2), 4, np.float32)
    moved = displace(np.ones((20, 30), np.uint8), shifts, is_mask=True)
    assert moved[:-4, :-4].all()
    assert not moved[-4:].any()
    assert not moved[:, -4:].any()
