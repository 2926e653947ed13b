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


def test_scans_without_number_are_refused() -> None:
    assert read_skeleton(_scans(0)).scans == 6
    with pytest.raises(UnreadableImage, match="scans"):
        read(_scans(MAX_SCANS))


def test_a_large_progressive_image_is_refused() -> None:
    data = saved(np.zeros((9_000, 9_900), np.uint8), "JPEG", progressive=True)
    with pytest.raises(ImageTooLarge, match="progressive"):
        read(data)


def test_a_cut_image_with_an_end_put_on_is_refused() -> None:
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


def test_a_thumbnail_is_not_the_image() -> None:
    data, small = saved(ramp(), "JPEG"), saved(ramp(16, 16), "JPEG")
    segment = b"\xff\xed" + struct.pack(">H", len(small) + 2) + small
    radiograph = read(data[:2] + segment + data[2:])
    assert radiograph.pixels.shape == ramp().shape


@pytest.mark.parametrize("process", [0xC3, 0xC5, 0xC9, 0xCA, 0xF7])
def test_rare_processes_are_named_unsupported(process: int) -> None:
    data = bytearray(saved(ramp(), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = process
    with pytest.raises(UnsupportedImage, match="This kind of JPEG"):
        read(bytes(data))


def test_lossless_jpeg_is_named_unsupported() -> None:
    with pytest.raises(UnsupportedImage):
        read(lossless_jpeg(ramp(), bits=8))


def test_twelve_bits_and_odd_components_are_named_unsupported() -> None:
    data = saved(ramp(), "JPEG")
    at = data.index(b"\xff\xc0")
    for offset, value in ((4, 12), (9, 2)):
        changed = bytearray(data)
        changed[at + offset] = value
        with pytest.raises(UnsupportedImage):
            read(bytes(changed))


def test_segments_without_number_are_refused() -> None:
    with pytest.raises(UnreadableImage):
        read(b"\xff\xd8\xff" + b"\xfe\x00\x02\xff" * 1_000_000)
