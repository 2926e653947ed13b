"""Inspection of every image and mask before a long run."""

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import track

from model.ground_truth import Note

from ..errors import DataError
from .datasets import SegmentationDataset, lung_in
from .folders import SHOWN, not_read, unread_images
from .shared_images import shared_images


def inspect(dataset: SegmentationDataset, *, description: str) -> None:
    """Read every image and mask once; report assumptions about masks, and empty ones, on standard error.

    Args:
        dataset: What is inspected.
        description: Label of the progress bar.

    Raises:
        DataError: Files cannot be read or do not match; the message names up to `SHOWN` of them.
    """
    console = Console(file=sys.stderr)
    empty: list[Path] = []
    problems: list[str] = []
    notes: list[tuple[Path, Note]] = []
    for index in track(
        range(len(dataset)), description=description, console=console, disable=not console.is_terminal
    ):
        try:
            _, mask, noted = dataset.read(index)
        except DataError as error:
            problems.append(str(error))
            continue
        notes += noted
        if not lung_in(mask).any():
            empty.append(dataset.samples[index].masks[0])
    if len(problems) == 1:
        raise DataError(problems[0])
    if problems:
        more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise DataError(
            "\n  ".join(
                [f"{len(problems)} of {len(dataset)} images cannot be used:", *problems[:SHOWN], *more]
            )
        )
    unread = unread_images(dataset.samples)
    if unread:
        _say(console, f"{unread[0].parent}: {not_read(unread)} Save as PNG; until then they are skipped.")
    for line in summary_of(notes):
        _say(console, line)
    if empty:
        _say(
            console,
            f"{len(empty)} of {len(dataset)} masks are empty, {empty[0]} first: "
            "the network learns that these images show no lungs. If they do, remove image and mask.",
        )


def warn_of_shared(train: SegmentationDataset, validation: SegmentationDataset) -> None:
    """Report validation images that are training images too on standard error."""
    shared = shared_images(train, validation)
    if shared:
        _say(
            Console(file=sys.stderr),
            f"{len(shared)} of {len(validation)} validation images are training images too, "
            f"{shared[0]} first: their IoU says nothing about new images. "
            "Name other folders in --validation.",
        )


def summary_of(notes: Iterable[tuple[Path, Note]]) -> list[str]:
    """Return a line for each kind of note: the first mask, its note, and the number of the others."""
    by_code: dict[str, list[tuple[Path, Note]]] = defaultdict(list)
    for path, note in notes:
        by_code[note.code].append((path, note))
    return [
        f"{found[0][0]}: {found[0][1].message}"
        + (f" The same holds for {len(found) - 1} more." if len(found) > 1 else "")
        for found in by_code.values()
    ]


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
