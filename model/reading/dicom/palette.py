"""Palette colours of DICOM (PS3.3 C.7.6.3.1.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut

from ...errors import UnsupportedImage
from ...look_up import look_up


def palette_colours(indices: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Convert palette indices to RGB.

    Args:
        indices: ``(rows, columns)``; those outside the palette take its first or last colour.
        dataset: The attributes with the palette.

    Returns:
        ``(rows, columns, 3)`` uint8 or uint16.

    Raises:
        UnsupportedImage: The palette is segmented: a few bytes could expand to any number of entries.
        Exception: Any exception of pydicom for a damaged palette.
    """
    if "RedPaletteColorLookupTableData" not in dataset:
        raise UnsupportedImage("The DICOM file has a segmented palette. Send it as grey.")
    first, last = min(int(indices.min()), 0), int(indices.max())
    colours = apply_color_lut(np.arange(first, last + 1), _little_endian(dataset))[:, :3]
    if first == 0:
        return look_up(colours, indices)
    return look_up(colours, (indices.astype(np.int32) - first))


def _little_endian(dataset: Dataset) -> Dataset:
    """Return the palette with 16-bit words in little-endian order, as pydicom expects."""
    palette = Dataset()
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        setattr(palette, f"{name}Descriptor", dataset[f"{name}Descriptor"].value)
        data = dataset[f"{name}Data"].value
        if dataset.original_encoding[1] is False:
            data = np.frombuffer(data, ">u2").astype("<u2").tobytes()
        setattr(palette, f"{name}Data", data)
    return palette
