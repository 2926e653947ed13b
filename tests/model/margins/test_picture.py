"""Where the radiograph lies in an image with margins."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.margins import find_picture
from model.radiograph import Box
from model.reading import read
from samples.phantom import phantom
from tests.model.margins.mounts import SCENES, Pixels, Scene, film, mount, write

pytestmark = pytest.mark.slow


def agreement(found: Box | None, expected: Box) -> float:
    """IoU of two boxes."""
    if found is None:
        return 0.0
    x, y, width, height = found
    left, top, across, down = expected
    shared_width = min(x + width, left + across) - max(x, left)
    shared_height = min(y + height, top + down) - max(y, top)
    shared = max(0, shared_width) * max(0, shared_height)
    return shared / (width * height + across * down - shared)


SIDES = (
    {"left": 1.0},
    {"bottom": 0.5},
    {"left": 0.5, "right": 0.5},
    {"top": 0.1, "left": 0.3, "right": 0.2},
    {"top": 0.4, "bottom": 0.4, "left": 0.4, "right": 0.4},
)


@pytest.mark.parametrize("sides", SIDES, ids=lambda sides: "-".join(sides))
@pytest.mark.parametrize("kind", ["white", "grey", "scanned film", "scanned paper"])
def test_margins_are_cut_to_the_film_s_edge(kind: str, sides: dict[str, float]) -> None:
    image, expected = mount(film(), kind, **sides)
    assert agreement(find_picture(image), expected) > 0.98


@pytest.mark.parametrize("quality", [60, 90])
@pytest.mark.parametrize("kind", ["white", "black", "grey"])
def test_margins_are_found_through_jpeg(kind: str, quality: int) -> None:
    image, expected = mount(film(), kind, left=0.5, right=0.5)
    compressed = cv2.imdecode(
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE
    )
    # A film's own black sides cannot be told from a black mount.
    least = 0.9 if kind == "black" else 0.97
    assert agreement(find_picture(np.asarray(compressed, np.uint8)), expected) > least


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
@pytest.mark.parametrize("seed", [3, 8])
def test_radiograph_is_found_in_pages_and_windows(scene: Callable[[Pixels], Scene], seed: int) -> None:
    image, expected = scene(film(seed))
    assert agreement(find_picture(image), expected) > 0.93


@pytest.mark.parametrize("side", [64, 300, 1500])
def test_box_is_exact_to_one_pixel(side: int) -> None:
    image, expected = mount(film(width=side, height=side), "white", top=0.3, left=0.3, right=0.7)
    found = find_picture(image)
    assert found is not None
    assert np.abs(np.subtract(found, expected)).max() <= 1


def test_white_margin_around_twelve_bits_is_cut() -> None:
    image, expected = mount(film(), "white", left=0.5, right=0.5, bottom=0.2)
    x, y, width, height = expected
    deep = np.full(image.shape, 65535, np.uint16)
    deep[y : y + height, x : x + width] = film().astype(np.uint16) * 16
    assert agreement(find_picture(deep), expected) > 0.98


def test_rotated_film_is_kept_whole() -> None:
    height, width = (round(1.6 * side) for side in film().shape)
    turn = cv2.getRotationMatrix2D((150, 150), 3, 1) + np.array([[0, 0, 90], [0, 0, 90]])
    image = np.asarray(cv2.warpAffine(film(), turn, (width, height), borderValue=255), np.uint8)
    covered = cv2.boundingRect(cv2.warpAffine(np.ones_like(film()), turn, (width, height)))
    found = find_picture(image)
    assert found is not None
    x, y, across, down = found
    left, top, of_width, of_height = covered
    assert x <= left + 3
    assert y <= top + 3
    assert x + across >= left + of_width - 3
    assert y + down >= top + of_height - 3
    assert across * down < 0.6 * image.size


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("width", "height"), [(256, 256), (420, 350), (1024, 1024)])
def test_radiograph_without_margins_is_kept_whole(seed: int, width: int, height: int) -> None:
    pixels = phantom(seed=seed, width=width, height=height).pixels
    assert find_picture(pixels) is None
    assert find_picture(np.invert(pixels)) is None


@pytest.mark.parametrize(
    "shaded", [{"bottom": 0.4}, {"left": 0.15, "right": 0.15}, {"top": 0.1, "left": 0.12, "bottom": 0.15}]
)
def test_collimation_is_kept(shaded: dict[str, float]) -> None:
    assert find_picture(mount(film(), "black", **shaded)[0]) is None


def test_black_mount_on_all_sides_is_cut() -> None:
    bright = np.maximum(film(), 60)
    image, expected = mount(bright, "black", top=0.12, bottom=0.12, left=0.12, right=0.12)
    assert agreement(find_picture(image), expected) > 0.97


def test_overexposed_abdomen_is_not_a_margin() -> None:
    pixels = film(width=400, height=400).astype(np.float32)
    pixels += 400 * np.clip((np.arange(400)[:, None] - 250) / 100, 0, 1)
    assert find_picture(np.clip(pixels, 0, 255).astype(np.uint8)) is None


def test_thin_margins_are_kept() -> None:
    assert find_picture(mount(film(), "white", left=0.02, bottom=0.02)[0]) is None


def test_two_radiographs_side_by_side_are_kept_together() -> None:
    one, two = film(3), film(4)
    gap = np.full((300, 60), 255, np.uint8)
    image, (x, _, _, _) = mount(np.hstack([one, gap, two]), "white", top=0.3, bottom=0.3, left=0.2, right=0.2)
    found = find_picture(image)
    assert found is not None
    assert found[2] > 600
    assert abs(found[0] - x) <= 3


def test_drawings_and_text_are_kept() -> None:
    drawn = np.full((64, 64), 200, np.uint8)
    drawn[12:52, 8:24] = 40
    assert find_picture(drawn) is None
    text = np.full((600, 450), 255, np.uint8)
    write(text, 40, 60, letters=40, lines=25, ink=0)
    assert find_picture(text) is None


@pytest.mark.parametrize("shape", [(16, 16), (16, 4000), (4000, 16), (17, 300)])
@pytest.mark.parametrize("kind", ["flat", "noise", "half"])
def test_images_of_any_shape_are_accepted(shape: tuple[int, int], kind: str) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, shape, np.uint8)
    if kind == "flat":
        pixels[:] = 7
    if kind == "half":
        pixels[: shape[0] // 2] = 255
    found = find_picture(pixels)
    assert found is None or min(found[2:]) >= 16


def test_result_is_deterministic() -> None:
    image, _ = mount(film(), "scanned paper", top=0.3, bottom=0.2, left=0.4)
    assert len({find_picture(image) for _ in range(3)}) == 1


def test_no_validation_image_is_cut(shared_data: Path) -> None:
    images = sorted(shared_data.glob("*/validation/images/*"))
    assert images
    cut = [path.name for path in images if find_picture(read(path, min_side=256).pixels) is not None]
    assert cut == []


@pytest.mark.parametrize("side", [64, 128, 256, 512])
@pytest.mark.parametrize("noise", [0, 2, 8])
def test_lungs_on_a_plain_background_are_not_cut_out(side: int, noise: int) -> None:
    """Two ellipses: their blunt ends look straight for a stretch."""
    unit = side / 64
    for seed in range(12):
        rng = np.random.default_rng(seed)
        levels = np.full((side, side), rng.uniform(160, 220))
        for x in (20, 44):
            middle = (round(unit * (x + rng.uniform(-2, 2))), round(unit * (32 + rng.uniform(-3, 3))))
            half = (round(unit * rng.uniform(7, 11)), round(unit * rng.uniform(16, 22)))
            cv2.ellipse(levels, middle, half, 0, 0, 360, 50, -1)
        drawn = np.clip(levels + rng.normal(0, noise, levels.shape), 0, 255).astype(np.uint8)
        assert find_picture(drawn) is None
