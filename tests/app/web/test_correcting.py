"""A mask that is wrong is corrected: by mouse, by finger, by keys; and it is saved as it was corrected."""

import json
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import CDPSession, Page, expect
from pycocotools import mask as coco
from pydicom import dcmread

from model.reading import read_ground_truth
from tests.app.conftest import MakeClient, Service
from tests.app.fakes import decode, dicom, encode, picture, truth
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_results import download
from tests.model.writing.dicom.test_seg import violations
from training.data.folders import find_samples

pytestmark = pytest.mark.slow

BOTH = truth((8, 12, 16, 40)) | truth((40, 12, 16, 40))
Point = tuple[float, float]


def on_screen(screen: Screen, point: Point) -> Point:
    """Where a point of the image lies on the page."""
    left, top, width, height = screen.viewbox()
    box = screen.page.locator("#marked .view").bounding_box()
    assert box is not None
    return box["x"] + (point[0] - left) / width * box["width"], box["y"] + (point[1] - top) / height * box[
        "height"
    ]


def drag(screen: Screen, *points: Point) -> None:
    first, *others = [on_screen(screen, point) for point in points]
    screen.page.mouse.move(*first)
    screen.page.mouse.down()
    for point in others:
        screen.page.mouse.move(*point, steps=4)
    screen.page.mouse.up()


def finger(screen: Screen, *points: Point) -> None:
    session = screen.page.context.new_cdp_session(screen.page)
    first, *others = [on_screen(screen, point) for point in points]
    touch(session, "touchStart", first)
    for point in others:
        touch(session, "touchMove", point)
    touch(session, "touchEnd")


def touch(session: CDPSession, kind: str, *points: Point) -> None:
    touches = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def take(page: Page, tool: str) -> None:
    if page.locator("#correct-tools").is_hidden():
        page.get_by_role("button", name="Correct", exact=True).click()
    page.locator("#correct-tools").get_by_text(tool, exact=True).click()


def size(page: Page, value: int) -> None:
    """The brush in thousandths of the image's shorter side."""
    page.get_by_role("slider", name="Size").fill(str(value))


def area(page: Page, lung: str) -> int:
    return int(page.locator(f"#lungs .{lung} .px").inner_text().replace(",", ""))


def mask(page: Page) -> NDArray[np.bool_]:
    _, data = download(page, "Mask, PNG")
    return decode(data)


def runs(text: bytes | str) -> NDArray[np.bool_]:
    """The mask of COCO's run lengths, as pycocotools reads them."""
    with warnings.catch_warnings():
        # pycocotools' array does not know numpy 2's keyword.
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.asarray(coco.decode(json.loads(text))).astype(np.bool_)


def open_two(screen: Screen) -> Screen:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    return screen


@pytest.fixture
def opened(screen: Screen) -> Screen:
    return open_two(screen)


@pytest.fixture(params=[1440, 820, 390])
def any_screen(request: Any, make_screen: MakeScreen, shared_client: Service) -> Screen:
    width: int = request.param
    return open_two(
        make_screen(shared_client, viewport={"width": width, "height": 900}, has_touch=width < 1000)
    )


def stroke(screen: Screen, *points: Point) -> None:
    """By finger where there is one."""
    screen.page.locator("#stage").scroll_into_view_if_needed()
    has_touch = screen.page.evaluate("navigator.maxTouchPoints > 0")
    (finger if has_touch else drag)(screen, *points)


def test_a_stroke_of_the_brush_adds_to_the_nearest_lung(any_screen: Screen) -> None:
    page = any_screen.page
    take(page, "Brush")
    size(page, 125)
    stroke(any_screen, (26, 20), (26, 44))
    any_screen.shows("corrected")
    # A brush of eight pixels about x = 26: four columns and a half disc lie beyond the lung's edge at 24.
    assert 640 + 24 * 6 <= area(page, "right") <= 640 + 24 * 6 + 50
    assert area(page, "left") == 640
    assert any_screen.outline("right") == (8, 12, 30, 52)
    expect(page.locator("#stage-verdict")).to_have_text("Corrected by hand")
    expect(page.locator("#verdict-word")).to_have_text("Corrected by hand")
    expect(page.locator(".strip-state")).to_have_text("Corrected")


