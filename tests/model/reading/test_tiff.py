import re
import zlib
from io import BytesIO
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.errors import UnreadableImage, UnsuitableImage, UnsupportedImage
from model.reading import read
from model.reading.orientation import turn_upright

from .pictures import noise, ramp, saved, tiff_file


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("samples", [1, 3])
def test_sixteen_bits_of_either_byte_order(order: Literal["<", ">"], samples: int) -> None:
    values = ramp().astype(np.uint16) * 200
    pixels = values if samples == 1 else np.dstack([values] * 3)
    assert np.abs(read(tiff_file(pixels, order=order)).pixels.astype(int) - values).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_is_inverted(dtype: type[np.uint8] | type[np.uint16]) -> None:
    values = ramp().astype(dtype)
    radiograph = read(tiff_file(values, tags={262: (0,)}))
    np.testing.assert_array_equal(radiograph.pixels, np.iinfo(dtype).max - values)


def test_bilevel_fax_is_read() -> None:
    page = Image.fromarray(ramp() > 100)
    np.testing.assert_array_equal(read(saved(page, "TIFF", compression="group4")).pixels > 0, ramp() > 100)


def test_jpeg_within_tiff_is_read() -> None:
    pixels = read(saved(ramp(), "TIFF", compression="jpeg", quality=95)).pixels
    assert np.abs(pixels.astype(int) - ramp()).max() <= 8


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("dtype", "sample_format", "words"),
    [
        (np.float16, 3, "floating-point values"),
        (np.float32, 3, "floating-point values"),
        (np.float64, 3, "floating-point values"),
        (np.complex64, 6, "complex values"),
        (np.uint32, 1, "holds values of 32 bits"),
        (np.uint64, 1, "holds values of 64 bits"),
        (np.int32, 2, "signed values of 32 bits"),
    ],
)
def test_other_values_are_rejected_by_what_they_are(
    dtype: type[Any], sample_format: int, words: str, order: Literal["<", ">"]
) -> None:
    data = tiff_file(ramp().astype(dtype), tags={339: (sample_format,)}, order=order)
    with pytest.raises(UnsupportedImage, match=words):
        read(data)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("least", [0, -300, -32768])
def test_signed_sixteen_bits_keep_order_and_distances(order: Literal["<", ">"], least: int) -> None:
    values = (ramp().astype(np.int16) * 100 + least).astype(np.int16)
    radiograph = read(tiff_file(values, tags={339: (2,)}, order=order))
    assert radiograph.pixels.dtype == np.uint16
    differences = radiograph.pixels.astype(int) - values.astype(int)
    assert np.ptp(differences) == 0
    assert radiograph.pixels.min() == max(values.min(), 0)


def test_signed_eight_bits_keep_order_and_distances() -> None:
    values = (ramp().astype(int) - 100).clip(-128, 127).astype(np.int8)
    pixels = read(tiff_file(values, tags={339: (2,)})).pixels
    assert np.ptp(pixels.astype(int) - values.astype(int)) == 0


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 2])
def test_transparency_beside_sixteen_bits_of_grey_is_ignored(order: Literal["<", ">"], kind: int) -> None:
    values = ramp().astype(np.uint16) * 200
    pairs = np.dstack([values, np.full_like(values, 40_000)])
    radiograph = read(tiff_file(pairs, tags={338: (kind,)}, order=order))
    np.testing.assert_array_equal(radiograph.pixels, values)
    assert (radiograph.height, radiograph.width) == values.shape


