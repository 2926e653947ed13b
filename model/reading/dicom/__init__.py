"""DICOM (PS3.10 files): projection radiographs, and masks of any kind.

Errors never repeat a file's attributes, which could name the patient, except the names of a SEG's
segments, from which the sender must choose. pydicom's warnings are suppressed because they quote values.
All of pydicom's exceptions are replaced by one message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ...errors import ImageError, UnreadableImage, UnsuitableMask, UnsupportedImage
from ...ground_truth import GroundTruth
from ...quiet import quiet
from ...radiograph import Grey, Radiograph
from ..decoding import Decoded
from ..limits import check_radiograph_size
from ..masks import region_in, truth_in, values_in
from ..memory_file import Data
from .age import age_in_years
from .dataset import read_attributes, text, without_pixels
from .display import display
from .kind import LABEL_MAP, SEGMENTATIONS, check_mask, check_radiograph, sop_class
from .photometric import Photometric
from .pixels import ImagePixels, image_pixels
from .segmentation import joined, lungs_of
from .sides import read_sides
from .spacing import pixel_spacing
from .syntax import transfer_syntax


def read_dicom(data: Data, *, max_pixels: int) -> Radiograph:
    """Read a single-frame projection radiograph.

    Modality LUT or rescale, VOI LUT or window, and the inversion for MONOCHROME1 are applied in this
    order (PS3.3 C.11, PS3.4 N.2); the result is scaled to the full range of 16 bits. Colour is converted
    to grey with the same number of bits.

    Args:
        data: The bytes of the file.
        max_pixels: The most pixels (width times height).

    Raises:
        ImageError: As `model.reading.read`.
    """
    with _one_sentence():
        dataset = read_attributes(data, max_pixels=max_pixels)
        check_radiograph(dataset)
        syntax = transfer_syntax(dataset)
        image = image_pixels(dataset, syntax, max_pixels=max_pixels)
        check_radiograph_size(image.columns, image.rows)
        rows, columns, photometric, frame = image.rows, image.columns, image.photometric, image.frame(0)
        # The stored pixels are as large as what is made of them next.
        del image
        without_pixels(dataset)
        pixels, applied = display(frame, photometric.name, dataset)
        if photometric.assumed:
            applied = ("photometric_assumed", *applied)
        spacing_mm, plane = pixel_spacing(dataset)
        return Radiograph(
            pixels=pixels,
            format="dicom",
            width=columns,
            height=rows,
            spacing_mm=spacing_mm,
            spacing_plane=plane,
            sides=read_sides(dataset),
            age_years=age_in_years(dataset),
            applied=applied,
            dataset=dataset,
        )


def read_dicom_truth(data: Data, *, max_pixels: int, lung_values: Collection[int] | None) -> GroundTruth:
    """Read the lungs ``(H, W)`` from stored values as in any other file, or from the lung segments of a SEG.

    Args:
        data: The bytes of the file.
        max_pixels: The most pixels (width times height).
        lung_values: The stored values or segment numbers that are lung; None applies the rules of
            `model.reading.read_ground_truth`.

    Raises:
        ImageError: As `model.reading.read_ground_truth`.
    """
    with _one_sentence():
        dataset, image = _mask_pixels(data, max_pixels=max_pixels)
        if sop_class(dataset) in SEGMENTATIONS:
            return lungs_of(dataset, image, lung_values=lung_values)
        return truth_in(_stored(dataset, image), lung_values=lung_values)


def read_dicom_mask(data: Data, *, max_pixels: int) -> NDArray[np.bool_]:
    """Read a region ``(H, W)`` bool: stored values that are not zero, or all segments of a SEG.

    Raises:
        ImageError: As `model.reading.read_mask`.
    """
    with _one_sentence():
        dataset, image = _mask_pixels(data, max_pixels=max_pixels)
        if sop_class(dataset) in SEGMENTATIONS:
            return joined(dataset, image, numbers=None)[0]
        return region_in(_stored(dataset, image))


def read_dicom_labels(data: Data, *, max_pixels: int) -> Grey:
    """Read a label map ``(H, W)``: the stored values.

    Raises:
        ImageError: As `model.reading.read_labels`.
    """
    with _one_sentence():
        dataset, image = _mask_pixels(data, max_pixels=max_pixels)
        if sop_class(dataset) == LABEL_MAP:
            # The palette of a SEG only defines how the segments are displayed.
            image = replace(image, photometric=Photometric("MONOCHROME2"))
        elif sop_class(dataset) in SEGMENTATIONS:
            raise UnsuitableMask("The DICOM SEG is no label map. Send one of type LABELMAP, or a grey PNG.")
        return values_in(_stored(dataset, image))


def _mask_pixels(data: Data, *, max_pixels: int) -> tuple[Dataset, ImagePixels]:
    dataset = read_attributes(data, max_pixels=max_pixels)
    check_mask(dataset, max_pixels=max_pixels)
    return dataset, image_pixels(dataset, transfer_syntax(dataset), max_pixels=max_pixels)


def _stored(dataset: Dataset, image: ImagePixels) -> Decoded:
    """Return the only frame in the type of the other formats.

    Raises:
        UnsupportedImage: There are values below 0 or of more than 16 bits.
    """
    pixels = image.frame(0)
    if pixels.dtype not in (np.uint8, np.uint16):
        if pixels.min() < 0 or pixels.max() > 0xFFFF:
            raise UnsupportedImage(
                "The mask has values below 0 or above 65535: save it as grey PNG, 0 for background and 255 "
                "for lung."
            )
        pixels = pixels.astype(np.uint16)
    lossy = image.is_lossy() or text(dataset, "LossyImageCompression") == "01"
    return Decoded(np.ascontiguousarray(pixels), lossy=lossy)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        with quiet():
            yield
    except ImageError:
        raise
    except Exception:
        # The cause is dropped: its message could quote an attribute.
        raise UnreadableImage(
            "The DICOM file is damaged or incomplete. Export it again and send the whole file."
        ) from None
