"""The Image Pixel module (PS3.3 C.7.6.3): checks before decoding, then the frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from ...errors import UnreadableImage, UnsupportedImage
from ..limits import check_size
from .bits import BitLayout, stored_values
from .codestream import read_codestream
from .dataset import DAMAGED, integer
from .encapsulation import Stored, stored_pixels
from .libjpeg_decoder import decode_with_libjpeg
from .palette import palette_colours
from .photometric import Photometric, read_photometric

# Pillow's libjpeg-turbo and CharLS are preferred: they are faster than pylibjpeg's decoder and reject
# truncated data.
_DECODERS = {
    "rle": (RLELossless, "pylibjpeg"),
    "jpeg": (JPEGBaseline8Bit, "pillow"),
    "jpeg_ls": (JPEGLSLossless, "pyjpegls"),
    "jpeg_2000": (JPEG2000Lossless, "pylibjpeg"),
}

_RGB_OF_YBR = np.array(
    [[1, 0, 1.402], [1, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587], [1, 1.772, 0]], np.float64
)
"""Full-range components (ITU-T T.871), the chroma about zero."""
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePixels:
    """Frames that can be decoded one by one.

    Attributes:
        rows: Rows of a frame.
        columns: Columns of a frame.
        frames: The number of frames.
        samples: Samples Per Pixel: 1, or 3 for colour.
        bits_allocated: Bits of a cell: 1, 8, 16 or 32.
        layout: Where the sample is in its cell.
        photometric: The photometric interpretation.
        planar: Planar Configuration: 0 interleaves colours, 1 stores them in planes.
        stored: The bytes of Pixel Data, native or one codestream per frame.
        palette: The dataset, for the tables of PALETTE COLOR.
    """

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    layout: BitLayout
    photometric: Photometric
    planar: int
    stored: Stored
    palette: Dataset

    def frame(self, index: int) -> NDArray[Any]:
        """Return the stored values ``(rows, columns)``, or RGB ``(rows, columns, 3)`` of a colour image.

        Raises:
            ImageError: The frame cannot be decoded, or its codestream contradicts the attributes.
        """
        pixels = self._decompressed(index) if self.stored.compressed else self._native(index)
        return palette_colours(pixels, self.palette) if self.photometric.name == "PALETTE COLOR" else pixels

    def is_lossy(self) -> bool:
        """Return whether the first frame's codec may have changed values.

        Raises:
            ImageError: The codestream contradicts the attributes.
        """
        if not self.stored.compressed:
            return False
        frame = get_frame(self.stored.value, 0, number_of_frames=self.frames)
        return read_codestream(frame, rows=self.rows, columns=self.columns, samples=self.samples).lossy

    def _native(self, index: int) -> NDArray[Any]:
        cells, colours = self._cells(
            self.stored.value, self.stored.syntax, index=index, bits=self.bits_allocated
        )
        values = stored_values(cells, self.layout, width=self.bits_allocated)
        return _as_rgb(values, colours, bits=self.layout.stored)

    def _decompressed(self, index: int) -> NDArray[Any]:
        frame = get_frame(self.stored.value, index, number_of_frames=self.frames)
        found = read_codestream(frame, rows=self.rows, columns=self.columns, samples=self.samples)
        # A dataset of one frame, whose colours are no longer subsampled.
        alone = replace(self, frames=1, photometric=Photometric(self.photometric.name.removesuffix("_422")))
        if found.codec == "jpeg_lossless" or (found.codec == "jpeg" and found.bits > 8):
            samples = decode_with_libjpeg(frame, samples=self.rows * self.columns * self.samples)
            cells, colours = alone._cells(samples, ExplicitVRLittleEndian, bits=found.bits)
        else:
            syntax, plugin = _DECODERS[found.codec]
            cells, colours = alone._cells(encapsulate([frame]), syntax, bits=found.bits, plugin=plugin)
        # JPEG has only 8 and 12 bits, none of them unused (PS3.5 8.2.1).
        layout = self.layout.filling(found.bits) if found.codec == "jpeg" else self.layout
        values = stored_values(cells, layout, width=found.bits, lossy=found.lossy, signed_cells=found.signed)
        return _as_rgb(values, colours, bits=layout.within(found.bits).stored)

    def _cells(
        self, value: bytes, syntax: UID, *, bits: int, index: int = 0, plugin: str = ""
    ) -> tuple[NDArray[Any], str]:
        """Return all bits of a frame, unsigned and in native byte order, and its colour space."""
        allocated = bits if bits == 1 else 8 if bits <= 8 else 16 if bits <= 16 else 32
        options: dict[str, Any] = {
            "rows": self.rows,
            "columns": self.columns,
            "number_of_frames": self.frames,
            "samples_per_pixel": self.samples,
            "bits_allocated": allocated,
            "bits_stored": allocated,
            "pixel_representation": 0,
            "photometric_interpretation": self.photometric.name,
            "planar_configuration": self.planar,
            "pixel_keyword": "PixelData",
            "pixel_vr": self.stored.vr,
            "allow_excess_frames": False,
        }
        try:
            cells, properties = get_decoder(syntax).as_array(
                value, index=index, raw=True, decoding_plugin=plugin, **options
            )
        except BaseException as error:
            # The RLE decoder is written in Rust: its panics do not derive from Exception.
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise UnreadableImage(DAMAGED) from None
            raise
        if cells.shape[:2] != (self.rows, self.columns):
            raise UnreadableImage(DAMAGED)
        if not cells.dtype.isnative:
            cells = cells.byteswap(inplace=cells.flags.writeable).view(cells.dtype.newbyteorder("="))
        return cells, str(properties["photometric_interpretation"])


def image_pixels(dataset: Dataset, syntax: UID, *, max_pixels: int) -> ImagePixels:
    """Return the image that the attributes describe, after checking them.

    Args:
        dataset: The attributes, with Pixel Data.
        syntax: The transfer syntax.
        max_pixels: The most pixels (width times height) of a frame.

    Raises:
        UnreadableImage: An attribute is missing or impossible, or there are fewer pixels than declared.
        UnsupportedImage: The bits, samples or colours are not supported.
        ImageTooLarge: The image has more than ``max_pixels``.
    """
    if "PixelData" not in dataset:
        raise UnsupportedImage(
            "The DICOM file holds floating-point pixels: send whole numbers of 8 or 16 bits."
        )
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    check_size(columns, rows, max_pixels=max_pixels)
    photometric, samples = read_photometric(dataset)
    allocated = integer(dataset, "BitsAllocated")
    if allocated not in (1, 8, 16, 32) or (allocated in (1, 32) and samples != 1):
        raise UnsupportedImage("The pixels of the DICOM file are not of 8 or 16 bits. Send one that is.")
    frames = integer(dataset, "NumberOfFrames", default=1) or 1
    # YBR_FULL_422 stores two samples for each pixel (PS3.3 C.7.6.3.1.2).
    bits = allocated * frames * (2 if photometric.name == "YBR_FULL_422" else samples)
    return ImagePixels(
        rows=rows,
        columns=columns,
        frames=frames,
        samples=samples,
        bits_allocated=allocated,
        layout=_layout(dataset, allocated),
        photometric=photometric,
        planar=integer(dataset, "PlanarConfiguration", default=0),
        stored=stored_pixels(dataset, syntax, native_bytes=-(-rows * columns * bits // 8)),
        palette=dataset,
    )


def _layout(dataset: Dataset, allocated: int) -> BitLayout:
    """Return bits stored and high bit; one is derived from the other if missing."""
    high = integer(dataset, "HighBit", default=allocated)
    stored = integer(dataset, "BitsStored", default=high + 1 if high < allocated else allocated)
    if not 1 <= stored <= allocated:
        raise UnreadableImage(
            "The DICOM file has no BitsStored that fits its BitsAllocated: export it again."
        )
    if not 0 <= high < allocated:
        high = stored - 1
    return BitLayout(stored=stored, high=high, signed=integer(dataset, "PixelRepresentation", default=0) == 1)


def _as_rgb(pixels: NDArray[Any], colours: str, *, bits: int) -> NDArray[Any]:
    """Convert ``(rows, columns, 3)`` to RGB, in place if possible; pydicom would need 24 bytes per pixel."""
    if not colours.startswith("YBR_FULL"):
        return pixels
    middle = 1 << (bits - 1)
    matrix = np.column_stack([_RGB_OF_YBR, _RGB_OF_YBR @ [0, -middle, -middle]])
    pixels = np.require(pixels, requirements="W")
    for top in range(0, len(pixels), _ROWS_AT_ONCE):
        part = pixels[top : top + _ROWS_AT_ONCE]
        np.minimum(cv2.transform(part, matrix), part.dtype.type(2 * middle - 1), out=part)
    return pixels
