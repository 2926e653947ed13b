"""Colours, palettes and transparency of masks."""

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from model.reading import read_ground_truth, read_labels, read_mask

from ..pictures import saved
from .drawn import codes, grey, iou, labels, lungs, refusal

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def painted(colour: tuple[int, ...], *, ground: tuple[int, ...] = BLACK) -> NDArray[np.uint8]:
    return np.where(lungs()[..., None], colour, ground).astype(np.uint8)


def palette(values: NDArray[np.uint8], *colours: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(values, "P")
    image.putpalette([channel for colour in colours for channel in colour])
    return image


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE, WHITE, (0, 0, 1), (128, 64, 0)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_colour_on_black_needs_no_note(colour: tuple[int, int, int], kind: str) -> None:
    truth = read_ground_truth(saved(painted(colour), kind))
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


def test_several_colours_have_a_note() -> None:
    colours = np.array([BLACK, RED, GREEN, BLUE], np.uint8)[labels(1, 2, 3)]
    truth = read_ground_truth(saved(colours, "PNG"))
    np.testing.assert_array_equal(truth.mask, labels(1, 2, 3) > 0)
    assert codes(truth) == ["colours_joined"]
    assert "3 colours" in truth.notes[0].message


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
def test_colour_that_was_resized_is_cut_at_half(colour: tuple[int, int, int]) -> None:
    small = cv2.resize(painted(colour), (160, 160), interpolation=cv2.INTER_AREA)
    truth = read_ground_truth(saved(small, "PNG"))
    assert iou(truth.mask, small.max(axis=2) >= 128) >= 0.99
    assert codes(truth) == ["grey_levels"]


@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_colour_that_was_compressed_is_rejected(colour: tuple[int, int, int], kind: str) -> None:
    assert "save it as PNG" in refusal(saved(painted(colour), kind, quality=80))


def test_green_jpeg_that_was_saved_as_png() -> None:
    jpeg = Image.open(io.BytesIO(saved(painted(GREEN), "JPEG", quality=60)))
    assert iou(read_ground_truth(saved(np.asarray(jpeg), "PNG")).mask, lungs()) >= 0.97


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("name", ["VIRIDIS", "JET", "PLASMA", "TURBO", "CIVIDIS", "PARULA"])
def test_colour_map_is_rejected(name: str, kind: str) -> None:
    mapped = cv2.applyColorMap(grey(lungs()), getattr(cv2, f"COLORMAP_{name}"))
    said = refusal(saved(np.ascontiguousarray(mapped[..., ::-1]), kind))
    assert "save it as" in said
    if kind == "PNG":
        assert said.startswith("No pixel of the mask is black, so there is no background")


@pytest.mark.parametrize("ground", [WHITE, (0, 0, 255), (200, 200, 200)])
def test_ground_that_is_a_colour_is_rejected(ground: tuple[int, int, int]) -> None:
    assert "no background" in refusal(saved(painted(RED, ground=ground), "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_indices_of_a_palette_are_told_and_can_be_named(kind: str) -> None:
    data = saved(palette(labels(1, 2, 3), BLACK, RED, GREEN, BLUE), kind)
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, labels(1, 2, 3) > 0)
    assert codes(truth) == ["values_joined"]
    assert "(1, 2 and 3)" in truth.notes[0].message
    np.testing.assert_array_equal(read_ground_truth(data, lung_values={1, 2}).mask, lungs())
    np.testing.assert_array_equal(read_labels(data), labels(1, 2, 3))


def test_palette_of_white_is_rejected() -> None:
    assert "no background" in refusal(saved(palette(labels(1, 2), WHITE, WHITE, WHITE), "PNG"))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_black_palette_counts_by_its_indices(kind: str) -> None:
    """What ``Image.fromarray(mask, "P")`` without a palette saves: a viewer shows it black."""
    stored = saved(Image.fromarray(labels(1, 1), "P"), kind)
    truth = read_ground_truth(stored)
    np.testing.assert_array_equal(truth.mask, lungs())
    np.testing.assert_array_equal(read_mask(stored), lungs())
    assert codes(truth) == ["palette"]


def test_palette_counts_by_its_colours() -> None:
    data = saved(palette(grey(~lungs(), 1), WHITE, BLACK), "PNG")
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


@pytest.mark.parametrize("second", [(30, 30, 120), (0, 90, 0)])
def test_dim_colour_beside_a_bright_one_is_not_its_edge(second: tuple[int, int, int]) -> None:
    colours = cv2.GaussianBlur(np.array([BLACK, RED, second], np.uint8)[labels(1, 2)], (0, 0), 1.5)
    assert iou(read_ground_truth(saved(colours, "PNG")).mask, lungs()) > 0.95


def test_colours_cannot_be_named() -> None:
    assert "no values" in refusal(saved(painted(RED), "PNG"), lung_values={1})


def with_alpha(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.dstack([colour, alpha])


@pytest.mark.parametrize("colour", [WHITE, BLACK, RED, (128, 128, 128)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("PNG", {}, id="png"),
        pytest.param("TIFF", {}, id="tiff"),
        pytest.param("WEBP", {"lossless": True, "exact": True}, id="webp"),
        pytest.param("WEBP", {"quality": 80}, id="lossy webp"),
    ],
)
def test_shape_in_the_transparency_counts(
    colour: tuple[int, int, int], kind: str, options: dict[str, object]
) -> None:
    data = saved(with_alpha(painted(colour, ground=colour), grey(lungs())), kind, **options)
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["alpha"]


@pytest.mark.parametrize("value", [0, 255])
def test_grey_mask_with_its_shape_in_the_transparency(value: int) -> None:
    data = saved(np.dstack([np.full_like(grey(lungs()), value), grey(lungs())]), "PNG")
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["alpha"]


def test_black_on_transparent_white_is_the_shape() -> None:
    data = saved(with_alpha(painted(BLACK, ground=WHITE), grey(lungs())), "PNG")
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())


def test_soft_edge_of_the_transparency_is_cut_at_half() -> None:
    soft = np.asarray(cv2.GaussianBlur(grey(lungs()), (0, 0), 1.5), np.uint8)
    truth = read_ground_truth(saved(with_alpha(painted(WHITE, ground=WHITE), soft), "PNG"))
    assert iou(truth.mask, soft >= 128) >= 0.99
    assert codes(truth) == ["alpha", "grey_levels"]


def test_matching_colours_and_transparency_need_no_note() -> None:
    truth = read_ground_truth(saved(with_alpha(painted(RED), grey(lungs())), "PNG"))
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


def test_palette_with_a_transparent_background_needs_no_note() -> None:
    data = saved(palette(grey(lungs(), 1), BLACK, WHITE), "PNG", transparency=0)
    np.testing.assert_array_equal(read_ground_truth(data).mask, lungs())
    data = saved(palette(grey(lungs(), 1), WHITE, WHITE), "PNG", transparency=0)
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert codes(truth) == ["alpha"]


@pytest.mark.parametrize("opacity", [0, 120, 255])
def test_transparency_that_is_the_same_everywhere_does_not_count(opacity: int) -> None:
    data = saved(with_alpha(painted(WHITE), np.full((256, 256), opacity, np.uint8)), "PNG")
    truth = read_ground_truth(data)
    np.testing.assert_array_equal(truth.mask, lungs())
    assert truth.notes == ()


def test_two_shapes_are_rejected() -> None:
    alpha = np.full((256, 256), 255, np.uint8)
    alpha[:100] = 0
    said = refusal(saved(with_alpha(painted(WHITE), alpha), "PNG"))
    assert "transparency" in said
    assert "save it without transparency" in said


@pytest.mark.parametrize("ground", [1, 128])
@pytest.mark.parametrize("colour", [WHITE, BLACK, RED])
def test_ground_that_is_half_transparent_is_rejected(colour: tuple[int, int, int], ground: int) -> None:
    alpha = np.where(lungs(), 255, ground).astype(np.uint8)
    assert "wholly transparent" in refusal(saved(with_alpha(painted(colour, ground=colour), alpha), "PNG"))