def test_what_the_eraser_passes_is_no_lung(any_screen: Screen) -> None:
    page = any_screen.page
    take(page, "Eraser")
    size(page, 250)
    stroke(any_screen, (4, 52), (30, 52))
    any_screen.shows("corrected")
    found = mask(page)
    assert not found[46:52, 8:24].any()
    assert np.array_equal(found[:43], BOTH[:43])
    assert np.array_equal(found[:, 40:], BOTH[:, 40:])


def test_a_drawing_tool_is_put_away_with_its_row(opened: Screen) -> None:
    page = opened.page
    take(page, "Brush")
    page.get_by_role("button", name="Adjust", exact=True).click()
    expect(page.locator("#correct-tools")).to_be_hidden()
    expect(page.get_by_role("radio", name="Pan")).to_be_checked()
    page.locator("#tools").get_by_text("Window", exact=True).click()
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_role("radio", name="Brush")).to_be_checked()


def test_the_circle_shows_how_far_a_nudge_reaches(opened: Screen) -> None:
    page = opened.page
    take(page, "Nudge")
    size(page, 60)
    page.mouse.move(*on_screen(opened, (24, 32)))
    page.mouse.down()
    page.mouse.move(*on_screen(opened, (30, 32)), steps=4)
    circle = page.locator("#marked .cursor")
    # The brush's radius is two pixels; six pixels of way need a reach of twelve.
    assert float(circle.get_attribute("r") or 0) == pytest.approx(12, abs=0.5)
    page.mouse.up()


def test_gas_under_the_diaphragm_is_cut_off_in_one_stroke(any_screen: Screen) -> None:
    page = any_screen.page
    take(page, "Cut")
    stroke(any_screen, (4, 40), (28, 40), (28, 58), (4, 58))
    any_screen.shows("corrected")
    assert np.array_equal(mask(page), truth((8, 12, 16, 28)) | truth((40, 12, 16, 40)))


def test_a_lasso_fills_what_it_goes_around(any_screen: Screen) -> None:
    page = any_screen.page
    take(page, "Lasso")
    page.locator("#correct-tools").get_by_text("Left", exact=True).click()
    stroke(any_screen, (44, 40), (60, 40), (60, 60), (44, 60))
    any_screen.shows("corrected")
    assert any_screen.outline("left") == pytest.approx((40, 12, 60, 60), abs=1)
    assert area(page, "right") == 640


def test_nudging_drags_the_outline_along(any_screen: Screen) -> None:
    page = any_screen.page
    take(page, "Nudge")
    stroke(any_screen, (24, 32), (28, 32))
    any_screen.shows("corrected")
    _, _, right, _ = any_screen.outline("right")
    assert 27 <= right <= 29
    # Far from there nothing moved.
    assert np.array_equal(mask(page)[:16, :32], BOTH[:16, :32])


def test_undo_and_redo_have_no_end(opened: Screen) -> None:
    page = opened.page
    take(page, "Brush")
    size(page, 60)
    areas = [640]
    for row in range(14, 50, 2):
        drag(opened, (26, row), (28, row))
        areas.append(area(page, "right"))
    assert len(set(areas)) == len(areas)
    for expected in reversed(areas[:-1]):
        page.keyboard.press("Control+z")
        assert area(page, "right") == expected
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    opened.shows("untrusted")
    for expected in areas[1:]:
        page.keyboard.press("Control+Shift+Z")
        assert area(page, "right") == expected
    page.get_by_role("button", name="Undo").click()
    assert area(page, "right") == areas[-2]
    page.get_by_role("button", name="Redo").click()
    assert area(page, "right") == areas[-1]
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()


