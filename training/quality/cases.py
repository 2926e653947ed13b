"""The images of the quality model: radiographs, altered radiographs, other images."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from model.errors import ImageError
from model.preprocessing import unit_range
from model.quality.features import CROPPED, FOREIGN, FRONTAL, INVERTED, ROTATED
from model.radiograph import Grey
from model.reading import read
from model.reading.files import is_leftover

from ..data.datasets import SegmentationDataset
from ..data.degradations import DEGRADATIONS, Mask, Pixels, crop, grey, half_covered, touch_up
from ..data.folders import images_in
from ..data.synthetic_images import blank, static
from ..errors import DataError

Role = Literal["labelled", "frontal", "child", "held_out", "negative"]

UNTOUCHED, MIRRORED = "as it is", "mirrored"
"""Variants of a labelled image that are not degraded."""

MADE = 40
"""Number of synthetic images of each kind: noise, blank, montage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An image for the quality model.

    Attributes:
        role: ``"labelled"`` images have a ground truth and were not used in training; ``"frontal"``
            images are used in the fit; ``"child"`` images show children; ``"held_out"`` images are used
            for metrics alone; ``"negative"`` images are no frontal chest X-rays.
        kind: Of `model.quality.features.KINDS`.
        variant: How the image was altered, or the kind of a negative, such as ``"ct"``.
        group: The same for all variants of an image.
        source: The folder of the image.
        pixels: ``(H, W)`` uint8.
        truth: ``(H, W)`` bool, for labelled images.
    """

    role: Role
    kind: str
    variant: str
    group: str
    source: str
    pixels: Pixels
    truth: Mask | None = None


def labelled_cases(roots: Sequence[Path]) -> Iterator[Case]:
    """Yield each labelled image as it is, mirrored, and with each degradation."""
    dataset = SegmentationDataset(roots)
    for index, sample in enumerate(dataset.samples):
        pixels, mask = dataset.load(index)
        film = _eight_bits(pixels)
        truth = (
            cv2.resize((mask == 1).astype(np.uint8), film.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            > 0
        )
        mirrored = np.ascontiguousarray(film[:, ::-1]), np.ascontiguousarray(truth[:, ::-1])
        variants = {UNTOUCHED: (film, truth), MIRRORED: mirrored}
        for name, degrade in DEGRADATIONS.items():
            rng = _generator(sample.stem, name)
            variants[name] = degrade(film, truth, float(rng.random()), rng)
        for name, (changed, moved) in variants.items():
            yield Case(
                role="labelled",
                kind=FRONTAL,
                variant=name,
                group=sample.stem,
                source=_name(dataset.roots[sample.source]),
                pixels=changed,
                truth=moved,
            )


def frontal_cases(folders: Sequence[Path], *, role: Role) -> Iterator[Case]:
    """Yield each frontal radiograph as it is, altered to another kind, and, for the fit, slightly varied.

    Args:
        folders: Folders of frontal radiographs, without masks.
        role: Whether they are fitted to, or held out for the figures.
    """
    makers = list(_MAKERS.items())
    for folder in folders:
        for count, path in enumerate(images_in(folder)):
            film = _eight_bits(_read(path))
            rng = _generator(path.stem, role)
            made, (kind, make) = makers[count % len(makers)]
            variants = [(UNTOUCHED, FRONTAL, film), (made, kind, make(film, rng))]
            if role == "frontal":
                variants.append(("touched up", FRONTAL, touch_up(film, rng)))
            for variant, kind, pixels in variants:
                yield Case(
                    role=role,
                    kind=kind,
                    variant=variant,
                    group=path.stem,
                    source=_name(folder),
                    pixels=pixels,
                )


def child_cases(folders: Sequence[Path]) -> Iterator[Case]:
    """Yield each radiograph of a child as it is, and slightly varied."""
    for folder in folders:
        for path in images_in(folder):
            film = _eight_bits(_read(path))
            varied = touch_up(film, _generator(path.stem, "child"))
            for variant, pixels in ((UNTOUCHED, film), ("touched up", varied)):
                yield Case(
                    role="child",
                    kind=FRONTAL,
                    variant=variant,
                    group=path.stem,
                    source=_name(folder),
                    pixels=pixels,
                )


def negative_cases(folder: Path) -> Iterator[Case]:
    """Yield each image of each subfolder, as it is and inverted, and synthetic noise and blank images."""
    for kind in kinds_in(folder):
        for path in images_in(kind):
            film = _eight_bits(_read(path))
            for pixels in (film, 255 - film):
                yield Case(
                    role="negative",
                    kind=FOREIGN,
                    variant=kind.name,
                    group=path.stem,
                    source=_name(kind),
                    pixels=pixels,
                )
    for variant, make in (("noise", static), ("blank", blank)):
        for count in range(MADE):
            yield Case(
                role="negative",
                kind=FOREIGN,
                variant=variant,
                group=f"{variant} {count}",
                source="made",
                pixels=make(_generator(variant, str(count))),
            )


def montage_cases(folders: Sequence[Path]) -> Iterator[Case]:
    """Yield images of two to four frontal radiographs side by side, as in a figure or a screenshot."""
    paths = [path for folder in folders for path in images_in(folder)]
    for count in range(MADE):
        rng = _generator("montage", str(count))
        rows, columns = ((1, 2), (2, 2), (2, 1), (1, 3))[count % 4]
        tiles = [
            cv2.resize(_eight_bits(_read(paths[index])), (256, 256), interpolation=cv2.INTER_AREA)
            for index in rng.integers(0, len(paths), rows * columns)
        ]
        lines = [np.hstack(tiles[row * columns : (row + 1) * columns]) for row in range(rows)]
        yield Case(
            role="negative",
            kind=FOREIGN,
            variant="montage",
            group=f"montage {count}",
            source="made",
            pixels=np.ascontiguousarray(np.vstack(lines), dtype=np.uint8),
        )


def _turn(turns: int, pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(np.rot90(pixels, turns))


_MAKERS: dict[str, tuple[str, Callable[[Pixels, np.random.Generator], Pixels]]] = {
    "inverted": (INVERTED, lambda pixels, rng: 255 - pixels),
    "turned left": (ROTATED, lambda pixels, rng: _turn(1, pixels)),
    "half covered": (
        CROPPED,
        lambda pixels, rng: half_covered(pixels, pixels > 0, rng.uniform(0.4, 1), rng)[0],
    ),
    "upside down": (ROTATED, lambda pixels, rng: _turn(2, pixels)),
    "cropped": (CROPPED, lambda pixels, rng: crop(pixels, pixels > 0, rng.uniform(0.7, 1), rng)[0]),
    "inverted, lighter or darker": (
        INVERTED,
        lambda pixels, rng: DEGRADATIONS["inversion"](pixels, pixels > 0, rng.random(), rng)[0],
    ),
    "turned right": (ROTATED, lambda pixels, rng: _turn(3, pixels)),
    "flipped": (ROTATED, lambda pixels, rng: np.ascontiguousarray(pixels[::-1])),
}


def kinds_in(folder: Path) -> list[Path]:
    """Return the folders in a folder of negatives.

    Raises:
        DataError: There are none.
    """
    inside = folder.iterdir() if folder.is_dir() else ()
    kinds = sorted(path for path in inside if path.is_dir() and not is_leftover(path.name))
    if not kinds:
        raise DataError(
            f"{folder} holds no folders: give one for each kind of image that is no frontal chest X-ray."
        )
    return kinds


def _read(path: Path) -> Grey:
    try:
        return read(path).pixels
    except (ImageError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _eight_bits(pixels: Grey) -> Pixels:
    values = unit_range(pixels)
    # No network here has a larger input, and degradation of large images is slow.
    shrink = min(1.0, 1024 / max(pixels.shape))
    if shrink < 1:
        values = np.asarray(
            cv2.resize(values, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.float32
        )
    return grey(255 * values + 0.5)


def _generator(*words: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(words).encode()))


def _name(folder: Path) -> str:
    parts = [part for part in folder.parts if part != "images"]
    return "/".join(parts[-2:])
