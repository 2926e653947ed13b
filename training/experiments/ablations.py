"""Ablations of the recipe `strong`: one change at a time, from a common base network.

    pleura clean --data DATA/montgomery/train --data DATA/shenzhen/train --out runs/clean
    python -m training.experiments.ablations --data DATA --cleaned runs/clean --out runs/experiments

For each of two data sets, a base network is trained on its images alone. Each variant continues from it
with one change, and is evaluated on both data sets and on a third one, whose masks include the heart:
there, precision is the share of the prediction inside the lungs' outer border, and recall the share of
that region (heart included) that is predicted. ``control`` continues without a change; compare the
variants with it. Finished variants are not repeated after a restart.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.engines.flips import FlipAveraged
from model.segmenter import Segmenter

from ..data.datasets import SegmentationDataset
from ..data.transforms import harder_transform, strong_transform
from ..evaluation.evaluate import Case, evaluate
from ..evaluation.summary import summarise
from ..loop.hardware import prepare_device
from .setup import SOURCES, Bench


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of the recipe or of the data.

    Attributes:
        change: Fields of the recipe that differ.
        data: Returns the training folders on a bench, by the data set's name.
        size: Side of the network's input in pixels; None: the bench's.
    """

    change: dict[str, Any]
    data: Callable[[Bench, str], list[Path]] = Bench.own
    size: int | None = None


VARIANTS = {
    "control": Variant({}),
    "harder augmentation": Variant({"transform": harder_transform}),
    "gas augmentation": Variant({"transform": strong_transform}),
    "labels cleaned": Variant({}, Bench.clean),
    "phantoms": Variant({}, Bench.with_phantoms),
    "self-training": Variant({}, Bench.self_trained),
    "cleaned, self-training": Variant({}, Bench.clean_and_self_trained),
    "boundary weight 2": Variant({"boundary_weight": 2.0}),
    "no Dice loss": Variant({"dice_weight": 0.0}),
    "no averaging": Variant({"average": None}),
    "heavier weight decay": Variant({"weight_decay": 0.1}),
    "192 px": Variant({}, size=192),
    "256 px": Variant({}, size=256),
    "320 px": Variant({}, size=320),
    "384 px": Variant({}, size=384),
}


def run(bench: Bench, names: list[str]) -> Iterator[dict[str, Any]]:
    """Train and evaluate variants by name on each data set, and yield their rows, finished ones first."""
    kept = bench.out / "results.jsonl"
    bench.out.mkdir(parents=True, exist_ok=True)
    done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    yield from done
    finished = {(row["variant"], row["source"]) for row in done}
    for name in names:
        for source in SOURCES:
            for row in _rows(bench, name, source, finished):
                with kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                yield row


def _rows(bench: Bench, name: str, source: str, finished: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    if (name, source) in finished:
        return
    variant = VARIANTS[name]
    folder = bench.out / f"{name.replace(' ', '-')}-{source}"
    images = bench.train(
        folder,
        variant.data(bench, source),
        images=bench.images,
        size=variant.size or bench.size,
        learning_rate=4e-4,
        start_from=bench.base(source),
        **variant.change,
    )
    segmenter = Segmenter(folder / "last.safetensors", device=bench.hardware.device, engine="torch")
    yield {"variant": name, "source": source, "images": images, **_judge(bench, segmenter)}
    if name == "control":
        metadata = segmenter.metadata
        letterbox = metadata.model_copy(
            update={"preprocessing": metadata.preprocessing.model_copy(update={"resize": "letterbox"})}
        )
        for other, judged in (
            ("control, letterbox", Segmenter.from_engine(letterbox, segmenter.engine)),
            ("control, flip averaged", Segmenter.from_engine(metadata, FlipAveraged(segmenter.engine))),
        ):
            yield {"variant": other, "source": source, "images": images, **_judge(bench, judged)}


def _judge(bench: Bench, segmenter: Segmenter) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name in SOURCES:
        iou = summarise(_cases(segmenter, bench.data / name / "validation")).iou
        figures[name] = {"mean": iou.mean, "median": iou.median, "worst": iou.worst}
    covid = _cases(segmenter, bench.data / "covid" / "validation")
    figures["covid"] = {
        "precision": float(np.mean([case.overlap.precision for case in covid])),
        "recall": float(np.mean([case.overlap.recall for case in covid])),
    }
    return figures


def _cases(segmenter: Segmenter, root: Path) -> list[Case]:
    return [case for case, _ in evaluate(segmenter, SegmentationDataset(root))]


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, by data set, in the order of `run`."""
    lines = [
        "| trained on | variant | Montgomery | worst | Shenzhen | median | covid precision | recall |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for source in SOURCES:
        for row in rows:
            if row["source"] == source:
                first, second, third = row["montgomery"], row["shenzhen"], row["covid"]
                lines.append(
                    f"| {source.capitalize()} | {row['variant']} | {first['mean']:.4f} | "
                    f"{first['worst']:.3f} | {second['mean']:.4f} | {second['median']:.4f} | "
                    f"{third['precision']:.4f} | {third['recall']:.4f} |"
                )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the module; see its docstring."""
    parser = argparse.ArgumentParser(
        prog="python -m training.experiments.ablations", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="holds montgomery, shenzhen, covid and unlabelled"
    )
    parser.add_argument(
        "--cleaned", type=Path, required=True, help="what pleura clean wrote for the first two"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--images",
        type=int,
        default=1000,
        help="that each variant sees; a base network sees three times as many",
    )
    parser.add_argument(
        "--workers", type=int, help="that read and augment images; by default as many as pay on the device"
    )
    parser.add_argument(
        "--variant", action="append", choices=VARIANTS, help="only this one; may be given more than once"
    )
    arguments = parser.parse_args()
    bench = Bench(
        data=arguments.data,
        cleaned=arguments.cleaned,
        out=arguments.out,
        base_images=3 * arguments.images,
        images=arguments.images,
        size=128,
        hardware=prepare_device("auto", mixed_precision=None, workers=arguments.workers),
    )
    rows = []
    for row in run(bench, arguments.variant or list(VARIANTS)):
        rows.append(row)
        (bench.out / "table.md").write_text(table(rows), encoding="utf-8")
    print(table(rows))  # noqa: T201


if __name__ == "__main__":
    main()
