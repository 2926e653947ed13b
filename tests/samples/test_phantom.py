import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from samples import phantom as module
from samples.phantom import Phantom, phantom

SAMPLES = Path(module.__file__).parent
SEEDS = range(12)


@pytest.fixture(scope="module")
def drawn() -> list[Phantom]:
    return [phantom(width=256, height=256, seed=seed) for seed in SEEDS]


def test_same_seed_gives_the_same_phantom() -> None:
    first, second = phantom(width=96, height=80, seed=5), phantom(width=96, height=80, seed=5)
    assert np.array_equal(first.pixels, second.pixels)
    assert np.array_equal(first.mask, second.mask)
    assert first.spacing_mm == second.spacing_mm


def test_other_seeds_give_other_phantoms(drawn: list[Phantom]) -> None:
    areas = {int(one.mask.sum()) for one in drawn}
    assert len(areas) == len(drawn)
    greys = [float(one.pixels[one.mask].mean()) for one in drawn]
    assert max(greys) - min(greys) > 10


@pytest.mark.parametrize(("width", "height"), [(320, 256), (200, 333), (1, 1), (3, 2), (40, 900), (900, 37)])
def test_phantom_has_any_size(width: int, height: int) -> None:
    drawn = phantom(width=width, height=height)
    for array in (drawn.pixels, drawn.mask, drawn.right, drawn.left):
        assert array.shape == (height, width)
    assert drawn.pixels.dtype == np.uint8
    assert drawn.mask.dtype == np.bool_
    assert drawn.spacing_mm[0] == drawn.spacing_mm[1]
    assert 370 < drawn.spacing_mm[0] * min(width, height) < 430


def test_every_size_shows_the_same_patient() -> None:
    small, large = phantom(width=256, height=256, seed=2), phantom(width=768, height=768, seed=2)
    middles = large.mask[1::3, 1::3]
    assert np.array_equal(small.mask, middles)


def test_a_longer_side_shows_more_of_the_patient_and_no_other_lungs() -> None:
    square, wide = phantom(width=240, height=240, seed=4), phantom(width=320, height=240, seed=4)
    assert np.array_equal(wide.mask[:, 40:-40], square.mask)
    assert wide.mask.sum() == square.mask.sum()


def test_sixteen_bits_show_the_same_picture() -> None:
    eight, sixteen = phantom(width=200, height=160, seed=3), phantom(width=200, height=160, seed=3, bits=16)
    assert sixteen.pixels.dtype == np.uint16
    assert np.array_equal(eight.mask, sixteen.mask)
    assert np.abs(sixteen.pixels / 65535 - eight.pixels / 255).max() <= 0.5 / 255 + 1e-4
    assert len(np.unique(sixteen.pixels)) > 256


@pytest.mark.parametrize(("width", "height"), [(64, 64), (256, 256), (320, 200)])
def test_a_mask_is_two_lungs_inside_the_image(width: int, height: int) -> None:
    for seed in SEEDS:
        mask = phantom(width=width, height=height, seed=seed).mask
        count, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        assert count == 3
        assert not np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).any()
        background, _ = cv2.connectedComponents((~mask).astype(np.uint8), connectivity=4)
        assert background == 2, "no lung has a hole"


def test_the_right_lung_is_on_the_images_left(drawn: list[Phantom]) -> None:
    for one in drawn:
        assert not (one.right & one.left).any()
        assert np.nonzero(one.right)[1].max() < np.nonzero(one.left)[1].min()
        # The heart takes room from the left lung.
        assert one.left.sum() < 1.15 * one.right.sum()
        assert 0.17 < one.mask.mean() < 0.42


def test_lungs_are_darker_than_heart_and_abdomen_and_lighter_than_air(drawn: list[Phantom]) -> None:
    for one in drawn:
        lungs = float(np.median(one.pixels[one.mask]))
        gap = _between(one)
        assert float(np.median(one.pixels[gap])) > lungs + 80
        assert float(np.median(one.pixels[-12:, 110:146])) > lungs + 80
        assert one.pixels[:8, :8].mean() < lungs - 15


def _between(one: Phantom) -> NDArray[np.bool_]:
    """The pixels between the lungs in each row: mediastinum and heart."""
    columns = np.arange(one.mask.shape[1])
    gap = np.zeros_like(one.mask)
    for row in np.flatnonzero(one.right.any(axis=1) & one.left.any(axis=1)):
        right, left = np.flatnonzero(one.right[row])[-1], np.flatnonzero(one.left[row])[0]
        gap[row] = (columns > right + 2) & (columns < left - 2)
    return gap


@pytest.mark.parametrize("size", [{"width": 0, "height": 5}, {"width": 5, "height": -1}])
def test_empty_size_is_rejected(size: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ask for at least one each"):
        phantom(**size)  # type: ignore[arg-type]


def test_other_bit_depths_are_rejected() -> None:
    with pytest.raises(ValueError, match="ask for 8 or 16"):
        phantom(bits=12)  # type: ignore[arg-type]


def test_the_command_writes_the_committed_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "new"
    monkeypatch.setattr(sys, "argv", ["phantom", "--seed", "0", "--size", "1024", "--out", str(out)])
    module.main()
    assert sorted(path.name for path in out.iterdir()) == ["phantom.png", "phantom_mask.png"]
    for name in ("phantom.png", "phantom_mask.png"):
        written = cv2.imread(str(out / name), cv2.IMREAD_UNCHANGED)
        committed = cv2.imread(str(SAMPLES / name), cv2.IMREAD_UNCHANGED)
        assert written is not None
        assert committed is not None
        assert written.shape == committed.shape == (1024, 1024)
        assert written.dtype == committed.dtype == np.uint8
        # Processors round sines and roots differently in the last place.
        differing = np.abs(written.astype(int) - committed.astype(int)) > 1
        assert differing.mean() < 1e-4
    # Depth in bits, in the header of a PNG.
    assert (out / "phantom_mask.png").read_bytes()[24] == 1
    assert (out / "phantom.png").read_bytes()[24] == 8


def test_the_committed_sample_is_small() -> None:
    assert (SAMPLES / "phantom.png").stat().st_size < 1_000_000
    assert (SAMPLES / "phantom_mask.png").stat().st_size < 10_000
