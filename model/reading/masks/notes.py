"""Notes on the assumptions made in reading a mask, and the errors for masks that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ...errors import UnsuitableMask
from ...ground_truth import Note
from ...radiograph import Grey
from ..decoding import Decoded
from .colours import colour_count, has_colours, has_strong_colours
from .levels import Levels

_ADVICE = "save it as grey PNG, 0 for background and 255 for lung."
_LOSS = "with loss (JPEG or WebP)"
_SMALL = 32
"""The highest class number beside which 255 means 'ignore'."""


def require_exact_colours(stored: Decoded) -> None:
    """Reject a mask whose colours lossy compression has blurred.

    Raises:
        UnsuitableMask: The mask has colours and lossy compression.
    """
    if stored.lossy and has_strong_colours(stored.pixels):
        raise UnsuitableMask(f"The mask has colours and is stored {_LOSS}, which blurs them: save it as PNG.")


def require_two_sides(stored: Decoded, levels: Levels) -> None:
    """Reject a mask without background, or in which lung and background cannot be told apart.

    Raises:
        UnsuitableMask: The mask is one of these.
    """
    if levels.kind == "faint":
        raise UnsuitableMask(
            f"The mask is nearly black and stored {_LOSS}, which hides low values: {_ADVICE}"
        )
    if not levels.background and has_colours(stored.pixels):
        raise UnsuitableMask(
            "No pixel of the mask is black, so there is no background, as after a colour map such as "
            f"viridis: {_ADVICE}"
        )
    if not levels.background and levels.kind == "uniform":
        raise UnsuitableMask(
            f"Every pixel of the mask is {levels.values[0]}, so there is no background: {_ADVICE}"
        )
    if not levels.background:
        raise UnsuitableMask(
            f"No pixel of the mask is 0, so there is no background: {_ADVICE} Or name lung's values in "
            "lung_values."
        )
    require_no_picture(levels)


def require_no_picture(levels: Levels) -> None:
    """Reject an image with greys all over the range.

    Raises:
        UnsuitableMask: The image is probably a radiograph.
    """
    if levels.kind == "picture":
        raise UnsuitableMask(
            "The mask has greys all over the range, as a radiograph has, so lung cannot be told from "
            "background: send the mask instead, a grey PNG with 0 for background and 255 for lung."
        )


def notes_on(stored: Decoded, levels: Levels, grey: Grey) -> Sequence[Note]:
    """Return notes on the threshold of greys, and on the values or colours that were joined.

    Args:
        stored: The mask's pixels.
        levels: The levels of ``grey``.
        grey: ``(h, w)`` brightness; lung begins at ``levels.least``.
    """
    cut = [note for note in (_on_cut(stored, levels),) if note is not None]
    joined = _on_joined(stored, levels, grey)
    return cut if joined is None else [*cut, joined]


def note_on_values_between() -> Note:
    """Return the note on values between the levels, if lung values were given."""
    return Note(
        "values_between",
        "The mask has values between its levels, as resizing makes them; they count as background: resize "
        "it by nearest neighbour.",
    )


def note_on_absent(values: Sequence[int]) -> Note:
    """Return the note on given lung values that do not occur."""
    return Note("values_absent", f"No pixel of the mask is {listed(values, 'or')}: it is empty.")


def listed(things: Sequence[object], word: str = "and") -> str:
    """Format a list: ``1``, ``1 and 2``, ``1, 2 and 3``; of a long list the first five."""
    words = [str(thing) for thing in things]
    if len(words) > 6:
        return f"{', '.join(words[:5])} {word} {len(words) - 5} others"
    return f" {word} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _on_cut(stored: Decoded, levels: Levels) -> Note | None:
    if levels.kind == "uniform" and stored.lossy:
        return Note(
            "lossy",
            f"The mask is black and stored {_LOSS}, which also hides low values such as 1: if lungs are "
            "drawn, save it as PNG.",
        )
    if levels.kind != "smooth":
        return None
    cut = f"a pixel counts as lung from {levels.least} on, half of the way to {levels.values[0]}."
    if stored.lossy:
        return Note("lossy", f"The mask is stored {_LOSS}: {cut} Save masks as PNG.")
    return Note("grey_levels", f"The mask has greys between its levels, as resizing makes them: {cut}")


def _on_joined(stored: Decoded, levels: Levels, grey: Grey) -> Note | None:
    if has_colours(stored.pixels) and stored.indices is None:
        colours = colour_count(stored.pixels, exact=levels.kind == "flat")
        if colours < 2:
            return None
        return Note(
            "colours_joined",
            f"The mask has {colours} colours beside black; all of them count as lung. If some are not, "
            "save it as grey PNG and name lung's values in lung_values.",
        )
    values = levels.values
    if stored.indices is not None and levels.kind == "flat":
        values = _indices(stored.indices, grey, levels)
    if len(values) < 2:
        return None
    *others, last = values
    if last in (255, np.iinfo(stored.pixels.dtype).max) and others[-1] <= _SMALL:
        return Note(
            "ignore_value",
            f"The mask has {last} beside {listed(others)}: {last} stands for 'ignore' as a rule, and "
            "counts as lung here. Name lung's values in lung_values.",
        )
    return Note(
        "values_joined",
        f"The mask has several values ({listed(values)}); all of them count as lung. If some are not, name "
        "lung's values in lung_values.",
    )


def _indices(indices: Grey, grey: Grey, levels: Levels) -> tuple[int, ...]:
    """Return the palette indices whose colours are set."""
    counts = cv2.calcHist([indices], [0], (grey >= levels.least).view(np.uint8), [256], [0, 256])
    return tuple(int(index) for index in np.flatnonzero(counts))
