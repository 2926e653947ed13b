"""Interpretation of a mask file's pixels as lung and background, with checks of the shape."""

from .pixels import region_in, truth_in, values_in
from .shape import with_shape_notes

__all__ = ["region_in", "truth_in", "values_in", "with_shape_notes"]
