"""The colours of a mask: brightness, number, saturation."""

from __future__ import annotations

import cv2
import numpy as np

from ...radiograph import Grey

_SATURATED = 0.005
"""Share of the image from which strong colours are areas and not compression noise."""
_SAMPLED = 500_000
"""The number of pixels in the sample of colours."""
_OTHERS = 0.05
"""Share of the coloured pixels from which another colour is an area and not the tint of compressed edges."""
_SHARE = 0.002
"""Share of the image from which a colour is an area."""


def brightness(pixels: Grey) -> Grey:
    """Return the brightest of the channels ``(h, w)`` of ``(h, w, 3)``; return grey unchanged."""
    if pixels.ndim == 2:
        return pixels
    return _across(np.maximum, pixels)


def has_colours(pixels: Grey) -> bool:
    """Return whether any pixel ``(h, w, 3)`` is not grey."""
    return pixels.ndim == 3 and not (
        np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    )


def has_strong_colours(pixels: Grey) -> bool:
    """Return whether areas ``(h, w, 3)`` are coloured beyond the tint of lossy compression."""
    if pixels.ndim == 2:
        return False
    span = _across(np.maximum, pixels)
    top = int(span.max())
    span -= _across(np.minimum, pixels)
    return bool(np.count_nonzero(span > top // 4) > _SATURATED * span.size)


def along_colour(pixels: Grey, grey: Grey) -> Grey | None:
    """Project each pixel ``(h, w)`` on the areas' colour; None if the areas are grey or of several colours.

    Compression gives a pixel beside a green area some red, which the brightest channel would take for the
    area.

    Args:
        pixels: ``(h, w, 3)``, or ``(h, w)``.
        grey: The `brightness` of the pixels.
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
    """Return the number of the areas' colours except black.

    Args:
        pixels: ``(h, w, 3)`` uint8 or uint16.
        exact: Count different values; else count only which channels are bright, for lossy compression.
    """
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
    """Reduce the three channels to ``(h, w)`` with ``function``, without temporary arrays."""
    result = function(pixels[..., 0], pixels[..., 1])
    function(result, pixels[..., 2], out=result)
    return result  # type: ignore[no-any-return]
