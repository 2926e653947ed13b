"""Analysis of the grey levels of a mask: areas, values between areas, and the threshold of lung.

A label map has few values, each with interior pixels, whose eight neighbours have the same value. Values that
resizing, smoothing or lossy compression add are between two levels, along an edge, and have no interior. A
radiograph's greys are spread over the range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ...radiograph import Grey

Counts = NDArray[np.float32]
Kind = Literal["uniform", "flat", "smooth", "picture", "faint"]

_FEW = 32
"""The most distinct values that are analysed one by one."""
_INSIDE = 0.25
"""Share of interior pixels from which a value is an area."""
_BETWEEN = 0.5
"""Share of pixels strictly between their neighbours from which a value belongs to an edge."""
_STRAY = 0.0002
"""Share of the image below which a value is ignored."""
_LARGE = 0.02
"""Share of the image from which a low value is an area in spite of noise."""
_AREAS = 0.8
"""Share of area values, among many values, from which the file is a label map."""
_END = 8
"""The range's first and last eighth belong to background and to the highest level."""
_NOISE = 32
"""Compression noise is within a thirty-second below the highest value."""
_PICTURE = 0.4
"""Share of pixels in the middle of the range from which the file is no mask.

Masks of 16 pixels enlarged to 512 have up to 0.32; 250 radiographs of several hospitals at least 0.5."""
_TEXTURE = 0.08
"""Share of pixels in the middle of the range from which set pixels are analysed."""
_PLATEAU = 0.2
"""Share of set pixels that are calm and at a level, below which the file is a picture.

Masks have at least 0.23, lungs cut out of radiographs up to 0.15."""
_GROUND = 0.005
"""Share of the image from which calm dark pixels are a background."""
_LEVEL = 0.01
"""Share of the image from which calm pixels around an intermediate peak are a level."""
_OUTSTANDING = 3
"""Ratio of a level's pixels to those of the neighbouring values."""
_OVERSHOOT = 1.4
"""The factor by which compression and resizing exceed a level."""
_FEW_CALM = 0.1
"""The most calm pixels of an overshoot, as a share of the level's."""
_CALM = 16
"""A pixel is calm if its neighbours differ by at most a sixteenth of the range."""
_FAINT = 32
"""The highest value of a lossy mask below which compression may have hidden the lungs."""
_BLACK = 16
"""The highest value at which a uniform lossy image counts as black."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The grey levels of a mask.

    Attributes:
        kind: ``"uniform"``: one value; ``"flat"``: areas of one value each; ``"smooth"``: with values
            between two levels; ``"picture"``: greys all over the range; ``"faint"``: too dark to survive
            lossy compression.
        least: The value from which a pixel is set.
        values: The levels above background, in order.
        background: Whether there is background.
    """

    kind: Kind
    least: int
    values: tuple[int, ...]
    background: bool


def levels_of(grey: Grey, *, lossy: bool) -> Levels:
    """Analyse a mask's values.

    Args:
        grey: ``(H, W)`` uint8 or uint16.
        lossy: Whether the file's compression changes values.
    """
    counts = _histogram(grey)
    values = np.flatnonzero(counts)
    first, top = int(values[0]), int(values[-1])
    if first == top:
        black = top <= (_BLACK if lossy else 0)
        return Levels("uniform", top + 1 if black else 0, () if black else (top,), black)
    if lossy and top < _FAINT:
        return Levels("faint", top + 1, (), True)
    if len(values) == 2 and first == 0:
        return Levels("flat", 1, (top,), True)
    if len(values) <= _FEW and not lossy:
        return _few(grey, counts, values)
    return _many(grey, counts, lossy=lossy)


