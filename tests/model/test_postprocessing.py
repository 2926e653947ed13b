from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage

from model.components import SECOND_LUNG_FRACTION
from model.lungs import label_lungs
from model.postprocessing import keep_lungs, postprocess
from model.sides import Edge

Probabilities = NDArray[np.float32]
Box = tuple[slice, slice]


def box(rows: tuple[int, int], columns: tuple[int, int]) -> Box:
    return slice(*rows), slice(*columns)


RIGHT = box((20, 100), (20, 50))  # 2400 px
LEFT = box((30, 100), (75, 105))  # 2100 px


def draw(*boxes: Box, shape: tuple[int, int] = (128, 128), lung: float = 0.9) -> Probabilities:
    probabilities = np.full(shape, 0.1, np.float32)
    for rows, columns in boxes:
        probabilities[rows, columns] = lung
    return probabilities


def area(probabilities: Probabilities, threshold: float = 0.5) -> int:
    return int(np.count_nonzero(postprocess(probabilities, threshold=threshold) >= threshold))


def test_two_lungs_are_kept_as_they_are() -> None:
    probabilities = draw(RIGHT, LEFT)
    result = postprocess(probabilities, threshold=0.5)
    np.testing.assert_array_equal(result, probabilities)
    assert result is not probabilities


def test_input_is_not_changed() -> None:
    probabilities = draw(RIGHT, box((2, 5), (2, 5)))
    probabilities[60, 30] = 0.0
    before = probabilities.copy()
    postprocess(probabilities, threshold=0.5)
    np.testing.assert_array_equal(probabilities, before)


def test_one_lung_stays_alone_and_whole() -> None:
    assert area(draw(RIGHT)) == 2400


def test_speck_is_no_second_lung() -> None:
    speck = box((5, 10), (110, 120))  # 50 px
    assert area(draw(RIGHT, speck)) == 2400
    assert area(draw(RIGHT, LEFT, speck)) == 4500


def test_specks_leave_no_probability_at_or_above_the_threshold() -> None:
    probabilities = draw(RIGHT, LEFT, box((5, 10), (110, 120)), box((120, 126), (3, 9)))
    result = postprocess(probabilities, threshold=0.5)
    assert result[5:10, 110:120].max() == 0
    assert result[120:126, 3:9].max() == 0
    # What was below the threshold stays what it was.
    assert result[0, 0] == np.float32(0.1)


def test_lungs_that_touch_are_kept_whole_and_the_speck_beside_them_goes() -> None:
    bridge = box((60, 64), (50, 75))  # 100 px
    assert area(draw(RIGHT, LEFT, bridge, box((2, 14), (2, 14)))) == 2400 + 2100 + 100


def test_two_of_three_equal_pieces_are_kept() -> None:
    pieces = [box((20, 60), (10 + 40 * k, 30 + 40 * k)) for k in range(3)]
    result = postprocess(draw(*pieces), threshold=0.5) >= 0.5
    assert np.count_nonzero(result) == 2 * 40 * 20
    assert result[20:60, 10:30].all()
    assert result[20:60, 50:70].all()


def test_other_lung_comes_before_the_second_piece_of_a_lung_cut_in_two() -> None:
    upper, lower = box((10, 55), (20, 50)), box((60, 104), (20, 50))  # 1350 and 1320 px
    other = box((20, 60), (80, 110))  # 1200 px
    result = postprocess(draw(upper, lower, other), threshold=0.5) >= 0.5
    assert result[upper].all()
    assert result[other].all()
    assert not result[lower].any()


def test_lung_cut_in_two_keeps_both_pieces_where_the_other_lung_is_missing() -> None:
    upper, lower = box((10, 55), (20, 50)), box((60, 104), (20, 50))
    assert area(draw(upper, lower)) == 1350 + 1320


def test_four_pieces_give_the_larger_of_each_side() -> None:
    pieces = (
        box((10, 50), (20, 50)),
        box((55, 105), (20, 50)),
        box((10, 60), (80, 110)),
        box((65, 95), (80, 110)),
    )
    result = postprocess(draw(*pieces), threshold=0.5) >= 0.5
    assert [bool(result[piece].any()) for piece in pieces] == [False, True, True, False]


@pytest.mark.parametrize(("rows", "kept"), [(8, True), (7, False)])
def test_second_lung_needs_a_minimum_share_of_the_first(rows: int, kept: bool) -> None:
    first, second = box((10, 110), (10, 20)), box((10, 10 + rows), (60, 70))  # 1000 px, and 10 px a row
    assert SECOND_LUNG_FRACTION == 0.08
    assert area(draw(first, second)) == 1000 + (10 * rows if kept else 0)


def test_pixels_that_meet_at_a_corner_are_one_component() -> None:
    probabilities = draw(box((10, 60), (10, 60)), box((60, 62), (60, 62)))  # 2500 and 4 px
    assert area(probabilities) == 2504


def test_holes_are_filled_with_probability_1() -> None:
    probabilities = draw(RIGHT, LEFT)
    probabilities[40:44, 30:36] = 0.2
    probabilities[99, 80] = 0.2  # open to the outside: no hole
    result = postprocess(probabilities, threshold=0.5)
    assert (result[40:44, 30:36] == 1).all()
    assert result[99, 80] == np.float32(0.2)
    assert np.count_nonzero(result >= 0.5) == 4499


