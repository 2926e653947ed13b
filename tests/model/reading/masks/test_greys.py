"""Lossy, resized and smoothed masks: half of the range; label maps: all values; pictures: refused."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from model.reading import read_ground_truth
from samples.phantom import phantom

from ..pictures import png_file, saved, tiff_file
from .drawn import codes, grey, iou, labels, lungs, refusal


@pytest.mark.parametrize("side", [128, 256])
@pytest.mark.parametrize("quality", [10, 30, 50, 75, 95, 100])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_mask_is_the_png_mask(kind: str, quality: int, side: int) -> None:
    truth = read_ground_truth(saved(grey(lungs(side)), kind, quality=quality))
    assert iou(truth.mask, lungs(side)) >= 0.995
    assert codes(truth) == ["lossy"]
    assert "from 1" in truth.notes[0].message


@pytest.mark.parametrize("quality", [30, 75, 95, 100])
def test_jpeg_saved_as_png_is_cut_alike(quality: int) -> None:
    jpeg = Image.open(io.BytesIO(saved(grey(lungs()), "JPEG", quality=quality)))
    truth = read_ground_truth(saved(np.asarray(jpeg), "PNG"))
    assert iou(truth.mask, lungs()) >= 0.995
    assert codes(truth) == ["grey_levels"]


def test_jpeg_inside_a_tiff_is_lossy() -> None:
    truth = read_ground_truth(saved(grey(lungs()), "TIFF", compression="jpeg"))
    assert iou(truth.mask, lungs()) >= 0.995
    assert codes(truth) == ["lossy"]


@pytest.mark.parametrize("quality", [30, 80])
def test_small_lungs_in_a_jpeg(quality: int) -> None:
    small = np.zeros((400, 400), np.bool_)
    small[150:180, 100:118] = small[150:180, 140:158] = True
    truth = read_ground_truth(saved(grey(small), "JPEG", quality=quality))
    assert iou(truth.mask, small) >= 0.99


@pytest.mark.parametrize("value", [128, 200])
def test_jpeg_of_dim_lungs_is_cut_at_half_of_them(value: int) -> None:
    truth = read_ground_truth(saved(grey(lungs(), value), "JPEG", quality=70))
    assert iou(truth.mask, lungs()) >= 0.995


def test_jpeg_of_two_greys_loses_neither_lung() -> None:
    truth = read_ground_truth(saved(labels(128, 255), "JPEG", quality=70))
    assert iou(truth.mask, lungs()) >= 0.99
    assert codes(truth) == ["lossy", "values_joined"]


@pytest.mark.parametrize("quality", [80, 95])
def test_jpeg_of_zeros_and_ones_is_rejected_or_told_to_be_black(quality: int) -> None:
    data = saved(grey(lungs(), 1), "JPEG", quality=quality)
    try:
        truth = read_ground_truth(data)
    except Exception:
        assert "save it as grey PNG" in refusal(data)
    else:
        assert not truth.mask.any()
        assert codes(truth) == ["lossy"]
        assert "save it as PNG" in truth.notes[0].message


def test_black_jpeg_is_an_empty_mask() -> None:
    truth = read_ground_truth(saved(np.zeros((64, 64), np.uint8), "JPEG", quality=20))
    assert not truth.mask.any()


_METHODS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}


@pytest.mark.parametrize("method", _METHODS)
@pytest.mark.parametrize("scale", [0.4, 0.7, 1.6, 4])
@pytest.mark.parametrize("value", [255, 200])
def test_resized_mask_is_cut_at_half(method: str, scale: float, value: int) -> None:
    side = round(256 * scale)
    large = cv2.resize(grey(lungs()), (side, side), interpolation=cv2.INTER_LINEAR) >= 128
    resized = Image.fromarray(grey(lungs(), value)).resize((side, side), _METHODS[method])
    truth = read_ground_truth(saved(resized, "PNG"))
    assert iou(truth.mask, large) >= 0.97
    # The cut is half of the lungs' value; overshoot beyond it is not a separate value.
    middle = np.asarray(resized) >= value / 2
    assert iou(truth.mask, middle) >= 0.99
    assert "values_joined" not in codes(truth)


@pytest.mark.parametrize("sigma", [1, 3, 6])
def test_smoothed_mask_is_cut_at_half(sigma: float) -> None:
    smooth = cv2.GaussianBlur(grey(lungs()), (0, 0), sigma)
    truth = read_ground_truth(saved(smooth, "PNG"))
    assert iou(truth.mask, smooth >= 128) >= 0.99
    assert codes(truth) == ["grey_levels"]


def test_sixteen_bits_that_were_resized() -> None:
    wide = cv2.resize(lungs().astype(np.uint16) * 65535, (400, 400), interpolation=cv2.INTER_LANCZOS4)
    truth = read_ground_truth(saved(wide, "PNG"))
    assert iou(truth.mask, wide >= 32768) >= 0.99


def test_four_bits_that_were_smoothed() -> None:
    smooth = np.asarray(cv2.resize(grey(lungs(), 15), (128, 128), interpolation=cv2.INTER_AREA), np.uint8)
    packed = (smooth[:, ::2] << 4) | smooth[:, 1::2]
    truth = read_ground_truth(png_file(packed, width=128, depth=4, colour_type=0))
    assert iou(truth.mask, smooth >= 8) >= 0.98


@pytest.mark.parametrize(
    ("right", "left", "heart"),
    [
        pytest.param(1, 2, 0, id="1 2"),
        pytest.param(1, 2, 3, id="1 2 3"),
        pytest.param(128, 255, 0, id="128 255"),
        pytest.param(85, 170, 255, id="scaled"),
        pytest.param(10, 100, 90, id="far apart"),
        pytest.param(1, 200, 255, id="both ends"),
    ],
)
def test_label_map_is_not_taken_for_a_grey_ramp(right: int, left: int, heart: int) -> None:
    made = labels(right, left, heart)
    truth = read_ground_truth(saved(made, "PNG"))
    np.testing.assert_array_equal(truth.mask, made > 0)
    assert codes(truth) in (["values_joined"], ["ignore_value"])
    assert all(str(value) in truth.notes[0].message for value in (right, left))


def test_joined_values_are_in_a_note() -> None:
    truth = read_ground_truth(saved(labels(1, 2, 3), "PNG"))
    assert "(1, 2 and 3)" in truth.notes[0].message
    assert "lung_values" in truth.notes[0].message


def test_label_map_of_many_values() -> None:
    made = labels(1, 2, 3)
    for value in range(4, 90):
        row, column = divmod(value - 4, 20)
        made[200 + row * 9 : 208 + row * 9, 8 + column * 12 : 18 + column * 12] = value
    np.testing.assert_array_equal(read_ground_truth(saved(made, "PNG")).mask, made > 0)


def test_label_map_of_two_bits_has_the_values_that_are_stored() -> None:
    made = labels(1, 2)
    packed = made[:, ::4] << 6 | made[:, 1::4] << 4 | made[:, 2::4] << 2 | made[:, 3::4]
    data = png_file(packed, width=256, depth=2, colour_type=0)
    assert "(1 and 2)" in read_ground_truth(data).notes[0].message
    np.testing.assert_array_equal(read_ground_truth(data, lung_values={2}).mask, made == 2)


@pytest.mark.parametrize("ring", [False, True], ids=["an area", "a ring around the lungs"])
def test_255_beside_1_is_likely_to_be_ignored(ring: bool) -> None:
    made = labels(1, 1)
    if ring:
        made[(cv2.dilate(made, np.ones((3, 3))) > 0) & (made == 0)] = 255
    else:
        made[:30, :40] = 255
    truth = read_ground_truth(saved(made, "PNG"))
    np.testing.assert_array_equal(truth.mask, made > 0)
    assert codes(truth) == ["ignore_value"]
    assert "255 beside 1" in truth.notes[0].message
    named = read_ground_truth(saved(made, "PNG"), lung_values={1})
    np.testing.assert_array_equal(named.mask, lungs())
    assert codes(named) == []


def test_255_of_sixteen_bits_is_likely_to_be_ignored_too() -> None:
    made = labels(1, 1).astype(np.uint16)
    made[:30, :40] = 255
    assert codes(read_ground_truth(saved(made, "PNG"))) == ["ignore_value"]


@pytest.mark.parametrize("value", [1, 7, 128, 255])
def test_two_values_need_no_note(value: int) -> None:
    truth = read_ground_truth(saved(grey(lungs(), value), "PNG"))
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


@pytest.mark.parametrize("value", [1, 255, 256, 65535])
def test_two_values_of_sixteen_bits_need_no_note(value: int) -> None:
    wide = lungs().astype(np.uint16) * np.uint16(value)
    for data in (saved(wide, "PNG"), tiff_file(wide)):
        truth = read_ground_truth(data)
        np.testing.assert_array_equal(truth.mask, lungs())
        assert truth.notes == ()


@pytest.mark.parametrize("value", [1, 128, 255])
def test_one_value_everywhere_is_rejected(value: int) -> None:
    said = refusal(saved(np.full((64, 64), value, np.uint8), "PNG"))
    assert said.startswith(f"Every pixel of the mask is {value}, so there is no background")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_white_that_was_compressed_is_rejected(kind: str) -> None:
    assert "no background" in refusal(saved(np.full((64, 64), 255, np.uint8), kind, quality=80))


def test_two_values_without_zero_are_rejected() -> None:
    said = refusal(saved(np.where(lungs(), 2, 1).astype(np.uint8), "PNG"))
    assert said.startswith("No pixel of the mask is 0, so there is no background")
    assert "lung_values" in said
    truth = read_ground_truth(saved(np.where(lungs(), 2, 1).astype(np.uint8), "PNG"), lung_values={2})
    np.testing.assert_array_equal(truth.mask, lungs())


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_radiograph_itself_is_rejected(kind: str) -> None:
    pixels = phantom(width=256, height=256, seed=3).pixels.astype(np.uint8)
    said = refusal(saved(pixels, kind))
    assert "as a radiograph has" in said
    assert "send the mask" in said


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_lungs_cut_out_of_the_radiograph_are_rejected(kind: str) -> None:
    drawn = phantom(width=512, height=512, seed=3)
    assert "as a radiograph has" in refusal(saved((drawn.pixels * drawn.mask).astype(np.uint8), kind))


@pytest.mark.parametrize("ground", [40, 100])
def test_jpeg_on_a_grey_ground_is_rejected(ground: int) -> None:
    made = np.where(lungs(), 235, ground).astype(np.uint8)
    assert "no background" in refusal(saved(made, "JPEG", quality=75))


def test_named_values_alone_are_lung() -> None:
    truth = read_ground_truth(saved(labels(1, 2, 3), "PNG"), lung_values={1, 2})
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


def test_named_values_that_do_not_occur_have_a_note() -> None:
    truth = read_ground_truth(saved(labels(1, 2, 3), "PNG"), lung_values={8, 9, 70_000})
    assert not truth.mask.any()
    assert codes(truth) == ["values_absent"]


def test_named_values_need_exact_ones() -> None:
    assert "not exact" in refusal(saved(labels(1, 2, 3) * 80, "JPEG"), lung_values={80})
    wide = cv2.resize(labels(85, 170, 255), (300, 300), interpolation=cv2.INTER_LINEAR)
    assert codes(read_ground_truth(saved(wide, "PNG"), lung_values={85, 170})) == ["values_between"]
