"""The Image Pixel module (PS3.3 C.7.6.3): what it announces, checked before anything is decoded; then the frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian

from ...errors import UnreadableImage, UnsupportedImage
from ..limits import check_size
from .codestream import check_codestream
from .dataset import DAMAGED, integer, text
from .libjpeg_decoder import decode_with_libjpeg
from .palette import palette_colours
from .syntax import Syntax

_PHOTOMETRIC = {
    1: ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"),
    3: ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"),
}
_MAX_FRAGMENTS = 20_000
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePixels:
    """Frames that can be decoded one by one."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    photometric: str
    planar: int
    value: bytes
    vr: str
    syntax: Syntax
    palette: Dataset

    def frame(self, index: int) -> NDArray[Any]:
        """``(rows, columns)`` of stored values, or ``(rows, columns, 3)`` RGB of what has colours.

        Raises:
            ImageError: it cannot be decoded, or its codestream contradicts the attributes.
        """
        pixels = self._decode(index)
        return palette_colours(pixels, self.palette) if self.photometric == "PALETTE COLOR" else pixels

    def _decode(self, index: int) -> NDArray[Any]:
        if self.syntax.codec == "native":
            return self._as_array(self.value, self.syntax.uid, index)
        frame = get_frame(self.value, index, number_of_frames=self.frames)
        bits = check_codestream(
            frame,
            self.syntax,
            rows=self.rows,
            columns=self.columns,
            samples=self.samples,
            bits_allocated=self.bits_allocated,
        )
        if self.syntax.codec == "rle":
            return self._as_array(self.value, self.syntax.uid, index)
        # The container that the codestream asks for may be smaller than the one that is announced.
        fitting = replace(
            self, bits_allocated=8 if bits <= 8 else 16, bits_stored=min(self.bits_stored, bits)
        )
        if self.syntax.plugin:
            return fitting._as_array(self.value, self.syntax.uid, index)
        decoded = decode_with_libjpeg(frame, samples=self.rows * self.columns * self.samples)
        colours = self.photometric.removesuffix("_422")
        return replace(fitting, photometric=colours, frames=1)._as_array(decoded, ExplicitVRLittleEndian, 0)

    def _as_array(self, value: bytes, syntax: UID, index: int) -> NDArray[Any]:
        options: dict[str, Any] = {
            "rows": self.rows,
            "columns": self.columns,
            "number_of_frames": self.frames,
            "samples_per_pixel": self.samples,
            "bits_allocated": self.bits_allocated,
            "bits_stored": self.bits_stored,
            "pixel_representation": int(self.signed),
            "photometric_interpretation": self.photometric,
            "planar_configuration": self.planar,
            "pixel_keyword": "PixelData",
            "pixel_vr": self.vr,
            "allow_excess_frames": False,
        }
        try:
            pixels, _ = get_decoder(syntax).as_array(
                value, index=index, decoding_plugin=self.syntax.plugin, **options
            )
        except BaseException as error:
            # The RLE decoder is written in Rust: what it panics on does not derive from Exception.
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":
                raise UnreadableImage(DAMAGED) from None
            raise
        if pixels.shape[:2] != (self.rows, self.columns):
            raise UnreadableImage(DAMAGED)
        return pixels


def image_pixels(dataset: Dataset, syntax: Syntax, *, max_pixels: int) -> ImagePixels:
    """What the attributes announce.

    Raises:
        UnreadableImage: an attribute is missing or impossible, or the pixels are fewer than announced.
        UnsupportedImage: bits, samples or colours that are not read.
        ImageTooLarge: more than ``max_pixels``.
    """
    if "PixelData" not in dataset:
        raise UnsupportedImage(
            "The DICOM file holds floating-point pixels: send whole numbers of 8 or 16 bits."
        )
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    check_size(columns, rows, max_pixels=max_pixels)
    samples = integer(dataset, "SamplesPerPixel", default=1)
    allocated = integer(dataset, "BitsAllocated")
    stored = integer(dataset, "BitsStored", default=allocated)
    photometric = text(dataset, "PhotometricInterpretation")
    if allocated not in (1, 8, 16, 32) or (allocated in (1, 32) and samples != 1):
        raise UnsupportedImage("The pixels of the DICOM file are not of 8 or 16 bits: send one that is.")
    if photometric not in _PHOTOMETRIC.get(samples, ()):
        raise UnsupportedImage(
            "The DICOM file has colours that are not read: send MONOCHROME1, MONOCHROME2 or RGB."
        )
    if not 1 <= stored <= allocated:
        raise UnreadableImage(DAMAGED)
    if syntax.codec == "native" and integer(dataset, "HighBit", default=stored - 1) != stored - 1:
        raise UnsupportedImage("The DICOM file keeps its pixels in the higher bits: send one that does not.")
    element: Any = dataset.get_item("PixelData")
    value = element.value
    encapsulated = element.is_undefined_length if hasattr(element, "is_undefined_length") else False
    encapsulated = encapsulated or getattr(element, "length", 0) == _UNDEFINED
    if not isinstance(value, bytes) or encapsulated != (syntax.codec != "native"):
        raise UnreadableImage(DAMAGED)
    if encapsulated and value.count(b"\xfe\xff\x00\xe0") > _MAX_FRAGMENTS:
        raise UnreadableImage(DAMAGED)
    return ImagePixels(
        rows=rows,
        columns=columns,
        frames=integer(dataset, "NumberOfFrames", default=1) or 1,
        samples=samples,
        bits_allocated=allocated,
        bits_stored=stored,
        signed=integer(dataset, "PixelRepresentation", default=0) == 1,
        photometric=photometric,
        planar=integer(dataset, "PlanarConfiguration", default=0),
        value=value,
        vr=dataset["PixelData"].VR,
        syntax=syntax,
        palette=dataset,
    )
