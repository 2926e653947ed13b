"""DICOM (PS3.10 files): projection radiographs, and masks of any kind.

Nothing of a file's attributes is ever repeated in an error, and pydicom's own warnings, which quote values, go nowhere:
they could name the patient. What pydicom raises is answered by one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from ...errors import ImageError, UnreadableImage
from ...quiet import quiet
from ...radiograph import Radiograph
from ..decoding import is_set
from ..limits import check_radiograph_size
from .dataset import read_attributes, without_pixels
from .display import display
from .kind import check_mask, check_radiograph
from .pixels import image_pixels
from .sides import read_sides
from .spacing import pixel_spacing
from .syntax import transfer_syntax


def read_dicom(data: bytes, *, max_pixels: int) -> Radiograph:
    """Reads a single-frame projection radiograph.

    Modality LUT or rescale, VOI LUT or window, inversion for MONOCHROME1 are applied in this order (PS3.3 C.11, PS3.4 N.2);
    the result is spread over the full range of 16 bits. Colour becomes grey and keeps its bits.

    Raises:
        ImageError: as `model.reading.read`.
    """
    with _one_sentence():
        dataset = read_attributes(data, max_pixels=max_pixels)
        check_radiograph(dataset)
        syntax = transfer_syntax(dataset)
        image = image_pixels(dataset, syntax, max_pixels=max_pixels)
        check_radiograph_size(image.columns, image.rows)
        pixels, applied = display(image.frame(0), image.photometric.name, dataset)
        if image.photometric.assumed:
            applied = ("photometric_assumed", *applied)
        spacing_mm, plane = pixel_spacing(dataset)
        return Radiograph(
            pixels=pixels,
            format="dicom",
            width=image.columns,
            height=image.rows,
            spacing_mm=spacing_mm,
            spacing_plane=plane,
            sides=read_sides(dataset),
            applied=applied,
            dataset=without_pixels(dataset),
        )


def read_dicom_mask(data: bytes, *, max_pixels: int) -> NDArray[np.bool_]:
    """Reads a mask ``(H, W)`` bool: stored values that are not zero; of a SEG, of any segment.

    Raises:
        ImageError: as `model.reading.read_mask`.
    """
    with _one_sentence():
        dataset = read_attributes(data, max_pixels=max_pixels)
        check_mask(dataset)
        syntax = transfer_syntax(dataset)
        image = image_pixels(dataset, syntax, max_pixels=max_pixels)
        mask = np.zeros((image.rows, image.columns), bool)
        for index in range(image.frames):
            mask |= is_set(image.frame(index))
        return mask


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        with quiet():
            yield
    except ImageError:
        raise
    except Exception:
        # No cause is kept: its message could quote an attribute.
        raise UnreadableImage(
            "The DICOM file is damaged or not whole: export it again and send the whole file."
        ) from None
