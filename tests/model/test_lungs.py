from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.lungs import LEFT, RIGHT, Lung, label_lungs, measure

Mask = NDArray[np.bool_]


def draw(*boxes: tuple[int, int, int, int], shape: tuple[int, int] = (128, 128)) -> Mask:
    """Boxes of first row, last row, first column, last column (the last ones outside)."""
    mask = np.zeros(shape, np.bool_)
    for top, bottom, left, right in boxes:
        mask[top:bottom, left:right] = True
    return mask


def ellipse(*ellipses: tuple[int, int, int, int], tilt: float = 0) -> Mask:
    """Ellipses of centre x, y and half axes x, y."""
    canvas = np.zeros((256, 256), np.uint8)
    for x, y, a, b in ellipses:
        cv2.ellipse(canvas, (x, y), (a, b), 0, 0, 360, 1, cv2.FILLED)
    if tilt:
        turn = cv2.getRotationMatrix2D((128, 128), tilt, 1)
        canvas = cv2.warpAffine(canvas, turn, (256, 256), flags=cv2.INTER_NEAREST).astype(np.uint8)
    return canvas > 0


def areas(labels: NDArray[np.uint8]) -> tuple[int, int]:
    return int(np.count_nonzero(labels == RIGHT)), int(np.count_nonzero(labels == LEFT))


def test_right_lung_is_on_the_left_of_the_image() -> None:
    labels = label_lungs(draw((20, 100, 20, 50), (30, 100, 75, 105)))
    assert labels.dtype == np.uint8
    assert (labels[20:100, 20:50] == RIGHT).all()
    assert (labels[30:100, 75:105] == LEFT).all()
    assert areas(labels) == (2400, 2100)


def test_mirrored_image_is_labelled_by_position() -> None:
    mask = draw((20, 100, 20, 50), (30, 100, 75, 105))
    assert areas(label_lungs(np.ascontiguousarray(mask[:, ::-1]))) == (2100, 2400)


def test_two_lungs_on_one_side_of_the_image_are_still_right_and_left() -> None:
    assert areas(label_lungs(draw((20, 100, 2, 22), (20, 100, 30, 60)))) == (1600, 2400)


def test_empty_mask_has_no_labels() -> None:
    labels = label_lungs(np.zeros((32, 48), np.bool_))
    assert labels.shape == (32, 48)
    assert not labels.any()


@pytest.mark.parametrize(("columns", "side"), [((15, 50), RIGHT), ((80, 115), LEFT)])
def test_one_lung_has_the_side_of_the_midline_on_which_it_lies(columns: tuple[int, int], side: int) -> None:
    labels = label_lungs(draw((20, 110, *columns)))
    assert set(np.unique(labels)) == {0, side}


def test_one_large_lung_that_crosses_the_midline_stays_one() -> None:
    # After the left lung was taken out, the right one fills half of the other side.
    lung = ellipse((100, 128, 55, 100))
    assert set(np.unique(label_lungs(lung))) == {0, RIGHT}


def test_one_lung_with_an_opacity_in_its_side_stays_one() -> None:
    lung = ellipse((75, 128, 42, 95)) & ~ellipse((75, 60, 20, 45))
    assert set(np.unique(label_lungs(lung))) == {0, RIGHT}


def test_two_pieces_above_each_other_on_one_side_are_one_lung() -> None:
    labels = label_lungs(draw((10, 55, 80, 110), (60, 104, 78, 108)))
    assert set(np.unique(labels)) == {0, LEFT}


def test_lungs_joined_by_a_bridge_are_cut_on_the_bridge() -> None:
    right, left, bridge = (20, 110, 15, 55), (30, 110, 75, 110), (60, 66, 55, 75)
    labels = label_lungs(draw(right, left, bridge))
    assert (labels[20:110, 15:55] == RIGHT).all()
    assert (labels[30:110, 75:110] == LEFT).all()
    assert (labels[60:66, 55:75] > 0).all()
    assert sum(areas(labels)) == 90 * 40 + 80 * 35 + 6 * 20


def test_lungs_joined_above_and_below_the_heart_are_cut_on_both_bridges() -> None:
    labels = label_lungs(draw((20, 110, 15, 55), (20, 110, 75, 110), (20, 25, 55, 75), (105, 110, 55, 75)))
    assert (labels[20:110, 15:55] == RIGHT).all()
    assert (labels[20:110, 75:110] == LEFT).all()


def test_lungs_that_touch_along_a_border_are_cut_there() -> None:
    labels = label_lungs(ellipse((80, 128, 52, 100), (176, 128, 46, 95)))
    right, left = areas(labels)
    assert right == pytest.approx(np.pi * 52 * 100, rel=0.03)
    assert left == pytest.approx(np.pi * 46 * 95, rel=0.03)
    x = np.nonzero(labels == RIGHT)[1]
    assert x.max() <= 132


