"""Radiographs with margins: scans, mounts, screenshots, pages."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model.radiograph import Box
from samples.phantom import phantom

Pixels = NDArray[np.uint8]
Scene = tuple[Pixels, Box]
"""An image, and where the radiograph lies in it: x, y, width, height."""

_SENTENCE = "Figure 2. Frontal radiograph of the chest in a patient with fever and cough, erect. "


def film(seed: int = 3, *, width: int = 300, height: int = 300) -> Pixels:
    """A synthetic radiograph."""
    pixels = phantom(seed=seed, width=width, height=height).pixels
    assert pixels.dtype == np.uint8
    return pixels.astype(np.uint8)


def ground(height: int, width: int, kind: str) -> Pixels:
    """What a margin looks like."""
    noise = np.random.default_rng(1).normal(0, 1, (height, width))
    slope = np.linspace(-1, 1, width)[None] + np.linspace(-1, 1, height)[:, None]
    levels = {
        "white": np.full((height, width), 255.0),
        "black": np.zeros((height, width)),
        "grey": np.full((height, width), 128.0),
        "scanned film": 32 + 5 * noise,
        "scanned paper": 232 + 8 * slope + 2 * noise,
    }
    margin: Pixels = np.clip(levels[kind], 0, 255).round().astype(np.uint8)
    return margin


def mount(
    pixels: Pixels, kind: str, *, top: float = 0, bottom: float = 0, left: float = 0, right: float = 0
) -> Scene:
    """A radiograph with margins, each a share of its width."""
    height, width = pixels.shape
    above, below, before, after = (round(share * width) for share in (top, bottom, left, right))
    image = ground(above + height + below, before + width + after, kind)
    image[above : above + height, before : before + width] = pixels
    return image, (before, above, width, height)


def write(image: Pixels, x: int, y: int, *, letters: int, lines: int, ink: int) -> None:
    """Write text into an image."""
    for line in range(lines):
        words = (_SENTENCE * 3)[7 * line :][:letters]
        cv2.putText(image, words, (x, y + 18 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.45, ink, 1, cv2.LINE_AA)


def page(pixels: Pixels) -> Scene:
    """A page of a journal: text above, the radiograph, a caption beneath."""
    image, box = mount(pixels, "white", top=0.7, bottom=0.8, left=0.25, right=0.3)
    write(image, 30, 40, letters=50, lines=7, ink=0)
    write(image, box[0], box[1] + box[3] + 40, letters=36, lines=6, ink=0)
    return image, box


def column(pixels: Pixels) -> Scene:
    """A radiograph beside a column of text, flush with two edges of the page's print."""
    image, box = mount(pixels, "white", top=0.05, bottom=0.2, left=0.05, right=1.2)
    write(image, box[0] + box[2] + 30, 40, letters=40, lines=15, ink=0)
    return image, box


def viewer(pixels: Pixels) -> Scene:
    """A viewer's window: a bar with buttons, a black ground, words in its corners."""
    image, box = mount(pixels, "black", top=0.2, bottom=0.1, left=0.5, right=0.5)
    image[:30] = 60
    for button in range(8):
        image[8:22, 20 + 50 * button : 50 + 50 * button] = 180
    write(image, 8, 60, letters=14, lines=4, ink=220)
    write(image, box[0] + box[2] + 10, image.shape[0] - 60, letters=14, lines=3, ink=220)
    return image, box


def mount_on_page(pixels: Pixels) -> Scene:
    """A black mount on a white page."""
    mounted, (x, y, width, height) = mount(pixels, "black", top=0.3, bottom=0.3, left=0.3, right=0.3)
    image, (left, top, _, _) = mount(mounted, "white", top=0.2, bottom=0.3, left=0.25, right=0.25)
    return image, (x + left, y + top, width, height)


def framed(pixels: Pixels) -> Scene:
    """A thin frame around the page, and another around the radiograph."""
    image, box = mount(pixels, "white", top=0.25, bottom=0.25, left=0.25, right=0.25)
    height, width = image.shape
    cv2.rectangle(image, (1, 1), (width - 2, height - 2), 0, 2)
    x, y, across, down = box
    cv2.rectangle(image, (x - 20, y - 20), (x + across + 20, y + down + 20), 0, 2)
    return image, box


def rounded(pixels: Pixels) -> Scene:
    """Corners cut round, as some viewers show them."""
    height, width = pixels.shape
    radius = width // 10
    shape = np.zeros_like(pixels)
    cv2.rectangle(shape, (radius, 0), (width - radius, height), 1, -1)
    cv2.rectangle(shape, (0, radius), (width, height - radius), 1, -1)
    for corner in ((radius, radius), (width - radius, radius), (radius, height - radius)):
        cv2.circle(shape, corner, radius, 1, -1)
    cv2.circle(shape, (width - radius, height - radius), radius, 1, -1)
    cut = np.where(shape > 0, pixels, 255).astype(np.uint8)
    return mount(cut, "white", top=0.2, bottom=0.2, left=0.3, right=0.3)


SCENES: tuple[Callable[[Pixels], Scene], ...] = (
    page,
    column,
    viewer,
    mount_on_page,
    framed,
    rounded,
)