def _pairs() -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Grey, and the same with a transparency that differs from pixel to pixel."""
    values = ramp().astype(np.uint16) * 200
    return values, np.dstack([values, noise().astype(np.uint16) * 257])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_transparency_with_a_predictor_is_ignored(order: Literal["<", ">"], big: bool) -> None:
    values, pairs = _pairs()
    differences = pairs.copy()
    differences[:, 1:] -= pairs[:, :-1]
    strip = zlib.compress(differences.astype(differences.dtype.newbyteorder(order)).tobytes())
    data = tiff_file(pairs, tags={338: (2,), 317: (2,), 259: (8,)}, order=order, big=big, strip=strip)
    np.testing.assert_array_equal(read(data).pixels, values)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_sixteen_bits_with_transparency_are_oriented(orientation: int) -> None:
    values, pairs = _pairs()
    radiograph = read(tiff_file(pairs, tags={338: (2,), 274: (orientation,)}))
    np.testing.assert_array_equal(radiograph.pixels, turn_upright(values, orientation))
    assert (radiograph.height, radiograph.width) == radiograph.pixels.shape


def _tiled(values: NDArray[Any], tags: dict[int, tuple[int, ...]]) -> bytes:
    """``(64, 64)`` in four tiles."""
    tiles = np.concatenate([values[top : top + 32, left : left + 32] for top in (0, 32) for left in (0, 32)])
    size = tiles[:32].nbytes
    places = {322: (32,), 323: (32,), 324: tuple(8 + size * index for index in range(4)), 325: (size,) * 4}
    return tiff_file(tiles, tags={256: (64,), 257: (64,), 273: (), 278: (), 279: ()} | places | tags)


def test_tiles_with_transparency_are_read() -> None:
    values = noise(64, 64).astype(np.uint16) * 251
    pairs = np.dstack([values, np.flip(values)])
    np.testing.assert_array_equal(read(_tiled(pairs, {338: (2,)})).pixels, values)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_bigtiff_of_either_byte_order(
    order: Literal["<", ">"], dtype: type[np.uint8] | type[np.uint16] | type[np.int16]
) -> None:
    values = ramp().astype(dtype)
    tags: dict[int, tuple[int, ...]] = {339: (2,)} if dtype is np.int16 else {}
    np.testing.assert_array_equal(read(tiff_file(values, tags=tags, order=order, big=True)).pixels, ramp())


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_keep_their_order(bits: int, white_is_zero: bool) -> None:
    values = ramp().astype(np.uint16) << np.uint16(bits - 8)
    one_by_one = values[..., None] >> np.arange(bits, dtype=np.uint16)[::-1] & 1
    strip = np.packbits(one_by_one.reshape(len(values), -1), axis=1).tobytes()
    data = tiff_file(values, tags={258: (bits,), 262: (0 if white_is_zero else 1,)}, strip=strip)
    pixels = read(data).pixels.astype(int)
    expected = ramp().astype(int) * 256
    full = 2**16 - 2 ** (16 - bits)
    np.testing.assert_array_equal(pixels, full - expected if white_is_zero else expected)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_signed_white_is_zero_is_inverted(
    order: Literal["<", ">"], dtype: type[np.int8] | type[np.int16]
) -> None:
    values = (ramp().astype(int) - 120).clip(-128, 127).astype(dtype)
    pixels = read(tiff_file(values, tags={339: (2,), 262: (0,)}, order=order)).pixels
    assert np.ptp(pixels.astype(int) + values) == 0


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_of_white_is_zero_in_either_byte_order(order: Literal["<", ">"]) -> None:
    values = ramp().astype(np.uint16) * 100
    pixels = read(tiff_file(values, tags={262: (0,)}, order=order)).pixels
    np.testing.assert_array_equal(pixels, 65535 - values)


@pytest.mark.parametrize("turned", [1, 3, 6])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_orientation_of_grey(turned: int, dtype: type[np.uint8] | type[np.uint16] | type[np.int16]) -> None:
    tags: dict[int, tuple[int, ...]] = {274: (turned,)}
    if dtype is np.int16:
        tags[339] = (2,)
    radiograph = read(tiff_file(ramp().astype(dtype), tags=tags))
    np.testing.assert_array_equal(radiograph.pixels, turn_upright(ramp(), turned))
    assert (radiograph.height, radiograph.width) == radiograph.pixels.shape
    assert ("exif_orientation" in radiograph.applied) == (turned != 1)


@pytest.mark.parametrize("kind", [1, 4])
def test_thumbnail_and_mask_pages_are_passed_over(kind: int) -> None:
    image = Image.fromarray(ramp())
    second = image.resize((16, 16))
    second.encoderinfo = {"tiffinfo": {254: kind}}
    data = BytesIO()
    image.save(data, "TIFF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(read(data.getvalue()).pixels, ramp())


def test_second_page_is_rejected() -> None:
    image = Image.fromarray(ramp())
    data = BytesIO()
    image.save(data, "TIFF", save_all=True, append_images=[image])
    with pytest.raises(UnsuitableImage, match="several pages"):
        read(data.getvalue())


@pytest.mark.parametrize(
    ("compression", "name"),
    [
        (6, "JPEG as of TIFF 5"),
        (34712, "JPEG 2000"),
        (34887, "LERC"),
        (34892, "lossy JPEG"),
        (34925, "LZMA"),
        (34933, "PNG"),
        (50000, "Zstandard"),
        (50001, "WebP"),
        (50002, "JPEG XL"),
        (777, "number 777"),
    ],
)
def test_rare_compressions_are_rejected_by_name(compression: int, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=re.escape(f"({name}) is not read: save it with LZW")):
        read(tiff_file(ramp(), tags={259: (compression,)}))


@pytest.mark.parametrize(
    ("pixels", "tags"),
    [
        (np.dstack([ramp().astype(np.uint16)] * 3), {}),
        (np.dstack([ramp().astype(np.uint16)] * 2), {338: (2,)}),
        (np.dstack([ramp()] * 2), {338: (2,)}),
    ],
)
def test_separate_planes_are_rejected_by_name(pixels: NDArray[Any], tags: dict[int, tuple[int, ...]]) -> None:
    with pytest.raises(UnsupportedImage, match="separate planes"):
        read(tiff_file(pixels, tags={284: (2,), **tags}))


@pytest.mark.parametrize(
    ("pixels", "tags", "words"),
    [
        (np.dstack([ramp().astype(np.uint16)] * 4), {262: (5,)}, r"4 values a pixel of 16 bits \(CMYK\)"),
        (np.dstack([ramp()] * 3), {262: (8,)}, "CIELAB"),
        (np.dstack([ramp()] * 7), {262: (1,)}, "7 values a pixel"),
        (ramp().astype(np.uint16), {262: (32803,)}, "a camera's raw values"),
        (np.dstack([ramp()] * 3).astype(np.int8), {339: (2, 2, 2)}, "signed colours"),
    ],
)
def test_colours_that_are_not_read_are_named(
    pixels: NDArray[Any], tags: dict[int, tuple[int, ...]], words: str
) -> None:
    with pytest.raises(UnsupportedImage, match=words):
        read(tiff_file(pixels, tags=tags))


def test_preview_without_its_image_is_named() -> None:
    with pytest.raises(UnsupportedImage, match="Only the preview"):
        read(tiff_file(ramp(), tags={254: (1,), 330: (8,)}))
    np.testing.assert_array_equal(read(tiff_file(ramp(), tags={254: (1,)})).pixels, ramp())


def test_unsupported_kinds_are_named() -> None:
    palette = {262: (3,), 320: tuple(range(768))}
    with pytest.raises(UnsupportedImage, match="big-endian order is read in grey"):
        read(tiff_file(ramp(), tags=palette, order=">", big=True))
    with pytest.raises(UnsupportedImage, match="JPEG is read with 8 bits only"):
        read(tiff_file(ramp().astype(np.uint16), tags={258: (12,), 259: (7,)}))


def test_picture_behind_its_thumbnail_is_read() -> None:
    image = Image.fromarray(ramp())
    image.encoderinfo = {"tiffinfo": {254: 0}}
    first = image.resize((16, 16))
    data = BytesIO()
    first.save(data, "TIFF", save_all=True, append_images=[image], tiffinfo={254: 1})
    np.testing.assert_array_equal(read(data.getvalue()).pixels, ramp())


def test_tiles_are_read() -> None:
    values = noise(64, 64)
    np.testing.assert_array_equal(read(_tiled(values, {})).pixels, values)


def test_tile_far_larger_than_its_image_is_rejected() -> None:
    tags = {273: (), 278: (), 279: (), 322: (1 << 20,), 323: (1 << 20,), 324: (8,), 325: (1024,)}
    with pytest.raises(UnreadableImage):
        read(tiff_file(ramp(), tags=tags))


def test_strips_that_lie_outside_the_file_are_found() -> None:
    with pytest.raises(UnreadableImage):
        read(tiff_file(ramp(), tags={279: (10_000_000,)}))


def test_directory_that_points_at_itself_is_read_once() -> None:
    data = bytearray(tiff_file(ramp()))
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    end = at + 2 + 12 * entries
    data[end : end + 4] = at.to_bytes(4, "little")
    np.testing.assert_array_equal(read(bytes(data)).pixels, ramp())


def test_files_of_opencv_are_read() -> None:
    encoded = cv2.imencode(".tiff", ramp().astype(np.uint16))[1].tobytes()
    np.testing.assert_array_equal(read(encoded).pixels, ramp())
