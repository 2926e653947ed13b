import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from pleura_client.rle import decode
from pycocotools import mask as coco

from model.writing.rle import coco_rle

REPEATABLE = settings(deadline=None, derandomize=True, database=None)


def encoded(mask: NDArray[np.bool_]) -> str:
    counts: bytes = coco.encode(np.asfortranarray(mask.view(np.uint8)))["counts"]
    return counts.decode("ascii")


@REPEATABLE
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_masks_of_pycocotools_are_decoded(mask: NDArray[np.bool_]) -> None:
    height, width = mask.shape
    found = decode(encoded(mask), height=height, width=width)
    assert np.array_equal(found, mask)
    assert found.flags.c_contiguous


@REPEATABLE
@given(
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
    corners=st.lists(st.tuples(st.integers(0, 2999), st.integers(0, 2999)), max_size=6),
)
def test_long_runs_are_decoded(height: int, width: int, corners: list[tuple[int, int]]) -> None:
    mask = np.zeros((height, width), np.bool_)
    for y, x in corners:
        mask[y : y + 700, x : x + 900] ^= True
    assert np.array_equal(decode(encoded(mask), height=height, width=width), mask)


@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((7, 5), np.bool_),
        np.ones((7, 5), np.bool_),
        np.eye(9, dtype=np.bool_),
        np.random.default_rng(0).random((301, 203)) < 0.5,
    ],
    ids=["empty", "full", "diagonal", "noise"],
)
def test_rle_of_the_service_is_decoded(mask: NDArray[np.bool_]) -> None:
    written = coco_rle(mask)
    height, width = written["size"]
    assert np.array_equal(decode(written["counts"], height=height, width=width), mask)


def test_rle_written_by_hand_is_decoded() -> None:
    # Down the columns: 1 of background, 1 of lung, 2 of background, 1 of lung, 1 of background.
    # From the fourth on, differences: 1 - 1 = 0, 1 - 2 = -1, and -1 is 31, with the sign in bit 4.
    counts = "".join(chr(48 + code) for code in (1, 1, 2, 0, 31))
    assert np.array_equal(decode(counts, height=3, width=2), [[0, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ("", "break off"),
        ("P", "break off"),
        ("1 1", "a character"),
        ("1é1", "ascii"),
        ("1p", "a character"),
        ("5", "not of a mask of 2×3"),
        ("9999", "not of a mask of 2×3"),
        ("O7", "not of a mask of 2×3"),
        ("P" * 12 + "1", "longer than any mask"),
        ("PPPPPP0", "not of a mask of 2×3"),
        ("ooooooo", "break off"),
        ("oooooo0" * 3, "not of a mask of 2×3"),
    ],
)
def test_damaged_rle_is_a_value_error(counts: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode(counts, height=3, width=2)


@REPEATABLE
@given(st.text(st.characters(min_codepoint=48, max_codepoint=111), max_size=30))
def test_random_rle_gives_a_mask_or_a_value_error(counts: str) -> None:
    try:
        found = decode(counts, height=4, width=5)
    except ValueError:
        return
    # "" and "0" are runs of no length: whoever writes them means the same mask.
    assert np.array_equal(coco.decode({"size": [4, 5], "counts": counts.encode()}), found)
