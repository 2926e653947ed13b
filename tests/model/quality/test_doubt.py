import numpy as np
import pytest
from numpy.typing import NDArray

from model.quality.doubt import least_sure_place

from .drawings import draw_labels


def sure(labels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.where(labels > 0, np.float32(0.99), np.float32(0.01))


def disk(shape: tuple[int, ...], row: int, column: int, radius: int) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


@pytest.mark.parametrize(("label", "side"), [(1, "right"), (2, "left")])
@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.15, "in the upper third"),
        (0.5, "in the middle third"),
        (0.8, "in the lower third"),
        (1.1, "below the dome"),
    ],
)
def test_location_of_an_uncertain_region_is_named(label: int, side: str, share: float, words: str) -> None:
    labels = draw_labels()
    rows, columns = np.nonzero(labels == label)
    row = round(rows.min() + share * np.ptp(rows))
    probabilities = sure(labels)
    probabilities[disk(labels.shape, row, round(columns.mean()), max(2, int(np.ptp(rows)) // 12))] = 0.5
    assert least_sure_place(probabilities, labels) == f"{words} of the {side} lung"


def test_uncertain_outline_has_no_location() -> None:
    labels = draw_labels()
    probabilities = sure(labels)
    edge = np.abs(np.diff((labels > 0).astype(np.int8), axis=1, prepend=0)) > 0
    probabilities[edge] = 0.5
    assert least_sure_place(probabilities, labels) is None


def test_mask_without_lungs_has_no_location() -> None:
    nothing = np.zeros((64, 64), np.uint8)
    assert least_sure_place(np.full((64, 64), 0.4, np.float32), nothing) is None
