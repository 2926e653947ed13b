"""Radiographs with their masks, from one or several folders.

The layouts are described in `training.data.folders`. Besides ``images/`` and ``masks/``, a folder may
have ``ignore/``, with masks of the pixels that are left out of the loss, and ``hearts/``, with masks of
the heart; each file has the stem of its image.

With two classes, a mask is any image in which lung and background can be told apart
(`model.reading.read_ground_truth`). With more classes, the values of a mask are the classes.
"""

import shutil
from collections.abc import Callable, Collection, Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import tv_tensors

from model.errors import ImageError
from model.ground_truth import Note
from model.margins import crop, find_picture
from model.radiograph import Grey
from model.reading import read, read_ground_truth, read_labels, read_mask
from model.reading.files import stem_of
from model.writing.png import mask_png

from ..errors import DataError
from .folders import find_samples

IGNORE = 255
"""Code of the pixels that the loss leaves out."""

NOT_LUNG = 254
"""Code of the pixels that are background or heart, where the image has no mask of the heart."""

LUNG, HEART = 1, 2
"""Classes of a data set with hearts."""

Pair = tuple[tv_tensors.Image, tv_tensors.Mask]
Array = TypeVar("Array")
Transform = Callable[[tv_tensors.Image, tv_tensors.Mask], tuple[Tensor, Tensor]]


class Loaded(NamedTuple):
    """Image and mask of one sample, as they were read.

    Attributes:
        image: Pixels ``(H, W)``.
        mask: ``(H, W)`` uint8: 0, the class, `NOT_LUNG` or `IGNORE`.
        notes: What was assumed about each mask file.
    """

    image: Grey
    mask: NDArray[np.uint8]
    notes: list[tuple[Path, Note]]


