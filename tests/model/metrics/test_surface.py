import subprocess
import sys
import warnings
from dataclasses import asdict, astuple
from itertools import count, product
from math import sqrt

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from model.errors import SizeMismatch
from model.metrics.surface import MAX_OUTLINE, NSD_TOLERANCE, Surface, surface

Mask = NDArray[np.bool_]


def rectangle(rows: tuple[int, int], columns: tuple[int, int], shape: tuple[int, int] = (100, 80)) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def pixel(row: int, column: int) -> Mask:
    return rectangle((row, row + 1), (column, column + 1))


@pytest.mark.parametrize(
    ("height", "tolerance", "within"),
    [(199, 0.995, 14), (200, 1.0, 18), (400, 2.0, 22), (600, 3.0, 36)],
)
def test_square_shifted_by_three_columns(height: int, tolerance: float, within: int) -> None:
    """Each outline has 36 pixels. Of those of the first square, to the second's outline:

    the left side is 3 away (10 pixels); along the top and the bottom it is 2, 1, then 0 (7 pixels each);
    on the right side, inside the second square, it is 1, 2, 3, 3, 3, 3, 2, 1. So 14 are at 0, 4 at 1, 4
    at 2, 14 at 3; and mirrored for the second.
    """
    shape = (height, 80)
    result = surface(rectangle((10, 20), (10, 20), shape), rectangle((10, 20), (13, 23), shape))
    assert result.hd95_px == 3
    assert result.assd_px == pytest.approx((4 * 1 + 4 * 2 + 14 * 3) / 36)
    assert result.nsd_tolerance_px == pytest.approx(tolerance)
    assert result.nsd == pytest.approx(within / 36)
    assert (result.hd95_mm, result.assd_mm) == (None, None)


def test_square_inside_another() -> None:
    """The inner outline's 36 pixels are 5 from the outer one's 76.

    Of these, 10 on each side are 5 from the inner one; then come 8 each at √(25 + k²) for k from 1 to 4, and
    the 4 corners at √50. The 95th of 76 percentiles is at rank 71.25.
    """
    result = surface(rectangle((30, 50), (30, 50)), rectangle((35, 45), (35, 45)))
    slants = [sqrt(25 + k * k) for k in range(1, 5)]
    assert result.assd_px == pytest.approx((36 * 5 + 40 * 5 + 8 * sum(slants) + 4 * sqrt(50)) / 112)
    assert result.hd95_px == pytest.approx(sqrt(41) + 0.25 * (sqrt(50) - sqrt(41)))
    assert result.nsd == 0


def test_edge_of_the_image_is_an_outline() -> None:
    """All of 10 × 10 against its inner 8 × 8: 32 pixels at 1 and 4 corners at √2; the 28 inner ones at 1."""
    shape = (10, 10)
    result = surface(np.ones(shape, np.bool_), rectangle((1, 9), (1, 9), shape))
    assert result.assd_px == pytest.approx((32 + 4 * sqrt(2) + 28) / 64)


def test_hole_has_an_outline() -> None:
    """A hole of one pixel, 4 from the border: its 4 neighbours are 3 from the outline of 32; the others 0."""
    full = rectangle((40, 49), (40, 49))
    holed = full.copy()
    holed[44, 44] = False
    assert surface(holed, full).assd_px == pytest.approx(4 * 3 / (32 + 4 + 32))


def test_equal_masks_have_no_distance() -> None:
    mask = rectangle((3, 50), (7, 30))
    assert surface(mask, mask.copy(), spacing_mm=(0.2, 0.3)) == Surface(
        hd95_px=0.0, assd_px=0.0, nsd=1.0, hd95_mm=0.0, assd_mm=0.0, nsd_tolerance_px=100 * NSD_TOLERANCE
    )


@pytest.mark.parametrize(
    ("spacing", "millimetres"),
    [((0.5, 0.5), 2.5), ((2.0, 0.5), sqrt(6**2 + 2**2)), ((0.5, 2.0), sqrt(1.5**2 + 8**2))],
)
def test_millimetres_follow_rows_and_columns(spacing: tuple[float, float], millimetres: float) -> None:
    result = surface(pixel(10, 10), pixel(13, 14), spacing_mm=spacing)  # 3 rows and 4 columns apart
    assert (result.hd95_px, result.assd_px) == (5, 5)
    assert result.hd95_mm == pytest.approx(millimetres)
    assert result.assd_mm == pytest.approx(millimetres)


@pytest.mark.parametrize("case", ["prediction", "truth", "both"])
def test_empty_mask_has_no_distance(case: str) -> None:
    mask, empty = pixel(3, 3), np.zeros((100, 80), np.bool_)
    prediction = mask if case == "truth" else empty
    truth = mask if case == "prediction" else empty
    assert surface(prediction, truth, spacing_mm=(1, 1)) == Surface(nsd_tolerance_px=0.5)


def test_outline_of_noise_has_no_distance() -> None:
    noise = np.random.default_rng(0).random((1000, 1000)) < 0.5
    assert np.count_nonzero(noise) > MAX_OUTLINE
    assert surface(noise, rectangle((0, 9), (0, 9), (1000, 1000))).hd95_px is None


def test_sizes_that_differ_are_rejected() -> None:
    with pytest.raises(SizeMismatch):
        surface(np.ones((4, 5), np.bool_), np.ones((5, 4), np.bool_))


def test_order_of_the_masks_does_not_matter() -> None:
    one, other = rectangle((10, 40), (20, 30)), rectangle((15, 60), (22, 41))
    there = surface(one, other, spacing_mm=(0.3, 0.4))
    back = surface(other, one, spacing_mm=(0.3, 0.4))
    assert astuple(there) == pytest.approx(astuple(back))