def test_the_original_is_one_click_away(opened: Screen) -> None:
    page = opened.page
    take(page, "Cut")
    drag(opened, (4, 30), (28, 30), (28, 58), (4, 58))
    changed = area(page, "right")
    assert changed == 16 * 18
    original = page.get_by_role("button", name="Original")
    original.click()
    expect(original).to_have_attribute("aria-pressed", "true")
    assert area(page, "right") == 640
    assert opened.outline("right") == (8, 12, 24, 52)
    assert np.array_equal(mask(page), BOTH)
    original.click()
    assert area(page, "right") == changed


def test_sides_are_swapped_and_one_part_is_given_to_the_other(opened: Screen) -> None:
    page = opened.page
    take(page, "Swap sides")
    assert opened.outline("left") == (8, 12, 24, 52)
    take(page, "Change side")
    page.mouse.click(*on_screen(opened, (16, 30)))
    expect(page.locator("#lungs .left .px")).to_have_text("not found")
    assert area(page, "right") == 1280


def test_holes_are_filled_and_specks_smoothed(opened: Screen) -> None:
    page = opened.page
    take(page, "Eraser")
    size(page, 60)
    drag(opened, (16, 30), (16, 32))
    assert area(page, "right") < 640
    page.get_by_role("button", name="Fill holes").click()
    assert area(page, "right") == 640
    take(page, "Brush")
    size(page, 4)
    drag(opened, (30.5, 30.5), (30.6, 30.5))
    assert not np.array_equal(mask(page), BOTH)
    page.get_by_role("button", name="Smooth").click()
    found = mask(page)
    assert not found[:, 26:38].any()
    assert np.count_nonzero(found ^ BOTH) < 20


def test_keys_draw_as_well(opened: Screen) -> None:
    page = opened.page
    svg = page.locator("#marked .view")
    svg.press("b")
    expect(page.locator("#correct-tools")).to_be_visible()
    shown = page.locator("#brush-size-shown")
    before = shown.inner_text()
    for _ in range(3):
        svg.press("]")
    assert int(shown.inner_text().split()[0]) > int(before.split()[0])
    svg.press("Enter")
    opened.shows("corrected")
    assert mask(page)[32, 32]
    svg.press("Control+z")
    opened.shows("untrusted")
    svg.press("e")
    for _ in range(30):
        svg.press("ArrowLeft")
    for _ in range(3):
        svg.press("ArrowRight")
    svg.press("Enter")
    opened.shows("corrected")
    assert area(page, "right") < 640
    svg.press("Escape")
    expect(page.locator("#panes")).to_have_attribute("data-tool", "pan")


def test_a_second_finger_ends_the_stroke_and_zooms(make_screen: MakeScreen, shared_client: Service) -> None:
    phone = open_two(make_screen(shared_client, viewport={"width": 390, "height": 844}, has_touch=True))
    take(phone.page, "Brush")
    phone.page.locator("#stage").scroll_into_view_if_needed()
    session = phone.page.context.new_cdp_session(phone.page)
    before = phone.viewbox()
    (x, y) = on_screen(phone, (32, 32))
    touch(session, "touchStart", (x - 40, y))
    touch(session, "touchMove", (x - 42, y))
    touch(session, "touchStart", (x - 42, y), (x + 40, y))
    touch(session, "touchMove", (x - 80, y), (x + 80, y))
    touch(session, "touchEnd")
    assert phone.viewbox()[2] < before[2]
    phone.shows("untrusted")
    assert area(phone.page, "right") == 640


def test_each_image_keeps_its_correction(opened: Screen) -> None:
    page = opened.page
    take(page, "Cut")
    drag(opened, (4, 30), (28, 30), (28, 58), (4, 58))
    opened.choose(("other.png", two_lungs()))
    opened.shows("untrusted")
    assert area(page, "right") == 640
    page.locator(".strip-item .open").first.click()
    opened.shows("corrected")
    assert area(page, "right") == 16 * 18
    page.keyboard.press("Control+z")
    assert area(page, "right") == 640


