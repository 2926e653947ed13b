import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from model.errors import SizeMismatch
from model.metrics.overlap import Overlap, overlap, resize_nearest

Mask = NDArray[np.bool_]


def square(top: int, left: int, side: int, shape: tuple[int, int] = (20, 30)) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def test_squares_that_overlap_by_half() -> None:
    # 100 pixels each, 50 in common, 150 together, of 600.
    result = overlap(square(5, 5, 10), square(5, 10, 10))
    assert result == Overlap(
        iou=1 / 3, dice=0.5, pixel_accuracy=500 / 600, precision=0.5, recall=0.5, both_empty=False
    )


def test_prediction_inside_the_truth() -> None:
    result = overlap(square(5, 5, 5), square(5, 5, 10))
    assert (result.precision, result.recall, result.iou) == (1.0, 0.25, 0.25)
    assert result.dice == 2 * 25 / 125


def test_truth_inside_the_prediction() -> None:
    result = overlap(square(5, 5, 10), square(5, 5, 5))
    assert (result.precision, result.recall, result.iou) == (0.25, 1.0, 0.25)


def test_equal_masks() -> None:
    assert overlap(square(1, 2, 3), square(1, 2, 3)) == Overlap(
        iou=1.0, dice=1.0, pixel_accuracy=1.0, precision=1.0, recall=1.0, both_empty=False
    )


def test_masks_apart() -> None:
    result = overlap(square(0, 0, 5), square(10, 10, 5))
    assert (result.iou, result.dice, result.precision, result.recall) == (0, 0, 0, 0)
    assert result.pixel_accuracy == 1 - 50 / 600


def test_both_empty_agree() -> None:
    empty = square(0, 0, 0)
    assert overlap(empty, empty) == Overlap(
        iou=1.0, dice=1.0, pixel_accuracy=1.0, precision=1.0, recall=1.0, both_empty=True
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_one_empty_does_not_overlap(swapped: bool) -> None:
    masks = square(0, 0, 0), square(5, 5, 6)
    assert overlap(*(masks[::-1] if swapped else masks)) == Overlap(
        iou=0.0, dice=0.0, pixel_accuracy=1 - 36 / 600, precision=0.0, recall=0.0, both_empty=False
    )


def test_sizes_that_differ_are_rejected() -> None:
    with pytest.raises(SizeMismatch, match="30×20 pixels and its ground truth 20×30"):
        overlap(np.zeros((20, 30), np.bool_), np.zeros((30, 20), np.bool_))


shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=8)


@given(st.data())
def test_overlap_is_that_of_sets(data: st.DataObject) -> None:
    shape = data.draw(shapes)
    one, other = (data.draw(hnp.arrays(np.bool_, shape)) for _ in range(2))
    a, b = (set(np.flatnonzero(mask).tolist()) for mask in (one, other))
    result = overlap(one, other)
    if a | b:
        assert result.iou == len(a & b) / len(a | b)
        assert result.dice == pytest.approx(2 * result.iou / (1 + result.iou))
    assert result.pixel_accuracy == pytest.approx(1 - len(a ^ b) / one.size)
    mirrored = overlap(other, one)
    assert (mirrored.iou, mirrored.precision, mirrored.recall) == (
        result.iou,
        result.recall,
        result.precision,
    )


def test_resized_to_a_multiple_each_pixel_is_repeated() -> None:
    mask = square(1, 2, 3, shape=(6, 7))
    np.testing.assert_array_equal(resize_nearest(mask, width=21, height=12), mask.repeat(2, 0).repeat(3, 1))


def test_resized_there_and_back_the_mask_is_the_same() -> None:
    mask = np.random.default_rng(0).random((37, 53)) < 0.5
    larger = resize_nearest(mask, width=530, height=111)
    assert larger.dtype == np.bool_
    np.testing.assert_array_equal(resize_nearest(larger, width=53, height=37), mask)
