"""Every format and bit depth against the picture that was written."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from model.errors import ImageError, UnreadableImage, UnsuitableImage
from model.reading import read, read_mask

from .pictures import noise, ramp, saved, tiff_file

_LOSSLESS = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
}


def _image(mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(ramp().astype(np.uint16) * 257)
    return Image.fromarray(ramp()).convert(mode)


@pytest.mark.parametrize(
    ("kind", "mode"), [(kind, mode) for kind, modes in _LOSSLESS.items() for mode in modes]
)
def test_lossless_formats_keep_every_value(kind: str, mode: str) -> None:
    data = saved(_image(mode), kind)
    radiograph = read(data)
    expected = np.asarray(_image(mode)) * np.uint8(255) if mode == "1" else ramp()
    if mode == "I;16":
        assert radiograph.applied == ("sixteen_bit",)
        assert radiograph.pixels.dtype == np.uint16
        np.testing.assert_array_equal(radiograph.pixels, ramp().astype(np.uint16) * 257)
    else:
        assert radiograph.pixels.dtype == np.uint8
        np.testing.assert_array_equal(radiograph.pixels, expected)
    assert radiograph.pixels.flags.c_contiguous
    assert (radiograph.width, radiograph.height) == radiograph.pixels.shape[::-1]
    assert radiograph.spacing_mm is None
    assert radiograph.dataset is None
    np.testing.assert_array_equal(read_mask(data), expected > 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_the_picture(mode: str, progressive: bool) -> None:
    radiograph = read(saved(_image(mode), "JPEG", quality=95, progressive=progressive))
    assert np.abs(radiograph.pixels.astype(int) - ramp()).max() <= 8
    assert radiograph.applied == (() if mode == "L" else ("grey",))


@pytest.mark.parametrize(
    "options", [{"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits")]
)
def test_compressed_tiff_keeps_every_value(options: dict[str, str]) -> None:
    np.testing.assert_array_equal(read(saved(ramp(), "TIFF", **options)).pixels, ramp())


@pytest.mark.parametrize("lossless", [False, True])
def test_webp_is_read(lossless: bool) -> None:
    radiograph = read(saved(_image("RGB"), "WEBP", lossless=lossless, quality=95))
    assert np.abs(radiograph.pixels.astype(int) - ramp()).max() <= (0 if lossless else 12)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_colour_becomes_luma(kind: str) -> None:
    colours = np.zeros((48, 48, 3), np.uint8)
    colours[:16, :, 0] = colours[16:32, :, 1] = colours[32:, :, 2] = 200
    all_options: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True},
        "JPEG": {"quality": 100, "subsampling": 0},
    }
    options = all_options.get(kind, {})
    pixels = read(saved(colours, kind, **options)).pixels
    for top, expected in ((0, 60), (16, 117), (32, 23)):
        assert abs(int(pixels[top + 8, 24]) - expected) <= 2


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparency_is_ignored(kind: str) -> None:
    veiled = np.dstack([ramp(), ramp(), ramp(), np.zeros_like(ramp())])
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = saved(veiled, kind, **options)
    np.testing.assert_array_equal(read(data).pixels, ramp())
    np.testing.assert_array_equal(read_mask(data), ramp() > 0)


@pytest.mark.parametrize("kind", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_kept_however_dark(kind: str, channels: int) -> None:
    # Twelve bits in a container of sixteen: the higher eight alone would leave sixteen greys.
    dark = ramp().astype(np.uint16) * 16
    encoded = cv2.imencode(kind, dark if channels == 1 else cv2.merge([dark] * 3))[1].tobytes()
    pixels = read(encoded).pixels
    assert pixels.dtype == np.uint16
    assert np.abs(pixels.astype(int) - dark).max() <= 1


def test_eight_and_sixteen_bits_are_one_picture() -> None:
    eight, sixteen = (
        read(saved(ramp(), "PNG")).pixels,
        read(saved(ramp().astype(np.uint16) * 257, "PNG")).pixels,
    )
    np.testing.assert_array_equal(sixteen, eight.astype(np.uint16) * 257)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_truncated_file_is_rejected(kind: str) -> None:
    data = saved(noise(), kind)
    for end in {*range(0, len(data), max(1, len(data) // 150)), *range(len(data) - 24, len(data))}:
        # A TIFF's last bytes can be padding, and a bitmap's first ones a word.
        with pytest.raises(ImageError):
            read(data[:end])
    assert read(data).pixels.shape == noise().shape


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_several_pages_or_frames_are_rejected(kind: str) -> None:
    pages = [Image.fromarray(ramp()), Image.fromarray(noise())]
    data = saved(pages[0], kind, save_all=True, append_images=pages[1:])
    for reader in (read, read_mask):
        with pytest.raises(UnsuitableImage):
            reader(data)


def test_of_a_multi_picture_jpeg_the_first_is_read() -> None:
    pages = [Image.fromarray(ramp()).convert("RGB"), Image.fromarray(noise()).convert("RGB")]
    data = saved(pages[0], "MPO", save_all=True, append_images=pages[1:], quality=95)
    assert data.count(b"\xff\xd8\xff") > 1
    assert np.abs(read(data).pixels.astype(int) - ramp()).max() <= 8


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_bytes_after_the_end_are_ignored(kind: str) -> None:
    data = saved(ramp(), kind)
    np.testing.assert_array_equal(read(data + bytes(1000)).pixels, read(data).pixels)


def test_thin_strip_is_read() -> None:
    strip = np.tile(ramp(20_000, 2)[:, :1], (1, 16))
    np.testing.assert_array_equal(read(saved(strip, "PNG")).pixels, strip)


@pytest.mark.parametrize("shape", [(1, 1), (15, 400), (400, 15)])
def test_tiny_radiographs_are_rejected_but_masks_are_read(shape: tuple[int, int]) -> None:
    data = saved(np.full(shape, 255, np.uint8), "PNG")
    with pytest.raises(UnsuitableImage, match="at least 16"):
        read(data)
    assert read_mask(data).all()


def test_mask_counts_every_channel() -> None:
    colours = np.zeros((20, 30, 3), np.uint8)
    colours[2:5, 3:9, 2] = 1
    mask = read_mask(saved(colours, "PNG"))
    assert mask.dtype == np.bool_
    assert mask.sum() == 18
    assert mask[2:5, 3:9].all()


def test_mask_counts_a_palettes_colours_and_not_its_indices() -> None:
    indices = Image.fromarray(np.repeat(np.arange(3, dtype=np.uint8), 16)[None].repeat(20, 0), "P")
    indices.putpalette([0, 0, 255, 0, 0, 0, 255, 0, 0])
    mask = read_mask(saved(indices, "PNG"))
    assert mask[:, :16].all()
    assert not mask[:, 16:32].any()
    assert mask[:, 32:].all()


def test_mask_of_sixteen_bits_counts_the_lowest() -> None:
    values = np.zeros((20, 20), np.uint16)
    values[3, 4] = 1
    for data in (saved(values, "PNG"), tiff_file(np.dstack([values] * 3))):
        assert np.argwhere(read_mask(data)).tolist() == [[3, 4]]


def test_real_radiographs_are_read_as_they_are(shared_data: Path) -> None:
    for path in sorted((shared_data / "montgomery" / "validation" / "images").glob("*.png"))[:3]:
        np.testing.assert_array_equal(read(path).pixels, cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def test_damage_within_a_png_is_found() -> None:
    data = bytearray(saved(noise(), "PNG"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UnreadableImage):
        read(bytes(data))