@pytest.mark.parametrize("tilt", [-14, 14])
def test_tilted_lungs_that_touch_are_cut_along_the_tilt(tilt: float) -> None:
    joined = (80, 128, 40, 90), (170, 128, 40, 90), (125, 60, 25, 4)
    labels = label_lungs(ellipse(*joined, tilt=tilt))
    assert (labels[ellipse((80, 128, 40, 90), tilt=tilt)] == RIGHT).all()
    assert (labels[ellipse((170, 128, 40, 90), tilt=tilt)] == LEFT).all()


def test_lungs_that_merge_without_a_neck_are_cut_in_the_middle() -> None:
    labels = label_lungs(draw((20, 108, 14, 114)))
    right, left = areas(labels)
    assert right + left == 88 * 100
    assert abs(right - left) <= 88 * 2


def test_specks_belong_to_the_nearest_lung() -> None:
    labels = label_lungs(
        draw((20, 100, 20, 50), (30, 100, 75, 105), (2, 5, 40, 43), (110, 114, 90, 94), (50, 52, 60, 62))
    )
    assert (labels[2:5, 40:43] == RIGHT).all()
    assert (labels[110:114, 90:94] == LEFT).all()
    assert (labels[50:52, 60:62] == RIGHT).all()


def test_specks_beside_one_lung_belong_to_it() -> None:
    assert set(np.unique(label_lungs(draw((20, 110, 15, 50), (5, 8, 120, 123))))) == {0, RIGHT}


def test_specks_beside_lungs_that_touch_have_a_side() -> None:
    mask = draw((20, 110, 15, 55), (30, 110, 75, 110), (60, 66, 55, 75), (2, 4, 20, 22), (2, 4, 100, 102))
    labels = label_lungs(mask)
    np.testing.assert_array_equal(labels > 0, mask)
    assert labels[2, 20] == RIGHT
    assert labels[2, 100] == LEFT


def test_every_pixel_of_any_mask_has_a_side() -> None:
    random = np.random.default_rng(0)
    for density in (0.01, 0.3, 0.6, 0.99, 1.0):
        mask = random.random((61, 83)) < density
        np.testing.assert_array_equal(label_lungs(mask) > 0, mask)


def test_any_small_mask_has_labels() -> None:
    for rows, columns in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 40)):
        assert (label_lungs(np.ones((rows, columns), np.bool_)) > 0).all()


def test_mask_that_is_a_view_of_another_is_labelled() -> None:
    mask = draw((20, 100, 20, 50), (30, 100, 75, 105))
    assert areas(label_lungs(mask[::2, ::2])) == (40 * 15, 35 * 15)


def test_measures_of_a_rectangle_are_exact() -> None:
    labels = label_lungs(draw((20, 100, 20, 50), (30, 100, 75, 105)))
    assert measure(labels, RIGHT, spacing_mm=(0.5, 0.25)) == Lung(
        area_px=2400, area_mm2=300.0, box=(20, 20, 30, 80), centroid=(34.5, 59.5)
    )
    left = measure(labels, LEFT)
    assert left == Lung(area_px=2100, area_mm2=None, box=(75, 30, 30, 70), centroid=(89.5, 64.5))


def test_measure_at_the_edges_of_the_image() -> None:
    labels = np.full((4, 6), LEFT, np.uint8)
    labels[0, 0] = RIGHT
    assert measure(labels, RIGHT) == Lung(area_px=1, area_mm2=None, box=(0, 0, 1, 1), centroid=(0.0, 0.0))
    left = measure(labels, LEFT)
    assert left is not None
    assert (left.area_px, left.box) == (23, (0, 0, 6, 4))


def test_missing_lung_has_no_measures() -> None:
    assert measure(np.zeros((8, 8), np.uint8), RIGHT, spacing_mm=(1, 1)) is None
    assert measure(np.full((8, 8), RIGHT, np.uint8), LEFT) is None


def test_lungs_of_real_masks_are_separated(shared_data: Path) -> None:
    """Each pair is right and left; joined by a bridge it is cut at the bridge; each lung alone stays one."""
    files = sorted(shared_data.glob("*/validation/masks/*.png"))[::3]
    assert files
    for file in files:
        read = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
        assert read is not None
        mask = cv2.resize(read, (256, 256), interpolation=cv2.INTER_AREA) >= 128
        labels = label_lungs(mask)
        right, left = labels == RIGHT, labels == LEFT
        assert np.nonzero(right)[1].mean() < np.nonzero(left)[1].mean(), file.name
        assert set(np.unique(label_lungs(right))) == {0, RIGHT}, file.name
        assert set(np.unique(label_lungs(left))) == {0, LEFT}, file.name

        rows = np.flatnonzero(right.any(1) & left.any(1))
        joined = mask.copy()
        for row in rows[len(rows) // 3 :][:6]:
            joined[row, np.flatnonzero(right[row])[-1] : np.flatnonzero(left[row])[0]] = True
        cut = label_lungs(joined)
        assert np.count_nonzero(cut[right] == RIGHT) > 0.99 * np.count_nonzero(right), file.name
        assert np.count_nonzero(cut[left] == LEFT) > 0.99 * np.count_nonzero(left), file.name
