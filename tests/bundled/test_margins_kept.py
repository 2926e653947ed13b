"""Radiographs with margins and the bundled network: the mask has the radiograph's coordinates."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.metrics.overlap import overlap
from model.segmenter import Segmenter
from samples.phantom import phantom

SIDE = 400


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(engine="openvino")


def framed(pixels: NDArray[np.uint8], left: int, top: int, grey: float) -> NDArray[np.uint8]:
    return np.asarray(
        cv2.copyMakeBorder(pixels, top, 0, left, left, cv2.BORDER_CONSTANT, value=(grey,)), np.uint8
    )


@pytest.mark.parametrize("grey", [255.0, 128.0, 0.0])
def test_mask_within_margins_is_that_of_the_plain_radiograph(segmenter: Segmenter, grey: float) -> None:
    pixels = np.asarray(phantom(width=SIDE, height=SIDE, seed=1).pixels, np.uint8)
    plain = segmenter(pixels)
    found = segmenter(framed(pixels, 200, 0, grey))
    assert found.labels.shape == (SIDE, SIDE + 400)
    assert "margins_cut" in found.radiograph.applied
    assert overlap(found.mask[:, 200:-200], plain.mask).iou > 0.97
    assert not found.mask[:, :200].any()
    assert not found.mask[:, -200:].any()
    assert found.quality.trusted == plain.quality.trusted
    assert found.right is not None
    assert plain.right is not None
    assert found.right.box[0] - plain.right.box[0] == pytest.approx(200, abs=5)


def test_radiograph_without_margins_has_no_note_of_them(segmenter: Segmenter) -> None:
    found = segmenter(np.asarray(phantom(width=SIDE, height=SIDE, seed=1).pixels, np.uint8))
    assert found.radiograph.picture is None
    assert "margins_cut" not in found.radiograph.applied
