"""Kinds of files and the result for each; `test_matrix` tests them, docs/reference_pages.py lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import uid as uids

from model.errors import ImageError, UnreadableImage, UnsuitableImage, UnsupportedImage

from .dicom.files import chest, compressed, dataset, dicom, written
from .dicom.lossless_jpeg import lossless_jpeg
from .pictures import ramp, saved, tiff_file

Refusal = type[ImageError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file.

    Attributes:
        format: the format, or for DICOM the transfer syntax.
        pixels: bits and colours, as a reader would name them.
        make: returns the bytes of such a file.
        refused: the error that it gets; None where it is read.
    """

    format: str
    pixels: str
    make: Callable[[], bytes]
    refused: Refusal | None = None

    @property
    def name(self) -> str:
        """The kind in one line."""
        return f"{self.format}, {self.pixels}"


def _colours() -> NDArray[np.uint8]:
    return np.dstack([ramp(), ramp(), ramp()])


def _grey_ybr() -> NDArray[np.uint8]:
    flat = np.full_like(ramp(), 128)
    return np.dstack([ramp(), flat, flat])


def _opencv(suffix: str, pixels: NDArray[Any]) -> bytes:
    done, data = cv2.imencode(suffix, pixels)
    assert done
    return data.tobytes()


def _pillow(kind: str, mode: str, **options: Any) -> bytes:
    return saved(Image.fromarray(ramp()).convert(mode), kind, **options)


def _pages(kind: str) -> bytes:
    first, second = Image.fromarray(ramp()), Image.fromarray(255 - ramp())
    return saved(first, kind, save_all=True, append_images=[second])


def rasters() -> Iterator[Kind]:
    """Yield the kinds of files that are not DICOM."""
    deep = ramp().astype(np.uint16) * 257
    for format_, suffix in (("PNG", ".png"), ("TIFF", ".tiff")):
        yield Kind(format=format_, pixels="1 bit", make=partial(_pillow, format_, "1"))
        yield Kind(format=format_, pixels="8 bits, grey", make=partial(_pillow, format_, "L"))
        yield Kind(format=format_, pixels="8 bits, palette", make=partial(_pillow, format_, "P"))
        yield Kind(format=format_, pixels="8 bits, RGB", make=partial(_pillow, format_, "RGB"))
        yield Kind(format=format_, pixels="8 bits, RGBA", make=partial(_pillow, format_, "RGBA"))
        yield Kind(format=format_, pixels="16 bits, grey", make=partial(_opencv, suffix, deep))
        yield Kind(
            format=format_, pixels="16 bits, RGB", make=partial(_opencv, suffix, np.dstack([deep] * 3))
        )
    yield Kind(
        format="TIFF",
        pixels="32 bits, floating point",
        make=partial(_pillow, "TIFF", "F"),
        refused=UnsupportedImage,
    )
    yield Kind(format="TIFF", pixels="16 bits, big-endian", make=partial(tiff_file, deep, order=">"))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield Kind(
            format="TIFF",
            pixels=f"8 bits, grey, {compression.removeprefix('tiff_').removeprefix('adobe_')}",
            make=partial(_pillow, "TIFF", "L", compression=compression),
        )
    yield Kind(format="TIFF", pixels="several pages", make=partial(_pages, "TIFF"), refused=UnsuitableImage)
    yield Kind(format="PNG", pixels="animated", make=partial(_pages, "PNG"), refused=UnsuitableImage)
    for mode, pixels in (("L", "grey"), ("RGB", "YCbCr"), ("CMYK", "CMYK")):
        yield Kind(format="JPEG", pixels=f"8 bits, {pixels}", make=partial(_pillow, "JPEG", mode))
    yield Kind(
        format="JPEG",
        pixels="8 bits, grey, progressive",
        make=partial(_pillow, "JPEG", "L", progressive=True),
    )
    yield Kind(
        format="JPEG",
        pixels="12 bits, lossless",
        make=lambda: lossless_jpeg(chest(12), bits=12),
        refused=UnsupportedImage,
    )
    for mode, pixels in (
        ("1", "1 bit"),
        ("L", "8 bits, grey"),
        ("P", "8 bits, palette"),
        ("RGB", "8 bits, RGB"),
    ):
        yield Kind(format="BMP", pixels=pixels, make=partial(_pillow, "BMP", mode))
    for lossless in (True, False):
        yield Kind(
            format="WebP",
            pixels=f"8 bits, RGB, {'lossless' if lossless else 'lossy'}",
            make=partial(_pillow, "WEBP", "RGB", lossless=lossless),
        )
    yield Kind(format="WebP", pixels="animated", make=partial(_pages, "WEBP"), refused=UnsuitableImage)
    yield Kind(
        format="GIF", pixels="8 bits, palette", make=partial(_pillow, "GIF", "P"), refused=UnsupportedImage
    )
    yield Kind(
        format="JPEG 2000 file (JP2)",
        pixels="8 bits, grey",
        make=partial(_pillow, "JPEG2000", "L"),
        refused=UnsupportedImage,
    )
    yield Kind(format="PDF", pixels="any", make=partial(_pillow, "PDF", "L"), refused=UnsupportedImage)


