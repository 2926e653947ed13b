"""Where a mask's pixels say lung: by their grey levels, their colours, their palette or their transparency."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import UnsuitableImage
from ...ground_truth import GroundTruth, Note
from ...radiograph import Grey
from ..decoding import Decoded
from .levels import Levels, levels_of

Mask = NDArray[np.bool_]

_ADVICE = "save it as grey PNG, 0 for background and 255 for lung."
_AGREE = 0.98
"""IoU of the shapes of colours and transparency from which they are the same."""
_EQUAL = 0.01
"""Standard deviation of one value, at most, as rounding leaves it."""
_SAME_COLOUR = 16
"""Standard deviation of what lossy compression makes of one colour, at most."""
_SATURATED = 0.005
"""Share of the image from which strong colours are those of areas, and not noise of compression."""
_SMALL = 32
"""Values up to which classes are numbered where 255 beside them stands for none."""
_SAMPLED = 500_000
"""Pixels that are looked at for their colours."""
_SHARE = 0.002
"""Share of the image from which a colour is an area."""


def truth_in(stored: Decoded, *, lung_values: Collection[int] | None) -> GroundTruth:
    """The lungs in a mask ``(h, w)``, and what was assumed to find them.

    Args:
        stored: the file's pixels, in colour where it has any.
        lung_values: the stored values, or indices of the palette, that are lung; None takes what is not background.

    Raises:
        UnsuitableImage: lung and background cannot be told apart.
    """
    if lung_values is not None:
        return _of_values(stored, lung_values)
    if stored.alpha is not None and _shape_is_in_alpha(stored, stored.alpha):
        alone = Decoded(stored.alpha)
        levels = levels_of(alone.pixels, lossy=False)
        note = Note("alpha", "The mask's shape is in its transparency: what is opaque counts as lung.")
        return GroundTruth(alone.pixels >= levels.least, (note, *_notes(alone, levels, alone.pixels)))
    if stored.lossy and _is_strongly_coloured(stored.pixels):
        raise UnsuitableImage(
            "The mask has colours and is stored with loss (JPEG or WebP), which blurs them: save it as PNG."
        )
    grey = _brightness(stored.pixels)
    levels = levels_of(grey, lossy=stored.lossy)
    _require_two_sides(stored, levels)
    if levels.kind == "smooth" and (single := _along_colour(stored.pixels, grey)) is not None:
        grey = single
        levels = levels_of(grey, lossy=stored.lossy)
    return GroundTruth(grey >= levels.least, tuple(_notes(stored, levels, grey)))


def region_in(stored: Decoded) -> Mask:
    """What is set in a picture ``(h, w)`` that marks a region of any kind, all of the image included."""
    grey = _brightness(stored.pixels)
    if stored.alpha is not None and _is_one_colour(stored, stored.alpha):
        grey = stored.alpha
    levels = levels_of(grey, lossy=stored.lossy)
    return np.asarray(grey >= levels.least)


def values_in(stored: Decoded) -> Grey:
    """The values ``(h, w)`` of a label map as they are stored: grey levels, or indices of a palette.

    Raises:
        UnsuitableImage: the file has colours, or its values are not exact.
    """
    if stored.indices is not None:
        return stored.indices
    if stored.lossy:
        raise UnsuitableImage(
            "The mask is stored with loss (JPEG or WebP), so its values are not exact: save it as PNG."
        )
    pixels = stored.pixels
    if pixels.ndim == 3:
        if _has_colours(pixels):
            raise UnsuitableImage(
                "The mask has colours and no values: save it as grey PNG, or as PNG with a palette."
            )
        pixels = np.ascontiguousarray(pixels[..., 0])
    return pixels


def _of_values(stored: Decoded, lung_values: Collection[int]) -> GroundTruth:
    values = values_in(stored)
    levels = levels_of(values, lossy=False)
    if levels.kind == "picture":
        raise UnsuitableImage(_picture())
    table = np.zeros(np.iinfo(values.dtype).max + 1, np.bool_)
    table[[value for value in lung_values if value < table.size]] = True
    mask = table[values]
    notes = []
    if levels.kind == "smooth" and stored.indices is None:
        notes.append(
            Note(
                "values_between",
                "The mask has values between its levels, as resizing makes them; they count as background: resize it by nearest "
                "neighbour.",
            )
        )
    if not mask.any():
        notes.append(
            Note(
                "values_absent", f"No pixel of the mask is {_listed(sorted(lung_values), 'or')}: it is empty."
            )
        )
    return GroundTruth(mask, tuple(notes))


def _shape_is_in_alpha(stored: Decoded, alpha: Grey) -> bool:
    """Whether the transparency alone draws the mask.

    Raises:
        UnsuitableImage: transparency and colours draw different shapes.
    """
    if alpha.min() > 0 or not alpha.any():
        return False
    if _is_one_colour(stored, alpha):
        return True
    grey = _brightness(stored.pixels)
    coloured = grey >= levels_of(grey, lossy=stored.lossy).least
    opaque = _opaque(alpha)
    both, either = np.count_nonzero(coloured & opaque), np.count_nonzero(coloured | opaque)
    if both < _AGREE * either:
        raise UnsuitableImage(
            "The mask's transparency and its colours draw different shapes, so neither is taken for the lungs: save it without "
            "transparency, 0 for background and 255 for lung."
        )
    return False


def _opaque(alpha: Grey) -> Mask:
    return np.asarray(alpha >= levels_of(alpha, lossy=False).least)


def _is_one_colour(stored: Decoded, alpha: Grey) -> bool:
    """Whether transparency varies and everything that can be seen has one colour."""
    if alpha.min() > 0 or not alpha.any():
        return False
    opaque = _opaque(alpha).view(np.uint8)
    _, deviations = cv2.meanStdDev(stored.pixels, mask=opaque)
    return bool(deviations.max() <= (_SAME_COLOUR if stored.lossy else _EQUAL))


def _brightness(pixels: Grey) -> Grey:
    """``(h, w, 3)`` to the brightest of the channels ``(h, w)``; grey stays as it is."""
    if pixels.ndim == 2:
        return pixels
    first, second, third = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    return cv2.max(cv2.max(first, second), third)  # type: ignore[return-value]


def _is_strongly_coloured(pixels: Grey) -> bool:
    if pixels.ndim == 2:
        return False
    first, second, third = (np.ascontiguousarray(pixels[..., channel]) for channel in range(3))
    most, least = cv2.max(cv2.max(first, second), third), cv2.min(cv2.min(first, second), third)
    strong = cv2.absdiff(most, least) > int(most.max()) // 4
    return bool(np.count_nonzero(strong) > _SATURATED * strong.size)


def _along_colour(pixels: Grey, grey: Grey) -> Grey | None:
    """How much of the areas' colour each pixel has ``(h, w)``; None where the areas are grey or of several colours.

    The brightest channel of a pixel beside a green area can be red: it is compression's.
    """
    if not _has_colours(pixels):
        return None
    bright = (grey >= int(grey.max()) // 4 * 3).view(np.uint8)
    mean, deviation = (found.ravel() for found in cv2.meanStdDev(pixels, mask=bright))
    if deviation.max() > mean.max() / 4:
        return None
    return cv2.transform(pixels, (mean * mean.max() / (mean @ mean))[None])  # type: ignore[return-value]


def _has_colours(pixels: Grey) -> bool:
    return pixels.ndim == 3 and not (
        np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(pixels[..., 0], pixels[..., 2])
    )


def _require_two_sides(stored: Decoded, levels: Levels) -> None:
    """Refuses what has no background, or no two sides at all.

    Raises:
        UnsuitableImage: it is so.
    """
    if levels.kind == "faint":
        raise UnsuitableImage(
            "The mask's highest value is lost in its lossy compression (JPEG or WebP): save it as PNG, 0 for background and 255 for lung."
        )
    if not levels.background and _has_colours(stored.pixels):
        raise UnsuitableImage(
            "No pixel of the mask is black, so there is no background, as after a colour map such as viridis: "
            + _ADVICE
        )
    if not levels.background and levels.kind == "uniform":
        raise UnsuitableImage(
            f"Every pixel of the mask is {levels.values[0]}, so there is no background: {_ADVICE}"
        )
    if not levels.background:
        raise UnsuitableImage(
            f"No pixel of the mask is 0, so there is no background: {_ADVICE} Or name lung's values in lung_values."
        )
    if levels.kind == "picture":
        raise UnsuitableImage(_picture())


def _picture() -> str:
    return f"The mask has greys of every height, as a radiograph has, and not two sides: send the mask; {_ADVICE}"


def _notes(stored: Decoded, levels: Levels, grey: Grey) -> Sequence[Note]:
    notes = []
    if levels.kind == "uniform" and stored.lossy:
        notes.append(
            Note(
                "lossy",
                "The mask is black and stored with loss (JPEG or WebP), which also hides low values such as 1: if lungs are drawn, save it "
                "as PNG.",
            )
        )
    if levels.kind == "smooth":
        cut = f"a pixel counts as lung from {levels.least} on, half of the way to {levels.values[0]}."
        if stored.lossy:
            notes.append(
                Note("lossy", f"The mask is stored with loss (JPEG or WebP): {cut} Save masks as PNG.")
            )
        else:
            notes.append(
                Note("grey_levels", f"The mask has greys between its levels, as resizing makes them: {cut}")
            )
    if _has_colours(stored.pixels) and stored.indices is None:
        colours = _colours(stored.pixels, exact=levels.kind == "flat")
        if colours > 1:
            notes.append(
                Note(
                    "colours_joined",
                    f"The mask has {colours} colours beside black; all of them count as lung. If some are not, save it as grey PNG "
                    "and name lung's values in lung_values.",
                )
            )
        return notes
    values = levels.values if stored.indices is None else _indices(stored.indices, grey, levels)
    if len(values) > 1:
        notes.append(_joined(values, highest=np.iinfo(stored.pixels.dtype).max))
    return notes


def _joined(values: Sequence[int], *, highest: int) -> Note:
    *others, last = values
    if last == highest and others[-1] <= _SMALL:
        return Note(
            "ignore_value",
            f"The mask has {last} beside {_listed(others)}: {last} stands for 'ignore' as a rule, and counts as lung here. Name "
            "lung's values in lung_values.",
        )
    return Note(
        "values_joined",
        f"The mask has several values ({_listed(values)}); all of them count as lung. If some are not, name lung's values in "
        "lung_values.",
    )


def _indices(indices: Grey, grey: Grey, levels: Levels) -> Sequence[int]:
    """Indices of a palette whose colours are set."""
    if levels.kind != "flat":
        return levels.values
    counts = cv2.calcHist([indices], [0], (grey >= levels.least).view(np.uint8), [256], [0, 256])
    return [int(index) for index in np.flatnonzero(counts)]


def _colours(pixels: Grey, *, exact: bool) -> int:
    """How many colours but black the areas have; where values are not exact, only whether a channel is on tells colours apart."""
    step = max(1, round((pixels.size / 3 / _SAMPLED) ** 0.5))
    sample = pixels[::step, ::step].reshape(-1, 3).astype(np.int64)
    if not exact:
        top = sample.max()
        sample = (sample[sample.max(axis=1) * 4 >= top * 3] * 2 > top).astype(np.int64)
    packed = sample[:, 0] + (sample[:, 1] << 20) + (sample[:, 2] << 40)
    found, counts = np.unique(packed, return_counts=True)
    return int(np.count_nonzero(found[counts > _SHARE * len(sample)]))


def _listed(things: Sequence[object], word: str = "and") -> str:
    """``1``, ``1 and 2``, ``1, 2 and 3``; of many the first five."""
    words = [str(thing) for thing in things]
    if len(words) > 6:
        return f"{', '.join(words[:5])} {word} {len(words) - 5} others"
    return f" {word} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
