"""Finds images and their masks in folders by their names.

Layouts:

* ``images/`` and ``masks/`` with the same stems; a mask's stem may end in ``_mask``;
* Montgomery's: ``CXR_png/`` and ``ManualMask/leftMask`` with ``ManualMask/rightMask``, whose union is
  the mask.

Both may have ``ignore/`` and ``hearts/`` with files of the images' stems. Files that macOS, Windows and
file servers leave in folders (``._x.png``, ``Thumbs.db``) are skipped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.reading import files

from ..errors import DataError

SHOWN = 10
"""Number of files that a message names; of the others it gives the number."""

_IMAGE_FOLDERS = ("images", "CXR_png")
_MASK_FOLDERS = (("masks",), ("ManualMask/leftMask", "ManualMask/rightMask"))


@dataclass(frozen=True, slots=True)
class Sample:
    """The files of one radiograph and its masks.

    Attributes:
        stem: The name that they share.
        image: The radiograph.
        masks: Masks of lung, which are joined.
        ignore: The mask of pixels that are left out of the loss; None: none are.
        source: The number of its root.
        heart: The mask of the heart; None if there is none.
    """

    stem: str
    image: Path
    masks: tuple[Path, ...]
    ignore: Path | None
    source: int
    heart: Path | None = None


def find_samples(roots: Sequence[Path]) -> list[Sample]:
    """Return the images of all roots with their masks, in order.

    Raises:
        DataError: A root has no images or no masks, or images have no mask; the message names up to
            `SHOWN` of them.
    """
    samples: list[Sample] = []
    problems: list[str] = []
    for source, root in enumerate(roots):
        found, missing = _in_root(root, source)
        samples += found
        problems += missing
    if problems:
        raise DataError("\n".join(problems))
    return samples


def images_in(folder: Path) -> list[Path]:
    """Return the images of a folder.

    Raises:
        DataError: There are none.
    """
    images = files.images_in(folder)
    if not images:
        others = files.others_in(folder)
        unread = f" of a type that is read, but {listed(path.name for path in others)}" if others else ""
        raise DataError(f"{folder} holds no images{unread}: put radiographs there or name another folder.")
    return images


def by_stem(images: Iterable[Path]) -> dict[str, Path]:
    """Return files by their stems, without ``_mask``.

    Raises:
        DataError: Two have the same stem.
    """
    found: dict[str, Path] = {}
    for path in images:
        stem = files.stem_of(path).removesuffix("_mask")
        if stem in found:
            raise DataError(f"{path} and {found[stem].name} have the same stem: keep one of them.")
        found[stem] = path
    return found


def missing_masks(images: Sequence[Path], folder: Path) -> str:
    """Return the message on images without a mask in ``folder``, and on masks there that are not read."""
    if len(images) == 1:
        message = f"{images[0]} has no mask in {folder}: add one or remove the image."
    else:
        names = listed(image.name for image in images)
        message = (
            f"{len(images)} images of {images[0].parent} have no mask in {folder}: "
            f"add them or remove the images ({names})."
        )
    stems = {files.stem_of(image).removesuffix("_mask") for image in images}
    unread = [path for path in files.others_in(folder) if path.stem.removesuffix("_mask") in stems]
    return f"{message} {not_read(unread)} Save as PNG." if unread else message


def unread_images(samples: Sequence[Sample]) -> list[Path]:
    """Return the files in the image folders that have a mask but are of a type that is not read."""
    folders = {(sample.image.parent, sample.masks[0].parent) for sample in samples if sample.masks}
    return [
        path
        for images, masks in sorted(folders)
        for path in files.others_in(images)
        if path.stem in {files.stem_of(mask).removesuffix("_mask") for mask in files.images_in(masks)}
    ]


def not_read(paths: Sequence[Path]) -> str:
    """Return the message on files of types that are not read."""
    kinds = sorted({path.suffix[1:].upper() or "a file without an ending" for path in paths})
    there = "is there, but" if len(paths) == 1 else "are there, but"
    are = "is" if len(kinds) == 1 else "are"
    return f"{listed(path.name for path in paths)} {there} {' and '.join(kinds)} {are} not read."


def listed(names: Iterable[str]) -> str:
    """Return names separated by commas: up to `SHOWN` of them, and the number of the others."""
    words = list(names)
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return ", ".join(words[:SHOWN]) + more


def _in_root(root: Path, source: int) -> tuple[list[Sample], list[str]]:
    folder = next((root / name for name in _IMAGE_FOLDERS if (root / name).is_dir()), None)
    if folder is None:
        raise DataError(
            f"{root} holds no folder images/: put images/ and masks/ there or name another folder."
        )
    images = by_stem(images_in(folder))
    groups = next((group for group in _MASK_FOLDERS if all((root / name).is_dir() for name in group)), None)
    if groups is None:
        raise DataError(f"{root} holds no folder masks/: put a mask for each image there.")
    masks = {root / name: by_stem(files.images_in(root / name)) for name in groups}
    ignored, hearts = (by_stem(files.images_in(root / name)) for name in ("ignore", "hearts"))
    problems = [
        missing_masks(lacking, place)
        for place, found in masks.items()
        if (lacking := [image for stem, image in images.items() if stem not in found])
    ]
    samples = [
        Sample(
            stem,
            image,
            tuple(found[stem] for found in masks.values() if stem in found),
            ignored.get(stem),
            source,
            hearts.get(stem),
        )
        for stem, image in images.items()
    ]
    return samples, problems