def test_the_corrected_mask_is_what_is_saved(opened: Screen, tmp_path: Path) -> None:
    page = opened.page
    take(page, "Cut")
    drag(opened, (4, 40), (28, 40), (28, 58), (4, 58))
    wanted = truth((8, 12, 16, 28)) | truth((40, 12, 16, 40))
    name, data = download(page, "Mask, PNG")
    assert name == "chest-mask.png"
    truth_read = read_ground_truth(data)
    assert np.array_equal(truth_read.mask, wanted)
    assert truth_read.notes == ()
    _, text = download(page, "Mask, RLE")
    assert np.array_equal(runs(text), wanted)
    _, text = download(page, "Result, JSON")
    document = json.loads(text)
    assert document["author"] == "semiautomatic"
    assert document["lungs"]["right"]["area_px"] == 16 * 28
    assert document["lungs"]["right"]["box"] == [8, 12, 16, 28]
    assert document["lungs"]["right"]["centroid"] == pytest.approx([15.5, 25.5])
    assert "quality" not in document
    assert np.array_equal(runs(json.dumps(document["mask"]["data"])), wanted)
    _, image = download(page, "Outlined image")
    colours = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert colours is not None
    assert colours.shape == (64, 64, 3)
    assert colours[40, 16, 2] > colours[40, 16, 0] + 50


def test_run_lengths_of_any_mask(opened: Screen) -> None:
    page = opened.page
    take(page, "Brush")
    size(page, 40)
    for points in (((1, 1), (62, 60)), ((0, 30), (63, 33)), ((20, 63), (50, 0))):
        drag(opened, *points)
    _, text = download(page, "Mask, RLE")
    assert np.array_equal(runs(text), mask(page))


@pytest.mark.parametrize("cleared", [False, True])
def test_a_corrected_seg_names_its_author(screen: Screen, cleared: bool) -> None:
    page = screen.page
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    take(page, "Clear" if cleared else "Brush")
    take(page, "Lasso")
    drag(screen, (40, 12), (56, 12), (56, 52), (40, 52))
    _, data = download(page, "DICOM SEG")
    made = dcmread(BytesIO(data))
    kinds = {segment.SegmentAlgorithmType for segment in made.SegmentSequence}
    assert kinds == {"MANUAL" if cleared else "SEMIAUTOMATIC"}
    right, left = made.pixel_array.astype(bool)
    expected = truth((40, 12, 16, 40)) | (truth() if not cleared else np.zeros((64, 64), np.bool_))
    assert np.array_equal(right | left, expected)
    _, data = download(page, "DICOM GSPS")
    state = dcmread(BytesIO(data))
    assert state.ContentDescription == ("Drawn by hand" if cleared else "Corrected by hand")
    outlines = [
        one for part in state.GraphicAnnotationSequence for one in part.get("GraphicObjectSequence", [])
    ]
    assert len(outlines) == 2 - cleared


@pytest.mark.parametrize("kind", ["hole", "islands", "one lung", "empty"])
def test_dciodvfy_finds_no_error_in_what_is_saved_of_a_correction(
    screen: Screen, kind: str, tmp_path: Path
) -> None:
    page = screen.page
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    if kind == "hole":
        take(page, "Cut")
        drag(screen, (12, 20), (18, 20), (18, 30), (12, 30))
    elif kind == "islands":
        take(page, "Brush")
        size(page, 30)
        for x in (32, 40, 48, 56):
            drag(screen, (x, 10), (x + 1, 10))
    else:
        take(page, "Clear")
    if kind == "one lung":
        take(page, "Lasso")
        drag(screen, (40, 12), (56, 12), (56, 52), (40, 52))
    screen.shows("corrected")
    for button, iod in (("DICOM SEG", "Segmentation"), ("DICOM GSPS", "GrayscaleSoftcopyPresentationState")):
        _, data = download(page, button)
        assert violations(data, tmp_path, iod=iod) == []


