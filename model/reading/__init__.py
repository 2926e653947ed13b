"""Readers of radiographs and masks.

The rules for all formats: the format is detected from the first bytes, never from a name; width and
height are checked in the header before a pixel is decoded; an incomplete file is rejected; a radiograph's
transparency is ignored; a file with several pages or frames is not a radiograph.
"""

from .limits import MAX_PIXELS
from .reader import read, read_ground_truth, read_labels, read_mask

__all__ = ["MAX_PIXELS", "read", "read_ground_truth", "read_labels", "read_mask"]
