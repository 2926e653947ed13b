"""The command ``pleura evaluate``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from ..errors import TrainingError
from . import options

if TYPE_CHECKING:
    from ..evaluation.summary import Summary


T = TypeVar("T")


def evaluate(
    data: options.Data,
    checkpoint: options.Evaluated = None,
    out: options.ResultsFolder = None,
    lung_values: options.LungValues = None,
    device: options.AnyDevice = "auto",
    engine: options.ChosenEngine = "auto",
    flips: options.Flips = False,
    baseline: options.Baseline = None,
) -> None:
    """Evaluate a checkpoint on radiographs with true masks.

    Prints IoU and loss of each folder and of all. --out keeps a report and each image's metrics, mask
    and picture.
    """
    from contextlib import nullcontext

    from model.segmenter import Segmenter

    from ..data.datasets import SegmentationDataset
    from ..data.inspection import inspect
    from ..disk import writing
    from ..evaluation.baselines import baseline_segmenter
    from ..evaluation.evaluate import evaluate as judge
    from ..evaluation.results import Results
    from ..evaluation.summary import summaries_of

    dataset = SegmentationDataset(data, lung_values=options.parsed_lung_values(lung_values))
    names = root_names(dataset.roots)
    if baseline is None:
        segmenter = Segmenter(checkpoint, device=device, engine=engine, flips=flips)
    elif checkpoint is None:
        segmenter = baseline_segmenter(baseline.value)
    else:
        raise TrainingError("A baseline has no checkpoint: give --baseline or --checkpoint.")
    inspect(dataset, description="reading --data")
    cases = []
    with writing(out) if out else nullcontext():
        results = Results(out, roots=names) if out else None
        for case, images in _with_bar(judge(segmenter, dataset), total=len(dataset)):
            cases.append(case)
            if results:
                results.add(case, images)
        summaries = summaries_of(cases, names)
        if results:
            results.write(
                cases,
                summaries,
                dataset=dataset,
                metadata=segmenter.metadata,
                engine=segmenter.engine.name,
            )
    for name, summary in summaries.items():
        typer.echo(_line(name, summary))


def _with_bar(items: Iterable[T], *, total: int) -> Iterator[T]:
    """Yield the items, with a progress bar where standard error is a terminal."""
    import sys

    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(file=sys.stderr), disable=not sys.stderr.isatty()) as bars:
        yield from bars.track(items, total=total, description="evaluating")


def root_names(roots: Sequence[Path]) -> list[str]:
    """Return the last two parts of each folder, with a number where these are not unique."""
    names: list[str] = []
    for root in roots:
        name = "/".join(root.resolve().parts[-2:])
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names


def _line(name: str, summary: Summary) -> str:
    from ..evaluation.summary import GOOD_IOU, LOW_IOU

    iou = summary.iou
    line = (
        f"{name}: {summary.images} images, mean IoU {iou.mean:.4f} (median {iou.median:.4f}, "
        f"5th percentile {iou.p5:.4f}, worst {iou.worst:.4f}, {iou.failures} below {LOW_IOU}; "
        f"without post-processing {summary.raw_iou.mean:.4f}), Dice {summary.mean_dice:.4f}, "
        f"pixel accuracy {summary.mean_pixel_accuracy:.4f}, loss {summary.mean_loss:.4f}; "
        f"{iou.below_good:.1%} below {GOOD_IOU}; gross errors in {summary.gross} "
        f"(below the dome {summary.below_dome}, elsewhere {summary.elsewhere}, missed {summary.missed})"
    )
    if summary.heart_iou is not None:
        line += f"; heart IoU {summary.heart_iou:.4f}"
    if summary.ratio_error is not None:
        line += f", error of the cardiothoracic ratio {summary.ratio_error:.4f} ({summary.ratios} images)"
    return line
