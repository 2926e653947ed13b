"""The report of an evaluation: one self-contained HTML page.

It contains no date and no property of the machine, so that the same masks give the same bytes.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

from model.checkpoint import CheckpointMetadata

from ..data.inspection import summary_of
from .charts import calibration, histogram
from .evaluate import Case, Images
from .figures import case_overlays
from .summary import GOOD_IOU, LOW_IOU, Distribution, Summary

_SHOWN = {"Worst": 6, "Median": 2, "Best": 2}
"""Number of cases that are shown of each kind."""

_HEAD = (
    "",
    "images",
    "mean IoU",
    "median",
    "5th percentile",
    "worst",
    f"below {LOW_IOU}",
    f"below {GOOD_IOU}",
)
_MORE = ("gross errors", "Dice", "accuracy", "loss", "HD95", "ASSD", "NSD", "trusted")


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
        path: of the HTML file.
        cases: at least one, the lowest IoU first.
        summaries: by name, in the order of the table.
        roots: names of the data set's roots.
        images: loads the images of a case; called for those that are shown.
        metadata: of the checkpoint that was evaluated.
        engine: that ran the network.
    """
    template = Template(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    overall = list(summaries.values())[-1]
    page = template.substitute(
        title=escape(f"How good the masks of {metadata.name} are"),
        lead=_lead(overall),
        table=_table(summaries, calibrated=metadata.calibration is not None),
        charts=_charts(cases, roots),
        cases="\n".join(
            _gallery(title, chosen, roots, images) for title, chosen in _choose(cases).items() if chosen
        ),
        notes=_notes(cases, roots),
        provenance=_provenance(metadata, engine),
    )
    path.write_text(page, encoding="utf-8")


def _lead(summary: Summary) -> str:
    iou, raw = summary.iou, summary.raw_iou
    number = "One image" if summary.images == 1 else f"{summary.images} images"
    return (
        f"{number}: mean IoU <b>{iou.mean:.4f}</b>, median {iou.median:.4f}; "
        f"{iou.failures or 'none'} below {LOW_IOU}; gross errors in {summary.gross or 'none'} "
        f"(below the dome {summary.below_dome}, elsewhere {summary.elsewhere}, missed {summary.missed}). "
        f"Without post-processing the mean is {raw.mean:.4f}."
    )


def _table(summaries: Mapping[str, Summary], *, calibrated: bool) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in _HEAD + _MORE)
    rows = []
    for name, summary in summaries.items():
        more = (
            str(summary.gross),
            f"{summary.mean_dice:.4f}",
            f"{summary.mean_pixel_accuracy:.4f}",
            f"{summary.mean_loss:.4f}",
            _or_dash(summary.mean_hd95_px, ".1f"),
            _or_dash(summary.mean_assd_px, ".2f"),
            _or_dash(summary.mean_nsd, ".3f"),
            _or_dash(summary.trusted if calibrated else None, ".0%"),
        )
        rows.append(_row(name, str(summary.images), summary.iou, more))
        rows.append(_row("without post-processing", "", summary.raw_iou, ("",) * len(_MORE), kind="raw"))
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>"


def _row(name: str, images: str, iou: Distribution, more: Sequence[str], *, kind: str = "") -> str:
    figures = [images, *(f"{value:.4f}" for value in (iou.mean, iou.median, iou.p5, iou.worst))]
    cells = "".join(f"<td>{value}</td>" for value in figures)
    failures = f"<td{' class=some' if iou.failures else ''}>{iou.failures}</td><td>{iou.below_good:.1%}</td>"
    rest = "".join(f"<td>{value}</td>" for value in more)
    return f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{cells}{failures}{rest}</tr>'


def _charts(cases: Sequence[Case], roots: Sequence[str]) -> str:
    figures = [
        f"<figure>{histogram(cases, roots=roots)}<figcaption>Images by IoU with post-processing. Dotted: "
        f"{LOW_IOU}, below which a mask is counted as a failure.</figcaption></figure>"
    ]
    if any(case.quality.predicted_iou is not None for case in cases):
        figures.append(
            f'<figure class="square">{calibration(cases, roots=roots)}<figcaption>The IoU that the service '
            "predicts for its own mask, and the true one. Rings are masks that it does not trust."
            "</figcaption></figure>"
        )
    return "\n".join(figures)


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


def _gallery(
    title: str, cases: Sequence[Case], roots: Sequence[str], images: Callable[[Case], Images]
) -> str:
    figures = "\n".join(_case(case, roots, images(case)) for case in cases)
    return f'<h3>{title}</h3>\n<div class="cases">\n{figures}\n</div>'


def _case(case: Case, roots: Sequence[str], images: Images) -> str:
    name = f"{roots[case.source]}/{case.stem}" if len(roots) > 1 else case.stem
    picture = base64.b64encode(case_overlays(images, gross_errors=case.gross_errors)).decode()
    words = [f"IoU {case.overlap.iou:.4f}", f"without post-processing {case.raw_iou:.4f}"]
    if case.quality.predicted_iou is not None:
        words.append(f"predicted {case.quality.predicted_iou:.3f}")
    words.append(f"recall {case.overlap.recall:.3f}")
    words.append(f"precision {case.overlap.precision:.3f}")
    words += [warning.code.replace("_", " ") for warning in case.quality.warnings]
    caption = "".join(f"<span>{escape(word)}</span>" for word in words)
    return (
        f'<figure><div class="film"><img alt="{escape(name)}: ground truth, prediction and their difference" '
        f'src="data:image/jpeg;base64,{picture}"></div>'
        f"<figcaption><b>{escape(name)}</b>{caption}</figcaption></figure>"
    )


def _notes(cases: Sequence[Case], roots: Sequence[str]) -> str:
    """Return the section on what was assumed about the masks; empty if nothing was."""
    lines = summary_of(
        (Path(roots[case.source], path.name), note) for case in cases for path, note in case.notes
    )
    if not lines:
        return ""
    items = "\n".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>What was assumed about the ground truth</h2>\n<ul>\n{items}\n</ul>"


def _provenance(metadata: CheckpointMetadata, engine: str) -> str:
    preprocessing = metadata.preprocessing
    calibrated = "yes" if metadata.calibration is not None else "no: the quality of its masks is unknown"
    entries = {
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
    return "\n".join(f"<dt>{key}</dt><dd>{escape(value)}</dd>" for key, value in entries.items())


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
