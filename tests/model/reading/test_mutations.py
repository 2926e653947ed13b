"""Randomly changed files are read, or rejected with an ImageError."""

import zlib
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid as uids

from model.errors import ImageError
from model.reading import read, read_mask

from .dicom.files import chest, compressed, dicom, written
from .pictures import ramp, saved, tiff_file

Change = tuple[float, int, int]
CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255), st.sampled_from([0, 0, 0, 1, 4, 32])),
    min_size=1,
    max_size=6,
)

REPEATABLE = settings(derandomize=True, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])


@cache
def _files() -> dict[str, bytes]:
    image, exif = Image.fromarray(ramp()), Image.Exif()
    exif[0x112] = 6
    colour, small = image.convert("RGB"), chest(12, 32, 40)
    return {
        "png": saved(image, "PNG", exif=exif),
        "png palette": saved(image.convert("P"), "PNG"),
        "png 16": cv2.imencode(".png", chest())[1].tobytes(),
        "jpeg": saved(colour, "JPEG", exif=exif),
        "jpeg progressive": saved(colour, "JPEG", progressive=True),
        "jpeg cmyk": saved(image.convert("CMYK"), "JPEG"),
        "tiff": saved(image, "TIFF"),
        "tiff lzw": saved(colour, "TIFF", compression="tiff_lzw"),
        "tiff fax": saved(image.convert("1"), "TIFF", compression="group4"),
        "tiff jpeg": saved(colour, "TIFF", compression="jpeg"),
        "tiff 16": tiff_file(np.dstack([small] * 3)),
        "bmp": saved(colour, "BMP"),
        "bmp palette": saved(image.convert("P"), "BMP"),
        "webp": saved(colour, "WEBP", exif=exif),
        "webp lossless": saved(image.convert("RGBA"), "WEBP", lossless=True),
        "dicom implicit": dicom(
            small, bits=12, syntax=uids.ImplicitVRLittleEndian, WindowCenter=1, WindowWidth=9
        ),
        "dicom explicit": dicom(small, bits=12, RescaleSlope=1, RescaleIntercept=0, PixelSpacing=[1, 1]),
        "dicom big endian": dicom(small, bits=12, syntax=uids.ExplicitVRBigEndian),
        "dicom deflated": dicom(small, bits=12, syntax=uids.DeflatedExplicitVRLittleEndian),
        "dicom rle": written(compressed(small, uids.RLELossless, bits=12)),
        "dicom jpeg": dicom(ramp(), syntax=uids.JPEGBaseline8Bit, frame=saved(ramp(), "JPEG")),
        "dicom jpeg-ls": written(compressed(small, uids.JPEGLSLossless, bits=12)),
        "dicom jpeg 2000": written(compressed(small, uids.JPEG2000Lossless, bits=12)),
    }


NAMES = (
    "png", "png palette", "png 16", "jpeg", "jpeg progressive", "jpeg cmyk",
    "tiff", "tiff lzw", "tiff fax", "tiff jpeg", "tiff 16", "bmp", "bmp palette", "webp", "webp lossless",
    "dicom implicit", "dicom explicit", "dicom big endian", "dicom deflated",
    "dicom rle", "dicom jpeg", "dicom jpeg-ls", "dicom jpeg 2000",
)  # fmt: skip


def _changed(data: bytes, changes: list[Change]) -> bytes:
    """Sets bytes, or takes some out."""
    changed = bytearray(data)
    for place, value, removed in changes:
        position = int(place * len(changed))
        changed[position : position + max(removed, 1)] = b"" if removed else bytes([value])
    return bytes(changed)


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks' checksums are right, so that the change goes on to the decoder."""
    mended, position = bytearray(data), 8
    while position + 12 <= len(mended):
        end = position + 12 + int.from_bytes(mended[position : position + 4], "big")
        if end > len(mended):
            break
        mended[end - 4 : end] = zlib.crc32(mended[position + 4 : end - 4]).to_bytes(4, "big")
        position = end
    return bytes(mended)


def _refusal(reader: Callable[..., object], data: bytes) -> str:
    """What it is refused with; a full stop where it is read."""
    try:
        reader(data, max_pixels=1_000_000)
    except ImageError as error:
        return str(error)
    return "."


@pytest.mark.parametrize("name", NAMES)
@settings(REPEATABLE, max_examples=60, suppress_health_check=list(HealthCheck))
@given(changes=CHANGES)
def test_changed_bytes_are_read_or_rejected(name: str, changes: list[Change]) -> None:
    changed = _changed(_files()[name], changes)
    data = _with_checksums(changed) if name.startswith("png") else changed
    for reader in (read, read_mask):
        assert _refusal(reader, data).endswith(".")


@settings(REPEATABLE, max_examples=300)
@given(start=st.sampled_from(NAMES), kept=st.integers(0, 200), rest=st.binary(max_size=300))
def test_random_bytes_after_a_signature_are_read_or_rejected(start: str, kept: int, rest: bytes) -> None:
    for reader in (read, read_mask):
        assert _refusal(reader, _files()[start][:kept] + rest).endswith(".")
