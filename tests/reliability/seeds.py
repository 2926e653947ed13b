"""Small whole files of every kind that is read: what mutations start from."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from samples.phantom import phantom
from tests.app.fakes import dicom as digital_radiograph
from tests.app.fakes import encode, picture
from tests.model.reading.dicom.files import chest, compressed, dicom, written
from tests.model.reading.dicom.lossless_jpeg import lossless_jpeg
from tests.model.reading.dicom.test_display import table
from tests.model.reading.pictures import noise, ramp, saved, tiff_file


def seeds() -> dict[str, bytes]:
    """Whole files by name."""
    grey, colour = Image.fromarray(ramp()), Image.fromarray(np.dstack([ramp(), noise(), ramp()]))
    deep = chest(16, 48, 64)
    jpeg = saved(grey, "JPEG", quality=80)
    return {
        "png": encode(picture()),
        "png 16 bits": saved(deep, "PNG"),
        "png colour": saved(colour, "PNG"),
        "png alpha": saved(colour.convert("RGBA"), "PNG"),
        "png palette": saved(colour.convert("P"), "PNG"),
        "png 1 bit": saved(grey.convert("1"), "PNG"),
        "jpeg": jpeg,
        "jpeg progressive": saved(colour, "JPEG", progressive=True),
        "jpeg cmyk": saved(colour.convert("CMYK"), "JPEG"),
        "jpeg exif": saved(grey, "JPEG", exif=_turned()),
        "tiff": tiff_file(deep),
        "tiff lzw": saved(grey, "TIFF", compression="tiff_lzw"),
        "tiff deflate": saved(colour, "TIFF", compression="tiff_adobe_deflate"),
        "tiff big endian": tiff_file(deep, order=">"),
        "tiff signed": tiff_file(deep.astype(np.int16), tags={339: (2,)}),
        "tiff 16 bits and transparency": tiff_file(np.dstack([deep, deep[::-1]]), tags={338: (2,)}),
        "tiff big": tiff_file(deep, order=">", big=True),
        "tiff thumbnail": _with_thumbnail(),
        "png in margins": encode(_in_margins()),
        "bmp": saved(grey, "BMP"),
        "webp": saved(colour, "WEBP"),
        "webp lossless": saved(colour, "WEBP", lossless=True),
        "dicom dx": _same_every_time(digital_radiograph(picture())),
        "dicom": dicom(chest(), bits=12, WindowCenter=2048, WindowWidth=1024),
        "dicom inverted": dicom(
            chest(), bits=12, photometric="MONOCHROME1", RescaleSlope="2", RescaleIntercept="-7"
        ),
        "dicom implicit": dicom(chest(), syntax=ImplicitVRLittleEndian),
        "dicom big endian": dicom(chest(), syntax=ExplicitVRBigEndian),
        "dicom deflated": dicom(chest(), syntax=DeflatedExplicitVRLittleEndian),
        "dicom rle": written(compressed(chest(), RLELossless)),
        "dicom jpeg": dicom(ramp(), syntax=JPEGBaseline8Bit, frame=jpeg),
        "dicom jpeg-ls": written(compressed(chest(), JPEGLSLossless)),
        "dicom jpeg 2000": written(compressed(chest(), JPEG2000Lossless)),
        "dicom jpeg lossless": dicom(
            chest(), bits=12, syntax=JPEGBaseline8Bit, frame=lossless_jpeg(chest(), bits=12)
        ),
        "dicom jpeg progressive": dicom(
            ramp(), syntax=RLELossless, frame=saved(grey, "JPEG", quality=80, progressive=True)
        ),
        "dicom linear": dicom(
            chest(),
            bits=12,
            PixelIntensityRelationship="LIN",
            PixelIntensityRelationshipSign=1,
            PresentationIntentType="FOR PROCESSING",
        ),
        "dicom higher bits": dicom(
            chest(12) << np.uint16(4),
            bits=12,
            HighBit=15,
            PixelRepresentation=1,
            PresentationLUTShape="INVERSE",
            VOILUTSequence=table(np.arange(4096, dtype="<u2")),
        ),
    }


def _with_thumbnail() -> bytes:
    file, image = BytesIO(), Image.fromarray(ramp())
    small = image.resize((16, 16))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    image.save(file, "TIFF", save_all=True, append_images=[small])
    return file.getvalue()


def _in_margins() -> NDArray[np.uint8]:
    return np.pad(
        phantom(width=96, height=80).pixels.astype(np.uint8), ((20, 50), (60, 40)), constant_values=255
    )


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _same_every_time(data: bytes) -> bytes:
    made = dcmread(BytesIO(data))
    for index, keyword in enumerate(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")):
        setattr(made, keyword, f"1.2.3.{index}")
    return written(made)
