import numpy as np
import pytest

from model.quality.mask_features import THUMBNAIL_SIDE, mask_thumbnail, measure_mask

from .drawings import draw_labels


def _boxes() -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Two rectangles in 100 by 50: 10 by 30 and 10 by 15."""
    labels = np.zeros((50, 100), np.uint8)
    labels[10:40, 20:30] = 1
    labels[20:35, 60:70] = 2
    return labels


def test_features_of_two_rectangles_are_exact() -> None:
    outline = measure_mask(_boxes())
    assert outline.lungs == 2
    assert outline.area == pytest.approx(450 / 5000)
    assert outline.balance == pytest.approx(0.5)
    assert outline.solidity == pytest.approx(1)
    assert outline.contact == (0, 0, 0, 0)
    assert outline.box == pytest.approx((0.2, 0.2, 0.5, 0.6))
    assert outline.gap == pytest.approx(0.3)
    assert outline.level == pytest.approx(0.5)
    assert outline.slant == pytest.approx((27 - 24.5) / 50)
    assert outline.elongation == pytest.approx((30 / 50 / 0.1 + 15 / 50 / 0.1) / 2)


def test_features_of_an_empty_mask_are_0() -> None:
    outline = measure_mask(np.zeros((50, 100), np.uint8))
    assert (outline.lungs, outline.area, outline.box) == (0, 0, (0, 0, 0, 0))
    assert not mask_thumbnail(np.zeros((50, 100), np.uint8)).any()


def test_contact_is_the_share_of_each_edge() -> None:
    labels = np.zeros((50, 100), np.uint8)
    labels[:25, :40] = 1
    assert measure_mask(labels).contact == pytest.approx((0.4, 0, 0.5, 0))


def test_one_pixel_is_a_lung_of_one_pixel() -> None:
    labels = np.zeros((64, 64), np.uint8)
    labels[30, 30] = 2
    outline = measure_mask(labels)
    assert (outline.lungs, outline.area, outline.solidity) == (1, 1 / 64**2, 1)


def test_dent_lowers_solidity() -> None:
    labels = draw_labels()
    dented = labels.copy()
    dented[25:40, 30:48] = 0
    assert measure_mask(dented).solidity < 0.9 < measure_mask(labels).solidity


def test_mirrored_lungs_are_symmetric() -> None:
    assert measure_mask(draw_labels()).symmetry > 0.98
    assert measure_mask(draw_labels(left=(44, 26, 9, 12))).symmetry < 0.7


def test_mask_thumbnail_is_cropped_to_the_lungs() -> None:
    labels = np.zeros((80, 80), np.uint8)
    labels[20:60, 20:60] = 1
    labels[20:60, 40:60] = 0
    picture = mask_thumbnail(labels).reshape(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    assert picture.min() == 1
