"""The lungs in a mask's pixels, from grey levels, colours, palette or transparency."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsuitableMask
from ...ground_truth import GroundTruth, Note
from ...look_up import look_up
from ...radiograph import Grey
from ..decoding import Decoded
from .colours import along_colour, brightness, has_colours
from .levels import levels_of
from .notes import (
    note_on_absent,
    note_on_values_between,
    notes_on,
    require_exact_colours,
    require_no_picture,
    require_two_sides,
)
from .transparency import shape_is_in_alpha

_ALPHA = Note("alpha", "The mask's shape is in its transparency: what is opaque counts as lung.")
_PALETTE = Note("palette", "The mask's palette is black, so its indices count instead: all but 0 are lung.")


def truth_in(stored: Decoded, *, lung_values: Collection[int] | None) -> GroundTruth:
    """Return the lungs in a mask ``(h, w)``, with notes on assumptions.

    Args:
        stored: The file's pixels, in colour if it has any.
        lung_values: The stored values or palette indices that are lung; None takes all but background.

    Raises:
        UnsuitableMask: Lung and background cannot be told apart.
    """
    if lung_values is not None:
        return _of_values(stored, lung_values)
    stored, notes = _drawing(stored)
    require_exact_colours(stored)
    grey = brightness(stored.pixels)
    levels = levels_of(grey, lossy=stored.lossy)
    require_two_sides(stored, levels)
    if levels.kind == "smooth" and (along := along_colour(stored.pixels, grey)) is not None:
        grey = along
        levels = levels_of(grey, lossy=stored.lossy)
    return GroundTruth(np.asarray(grey >= levels.least), (*notes, *notes_on(stored, levels, grey)))


def region_in(stored: Decoded) -> NDArray[np.bool_]:
    """Return the set pixels ``(h, w)`` of a mask of any region, which may cover the whole image.

    Raises:
        UnsuitableMask: As `truth_in` for transparency.
    """
    stored, _ = _drawing(stored)
    grey = brightness(stored.pixels)
    return np.asarray(grey >= levels_of(grey, lossy=stored.lossy).least)


def values_in(stored: Decoded) -> Grey:
    """Return the stored values ``(h, w)`` of a label map: grey levels, or palette indices.

    Raises:
        UnsuitableMask: The file has colours, or its values are not exact.
    """
    if stored.indices is not None:
        return stored.indices
    if stored.lossy:
        raise UnsuitableMask(
            "The mask is stored with loss (JPEG or WebP), so its values are not exact: save it as PNG."
        )
    if stored.pixels.ndim == 2:
        return stored.pixels
    if has_colours(stored.pixels):
        raise UnsuitableMask(
            "The mask has colours and no values: save it as grey PNG, or as PNG with a palette."
        )
    return stored.pixels[..., 0].copy()


def _drawing(stored: Decoded) -> tuple[Decoded, tuple[Note, ...]]:
    """Return the mask's colours, its transparency or, if the palette is black, the indices; and a note."""
    if stored.alpha is not None and shape_is_in_alpha(stored):
        return Decoded(stored.alpha), (_ALPHA,)
    if stored.indices is not None and stored.indices.any() and not stored.pixels.any():
        return Decoded(stored.indices), (_PALETTE,)
    return stored, ()


def _of_values(stored: Decoded, lung_values: Collection[int]) -> GroundTruth:
    values = values_in(stored)
    levels = levels_of(values, lossy=False)
    require_no_picture(levels)
    table = np.zeros(np.iinfo(values.dtype).max + 1, np.bool_)
    table[[value for value in lung_values if value < table.size]] = True
    mask = look_up(table, values)
    notes = []
    if levels.kind == "smooth" and stored.indices is None:
        notes.append(note_on_values_between())
    if not mask.any():
        notes.append(note_on_absent(sorted(lung_values)))
    return GroundTruth(mask, tuple(notes))
