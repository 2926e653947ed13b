"""The image defects that degradation and augmentation share."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.defects import (
    Opacity,
    add_noise,
    add_opacities,
    apply_gamma,
    blend,
    clip_range,
    compress_jpeg,
    deform,
    reduce_resolution,
    warp,
)


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


def test_opacity_is_added_where_it_was_drawn() -> None:
    for white in (1, 255):
        opacities = [Opacity((4, 2), (2, 1), 0, 0.5)]
        added = add_opacities(
            np.zeros((64, 128), np.float32), opacities, grid=(16, 16), sigma=0.1, white=white
        )
        row, column = np.unravel_index(added.argmax(), added.shape)
        assert abs(row - 10) <= 4
        assert abs(column - 36) <= 20
        assert added.max() == pytest.approx(0.5 * white)
        assert added[40:].max() == 0


def test_gamma_keeps_black_and_white_and_changes_what_is_between() -> None:
    greys = np.array([[0, 0.25, 1]], np.float32)
    assert apply_gamma(greys, math.log(2)).tolist() == [[0, 0.0625, 1]]
    assert apply_gamma(greys, -math.log(2)).tolist() == [[0, 0.5, 1]]
    assert apply_gamma(greys, 0.3).dtype == np.float32


def test_clipped_range_maps_its_ends_to_black_and_white() -> None:
    greys = np.array([[0.2, 0.4, 0.6]])
    assert clip_range(greys, 0.2, 0.6) == pytest.approx(np.array([[0, 0.5, 1]]))
    assert clip_range(greys, 0.4, 0.4).max() == pytest.approx(2), "no more than ten times the contrast"


def test_noise_of_a_coarse_grid_has_coarse_grain(ramp: NDArray[np.uint8]) -> None:
    noise = add_noise(ramp, np.array([[1.0, -1.0]]), 7) - ramp
    assert (noise[:, :15] == 7).all()
    assert (noise[:, 15:] == -7).all()


def test_blend_leads_to_the_grey_by_its_opacity() -> None:
    pixels, opacity = np.array([[0.2, 0.8]]), np.array([[0.5, 0.5]])
    assert blend(pixels, 0.4, opacity) == pytest.approx(np.array([[0.3, 0.6]]))
    assert blend(pixels, 0.4, opacity, darken=False) == pytest.approx(np.array([[0.3, 0.8]]))
    assert blend(pixels, 0.4, opacity, lighten=False) == pytest.approx(np.array([[0.2, 0.6]]))


def test_warp_of_a_mask_has_background_outside(ramp: NDArray[np.uint8]) -> None:
    move = np.array([[1, 0, 10], [0, 1, 0]], np.float64)
    image = warp(ramp, move, (30, 20), is_mask=False, outside=99)
    mask = warp(np.ones_like(ramp), move, (30, 20), is_mask=True, outside=99)
    assert (image[:, :10] == 99).all()
    assert np.array_equal(image[:, 10:], ramp[:, :20])
    assert not mask[:, :10].any()
    assert mask[:, 10:].all()


def test_warp_takes_a_perspective(ramp: NDArray[np.uint8]) -> None:
    affine = np.array([[1, 0, 4], [0, 1, 0]], np.float64)
    perspective = np.vstack([affine, [0, 0, 1]])
    first, second = (warp(ramp, matrix, (30, 20), is_mask=False) for matrix in (affine, perspective))
    assert np.array_equal(first, second)


def test_deformation_moves_the_image_and_repeats_its_edge(ramp: NDArray[np.uint8]) -> None:
    shifts = np.zeros((2, 2, 2), np.float32)
    shifts[..., 0] = 3 / 30
    moved = deform(ramp, shifts, is_mask=False)
    assert np.array_equal(moved[:, :-3], ramp[:, 3:])
    assert (moved[:, -3:] == ramp[:, -1:]).all()


def test_deformed_mask_has_background_outside() -> None:
    shifts = np.asarray(np.full((3, 3, 2), 4) / [30, 20], np.float32)
    moved = deform(np.ones((20, 30), np.uint8), shifts, is_mask=True)
    assert moved[:-4, :-4].all()
    assert not moved[-4:].any()
    assert not moved[:, -4:].any()


def test_gamma_of_a_white_image_after_rounding_and_inversion_is_finite() -> None:
    white = np.full((4, 4), np.nextafter(np.float32(1), np.float32(2)), np.float32)
    assert (apply_gamma(1 - white, 0.5) == 0).all()
