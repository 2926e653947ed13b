"""How far apart the outlines of two masks lie. MONAI computes it, and is imported only when the first is asked for."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .overlap import Mask, require_same_size

if TYPE_CHECKING:
    from torch import Tensor

NSD_TOLERANCE = 1 / 200
"""Distance up to which outlines count as equal for the surface Dice, as a share of the image's longest side: 2 mm on a film of
40 cm, about what two radiologists differ by."""

MAX_OUTLINE = 250_000
"""Pixels of outline beyond which no distance is computed: lungs at 10,000 × 10,000 pixels have some 50,000, noise has
millions and would take minutes."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Distances of the outlines; None where a mask is empty, or where an outline has more than `MAX_OUTLINE` pixels.

    The outline of a mask is its pixels that have one of their four neighbours outside the mask; beyond the image's edge is
    outside. Distances are Euclidean, between pixels' centres, from each outline pixel of one mask to the nearest of the other.

    Attributes:
        hd95_px: the larger of the two directions' 95th percentiles, in pixels.
        assd_px: average symmetric surface distance: the mean over the outline pixels of both masks, in pixels.
        nsd: surface Dice, the share of both outlines' pixels that lie within ``nsd_tolerance_px`` of the other outline.
        hd95_mm, assd_mm: the same in millimetres; None too where the spacing is unknown.
        nsd_tolerance_px: `NSD_TOLERANCE` of the image's longest side.
    """

    hd95_px: float | None = None
    assd_px: float | None = None
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    nsd_tolerance_px: float


def surface(prediction: Mask, truth: Mask, *, spacing_mm: tuple[float, float] | None = None) -> Surface:
    """Compares the outlines of two masks.

    HD95 as MONAI's `compute_hausdorff_distance` (Huttenlocher et al., 1993, with the 95th percentile for the maximum), ASSD as
    its `compute_average_surface_distance` (symmetric), NSD as its `compute_surface_dice` (Nikolov et al., arXiv:1809.04430).

    Args:
        prediction: ``(h, w)`` bool.
        truth: ``(h, w)`` bool, of the same size.
        spacing_mm: ``(row, column)`` distance of the pixels' centres.

    Raises:
        SizeMismatch: their sizes differ.
    """
    require_same_size(prediction, truth)
    tolerance = NSD_TOLERANCE * max(truth.shape)
    nothing = Surface(nsd_tolerance_px=tolerance)
    if not (prediction.any() and truth.any()):
        return nothing
    prediction, truth = _crop(prediction, truth)
    if max(_outline_length(prediction), _outline_length(truth)) > MAX_OUTLINE:
        return nothing

    import torch
    from monai.metrics.surface_dice import compute_surface_dice

    # MONAI warns of an argument that MONAI itself passes. catch_warnings is not safe among threads, this is.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"monai\.")
    pair = torch.from_numpy(prediction)[None, None], torch.from_numpy(truth)[None, None]  # (1, 1, h, w)
    hd95, assd = _distances(*pair)
    hd95_mm = assd_mm = None
    if spacing_mm is not None:
        row, column = spacing_mm
        hd95_mm, assd_mm = (
            (hd95 * row, assd * row) if row == column else _distances(*pair, spacing=[row, column])
        )
    return Surface(
        hd95_px=hd95,
        assd_px=assd,
        nsd=compute_surface_dice(*pair, class_thresholds=[tolerance], include_background=True).item(),
        hd95_mm=hd95_mm,
        assd_mm=assd_mm,
        nsd_tolerance_px=tolerance,
    )


def _distances(
    prediction: Tensor, truth: Tensor, *, spacing: list[float] | None = None
) -> tuple[float, float]:
    """HD95 and ASSD."""
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance
    from monai.metrics.surface_distance import compute_average_surface_distance

    # A mask alone is the only class there is, not a background to be left out.
    hd95 = compute_hausdorff_distance(
        prediction, truth, include_background=True, percentile=95, spacing=spacing
    )
    assd = compute_average_surface_distance(
        prediction, truth, include_background=True, symmetric=True, spacing=spacing
    )
    return hd95.item(), assd.item()


def _crop(prediction: Mask, truth: Mask) -> tuple[Mask, Mask]:
    """Both, cut to what holds either, and one pixel around it."""
    x, y, width, height = cv2.boundingRect((prediction | truth).view(np.uint8))
    window = slice(max(y - 1, 0), y + height + 1), slice(max(x - 1, 0), x + width + 1)
    return np.ascontiguousarray(prediction[window]), np.ascontiguousarray(truth[window])


def _outline_length(mask: Mask) -> int:
    solid = mask.view(np.uint8)
    inner = cv2.erode(solid, _CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return cv2.countNonZero(solid) - cv2.countNonZero(inner)
