from io import BytesIO
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image

from model.errors import ImageError, UnreadableImage, UnsuitableImage, UnsupportedImage
from model.reading import read

from .pictures import ramp, saved, tiff_file


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


def test_a_bilevel_fax_is_read() -> None:
    page = Image.fromarray(ramp() > 100)
    np.testing.assert_array_equal(read(saved(page, "TIFF", compression="group4")).pixels > 0, ramp() > 100)


def test_jpeg_within_tiff_is_read() -> None:
    pixels = read(saved(ramp(), "TIFF", compression="jpeg", quality=95)).pixels
    assert np.abs(pixels.astype(int) - ramp()).max() <= 8


@pytest.mark.parametrize(("dtype", "word"), [(np.float32, "floating-point"), (np.int32, "32 bits")])
def test_other_values_are_refused_by_what_they_are(
    dtype: type[np.float32] | type[np.int32], word: str
) -> None:
    with pytest.raises(UnsupportedImage, match=word):
        read(saved(ramp().astype(dtype), "TIFF"))


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


def test_transparency_with_a_predictor_is_refused_in_words() -> None:
    pairs = np.dstack([ramp().astype(np.uint16)] * 2)
    with pytest.raises(UnsupportedImage, match="without transparency"):
        read(tiff_file(pairs, tags={338: (2,), 317: (2,)}))


@pytest.mark.parametrize("kind", [1, 4])
def test_thumbnail_and_mask_pages_are_passed_over(kind: int) -> None:
    image = Image.fromarray(ramp())
    second = image.resize((16, 16))
    second.encoderinfo = {"tiffinfo": {254: kind}}
    data = BytesIO()
    image.save(data, "TIFF", save_all=True, append_images=[second])
    np.testing.assert_array_equal(read(data.getvalue()).pixels, ramp())


def test_second_page_is_refused() -> None:
    image = Image.fromarray(ramp())
    data = BytesIO()
    image.save(data, "TIFF", save_all=True, append_images=[image])
    with pytest.raises(UnsuitableImage, match="several pages"):
        read(data.getvalue())


@pytest.mark.parametrize("compression", [34892, 50000, 50001, 6, 34925])
def test_rare_compressions_are_refused(compression: int) -> None:
    with pytest.raises(ImageError):
        read(tiff_file(ramp(), tags={259: (compression,)}))


def test_separate_planes_of_sixteen_bits_are_refused() -> None:
    with pytest.raises(UnsupportedImage, match="planes"):
        read(tiff_file(np.dstack([ramp().astype(np.uint16)] * 3), tags={284: (2,)}))


def test_tiles_are_read() -> None:
    values = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    tiles = np.concatenate([values[top : top + 32, left : left + 32] for top in (0, 32) for left in (0, 32)])
    offsets = tuple(8 + 1024 * index for index in range(4))
    tags = {
        256: (64,),
        257: (64,),
        273: (),
        278: (),
        279: (),
        322: (32,),
        323: (32,),
        324: offsets,
        325: (1024,) * 4,
    }
    data = tiff_file(tiles, tags=tags)
    np.testing.assert_array_equal(read(data).pixels, values)


def test_a_tile_far_larger_than_its_image_is_refused() -> None:
    tags = {273: (), 278: (), 279: (), 322: (1 << 20,), 323: (1 << 20,), 324: (8,), 325: (1024,)}
    with pytest.raises(UnreadableImage):
        read(tiff_file(ramp(), tags=tags))


def test_strips_that_lie_outside_the_file_are_found() -> None:
    with pytest.raises(UnreadableImage):
        read(tiff_file(ramp(), tags={279: (10_000_000,)}))


def test_a_directory_that_points_at_itself_ends() -> None:
    data = bytearray(tiff_file(ramp()))
    at = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[at : at + 2], "little")
    end = at + 2 + 12 * entries
    data[end : end + 4] = at.to_bytes(4, "little")
    np.testing.assert_array_equal(read(bytes(data)).pixels, ramp())


def test_what_opencv_writes_is_read() -> None:
    encoded = cv2.imencode(".tiff", ramp().astype(np.uint16))[1].tobytes()
    np.testing.assert_array_equal(read(encoded).pixels, ramp())
