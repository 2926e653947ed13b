import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import SizeMismatch
from model.metrics.gross_errors import gross_errors

# Two lungs of 100 by 60 pixels: 12 000 in all. Thick is 4 pixels, large 180.
LUNGS = np.zeros((200, 200), np.bool_)
LUNGS[40:140, 20:80] = True
LUNGS[40:140, 120:180] = True


def with_block(rows: slice, columns: slice, *, value: bool) -> NDArray[np.bool_]:
    mask = LUNGS.copy()
    mask[rows, columns] = value
    return mask


def test_perfect_mask_has_no_gross_error() -> None:
    assert gross_errors(LUNGS, LUNGS) == ()


def test_gas_under_a_lung_lies_below_the_dome() -> None:
    (error,) = gross_errors(with_block(slice(140, 160), slice(130, 150), value=True), LUNGS)
    assert error.kind == "below_dome"
    assert error.area == pytest.approx(20 * 20 / 12000, rel=0.05)
    assert error.box == (130, 140, 20, 20)


def test_heart_between_the_lungs_lies_elsewhere() -> None:
    (error,) = gross_errors(with_block(slice(90, 130), slice(80, 110), value=True), LUNGS)
    assert error.kind == "elsewhere"


def test_shoulder_beside_a_lung_lies_elsewhere() -> None:
    (error,) = gross_errors(with_block(slice(50, 90), slice(0, 15), value=True), LUNGS)
    assert error.kind == "elsewhere"


def test_missed_part_of_a_lung_is_found() -> None:
    (error,) = gross_errors(with_block(slice(120, 140), slice(20, 80), value=False), LUNGS)
    assert error.kind == "missed"
    assert error.area == pytest.approx(0.1, rel=0.02)


def test_thin_rim_is_not_gross() -> None:
    rim = LUNGS.copy()
    rim[37:143, 17:83] = True
    rim[37:143, 117:183] = True
    assert (rim & ~LUNGS).sum() > 0.015 * LUNGS.sum()
    assert gross_errors(rim, LUNGS) == ()
    assert gross_errors(LUNGS, rim) == ()


@pytest.mark.parametrize(("side", "number"), [(12, 0), (15, 1)])
def test_small_blob_is_not_gross(side: int, number: int) -> None:
    blob = with_block(slice(160, 160 + side), slice(40, 40 + side), value=True)
    assert len(gross_errors(blob, LUNGS)) == number


def test_blobs_count_one_by_one_the_largest_first() -> None:
    mask = with_block(slice(140, 160), slice(130, 150), value=True)
    mask[40:90, 80:120] = True
    mask[100:140, 20:40] = False
    assert [error.kind for error in gross_errors(mask, LUNGS)] == ["elsewhere", "missed", "below_dome"]


def test_lung_at_the_edge_of_the_image_is_as_thick_as_it_looks() -> None:
    truth = np.zeros((100, 100), np.bool_)
    truth[20:, 10:90] = True
    prediction = truth.copy()
    prediction[97:, :] = False
    (error,) = gross_errors(prediction, truth)
    assert error.kind == "missed"


def test_mask_without_any_true_lung_is_a_gross_error() -> None:
    nothing = np.zeros_like(LUNGS)
    assert gross_errors(nothing, nothing) == ()
    assert [error.kind for error in gross_errors(LUNGS, nothing)] == ["elsewhere", "elsewhere"]
    assert [error.kind for error in gross_errors(nothing, LUNGS)] == ["missed", "missed"]


def test_sizes_must_agree() -> None:
    with pytest.raises(SizeMismatch):
        gross_errors(LUNGS, LUNGS[:100])