def blobs(seed: int) -> Mask:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((90, 70)), 4)
    return np.asarray(noise > 0.02)


@pytest.mark.parametrize("seed", range(3))
def test_ragged_masks_agree_with_brute_force(seed: int) -> None:
    prediction, truth = blobs(seed), blobs(seed + 10)
    spacing = np.array([0.4, 0.7])

    def outline(mask: Mask) -> NDArray[np.intp]:
        inner = ndimage.binary_erosion(mask)
        return np.argwhere(mask & ~inner)

    def distances(unit: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        a, b = outline(prediction) * unit, outline(truth) * unit
        table = np.linalg.norm(a[:, None] - b[None], axis=2)
        return table.min(1), table.min(0)

    there, back = distances(np.ones(2))
    result = surface(prediction, truth, spacing_mm=(0.4, 0.7))
    assert result.hd95_px == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-9)
    both = np.concatenate([there, back])
    assert result.assd_px == pytest.approx(both.mean(), rel=1e-9)
    assert result.nsd == pytest.approx((both <= 90 * NSD_TOLERANCE).mean(), rel=1e-9)
    there, back = distances(spacing)
    assert result.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), rel=1e-9)
    assert result.assd_mm == pytest.approx(np.concatenate([there, back]).mean(), rel=1e-9)


def by_monai(prediction: Mask, truth: Mask, *, spacing: tuple[float, float]) -> dict[str, float]:
    """What MONAI says of the whole image."""
    import torch
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance
    from monai.metrics.surface_dice import compute_surface_dice
    from monai.metrics.surface_distance import compute_average_surface_distance

    one, other = (torch.from_numpy(mask)[None, None] for mask in (prediction, truth))
    tolerance = [NSD_TOLERANCE * max(truth.shape)]

    def distances(unit: tuple[float, float]) -> tuple[float, float]:
        hd95 = compute_hausdorff_distance(one, other, include_background=True, percentile=95, spacing=unit)
        assd = compute_average_surface_distance(
            one, other, include_background=True, symmetric=True, spacing=unit
        )
        return hd95.item(), assd.item()

    with warnings.catch_warnings():
        # MONAI warns of an argument that MONAI itself passes.
        warnings.simplefilter("ignore", FutureWarning)
        hd95_px, assd_px = distances((1, 1))
        hd95_mm, assd_mm = distances(spacing)
        nsd = compute_surface_dice(one, other, class_thresholds=tolerance, include_background=True).item()
    return {"hd95_px": hd95_px, "assd_px": assd_px, "nsd": nsd, "hd95_mm": hd95_mm, "assd_mm": assd_mm}


def agrees_with_monai(prediction: Mask, truth: Mask, *, spacing: tuple[float, float]) -> None:
    found = asdict(surface(prediction, truth, spacing_mm=spacing))
    # MONAI reckons in single precision.
    expected = by_monai(prediction, truth, spacing=spacing)
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=2e-6, abs=1e-6)


SPACINGS = [(1.0, 1.0), (0.143, 0.143), (0.4, 0.7), (0.2, 0.1)]


@pytest.mark.slow
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("seed", range(20))
def test_ragged_masks_agree_with_monai(seed: int, spacing: tuple[float, float]) -> None:
    agrees_with_monai(blobs(seed), blobs(seed + 100), spacing=spacing)


@pytest.mark.slow
@pytest.mark.parametrize("spacing", SPACINGS)
def test_specks_noise_and_full_masks_agree_with_monai(spacing: tuple[float, float]) -> None:
    random, whole = np.random.default_rng(0), np.ones((100, 80), np.bool_)
    noise = [random.random((100, 80)) < share for share in (0.001, 0.3, 0.9)]
    masks = [whole, pixel(0, 0), pixel(99, 79), rectangle((10, 40), (20, 30)), *noise]
    for prediction, truth in product(masks, masks):
        agrees_with_monai(prediction, truth, spacing=spacing)


@pytest.mark.parametrize("seed", range(5))
def test_lungs_agree_with_monai(seed: int) -> None:
    random = np.random.default_rng(seed)

    def lungs() -> Mask:
        drawn = np.zeros((512, 480), np.uint8)
        for x in (150, 330):
            centre = (x + int(random.integers(-9, 9)), 250 + int(random.integers(-9, 9)))
            axes = int(random.integers(50, 80)), int(random.integers(120, 180))
            cv2.ellipse(drawn, centre, axes, float(random.uniform(-15, 15)), 0, 360, 1, -1)
        return drawn.view(np.bool_)

    agrees_with_monai(lungs(), lungs(), spacing=(0.5, 0.6))


def test_slow_computation_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = rectangle((10, 40), (20, 30)), rectangle((15, 60), (22, 41))
    monkeypatch.setattr("model.metrics.surface.TIMEOUT_S", -1.0)
    assert surface(one, other, spacing_mm=(1, 1)) == Surface(nsd_tolerance_px=0.5)


def test_time_limit_is_checked_during_the_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(step=2.0)
    monkeypatch.setattr("model.metrics.surface.monotonic", lambda: next(clock))
    monkeypatch.setattr("model.metrics.surface._BLOCK", 10)
    one, other = rectangle((10, 40), (20, 30)), rectangle((15, 60), (22, 41))
    assert surface(one, other) == Surface(nsd_tolerance_px=0.5)
    # Begun at 0, looked at when it was 2, 4 and 6.
    assert next(clock) == 8


def test_scipy_is_imported_on_demand_and_torch_never() -> None:
    code = (
        "import sys, numpy, model.metrics.overlap, model.metrics.surface as metric; "
        "assert 'scipy' not in sys.modules; mask = numpy.ones((4, 4), bool); "
        "assert metric.surface(mask, mask).assd_px == 0; "
        "sys.exit(bool({'torch', 'monai'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
