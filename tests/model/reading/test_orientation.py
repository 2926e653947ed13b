import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from model.reading import read, read_mask
from model.reading.orientation import exif_orientation

from .pictures import ramp, saved, tiff_file

ORIENTATION = 0x112


def _turned(kind: str, orientation: int, **options: Any) -> bytes:
    image = Image.fromarray(ramp())
    if kind == "TIFF":
        tags = ImageFileDirectory_v2()
        tags[ORIENTATION] = orientation
        return saved(image, kind, tiffinfo=tags, **options)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return saved(image, kind, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_exif_orientation_is_applied(kind: str, options: dict[str, Any], orientation: int) -> None:
    data = _turned(kind, orientation, **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("L")
    radiograph = read(data)
    assert (radiograph.width, radiograph.height) == upright.size
    assert np.abs(radiograph.pixels.astype(int) - np.asarray(upright)).max() <= 2
    assert ("exif_orientation" in radiograph.applied) == (orientation != 1)
    assert read_mask(data).shape == radiograph.pixels.shape


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_tiff_of_sixteen_bit_colours_too(orientation: int) -> None:
    values = ramp().astype(np.uint16) * 200
    data = tiff_file(np.dstack([values] * 3), tags={ORIENTATION: (orientation,)})
    expected = {1: values, 3: values[::-1, ::-1], 6: np.rot90(values, -1)}[orientation]
    assert np.abs(read(data).pixels.astype(int) - expected).max() <= 4


def test_native_size_is_upright_when_decoded_smaller() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    radiograph = read(saved(Image.fromarray(ramp(400, 800)), "JPEG", exif=exif), min_side=100)
    assert (radiograph.width, radiograph.height) == (400, 800)
    assert radiograph.pixels.shape == (200, 100)


@pytest.mark.parametrize("orientation", [0, 9, 60_000])
def test_impossible_orientations_are_ignored(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert exif_orientation(exif.tobytes()) == 1


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x02\x00\x02\x00\x00\x006\x00\x00\x00\x00\x00\x00\x00",
        b"Exif\x00\x00",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"garbage",
        b"II*\x00\x08\x00\x00\x00\xff\xff",
    ],
)
def test_damaged_exif_is_ignored(exif: bytes) -> None:
    assert exif_orientation(exif) == 1