def test_a_collection_is_downloaded_for_training(opened: Screen, tmp_path: Path) -> None:
    page = opened.page
    expect(page.locator("#collect")).to_be_hidden()
    take(page, "Cut")
    drag(opened, (4, 40), (28, 40), (28, 58), (4, 58))
    opened.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    opened.shows("untrusted")
    take(page, "Cut")
    drag(opened, (4, 40), (28, 40), (28, 58), (4, 58))
    opened.shows("corrected")
    name, data = download(page, "Collection, ZIP (2)")
    assert name == "collection.zip"
    with ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert b"DOE" not in data
    samples = sorted(find_samples([tmp_path]), key=lambda sample: sample.stem)
    assert [sample.stem for sample in samples] == ["chest", "chest-2"]
    one, two = (read_ground_truth(sample.masks[0]).mask for sample in samples)
    assert np.array_equal(one, truth((8, 12, 16, 28)) | truth((40, 12, 16, 40)))
    assert np.array_equal(two, truth((8, 12, 16, 28)))
    assert samples[0].image.read_bytes() == two_lungs()


def test_the_service_keeps_a_collection_where_it_is_told_to(
    make_client: MakeClient, make_screen: MakeScreen, tmp_path: Path
) -> None:
    screen = open_two(make_screen(make_client(collection=tmp_path)))
    take(screen.page, "Cut")
    drag(screen, (4, 40), (28, 40), (28, 58), (4, 58))
    screen.page.get_by_role("button", name="Add to collection (1)").click()
    expect(screen.page.locator("#collect-said")).to_contain_text("1 saved")
    (sample,) = find_samples([tmp_path])
    kept = read_ground_truth(sample.masks[0]).mask
    assert np.array_equal(kept, truth((8, 12, 16, 28)) | truth((40, 12, 16, 40)))


def test_the_outline_follows_a_mask_of_any_shape(opened: Screen) -> None:
    """Holes, corners that touch, pixels at the image's edge: what is drawn encloses exactly the mask."""
    page = opened.page
    take(page, "Clear")
    page.locator("#correct-tools").get_by_text("Right", exact=True).click()
    take(page, "Brush")
    size(page, 90)
    for points in (((0, 0), (63, 63)), ((63, 0), (0, 63)), ((0, 20), (63, 20)), ((63, 63), (63, 20))):
        drag(opened, *points)
    drawn = page.evaluate(
        """() => {
            const path = new Path2D(document.querySelector('.outline .line').getAttribute('d'));
            const context = new OffscreenCanvas(64, 64).getContext('2d');
            const inside = [];
            for (let y = 0; y < 64; y += 1)
                for (let x = 0; x < 64; x += 1)
                    inside.push(context.isPointInPath(path, x + 0.5, y + 0.5, 'evenodd'));
            return inside;
        }"""
    )
    assert np.array_equal(np.array(drawn).reshape(64, 64), mask(page))


def test_a_large_image_is_corrected_fluently(screen: Screen) -> None:
    """Each step of a stroke is drawn before the next: nothing is left over when the finger is lifted."""
    page = screen.page
    pixels = cv2.resize(picture((8, 12, 16, 40)), (2048, 2048), interpolation=cv2.INTER_NEAREST)
    screen.choose(("large.png", encode(np.asarray(pixels, np.uint8))))
    screen.shows("untrusted")
    take(page, "Brush")
    drag(screen, (1200, 400), (1200, 1500))
    screen.shows("corrected")
    found = mask(page)
    assert found.shape == (2048, 2048)
    assert found[400:1500, 1200].all()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        name, _, times = key.partition("*")
        for _ in range(int(times or 1)):
            page.locator("#marked .view").press(name)


def test_a_lasso_is_drawn_by_keys(opened: Screen) -> None:
    """From the stage's middle (32, 32), in steps of two pixels, around the lower part of the right lung."""
    page = opened.page
    press(page, "x")
    size(page, 125)
    press(page, "ArrowDown*4", "Enter", "ArrowLeft*14", "ArrowDown*11", "ArrowRight*14", "Enter")
    opened.shows("corrected")
    assert np.array_equal(mask(page), truth((8, 12, 16, 28)) | truth((40, 12, 16, 40)))
    press(page, "a", "Enter", "ArrowDown*4", "Escape", "ArrowUp")
    assert page.locator(".lasso").count() == 0
    expect(page.locator("#panes")).to_have_attribute("data-tool", "lasso")