def test_hole_in_something_dropped_is_not_filled() -> None:
    probabilities = draw(box((10, 110), (10, 60)), box((5, 12), (100, 107)))
    probabilities[8, 103] = 0.1
    assert area(probabilities) == 100 * 50


def test_speck_inside_a_hole_is_filled_with_it() -> None:
    probabilities = draw(box((10, 110), (10, 60)))
    probabilities[30:50, 20:40] = 0.1
    probabilities[39:41, 29:31] = 0.9
    assert area(probabilities) == 100 * 50


def test_lung_cut_by_the_edge_of_the_image_is_kept_and_its_holes_filled() -> None:
    probabilities = draw(box((40, 128), (0, 40)), box((40, 128), (80, 128)))
    probabilities[60:65, 3:8] = 0.1
    probabilities[127, 90:95] = 0.1  # opens to the edge: it cannot be known what lies beyond
    assert area(probabilities) == 88 * 40 + 88 * 48 - 5


def test_space_between_lungs_that_touch_above_is_no_hole_where_the_edge_cuts_it() -> None:
    arch = draw(box((40, 128), (10, 50)), box((40, 128), (78, 118)), box((40, 46), (50, 78)))
    assert area(arch) == 2 * 88 * 40 + 6 * 28


def test_space_between_lungs_that_touch_above_and_below_is_no_hole() -> None:
    ring = draw(
        box((20, 110), (10, 50)),
        box((20, 110), (78, 118)),
        box((20, 26), (50, 78)),
        box((104, 110), (50, 78)),
    )
    ring[60:63, 20:23] = 0.1  # a hole of 9 px, which is filled
    assert area(ring) == 2 * 90 * 40 + 2 * 6 * 28


def test_large_hole_in_one_lung_is_filled() -> None:
    probabilities = draw(box((20, 110), (20, 60)))
    probabilities[40:90, 28:52] = 0.1
    assert area(probabilities) == 90 * 40


@pytest.mark.parametrize("value", [0.0, 0.49])
def test_empty_map_stays_empty(value: float) -> None:
    probabilities = np.full((64, 64), value, np.float32)
    np.testing.assert_array_equal(postprocess(probabilities, threshold=0.5), probabilities)


def test_full_map_stays_full() -> None:
    assert area(np.ones((64, 64), np.float32)) == 64 * 64


def test_threshold_itself_is_lung() -> None:
    assert area(draw(RIGHT, lung=0.25), threshold=0.25) == 2400


def test_brought_to_another_size_the_mask_has_the_kept_components_only() -> None:
    drawn = draw(RIGHT, LEFT, box((110, 118), (110, 118)))
    probabilities = cv2.GaussianBlur(drawn, (9, 9), 0).astype(np.float32)
    probabilities[60:64, 30:34] = 0.05
    result = postprocess(probabilities, threshold=0.5)
    mask = cv2.resize(result, (512, 512), interpolation=cv2.INTER_LINEAR) >= 0.5
    count, _ = cv2.connectedComponents(mask.view(np.uint8))
    assert count - 1 == 2
    assert mask[244:252, 124:132].all()
    assert not mask[440:, 440:].any()


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(hnp.arrays(np.bool_, st.tuples(st.integers(14, 20), st.integers(1, 10))))
def test_holes_agree_with_scipy(found: NDArray[np.bool_]) -> None:
    # A comb makes it one component, so that only holes are at stake; higher than wide, so that it is one
    # lung.
    found[:, ::3] = found[:, -1] = True
    found[0] = True
    filled = postprocess(found.astype(np.float32), threshold=0.5) >= 0.5
    np.testing.assert_array_equal(filled, ndimage.binary_fill_holes(found))


def test_lungs_of_real_masks_are_kept(shared_data: Path) -> None:
    files = sorted(shared_data.glob("*/validation/masks/*.png"))[::3]
    assert files
    for file in files:
        read = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        assert read is not None
        small = cv2.resize(read, (256, 256), interpolation=cv2.INTER_AREA)
        probabilities = (small / 255).astype(np.float32)
        probabilities[2:8, 2:8] = 1
        result = postprocess(probabilities, threshold=0.5) >= 0.5
        count, _ = cv2.connectedComponents(result.view(np.uint8))
        assert count - 1 == 2, file.name
        lost = (probabilities >= 0.5) & ~result
        lost[2:8, 2:8] = False
        assert np.count_nonzero(lost) <= 0.001 * np.count_nonzero(result), file.name


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.bool_, (12, 14)), st.sampled_from(["right", "left", "top", "bottom"]))
def test_components_that_are_reused_give_the_same_labels(found: NDArray[np.bool_], left_at: Edge) -> None:
    probabilities = np.kron(found, np.ones((3, 3))).astype(np.float32) * np.float32(0.9)
    kept, components = keep_lungs(probabilities, threshold=0.5)
    mask = kept >= 0.5
    reused = label_lungs(mask, left_at=left_at, components=components)
    np.testing.assert_array_equal(reused, label_lungs(mask, left_at=left_at))
