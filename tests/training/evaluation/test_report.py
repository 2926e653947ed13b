import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.checkpoint import CheckpointMetadata
from training.evaluation.evaluate import Case, Images
from training.evaluation.report import write_report
from training.evaluation.summary import summarise

from ..conftest import MadeUp

NAMES = ["montgomery/validation", "shenzhen/validation"]
HOSTILE = '<img src=x onerror="alert(1)">&\'.png'


class Page(HTMLParser):
    """What a page holds: attributes by tag, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def images(case: Case) -> Images:
    truth = np.zeros((60, 50), np.bool_)
    truth[10:40, 5:20] = True
    prediction = np.roll(truth, case.index, axis=0)
    return Images(np.full((60, 50), 90, np.uint8), truth, prediction)


def written(
    path: Path, cases: list[Case], *, roots: list[str] = NAMES, metadata: CheckpointMetadata | None = None
) -> str:
    ordered = sorted(cases, key=lambda case: case.overlap.iou)
    summaries = {
        name: summarise(chosen)
        for number, name in enumerate(roots)
        if (chosen := [case for case in cases if case.source == number])
    }
    if len(summaries) > 1:
        summaries["all"] = summarise(cases)
    write_report(
        path,
        ordered,
        summaries,
        roots=roots,
        images=images,
        metadata=metadata or CheckpointMetadata(name="pleura-test", sha256="ab" * 32),
        engine="torch-fp32",
    )
    return path.read_text(encoding="utf-8")


@pytest.fixture
def cases(made_up: MadeUp) -> list[Case]:
    return [
        made_up(index=number, source=number % 2, iou=0.8 + number / 100, predicted_iou=0.85)
        for number in range(16)
    ]


def test_report_makes_no_request(cases: list[Case], tmp_path: Path) -> None:
    text = written(tmp_path / "report.html", cases)
    page = Page(text)
    assert not page.all("script")
    assert not page.all("link")
    for tag, attributes in page.found:
        for name, value in attributes.items():
            if name in ("src", "href", "xlink:href", "data", "action", "poster", "srcset"):
                assert value is not None
                assert value.startswith(("data:image/jpeg;base64,", "#")), (tag, name, value[:60])
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    without_namespaces = re.sub(r'xmlns(:xlink)?="[^"]*"', "", text)
    assert "http" not in without_namespaces


def test_report_shows_worst_median_and_best_cases_once(cases: list[Case], tmp_path: Path) -> None:
    page = Page(written(tmp_path / "report.html", cases))
    shown = [str(picture["alt"]).split(":")[0].split("/")[-1] for picture in page.all("img")]
    assert shown == [f"case-{number:02}" for number in (0, 1, 2, 3, 4, 5, 10, 11, 14, 15)]
    for title in ("Worst", "Median", "Best"):
        assert title in page.text


def test_images_of_the_report_can_be_decoded(cases: list[Case], tmp_path: Path) -> None:
    for picture in Page(written(tmp_path / "report.html", cases)).all("img"):
        data = base64.b64decode(str(picture["src"]).partition(",")[2])
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        assert decoded.shape == (360, 3 * 300 + 2 * 4, 3)


def test_table_has_each_folder_with_and_without_postprocessing(cases: list[Case], tmp_path: Path) -> None:
    page = Page(written(tmp_path / "report.html", cases))
    rows = [row.get("scope") for row in page.all("th")].count("row")
    assert rows == 2 * 3
    # The images' IoU are 0.80, 0.82 … 0.94 in the first folder, and 0.01 more in the second; without
    # post-processing 0.7.
    for figure in ("0.8700", "0.8800", "0.8750", "0.7000"):
        assert figure in page.text
    assert page.text.count("without post-processing") == 3 + 10


def test_calibration_plot_is_shown_only_with_predictions(
    cases: list[Case], made_up: MadeUp, tmp_path: Path
) -> None:
    labels = [chart["aria-label"] for chart in Page(written(tmp_path / "a.html", cases)).all("svg")]
    assert labels == ["Histogram of IoU", "Predicted against true IoU"]
    without = [made_up(index=number, iou=0.9) for number in range(3)]
    labels = [chart["aria-label"] for chart in Page(written(tmp_path / "b.html", without)).all("svg")]
    assert labels == ["Histogram of IoU"]


def test_names_are_escaped(made_up: MadeUp, tmp_path: Path) -> None:
    case = made_up(index=0, iou=0.9, stem=HOSTILE)
    other = made_up(index=1, source=1, iou=0.8)
    text = written(
        tmp_path / "report.html",
        [case, other],
        roots=[HOSTILE, "other"],
        metadata=CheckpointMetadata(name=HOSTILE, recipe={"name": HOSTILE}, git_revision=HOSTILE),
    )
    page = Page(text)
    assert not [attributes for _, attributes in page.found if "onerror" in attributes]
    assert len(page.all("img")) == 2
    assert page.text.count(HOSTILE) >= 5


def test_report_is_reproducible(cases: list[Case], tmp_path: Path) -> None:
    assert written(tmp_path / "a.html", cases) == written(tmp_path / "b.html", cases)


def test_report_names_the_checkpoint(cases: list[Case], tmp_path: Path) -> None:
    text = Page(written(tmp_path / "report.html", cases)).text
    assert "pleura-test" in text
    assert "ab" * 32 in text
    assert "torch-fp32" in text
    assert "not a medical device" in text


def test_html_identifiers_are_unique(cases: list[Case], tmp_path: Path) -> None:
    found = [
        attributes["id"]
        for _, attributes in Page(written(tmp_path / "report.html", cases)).found
        if "id" in attributes
    ]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("number", [1, 2, 7])
def test_report_of_few_images_shows_each_once(made_up: MadeUp, tmp_path: Path, number: int) -> None:
    chosen = [made_up(index=index, iou=0.0 if index else 1.0) for index in range(number)]
    assert len(Page(written(tmp_path / "report.html", chosen, roots=["one"])).all("img")) == number


def test_folders_beyond_the_colours_are_grouped(made_up: MadeUp, tmp_path: Path) -> None:
    roots = [f"folder/{number}" for number in range(8)]
    chosen = [made_up(index=number, source=number, iou=0.9, predicted_iou=0.8) for number in range(8)]
    page = Page(written(tmp_path / "report.html", chosen, roots=roots))
    assert page.text.count("others") == 1
    assert all(name in page.text for name in roots)