def test_an_outline_is_nudged_by_keys(opened: Screen) -> None:
    page = opened.page
    press(page, "n")
    size(page, 125)
    press(page, "ArrowLeft*4", "Enter", "ArrowRight*2")
    # Dropped: nothing has changed.
    press(page, "Escape")
    opened.shows("untrusted")
    assert area(page, "right") == 640
    press(page, "ArrowLeft*2", "Enter", "ArrowRight*2", "Enter")
    opened.shows("corrected")
    assert 27 <= opened.outline("right")[2] <= 29


def test_a_part_changes_sides_by_keys(opened: Screen) -> None:
    page = opened.page
    press(page, "c")
    size(page, 250)
    press(page, "ArrowLeft*4", "Enter")
    opened.shows("corrected")
    expect(page.locator("#lungs .right .px")).to_have_text("not found")


@pytest.mark.parametrize("force", [0.1, 1.0])
def test_a_pen_draws_whatever_its_pressure(opened: Screen, force: float) -> None:
    page = opened.page
    take(page, "Brush")
    size(page, 125)
    session = page.context.new_cdp_session(page)

    def pen(kind: str, point: Point) -> None:
        x, y = on_screen(opened, point)
        event = {"type": kind, "x": x, "y": y, "pointerType": "pen", "force": force}
        pressed = kind != "mouseReleased"
        session.send(
            "Input.dispatchMouseEvent", event | {"button": "left", "buttons": int(pressed), "clickCount": 1}
        )

    page.evaluate(
        "() => addEventListener('pointerdown', (event) => { globalThis.kind = event.pointerType; }, true)"
    )
    pen("mousePressed", (26, 20))
    for row in range(22, 46, 2):
        pen("mouseMoved", (26, row))
    pen("mouseReleased", (26, 44))
    assert page.evaluate("kind") == "pen"
    opened.shows("corrected")
    assert opened.outline("right") == (8, 12, 30, 52)
    assert area(page, "left") == 640


KEYSTROKES_S = {"think": 1.35, "point": 1.1, "press": 0.28}
"""Seconds of an expert's actions (Card, Moran and Newell 1980): M, P and K of the keystroke-level model."""


def test_gas_under_the_diaphragm_is_corrected_in_fifteen_seconds(screen: Screen) -> None:
    """Three clicks and one line by mouse alone, in seconds of the keystroke-level model."""
    page = screen.page
    pixels = picture((8, 12, 16, 40))
    pixels[12:52, 40:56] = 40
    pixels[52:60, 42:54] = 40
    screen.choose(("chest.png", encode(pixels)))
    screen.shows("untrusted")
    assert area(page, "left") == 640 + 12 * 8
    page.evaluate(
        """() => {
            globalThis.done = [];
            for (const kind of ["pointerdown", "keydown"])
                addEventListener(kind, (event) => done.push(kind), true);
        }"""
    )
    line = [(38, 52), (58, 52), (58, 62), (38, 62)]
    take(page, "Cut")
    drag(screen, *line)
    screen.shows("corrected")
    _, data = download(page, "Mask, PNG")
    assert np.array_equal(decode(data), BOTH)
    assert page.evaluate("done") == ["pointerdown"] * 4
    clicks = 3 * (KEYSTROKES_S["point"] + KEYSTROKES_S["press"])
    # A line of straight pieces: 0.9 s for each, and 0.16 s for each centimetre, of which 96 pixels are 2.54.
    places = np.array([on_screen(screen, point) for point in line])
    centimetres = np.hypot(*np.diff(places, axis=0).T).sum() / 96 * 2.54
    drawing = KEYSTROKES_S["point"] + 0.9 * (len(line) - 1) + 0.16 * centimetres
    assert 2 * KEYSTROKES_S["think"] + clicks + drawing < 15
