import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from model.errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from model.reading import read, read_mask
from model.reading.jpeg_markers import MAX_SCANS, read_skeleton

from .dicom.lossless_jpeg import lossless_jpeg
from .pictures import noise, ramp, saved


@pytest.mark.parametrize(
    ("min_side", "shape"),
    [
        (None, (401, 803)),
        (201, (401, 803)),
        (200, (201, 402)),
        (100, (100, 201)),
        (50, (50, 100)),
        (1, (50, 100)),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_it_is_decoded_no_finer_than_needed(min_side: int | None, shape: tuple[int, int], mode: str) -> None:
    smooth = np.add.outer(np.arange(401) * 0.1, np.arange(803) * 0.25).astype(np.uint8)
    radiograph = read(saved(Image.fromarray(smooth).convert(mode), "JPEG", quality=95), min_side=min_side)
    assert radiograph.pixels.shape == shape
    assert (radiograph.width, radiograph.height) == (803, 401)
    same = cv2.resize(smooth, shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(radiograph.pixels.astype(int) - same).mean() < 2


def test_masks_are_never_reduced() -> None:
    assert read_mask(saved(ramp(400, 800), "JPEG")).shape == (400, 800)


def _scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last scan, which refines what is there."""
    data = saved(ramp(), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * count + b"\xff\xd9"


def test_too_many_scans_are_rejected() -> None:
    assert read_skeleton(_scans(0)).scans == 6
    with pytest.raises(UnreadableImage, match="scans"):
        read(_scans(MAX_SCANS))


def test_large_progressive_image_is_rejected() -> None:
    data = saved(np.zeros((9_000, 9_900), np.uint8), "JPEG", progressive=True)
    with pytest.raises(ImageTooLarge, match="progressive"):
        read(data)


def test_truncated_image_with_an_appended_end_marker_is_rejected() -> None:
    data = saved(np.zeros((2_000, 2_000), np.uint8), "JPEG")
    start = data.index(b"\xff\xda") + 10
    with pytest.raises(UnreadableImage):
        read(data[: start + 2_000] + b"\xff\xd9")


def test_restart_markers_and_fill_bytes_are_no_end() -> None:
    encoded = cv2.imencode(".jpg", noise(), [cv2.IMWRITE_JPEG_RST_INTERVAL, 1])[1].tobytes()
    assert b"\xff\xd1" in encoded
    at = encoded.index(b"\xff\xdb")
    filled = encoded[:at] + b"\xff\xff\xff" + encoded[at:]
    np.testing.assert_array_equal(read(filled).pixels, read(encoded).pixels)


def test_thumbnail_is_not_taken_for_the_image() -> None:
    data, small = saved(ramp(), "JPEG"), saved(ramp(16, 16), "JPEG")
    segment = b"\xff\xed" + struct.pack(">H", len(small) + 2) + small
    radiograph = read(data[:2] + segment + data[2:])
    assert radiograph.pixels.shape == ramp().shape


def _with_frame(**changes: int) -> bytes:
    """A JPEG whose frame header says something else: ``process``, ``bits`` or ``components``."""
    data = bytearray(saved(ramp(), "JPEG"))
    at = data.index(b"\xff\xc0")
    places = {"process": 1, "bits": 4, "components": 9}
    for name, value in changes.items():
        data[at + places[name]] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (lossless_jpeg(ramp(), bits=8), "lossless JPEG"),
        (_with_frame(process=0xF7), "JPEG-LS"),
        *((_with_frame(process=process), "hierarchical JPEG") for process in (0xC5, 0xC6, 0xC7)),
        *((_with_frame(process=process), "arithmetic coding") for process in (0xC9, 0xCA, 0xCB, 0xCD)),
        (_with_frame(bits=12), "JPEG of 12 bits"),
        (_with_frame(components=2), "neither grey, colour nor CMYK"),
    ],
)
def test_kinds_that_are_not_read_are_named(data: bytes, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=f"{name}.*Save it as"):
        read(data)


def test_too_many_segments_are_rejected() -> None:
    with pytest.raises(UnreadableImage):
        read(b"\xff\xd8\xff" + b"\xfe\x00\x02\xff" * 1_000_000)
