"""The readers of all formats: `read`, `read_ground_truth`, `read_mask` and `read_labels`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from ..ground_truth import GroundTruth
from ..radiograph import Grey, Radiograph
from .limits import MAX_PIXELS
from .masks import region_in, truth_in, values_in, with_shape_notes
from .memory_file import Data
from .orientation import turn_upright
from .raster import read_raster, read_stored
from .sniff import HEAD, Format, cut_within_signature, sniff
from .unforeseen import image_errors_only
from .unread import advice

Source = bytes | memoryview | Path


@image_errors_only
def read(source: Source, *, max_pixels: int = MAX_PIXELS, min_side: int | None = None) -> Radiograph:
    """Read a radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM, detected from its bytes.

    Colour is converted to grey (ITU-R BT.601 luma), transparency is ignored, and sixteen bits are kept. The
    radiograph's ``applied`` lists the transformations of the stored values.

    Args:
        source: The bytes of a file, or its path.
        max_pixels: The most pixels (width times height).
        min_side: Decode at a reduced size: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size if both sides
            keep this many pixels. None reads everything at full size.

    Raises:
        UnreadableImage: The bytes are not a complete, readable image.
        UnsupportedImage: The type of image is not supported.
        ImageTooLarge: The header declares more than ``max_pixels``.
        UnsuitableImage: The file has several pages or frames, is no projection radiograph, or is tiny.
        OSError: The path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        # Imported here because pydicom would slow down every start.
        from .dicom import read_dicom

        return read_dicom(data, max_pixels=max_pixels)
    return read_raster(data, name, max_pixels=max_pixels, min_side=min_side)


@image_errors_only
def read_ground_truth(
    source: Source, *, max_pixels: int = MAX_PIXELS, lung_values: Collection[int] | None = None
) -> GroundTruth:
    """Read the lungs from a mask in any format that `read` takes, or from a DICOM SEG, with notes.

    A pixel is lung where any colour channel is not zero. If there are greys between two levels, as JPEG,
    resizing and smoothing make them, it is lung from half of the range on. If only the transparency has a
    shape, that shape is the mask. In a DICOM file the stored values count; in a SEG the segments whose codes
    or names mean lung, FRACTIONAL ones from half of the maximum on.

    Args:
        source: The bytes of a file, or its path.
        max_pixels: The most pixels (width times height).
        lung_values: The stored values, palette indices or segment numbers of a SEG that are lung; None
            applies the rules above.

    Raises:
        UnreadableImage: The bytes are not a complete, readable image.
        UnsupportedImage: The type of image is not supported.
        ImageTooLarge: The header declares more than ``max_pixels``.
        UnsuitableMask: There is no background, lung and background cannot be told apart, or no segment is
            lung.
        UnsuitableImage: The file has several pages or frames.
        OSError: The path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        from .dicom import read_dicom_truth

        truth = read_dicom_truth(data, max_pixels=max_pixels, lung_values=lung_values)
    else:
        stored = read_stored(data, name, max_pixels=max_pixels)
        truth = truth_in(stored, lung_values=lung_values)
        truth = replace(truth, mask=turn_upright(truth.mask, stored.orientation))
    return with_shape_notes(truth)


@image_errors_only
def read_mask(source: Source, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Read a region of any kind, which may cover the whole image; see `read_ground_truth`.

    Args:
        source: The bytes of a file, or its path.
        max_pixels: The most pixels (width times height).

    Returns:
        ``(H, W)`` bool.

    Raises:
        ImageError: As `read_ground_truth`, but the background may be missing.
        OSError: The path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        from .dicom import read_dicom_mask

        return read_dicom_mask(data, max_pixels=max_pixels)
    stored = read_stored(data, name, max_pixels=max_pixels)
    return turn_upright(region_in(stored), stored.orientation)


@image_errors_only
def read_labels(source: Source, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """Read a label map.

    Args:
        source: The bytes of a file, or its path.
        max_pixels: The most pixels (width times height).

    Returns:
        ``(H, W)`` uint8 or uint16: stored values, palette indices, or segment numbers of a LABELMAP SEG.

    Raises:
        ImageError: As `read_ground_truth`; or the values are colours or not exact.
        OSError: The path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        from .dicom import read_dicom_labels

        return read_dicom_labels(data, max_pixels=max_pixels)
    stored = read_stored(data, name, max_pixels=max_pixels)
    return turn_upright(values_in(stored), stored.orientation)


def _load(source: Source, *, max_pixels: int) -> tuple[Data, Format]:
    if not isinstance(source, Path):
        return source, _identify(bytes(source[:HEAD]))
    with source.open("rb") as file:
        name = _identify(file.read(HEAD))
        # Checked before the file is loaded.
        if source.stat().st_size > 8 * max_pixels + 2**26:
            raise ImageTooLarge("The file is longer than any image of an allowed size. Send a smaller one.")
        file.seek(0)
        return file.read(), name


def _identify(head: bytes) -> Format:
    name = sniff(head)
    if name is not None:
        return name
    if not head:
        raise UnreadableImage("The image is empty. Send the bytes of a file.")
    if cut_within_signature(head):
        raise UnreadableImage("The image ends after a few bytes. Send the whole file.")
    raise UnsupportedImage(f"{advice(head)} send PNG, JPEG, TIFF, BMP, WebP or DICOM.")