NATIVE = (
    uids.ImplicitVRLittleEndian,
    uids.ExplicitVRLittleEndian,
    uids.ExplicitVRBigEndian,
    uids.DeflatedExplicitVRLittleEndian,
)
LOSSLESS = (uids.RLELossless, uids.JPEGLSLossless, uids.JPEG2000Lossless)
UNREAD = (uids.HTJ2KLossless, uids.HTJ2K, uids.MPEG2MPML, uids.MPEG4HP41, uids.HEVCMP51)


def _stored(bits: int, *, signed: bool = False) -> NDArray[Any]:
    stored = chest(bits).astype(np.uint8) if bits == 8 else chest(bits)
    return (stored.astype(np.int32) - 2 ** (bits - 1)).astype(np.int16) if signed else stored


def _dicom(syntax: uids.UID, pixels: NDArray[Any], **options: Any) -> bytes:
    if syntax in NATIVE:
        return dicom(pixels, syntax=syntax, **options)
    return written(compressed(pixels, syntax, **options))


def _palette(syntax: uids.UID) -> bytes:
    made = dataset((ramp() // 8).astype(np.uint8), photometric="PALETTE COLOR", syntax=syntax)
    made.SOPClassUID = uids.SecondaryCaptureImageStorage
    for channel in ("Red", "Green", "Blue"):
        setattr(made, f"{channel}PaletteColorLookupTableDescriptor", [32, 0, 16])
        table = (np.arange(32) * 2000).astype("<u2")
        if syntax == uids.ExplicitVRBigEndian:
            table = table.astype(">u2")
        setattr(made, f"{channel}PaletteColorLookupTableData", table.tobytes())
    return written(made)


def _near_lossless(syntax: uids.UID, bits: int) -> bytes:
    made = dataset(_stored(bits), bits=bits)
    options: dict[str, Any] = {"j2k_cr": [2]} if syntax == uids.JPEG2000 else {"jls_error": 2}
    made.compress(syntax, generate_instance_uid=False, **options)
    return written(made)


def _jpeg(syntax: uids.UID, pixels: NDArray[Any], photometric: str | None = None, **options: Any) -> bytes:
    return dicom(pixels, syntax=syntax, photometric=photometric, frame=saved(pixels, "JPEG", **options))


def _floating() -> bytes:
    made = dataset(_stored(12), bits=12)
    del made.PixelData
    made.FloatPixelData = chest(12).astype("<f4").tobytes()
    made.BitsAllocated = 32
    for keyword in ("BitsStored", "HighBit", "PixelRepresentation"):
        delattr(made, keyword)
    return written(made)


def dicoms() -> Iterator[Kind]:
    """Yield the kinds of DICOM files: transfer syntax by bits and photometric interpretation."""
    for syntax in (*NATIVE, *LOSSLESS):
        kind = partial(Kind, format=syntax.name)
        for bits in (8, 10, 12, 16):
            yield kind(
                pixels=f"{bits} bits, MONOCHROME2", make=partial(_dicom, syntax, _stored(bits), bits=bits)
            )
        yield kind(
            pixels="12 bits, signed, MONOCHROME2",
            make=partial(_dicom, syntax, _stored(12, signed=True), bits=12),
        )
        yield kind(
            pixels="12 bits, MONOCHROME1",
            make=partial(_dicom, syntax, _stored(12), bits=12, photometric="MONOCHROME1"),
        )
        yield kind(pixels="8 bits, RGB", make=partial(_dicom, syntax, _colours()))
    for syntax in NATIVE:
        yield Kind(format=syntax.name, pixels="8 bits, PALETTE COLOR", make=partial(_palette, syntax))
        yield Kind(
            format=syntax.name,
            pixels="8 bits, YBR_FULL",
            make=partial(_dicom, syntax, _grey_ybr(), photometric="YBR_FULL"),
        )
        yield Kind(
            format=syntax.name,
            pixels="8 bits, CMYK",
            make=partial(_dicom, syntax, _colours(), photometric="CMYK"),
            refused=UnsupportedImage,
        )
    yield from _lossy()
    for syntax in (uids.JPEGLosslessSV1, uids.JPEGLossless):
        for bits in (8, 12, 16):
            frame = lossless_jpeg(
                _stored(bits), bits=bits, predictor=1 if syntax == uids.JPEGLosslessSV1 else 4
            )
            yield Kind(
                format=syntax.name,
                pixels=f"{bits} bits, MONOCHROME2",
                make=partial(dicom, _stored(bits), bits=bits, syntax=syntax, frame=frame),
            )
    for syntax in UNREAD:
        frame = b"\xff\x4f\xff\x51"
        yield Kind(
            format=syntax.name,
            pixels="any",
            make=partial(dicom, _stored(12), bits=12, syntax=syntax, frame=frame),
            refused=UnsupportedImage,
        )
    native = uids.ExplicitVRLittleEndian.name
    yield Kind(format=native, pixels="floating point", make=_floating, refused=UnsupportedImage)
    yield Kind(
        format=native,
        pixels="several frames",
        make=partial(dicom, _stored(12), bits=12, NumberOfFrames=2),
        refused=UnsuitableImage,
    )
    yield Kind(
        format=native,
        pixels="no pixels",
        make=partial(dicom, _stored(12), bits=12, PixelData=None),
        refused=UnreadableImage,
    )


def _lossy() -> Iterator[Kind]:
    for syntax in (uids.JPEGLSNearLossless, uids.JPEG2000):
        for bits in (8, 12, 16):
            yield Kind(
                format=syntax.name,
                pixels=f"{bits} bits, MONOCHROME2",
                make=partial(_near_lossless, syntax, bits),
            )
    for syntax in (uids.JPEGBaseline8Bit, uids.JPEGExtended12Bit):
        yield Kind(format=syntax.name, pixels="8 bits, MONOCHROME2", make=partial(_jpeg, syntax, ramp()))
        yield Kind(
            format=syntax.name,
            pixels="8 bits, MONOCHROME2, progressive",
            make=partial(_jpeg, syntax, ramp(), progressive=True),
        )
    for photometric, subsampling in (("YBR_FULL", 0), ("YBR_FULL_422", 1)):
        yield Kind(
            format=uids.JPEGBaseline8Bit.name,
            pixels=f"8 bits, {photometric}",
            make=partial(
                _jpeg, uids.JPEGBaseline8Bit, _colours(), photometric=photometric, subsampling=subsampling
            ),
        )


RASTERS = tuple(rasters())
DICOMS = tuple(dicoms())
