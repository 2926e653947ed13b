"""The report of an evaluation: one self-contained HTML page.

It contains no date and no property of the machine, so that the same masks give the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup

from model.checkpoint import CheckpointMetadata

from ..data.inspection import summary_of
from ..pages import ShownCase, write_page
from .charts import calibration, histogram
from .evaluate import Case, Images
from .figures import case_overlays
from .summary import GOOD_IOU, LOW_IOU, Summary

_SHOWN = {"Worst": 6, "Median": 2, "Best": 2}
"""Number of cases that are shown of each kind."""


def write_report(
    path: Path,
    cases: Sequence[Case],
    summaries: Mapping[str, Summary],
    *,
    roots: Sequence[str],
    images: Callable[[Case], Images],
    metadata: CheckpointMetadata,
    engine: str,
) -> None:
    """Write the page.

    Args:
        path: Of the HTML file.
        cases: At least one, the lowest IoU first.
        summaries: By name, in the order of the table.
        roots: Names of the data set's roots.
        images: Loads the images of a case; called for those that are shown.
        metadata: Of the checkpoint that was evaluated.
        engine: That ran the network.
    """
    predicted = any(case.quality.predicted_iou is not None for case in cases)
    write_page(
        path,
        "evaluation.html",
        title=f"How good the masks of {metadata.name} are",
        overall=list(summaries.values())[-1],
        summaries=summaries,
        low_iou=LOW_IOU,
        good_iou=GOOD_IOU,
        calibrated=metadata.calibration is not None,
        histogram=Markup(histogram(cases, roots=roots)),  # noqa: S704
        calibration=Markup(calibration(cases, roots=roots)) if predicted else None,  # noqa: S704
        shown={
            title: [_shown(case, roots, images(case)) for case in chosen]
            for title, chosen in _choose(cases).items()
        },
        notes=summary_of(
            (Path(roots[case.source], path.name), note) for case in cases for path, note in case.notes
        ),
        provenance=_provenance(metadata, engine),
    )


def _choose(cases: Sequence[Case]) -> dict[str, Sequence[Case]]:
    """Return the worst, median and best cases, the lowest IoU first, no case twice."""
    left = list(cases)
    chosen: dict[str, Sequence[Case]] = {}
    for title, number in _SHOWN.items():
        start = {"Worst": 0, "Median": max(0, (len(left) - number) // 2), "Best": max(0, len(left) - number)}[
            title
        ]
        chosen[title] = left[start : start + number]
        left = [case for case in left if case not in chosen[title]]
    return chosen


def _shown(case: Case, roots: Sequence[str], images: Images) -> ShownCase:
    words = [f"IoU {case.overlap.iou:.4f}", f"without post-processing {case.raw_iou:.4f}"]
    if case.quality.predicted_iou is not None:
        words.append(f"predicted {case.quality.predicted_iou:.3f}")
    words.append(f"recall {case.overlap.recall:.3f}")
    words.append(f"precision {case.overlap.precision:.3f}")
    words += [warning.code.replace("_", " ") for warning in case.quality.warnings]
    name = f"{roots[case.source]}/{case.stem}" if len(roots) > 1 else case.stem
    return ShownCase(name, case_overlays(images, gross_errors=case.gross_errors), words)


def _provenance(metadata: CheckpointMetadata, engine: str) -> dict[str, str]:
    preprocessing = metadata.preprocessing
    calibrated = "yes" if metadata.calibration is not None else "no: the quality of its masks is unknown"
    return {
        "checkpoint": metadata.name,
        "sha256": metadata.sha256 or "none",
        "input": f"{preprocessing.input_size} × {preprocessing.input_size}, {preprocessing.resize}, "
        f"{preprocessing.normalisation}",
        "threshold": f"{metadata.threshold:g}",
        "recipe": str(metadata.recipe.get("name", "none")),
        "code": metadata.git_revision or "unknown",
        "calibrated": calibrated,
        "engine": engine,
    }
