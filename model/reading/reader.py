"""The ways in: `read` for a radiograph, `read_ground_truth`, `read_mask` and `read_labels` for what is drawn on it."""

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
    """Read a radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM, told by its bytes.

    Colour becomes grey (ITU-R BT.601 luma); transparency is ignored; sixteen bits stay sixteen bits. What
    was done to the stored values is in the radiograph's ``applied``.

    Args:
        source: the bytes of a file, or its path.
        max_pixels: width times height that is still read.
        min_side: decode no finer than needed: a JPEG may come at 1/2, 1/4 or 1/8 of its size as long as
            both sides keep this many pixels. None reads everything at its full size.

    Raises:
        UnreadableImage: the bytes are not a whole, readable image.
        UnsupportedImage: not a type of image that is read here.
        ImageTooLarge: more than ``max_pixels``, told from the header.
        UnsuitableImage: several pages or frames, not a projection radiograph, or tiny.
        OSError: the path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        # pydicom is loaded only when a DICOM file comes: it would make every start slower.
        from .dicom import read_dicom

        return read_dicom(data, max_pixels=max_pixels)
    return read_raster(data, name, max_pixels=max_pixels, min_side=min_side)


@image_errors_only
def read_ground_truth(
    source: Source, *, max_pixels: int = MAX_PIXELS, lung_values: Collection[int] | None = None
) -> GroundTruth:
    """Read where lung is from any image that `read` takes, and from a DICOM SEG; says what was assumed.

    A pixel is lung where any colour channel is not zero. Where there are greys between two levels, as
    JPEG, resizing and smoothing make them, it is lung from half of the range on. A shape that only the
    transparency draws counts as the mask. Of a DICOM file the stored values count; of a SEG the segments
    whose codes or names say lung, FRACTIONAL ones from half of the maximum on.

    Args:
        source: the bytes of a file, or its path.
        max_pixels: width times height that is still read.
        lung_values: the stored values that are lung, of a palette the indices, of a SEG the segments'
            numbers; None takes the rules above.

    Raises:
        UnreadableImage: the bytes are not a whole, readable image.
        UnsupportedImage: not a type of image that is read here.
        ImageTooLarge: more than ``max_pixels``, told from the header.
        UnsuitableMask: no background; lung and background cannot be told apart; no segment is lung.
        UnsuitableImage: several pages or frames.
        OSError: the path cannot be opened.
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
    """Read a region ``(H, W)`` bool: as `read_ground_truth`, but it may be of anything, and all of the image.

    The segments of a SEG are joined, whatever they are.

    Raises:
        ImageError: as `read_ground_truth`, but for a missing background.
        OSError: the path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        from .dicom import read_dicom_mask

        return read_dicom_mask(data, max_pixels=max_pixels)
    stored = read_stored(data, name, max_pixels=max_pixels)
    return turn_upright(region_in(stored), stored.orientation)


@image_errors_only
def read_labels(source: Source, *, max_pixels: int = MAX_PIXELS) -> Grey:
    """Read a label map ``(H, W)``: the stored values, of a palette the indices, of a DICOM SEG of type LABELMAP the numbers.

    Raises:
        ImageError: as `read_ground_truth`; or the values are colours or not exact.
        OSError: the path cannot be opened.
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
        # No image of so many pixels is so long: it need not be loaded to be refused.
        if source.stat().st_size > 8 * max_pixels + 2**26:
            raise ImageTooLarge("The file is longer than any image of an allowed size: send a smaller one.")
        file.seek(0)
        return file.read(), name


def _identify(head: bytes) -> Format:
    name = sniff(head)
    if name is not None:
        return name
    if not head:
        raise UnreadableImage("The image is empty: send the bytes of a file.")
    if cut_within_signature(head):
        raise UnreadableImage("The image ends after a few bytes: send the whole file.")
    raise UnsupportedImage(f"{advice(head)} send PNG, JPEG, TIFF, BMP, WebP or DICOM.")
