"""The two ways in: `read` and `read_mask`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from ..radiograph import Radiograph
from .limits import MAX_PIXELS
from .raster import read_raster, read_raster_mask
from .sniff import HEAD, Format, cut_within_signature, sniff
from .unforeseen import image_errors_only

Source = bytes | memoryview | Path


@image_errors_only
def read(source: Source, *, max_pixels: int = MAX_PIXELS, min_side: int | None = None) -> Radiograph:
    """Reads a radiograph: PNG, JPEG, TIFF, BMP, WebP or DICOM, told by its bytes.

    Colour becomes grey (ITU-R BT.601 luma); transparency is ignored; sixteen bits stay sixteen bits. What was done to the
    stored values is in the radiograph's ``applied``.

    Args:
        source: the bytes of a file, or its path.
        max_pixels: width times height that is still read.
        min_side: decode no finer than needed: a JPEG may come at 1/2, 1/4 or 1/8 of its size as long as both sides keep this
            many pixels. None reads everything at its full size.

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
def read_mask(source: Source, *, max_pixels: int = MAX_PIXELS) -> NDArray[np.bool_]:
    """Reads a mask ``(H, W)`` bool from any image that `read` takes, and from a DICOM SEG.

    A pixel is True where any colour channel is not zero. Transparency is ignored; a palette's colours count, not its
    indices; of a DICOM file the stored values count. The segments of a SEG are joined.

    Args:
        source: the bytes of a file, or its path.
        max_pixels: width times height that is still read.

    Raises:
        UnreadableImage: the bytes are not a whole, readable image.
        UnsupportedImage: not a type of image that is read here.
        ImageTooLarge: more than ``max_pixels``, told from the header.
        UnsuitableImage: several pages or frames.
        OSError: the path cannot be opened.
    """
    data, name = _load(source, max_pixels=max_pixels)
    if name == "dicom":
        from .dicom import read_dicom_mask

        return read_dicom_mask(data, max_pixels=max_pixels)
    return read_raster_mask(data, name, max_pixels=max_pixels)


def _load(source: Source, *, max_pixels: int) -> tuple[bytes, Format]:
    if not isinstance(source, Path):
        return bytes(source), _identify(bytes(source[:HEAD]))
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
    raise UnsupportedImage(
        "This is none of the types that are read: send PNG, JPEG, TIFF, BMP, WebP or DICOM."
    )
