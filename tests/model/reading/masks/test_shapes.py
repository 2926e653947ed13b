"""Masks of implausible shape are read, with a note."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.reading import read_ground_truth, read_mask
from samples.phantom import phantom

from ..pictures import saved
from .drawn import codes, grey, lungs


@pytest.mark.parametrize("value", [1, 255])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_negated_mask_looks_inverted(value: int, kind: str) -> None:
    if kind == "JPEG" and value == 1:
        value = 200
    truth = read_ground_truth(saved(grey(~lungs(), value), kind))
    assert truth.mask[0, 0]
    assert "inverted" in codes(truth)
    assert "covers" in truth.notes[-1].message


@pytest.mark.parametrize(
    "frame", [((1, 1), (1, 1)), ((40, 40), (40, 40)), ((0, 0), (60, 60)), ((90, 0), (0, 0))]
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_negated_mask_within_a_frame_looks_inverted(kind: str, frame: tuple[tuple[int, int], ...]) -> None:
    truth = read_ground_truth(
        saved(np.pad(grey(~lungs()), frame), kind, **({"quality": 90} if kind == "JPEG" else {}))
    )
    assert "inverted" in codes(truth)


@pytest.mark.parametrize("holes", [False, True])
def test_boxes_in_place_of_lungs_do_not_look_inverted(holes: bool) -> None:
    boxes = np.zeros((200, 200), np.bool_)
    boxes[30:170, 20:95] = boxes[30:170, 105:180] = True
    if holes:
        boxes[80:100, 40:60] = False
    assert "inverted" not in codes(read_ground_truth(saved(grey(boxes), "PNG")))


def test_lung_that_reaches_the_border_does_not_look_inverted() -> None:
    cropped = np.zeros((200, 200), np.bool_)
    cropped[:150, :90] = cropped[:150, 110:] = True
    cropped[60:120] &= True
    assert "inverted" not in codes(read_ground_truth(saved(grey(cropped[20:, 45:]), "PNG")))


def outlined(thickness: int, *, side: int = 512, smooth: bool = False) -> NDArray[np.uint8]:
    contours, _ = cv2.findContours(grey(lungs(side)), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    made = np.zeros((side, side), np.uint8)
    kind = cv2.LINE_AA if smooth else cv2.LINE_8
    return np.asarray(cv2.drawContours(made, contours, -1, 255, thickness, kind), np.uint8)


@pytest.mark.parametrize("thickness", [1, 3, 8])
@pytest.mark.parametrize("smooth", [False, True])
def test_outline_looks_like_one(thickness: int, smooth: bool) -> None:
    assert "outline" in codes(read_ground_truth(saved(outlined(thickness, smooth=smooth), "PNG")))


def test_outline_with_a_gap_looks_like_one() -> None:
    made = outlined(2)
    made[200:215] = 0
    assert "outline" in codes(read_ground_truth(saved(made, "PNG")))


@pytest.mark.parametrize("side", [100, 2500])
def test_specks_have_a_note_at_any_size_of_mask(side: int) -> None:
    mask = cv2.resize(grey(lungs()), (side, side), interpolation=cv2.INTER_NEAREST)
    mask[2, 2::12][:6] = 255
    truth = read_ground_truth(saved(mask, "PNG"))
    assert codes(truth) == ["small_parts"]
    assert "6 of the mask's 8 parts" in truth.notes[0].message


def test_text_in_a_mask_has_a_note() -> None:
    mask = grey(lungs(512))
    cv2.putText(mask, "R PA 2026", (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2)
    assert "small_parts" in codes(read_ground_truth(saved(mask, "PNG")))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", [64, 300, 1500])
def test_phantoms_need_no_note(seed: int, side: int) -> None:
    mask = phantom(width=side, height=side, seed=seed).mask
    assert read_ground_truth(saved(grey(mask), "PNG")).notes == ()


def test_empty_mask_needs_no_note() -> None:
    assert read_ground_truth(saved(np.zeros((40, 40), np.uint8), "PNG")).notes == ()


def test_region_may_be_all_of_the_image() -> None:
    assert read_mask(saved(np.full((40, 40), 255, np.uint8), "PNG")).all()
    assert not read_mask(saved(np.zeros((40, 40), np.uint8), "PNG")).any()


def test_region_is_cut_at_half_too() -> None:
    region = np.zeros((64, 64), np.bool_)
    region[17:45, 9:38] = True
    np.testing.assert_array_equal(read_mask(saved(grey(region), "JPEG", quality=60)), region)