def _few(grey: Grey, counts: Counts, values: NDArray[np.intp]) -> Levels:
    top = int(values[-1])
    around = _Surroundings.of(grey)
    noise_from = top - top // _NOISE
    noisy = bool(((values < top) & (values >= noise_from)).any())
    labels = []
    for value in map(int, values[:-1]):
        count = counts[value]
        area = around.inside[value] >= _INSIDE * count
        if value == 0 or value >= noise_from or count < _STRAY * grey.size:
            continue
        if value * _END <= top:
            large = around.inside[value] >= count / 2 and count >= _LARGE * grey.size
            if large if noisy else area:
                labels.append(value)
        elif area or around.between[value] < _BETWEEN * count:
            labels.append(value)
    labels.append(top)
    smooth = len(labels) < np.count_nonzero(values)
    least = -(-labels[0] // 2) if smooth else 1
    return Levels("smooth" if smooth else "flat", least, tuple(labels), int(values[0]) == 0)


def _many(grey: Grey, counts: Counts, *, lossy: bool) -> Levels:
    occurring = np.flatnonzero(counts)
    top = int(occurring[-1])
    around = _Surroundings.of(grey)
    areas = around.inside[occurring] >= _INSIDE * counts[occurring]
    if not lossy and np.count_nonzero(areas) >= _AREAS * occurring.size:
        return Levels("flat", 1, tuple(int(value) for value in occurring if value), bool(counts[0]))
    low_end, high_end = top // _END, top - top // _END
    middle = slice(low_end + 1, high_end)
    low = int(np.argmax(counts[: low_end + 1]))
    fifth = top - top // 5
    calm = around.calm[fifth : top + 1]
    high = fifth + int(np.argmax(calm)) if calm.any() else top
    peaks = _peaks(around.calm, middle=middle, width=top // 16 | 1, pixels=grey.size)
    spread = counts[middle].astype(np.float64)
    for peak in peaks:
        place = peak - middle.start
        spread[max(0, place - top // 32) : place + top // 32 + 1] = 0
    # The ringing of compression has dark pixels beside any edge, and they are not calm.
    dark = around.calm if lossy else counts
    background = bool(dark[: low_end + 1].sum() > (_GROUND * grey.size if lossy else 0))
    if spread.sum() > _PICTURE * grey.size:
        return Levels("picture", 1, (), background)
    if peaks and _is_overshoot(around.calm, high, above=peaks[-1]):
        high = peaks.pop()
    levels = (*(peak for peak in peaks if peak < high - top // 16), high)
    least = (low + levels[0] + 1) // 2
    if spread.sum() > _TEXTURE * grey.size:
        calm = sum(around.calm[max(0, level - top // 16) : level + top // 16 + 1].sum() for level in levels)
        if calm < _PLATEAU * counts[least:].sum():
            return Levels("picture", 1, (), background)
    return Levels("smooth", least, levels, background)


def _is_overshoot(calm: Counts, high: int, *, above: int) -> bool:
    """Return whether the highest values are an overshoot of the level below, and no level."""
    reach = max(1, high // 32)
    here, there = (calm[max(0, value - reach) : value + reach + 1].sum() for value in (high, above))
    return bool(high <= _OVERSHOOT * above and here < _FEW_CALM * there)


def _peaks(counts: Counts, *, middle: slice, width: int, pixels: int) -> list[int]:
    """Return the peaks in ``middle``, in order: values with many pixels in a window of odd ``width``."""
    sums = np.concatenate([np.zeros(1), np.cumsum(counts, dtype=np.float64)])
    places = np.arange(counts.size)
    reach = width // 2
    near = sums[np.minimum(places + reach + 1, counts.size)] - sums[np.maximum(places - reach, 0)]
    beside = np.maximum(
        near[np.maximum(places - width, 0)], near[np.minimum(places + width, counts.size - 1)]
    )
    standing_out = np.where((near >= _LEVEL * pixels) & (near >= _OUTSTANDING * beside), near, 0)
    left = standing_out[middle]
    found: list[int] = []
    while left.any():
        at = int(np.argmax(left))
        found.append(middle.start + at)
        left[max(0, at - width) : at + width + 1] = 0
    return sorted(found)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Histograms ``(n,)`` of pixels by their eight neighbours.

    Attributes:
        inside: Pixels whose neighbours have the same value.
        between: Pixels with a lower and a higher neighbour.
        calm: Pixels whose neighbours hardly differ.
    """

    inside: Counts
    between: Counts
    calm: Counts

    @classmethod
    def of(cls, grey: Grey) -> _Surroundings:
        kernel = np.ones((3, 3), np.uint8)
        low, high = cv2.erode(grey, kernel), cv2.dilate(grey, kernel)
        calm = int(grey.max()) // _CALM
        return cls(
            _histogram(grey, low == high),
            _histogram(grey, (low < grey) & (grey < high)),
            _histogram(grey, (high - low) <= calm),
        )


def _histogram(grey: Grey, where: NDArray[np.bool_] | None = None) -> Counts:
    """Return the number of pixels of each value ``(n,)``, of all or of those in ``where`` ``(H, W)``."""
    size = 256 if grey.dtype == np.uint8 else 65536
    mask = None if where is None else where.view(np.uint8)
    return cv2.calcHist([grey], [0], mask, [size], [0, size]).ravel()  # type: ignore[return-value]
