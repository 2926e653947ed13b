"""Colours of a mask: how bright, how many, whether any."""

from __future__ import annotations

import cv2
import numpy as np

from ...radiograph import Grey

_SATURATED = 0.005
"""Share of the image from which strong colours are those of areas, and not noise of compression."""
_SAMPLED = 500_000
"""Pixels that are looked at for their colours."""
_OTHERS = 0.05
"""Share of the coloured pixels from which those of another colour are areas, and not edges that compression tinted."""
_SHARE = 0.002
"""Share of the image from which a colour is an area."""


def brightness(pixels: Grey) -> Grey:
    """``(h, w, 3)`` to the brightest of the channels ``(h, w)``; grey stays as it is."""
    if pixels.ndim == 2:
        return pixels
    return _across(np.maximum, pixels)


def has_colours(pixels: Grey) -> bool:
    """Whether any pixel ``(h, w, 3)`` is not grey."""
    return pixels.ndim == 3 and not (
        np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    )


def has_strong_colours(pixels: Grey) -> bool:
    """Whether areas ``(h, w, 3)`` are coloured, and not only as lossy compression tints grey."""
    if pixels.ndim == 2:
        return False
    span = _across(np.maximum, pixels)
    top = int(span.max())
    span -= _across(np.minimum, pixels)
    return bool(np.count_nonzero(span > top // 4) > _SATURATED * span.size)


def along_colour(pixels: Grey, grey: Grey) -> Grey | None:
    """How much of the areas' colour each pixel has ``(h, w)``; None where the areas are grey or of several colours.

    Compression gives a pixel beside a green area some red: the brightest channel would take that for the
        area.

    Args:
        pixels: ``(h, w, 3)``, or ``(h, w)``.
        grey: their `brightness`.
    """
    if not has_colours(pixels):
        return None
    bright = (grey >= int(grey.max()) // 4 * 3).view(np.uint8)
    mean, deviation = (found.ravel() for found in cv2.meanStdDev(pixels, mask=bright))
    if deviation.max() > mean.max() / 4:
        return None
    along: Grey = cv2.transform(pixels, (mean * mean.max() / (mean @ mean))[None])  # type: ignore[assignment]
    coloured = grey >= max(1, int(grey.max()) // 4)
    of_others = coloured & (along < grey // 2)
    return None if np.count_nonzero(of_others) > _OTHERS * np.count_nonzero(coloured) else along


def colour_count(pixels: Grey, *, exact: bool) -> int:
    """How many colours but black the areas ``(h, w, 3)`` have; where they are not exact, by the channels that are on."""
    step = max(1, round((pixels.size / 3 / _SAMPLED) ** 0.5))
    sample = pixels[::step, ::step].reshape(-1, 3).astype(np.int64)
    pixels_sampled = len(sample)
    if not exact:
        top = sample.max()
        sample = (sample[sample.max(axis=1) * 4 >= top * 3] * 2 > top).astype(np.int64)
    packed = sample[:, 0] + (sample[:, 1] << 20) + (sample[:, 2] << 40)
    found, counts = np.unique(packed, return_counts=True)
    return int(np.count_nonzero(found[counts > _SHARE * pixels_sampled]))


def _across(function: np.ufunc, pixels: Grey) -> Grey:
    """``function`` of the three channels ``(h, w)``; makes no other array of that size."""
    result = function(pixels[..., 0], pixels[..., 1])
    function(result, pixels[..., 2], out=result)
    return result  # type: ignore[no-any-return]
