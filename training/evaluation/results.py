"""The files of an evaluation: CSV with a row for each image, summary as JSON, masks, images, report."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from model.checkpoint import CheckpointMetadata
from model.reading import read_mask
from model.writing.png import mask_png

from ..data.datasets import SegmentationDataset, lung_in
from .evaluate import Case, Images
from .figures import case_picture
from .report import write_report
from .summary import Summary


class Results:
    """Writes the files of an evaluation into a folder.

    These are ``cases.csv``, ``summary.json``, ``predictions/``, ``pictures/`` and ``report.html``.

    Args:
        folder: Is created if it does not exist.
        roots: Names of the data set's roots.
    """

    def __init__(self, folder: Path, *, roots: Sequence[str]) -> None:
        self._folder = folder
        self._roots = roots
        for part in ("predictions", "pictures"):
            (folder / part).mkdir(parents=True, exist_ok=True)

    def add(self, case: Case, images: Images) -> None:
        """Write a case's mask, at the size of the ground truth, and its picture.

        Args:
            case: The case's metrics.
            images: Its radiograph and masks.
        """
        self._prediction(case).write_bytes(mask_png(images.prediction))
        picture = self._folder / "pictures" / f"{self._name(case)}.png"
        picture.write_bytes(case_picture(images, iou=case.overlap.iou, gross_errors=case.gross_errors))

    def write(
        self,
        cases: Sequence[Case],
        summaries: Mapping[str, Summary],
        *,
        dataset: SegmentationDataset,
        metadata: CheckpointMetadata,
        engine: str,
    ) -> None:
        """Write the table, the lowest IoU first, the summaries by name, and the report.

        Args:
            cases: All cases, in any order.
            summaries: By the name of a folder, or of all.
            dataset: Loads the images of the report.
            metadata: Of the checkpoint that was evaluated.
            engine: Name of the engine that ran the network.
        """
        ordered = sorted(cases, key=lambda case: case.overlap.iou)
        rows = [self._row(case) for case in ordered]
        with (self._folder / "cases.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        text = json.dumps({name: asdict(summary) for name, summary in summaries.items()}, indent=2)
        (self._folder / "summary.json").write_text(text + "\n", encoding="utf-8")

        def images(case: Case) -> Images:
            radiograph, mask = dataset.load(case.index)
            return Images(radiograph, lung_in(mask), read_mask(self._prediction(case)))

        write_report(
            self._folder / "report.html",
            ordered,
            summaries,
            roots=self._roots,
            images=images,
            metadata=metadata,
            engine=engine,
        )

    def _row(self, case: Case) -> dict[str, Any]:
        return {
            "root": self._roots[case.source],
            "stem": case.stem,
            **asdict(case.overlap),
            "raw_iou": case.raw_iou,
            **asdict(case.surface),
            "loss": case.loss,
            "mask_notes": " ".join(sorted({note.code for _, note in case.notes})),
            "gross_errors": " ".join(error.kind for error in case.gross_errors),
            "heart_iou": case.heart_iou,
            "cardiothoracic_ratio": case.ratio,
            "true_cardiothoracic_ratio": case.true_ratio,
            "predicted_iou": case.quality.predicted_iou,
            "trusted": case.quality.trusted,
            "warnings": " ".join(warning.code for warning in case.quality.warnings),
        }

    def _prediction(self, case: Case) -> Path:
        return self._folder / "predictions" / f"{self._name(case)}.png"

    def _name(self, case: Case) -> str:
        if len(self._roots) == 1:
            return case.stem
        return f"{self._roots[case.source].replace('/', '-')}-{case.stem}"
