"""Segmentations in the real OHIF, in Chromium, from a real Orthanc."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from model.writing.dicom.forms import Form, write_form
from tests.pacs.ohif import Ohif, dist
from tests.pacs.orthanc import Orthanc
from tests.pacs.radiographs import SIDE, film, read, uids
from tests.pacs.segmenters import trusting

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if dist() is None:
        pytest.skip("OHIF is not here: run .ci/ohif and set PLEURA_OHIF_DIST to the folder that it prints")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not here: install Debian's package chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def viewer(browser: Browser, orthanc: Orthanc) -> Iterator[Ohif]:
    folder = dist()
    assert folder is not None
    served = Ohif(folder, orthanc.url)
    yield served
    served.close()


def stored(orthanc: Orthanc, source: bytes, form: Form = Form.SEG) -> tuple[NDArray[np.uint8], str]:
    """Store a film and its result; give the labels and the series description."""
    segmenter = trusting()
    segmentation = segmenter(source)
    result = write_form(segmentation, segmenter.metadata, form)
    for data in (source, result):
        orthanc.upload(data)
    return segmentation.labels, str(read(result).SeriesDescription)


def opened(browser: Browser, url: str, study: str, series: str) -> Page:
    """The study in OHIF, with one series opened by a double click in its list."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(f"{url}/segmentation?StudyInstanceUIDs={study}")
    page.get_by_text(series, exact=True).first.wait_for(timeout=90_000)
    page.locator("canvas").first.wait_for(timeout=60_000)
    return page


def open_series(page: Page, series: str) -> None:
    """Double-click a series in the list, without the tour that hides it."""
    page.evaluate(
        "document.querySelectorAll('.shepherd-element, .shepherd-modal-overlay-container')"
        ".forEach((element) => element.remove())"
    )
    page.get_by_text(series, exact=True).first.dblclick()


def wait_for(page: Page, problem: Callable[[], str | None], series: str) -> None:
    """Open a series and wait until there is no problem left, a second at a time."""
    found: str | None = None
    for second in range(80):
        if second % 8 == 0:
            # A click comes to nothing while the viewer still loads.
            open_series(page, series)
        page.wait_for_timeout(1000)
        if (found := problem()) is None:
            return
    raise AssertionError(found)


def shown(page: Page) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the first viewport is orange and where it is blue, `(SIDE, SIDE)` each."""
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    picture = Image.open(BytesIO(page.screenshot(clip=box))).convert("RGB")
    pixels = np.asarray(picture).astype(int)
    # The image fills the viewport's width or height and lies in its middle.
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    square = Image.fromarray(pixels[top : top + side, left : left + side].astype(np.uint8))
    small = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.NEAREST)).astype(int)
    red, green, blue = np.moveaxis(small, -1, 0)
    # The viewer's own blues are darker, or have less green.
    return red - blue > 60, (blue - red > 40) & (blue - green < 60) & (blue > 90)


@pytest.mark.parametrize(
    "attributes",
    [
        {"PixelSpacing": [0.2, 0.2]},
        {"PixelSpacing": None},
        {"PixelSpacing": None, "PhotometricInterpretation": "MONOCHROME1"},
    ],
    ids=["with spacing", "without spacing", "MONOCHROME1"],
)
def test_both_lungs_are_named_and_lie_in_their_colours_over_the_film(
    attributes: dict[str, Any], browser: Browser, viewer: Ohif, orthanc: Orthanc
) -> None:
    source = film(**attributes)
    labels, series = stored(orthanc, source)
    page = opened(browser, viewer.url, str(read(source).StudyInstanceUID), series)

    def problem() -> str | None:
        if not all(page.get_by_text(name, exact=True).is_visible() for name in ("Right lung", "Left lung")):
            return "the segments are not listed"
        overlaps = []
        for label, found in zip((1, 2), shown(page), strict=True):
            lung = labels == label
            overlaps.append((found & lung).sum() / (found | lung).sum())
        return None if min(overlaps) > 0.9 else f"IoU of the lungs {overlaps}"

    wait_for(page, problem, series)
    page.close()


@pytest.mark.parametrize(("form", "spacing"), [(Form.SC, [0.2, 0.2]), (Form.SC_OUTLINES, None)])
def test_the_secondary_capture_shows_both_outlines(
    form: Form, spacing: list[float] | None, browser: Browser, viewer: Ohif, orthanc: Orthanc
) -> None:
    source = film(PixelSpacing=spacing)
    labels, series = stored(orthanc, source, form)
    page = opened(browser, viewer.url, str(read(source).StudyInstanceUID), series)

    def problem() -> str | None:
        parts = []
        for label, found in zip((1, 2), shown(page), strict=True):
            lung = (labels == label).astype(np.uint8)
            near = cv2.dilate(lung, np.ones((7, 7))) - cv2.erode(lung, np.ones((7, 7)))
            rows = np.flatnonzero(lung.any(axis=1))
            # Above are the text and the viewer's own, below the viewer's own.
            # At the sides is the frame of the viewport.
            beside = found[rows, 4:-4]
            parts.append((beside & (near[rows, 4:-4] > 0)).sum() / max(beside.sum(), 1))
            parts.append(beside.any(axis=1).mean())
        return None if min(parts) > 0.9 else f"parts of the outlines {parts}"

    wait_for(page, problem, series)
    page.close()


def test_of_three_films_in_a_study_each_segmentation_is_found(
    browser: Browser, viewer: Ohif, orthanc: Orthanc
) -> None:
    study = uids()["StudyInstanceUID"]
    series = []
    for number in (1, 2, 3):
        place = uids() | {"StudyInstanceUID": study}
        series.append(stored(orthanc, film(**place, SeriesNumber=number))[1])
    assert len(set(series)) == 3
    page = opened(browser, viewer.url, study, series[1])
    open_series(page, series[1])
    for each in series:
        assert page.get_by_text(each, exact=True).first.is_visible()
    page.close()
