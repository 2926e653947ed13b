"""Radiographs within plain margins, with the bundled checkpoint."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.metrics.overlap import overlap
from model.segmenter import Segmenter
from tests.model.margins.mounts import SCENES, Pixels, Scene, film, mount


@pytest.mark.parametrize("kind", ["white", "grey", "scanned film", "scanned paper"])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_margin_changes_the_mask_very_little(segmenter: Segmenter, kind: str, share: float) -> None:
    pixels = film(4)
    alone = segmenter(pixels)
    # Dark margins count from a tenth of the width on, and are harmless below it.
    image, (x, y, width, height) = mount(pixels, kind, top=share, bottom=share, left=share, right=share)
    found = segmenter(image)
    assert overlap(found.mask[y : y + height, x : x + width], alone.mask).iou > 0.97
    assert found.mask.sum() == found.mask[y : y + height, x : x + width].sum()
    assert found.quality.trusted == alone.quality.trusted


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_radiograph_on_a_page_or_in_a_window_is_segmented(
    segmenter: Segmenter, scene: Callable[[Pixels], Scene]
) -> None:
    pixels = film(4)
    image, (x, y, width, height) = scene(pixels)
    found = segmenter(image).mask
    assert overlap(found[y : y + height, x : x + width], segmenter(pixels).mask).iou > 0.95
    assert not found[:y].any()


@pytest.mark.parametrize("kind", ["white", "black"])
def test_padded_radiographs_from_the_field_are_segmented(
    segmenter: Segmenter, shared_field: Path, kind: str
) -> None:
    plain = segmenter(shared_field / "61-plain.jpg")
    padded = segmenter(shared_field / f"61-{kind}-padded-2to1.jpg")
    before = (padded.mask.shape[1] - plain.mask.shape[1]) // 2
    inside = padded.mask[:, before : before + plain.mask.shape[1]]
    assert overlap(inside, plain.mask).iou > 0.98
    assert np.count_nonzero(padded.mask) == np.count_nonzero(inside)
    assert padded.quality.trusted
    assert padded.radiograph.applied == ("margins_cut",)
