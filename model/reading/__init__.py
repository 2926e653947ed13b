"""Bytes or a path to a radiograph or a mask, and a clear refusal of everything else.

What is decided here once for all formats: the type is told by the first bytes and never by a name; width
and height are read from the header and refused before a pixel is decoded; a file that is not whole is
refused; a radiograph's transparency is ignored; a file of several pages or frames is not a radiograph.
"""

from .limits import MAX_PIXELS
from .reader import read, read_ground_truth, read_labels, read_mask

__all__ = ["MAX_PIXELS", "read", "read_ground_truth", "read_labels", "read_mask"]
