"""Pixels of a mask file to lung and background: grey levels, colours, transparency, and checks of the shape."""

from .pixels import region_in, truth_in, values_in
from .shape import with_shape_notes

__all__ = ["region_in", "truth_in", "values_in", "with_shape_notes"]