class SegmentationDataset(Dataset[tuple[Tensor, Tensor]]):
    """Pairs of image ``(1, H, W)`` and mask ``(H, W)`` int64: 0, the class, `NOT_LUNG` or `IGNORE`.

    Without a transform the image is as it was read, uint8 or uint16. Plain margins are cut off, as in
    the service.

    Args:
        roots: One or several folders in a layout of `training.data.folders`.
        transform: Called with image and mask of each pair; None leaves them as they are.
        num_classes: Of the masks, background included.
        hearts: The classes are background, `LUNG` and `HEART`. In an image without a mask of the heart,
            pixels outside the lungs are `NOT_LUNG`.
        weights: Factor of each root's sampling frequency; None is 1 for all.
        lung_values: The values of two-class masks that are lung; None takes all but the background.

    Raises:
        DataError: A root has no images, or images have no mask; the message names them.
    """

    def __init__(
        self,
        roots: Path | Sequence[Path],
        *,
        transform: Transform | None = None,
        num_classes: int = 2,
        hearts: bool = False,
        weights: Sequence[float] | None = None,
        lung_values: Collection[int] | None = None,
    ) -> None:
        self.roots = (roots,) if isinstance(roots, Path) else tuple(roots)
        self.transform = transform
        self.num_classes = 3 if hearts else num_classes
        self.hearts = hearts
        self.weights = (1.0,) * len(self.roots) if weights is None else tuple(weights)
        self.lung_values = lung_values
        self.samples = find_samples(self.roots)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image, mask = self.load(index)
        picture = find_picture(image)
        image, mask = crop(image, picture), np.ascontiguousarray(crop(mask, picture))
        pair = (
            tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(image))[None]),
            tv_tensors.Mask(torch.from_numpy(mask)),
        )
        x, y = self.transform(*pair) if self.transform else pair
        return x.as_subclass(Tensor), y.as_subclass(Tensor).long()

    def subset(self, indices: Sequence[int]) -> "SegmentationDataset":
        """Return the data set of the samples at ``indices``, with the same roots."""
        chosen = copy(self)
        chosen.samples = [self.samples[index] for index in indices]
        return chosen

    def load(self, index: int) -> tuple[Grey, NDArray[np.uint8]]:
        """Return image ``(H, W)`` and mask ``(H, W)`` of `read`."""
        image, mask, _ = self.read(index)
        return image, mask

    def read(self, index: int) -> Loaded:
        """Return image and mask as they are stored, and what was assumed about the mask.

        Raises:
            DataError: A file cannot be read, mask and image differ in size, or a mask has an unknown
                class; the message names the file.
        """
        sample = self.samples[index]
        image = _read_or_name(sample.image, lambda path: read(path).pixels)
        mask = np.zeros(image.shape, np.uint8)
        notes: list[tuple[Path, Note]] = []
        for path in sample.masks:
            classes, noted = _read_or_name(path, self._read_classes)
            _require_size(path, classes.shape, image.shape, sample.image)
            np.maximum(mask, classes, out=mask)
            notes += [(path, note) for note in noted]
        if self.hearts:
            heart = self.load_heart(index)
            if heart is None:
                mask[mask == 0] = NOT_LUNG
            else:
                _require_size(sample.heart or sample.image, heart.shape, image.shape, sample.image)
                mask[heart] = HEART
        if sample.ignore is not None:
            ignored = _read_or_name(sample.ignore, read_mask)
            _require_size(sample.ignore, ignored.shape, image.shape, sample.image)
            mask[ignored] = IGNORE
        return Loaded(image, mask, notes)

    def load_heart(self, index: int) -> NDArray[np.bool_] | None:
        """Return the mask of the heart ``(H, W)`` bool; None if ``hearts/`` has none.

        Raises:
            DataError: The file cannot be read.
        """
        path = self.samples[index].heart
        return None if path is None else _read_or_name(path, read_mask)

    def _read_classes(self, path: Path) -> tuple[NDArray[np.uint8], tuple[Note, ...]]:
        if self.num_classes == 2 or self.hearts:
            truth = read_ground_truth(path, lung_values=self.lung_values)
            return truth.mask.view(np.uint8), truth.notes
        classes = read_labels(path)
        if classes.max() >= self.num_classes:
            raise DataError(
                f"{path} holds the value {classes.max()}: save the mask as grey PNG with the classes 0 to "
                f"{self.num_classes - 1} as its values."
            )
        return classes.astype(np.uint8), ()


def lung_in(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where a mask ``(H, W)`` of `SegmentationDataset.load` has a foreground class, ``(H, W)`` bool.

    `NOT_LUNG` and `IGNORE` do not count.
    """
    lung: NDArray[np.bool_] = (mask > 0) & (mask < NOT_LUNG)
    return lung


def add_sample(
    root: Path,
    image: Path,
    mask: NDArray[np.bool_],
    *,
    ignore: NDArray[np.bool_] | None,
    heart: NDArray[np.bool_] | None = None,
) -> None:
    """Add a copy of an image and its masks to the folder ``root``.

    Args:
        root: Is created if it does not exist.
        image: File that is copied.
        mask: Of the lungs, ``(H, W)``.
        ignore: Pixels that are left out of the loss, ``(H, W)``; None writes no file.
        heart: Mask of the heart, ``(H, W)``; None writes no file.
    """
    optional = {"ignore": ignore, "hearts": heart}
    parts = {"masks": mask} | {part: pixels for part, pixels in optional.items() if pixels is not None}
    for part in ("images", *parts):
        (root / part).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(image, root / "images" / image.name)
    for part, pixels in parts.items():
        (root / part / f"{stem_of(image)}.png").write_bytes(mask_png(pixels))


def _read_or_name(path: Path, reader: Callable[[Path], Array]) -> Array:
    try:
        return reader(path)
    except (ImageError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _require_size(path: Path, shape: tuple[int, ...], expected: tuple[int, ...], image: Path) -> None:
    if shape != expected:
        raise DataError(
            f"{path} is {shape[1]} by {shape[0]}, {image.name} is {expected[1]} by {expected[0]}: "
            "make the mask the size of its image."
        )
