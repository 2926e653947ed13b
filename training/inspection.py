"""A look at every file before hours are spent on them."""

import sys

from rich.console import Console
from rich.progress import track

from .datasets import SegmentationDataset, lung_in


def inspect(dataset: SegmentationDataset, *, description: str) -> None:
    """Reads every image and mask once, and says on standard error which masks are empty.

    Raises:
        DataError: a file cannot be read or does not match; it is named.
    """
    console = Console(file=sys.stderr)
    empty = []
    for index in track(
        range(len(dataset)), description=description, console=console, disable=not console.is_terminal
    ):
        _, mask = dataset.load(index)
        if not lung_in(mask).any():
            empty.append(dataset.samples[index].masks[0])
    if empty:
        console.print(
            f"{len(empty)} of {len(dataset)} masks are empty, {empty[0]} first: they teach that these images show nothing; "
            "remove image and mask where that is not so.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
