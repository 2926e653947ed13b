"""Images that two data sets share, whatever the names of their files, and through links too."""

import hashlib
from collections import defaultdict
from pathlib import Path

from .datasets import SegmentationDataset


def shared_images(train: SegmentationDataset, validation: SegmentationDataset) -> list[Path]:
    """Return the images of ``validation`` whose files are those of ``train``, or have the same bytes.

    Args:
        train: The training images.
        validation: The validation images.

    Raises:
        OSError: A file cannot be read.
    """
    by_size: dict[int, set[Path]] = defaultdict(set)
    for sample in train.samples:
        path = sample.image.resolve()
        by_size[path.stat().st_size].add(path)
    digests: dict[Path, bytes] = {}

    def digest(path: Path) -> bytes:
        if path not in digests:
            with path.open("rb") as file:
                digests[path] = hashlib.file_digest(file, "sha256").digest()
        return digests[path]

    shared = []
    for sample in validation.samples:
        path = sample.image.resolve()
        alike = by_size.get(path.stat().st_size, set())
        if path in alike or any(digest(path) == digest(other) for other in alike):
            shared.append(sample.image)
    return shared
