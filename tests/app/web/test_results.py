"""What is said of the outlines, and what can be taken away."""

import json
import re
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from pydicom import dcmread

from tests.app.conftest import MakeClient
from tests.app.fakes import FakeEngine, HeartEngine, decode, dicom, encode, picture, truth
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.pacs.radiographs import radiograph

pytestmark = pytest.mark.slow


def download(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_an_untrusted_mask_is_unmistakable_without_colours(screen: Screen) -> None:
    page = screen.page
    screen.choose(("one.png", encode(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    expect(page.locator("#verdict-word")).to_have_text("Check the outlines")
    expect(page.locator("#stage-verdict")).to_have_text("Check: Only one lung was found")
    expect(page.locator(".strip-state")).to_have_text("Check")
    expect(page.locator("#warnings li").filter(has_text="Only one lung was found")).to_be_visible()
    expect(page.locator("#verdict .when-untrusted")).to_be_visible()
    expect(page.locator("#verdict .when-trusted")).to_be_hidden()
    dashes = page.locator(".outline .line").evaluate("(line) => getComputedStyle(line).strokeDasharray")
    assert dashes != "none"
    expect(page.get_by_role("status")).to_contain_text(
        "Check the outlines. right lung 640 pixels, no left lung found"
    )


@pytest.mark.usefixtures("trusting")
def test_a_trusted_mask(screen: Screen) -> None:
    page = screen.page
    screen.choose(("chest.png", two_lungs()))
    screen.shows("trusted")
    expect(page.locator("#verdict-word")).to_have_text("No warning")
    expect(page.locator("#stage-verdict")).to_have_text("No warning")
    expect(page.locator("#warnings li")).to_have_count(0)
    expect(page.locator("#predicted-iou")).to_have_text("very good (IoU 0.957)")
    expect(page.locator("#verdict .when-trusted")).to_be_visible()
    dashes = page.locator(".outline .line").first.evaluate("(line) => getComputedStyle(line).strokeDasharray")
    assert dashes == "none"


def test_the_lungs_differ_in_more_than_name(screen: Screen) -> None:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    strokes = [
        screen.page.locator(f'.outline[data-lung="{lung}"] .line').evaluate(
            "(line) => getComputedStyle(line).stroke"
        )
        for lung in ("right", "left")
    ]
    assert strokes == ["rgb(230, 159, 0)", "rgb(86, 180, 233)"]
    expect(screen.page.locator("#legend-outlines")).to_have_text("Right lung Left lung", use_inner_text=True)


def test_downloads_of_a_png(screen: Screen) -> None:
    data = two_lungs()
    screen.choose(("my chest.png", data))
    screen.shows("untrusted")

    name, mask = download(screen.page, "Mask, PNG")
    assert name == "my chest-mask.png"
    both = truth((8, 12, 16, 40)) | truth((40, 12, 16, 40))
    assert np.array_equal(decode(mask), both)

    name, outlined = download(screen.page, "Outlined image")
    assert name == "my chest-outlined.png"
    colours = cv2.imdecode(np.frombuffer(outlined, np.uint8), cv2.IMREAD_COLOR)
    assert colours is not None
    assert colours.shape == (64, 64, 3)
    assert (colours[..., 0] != colours[..., 2]).any()

    name, text = download(screen.page, "Result, JSON")
    assert name == "my chest.json"
    document = json.loads(text)
    asked = screen.service.post("/segment?mask=geojson", content=data).json()
    assert document.keys() == asked.keys()
    assert without_time(document) == without_time(asked)

    expect(screen.page.get_by_role("button", name="DICOM SEG")).to_be_disabled()
    expect(screen.page.get_by_role("button", name="DICOM GSPS")).to_be_disabled()
    expect(screen.page.locator("#dicom-note")).to_be_visible()


def test_download_of_dicom_objects(screen: Screen) -> None:
    pixels = picture((8, 12, 16, 40))
    pixels[12:52, 40:56] = 40
    screen.choose(("chest.dcm", dicom(pixels)))
    screen.shows("untrusted")
    name, data = download(screen.page, "DICOM SEG")
    assert name == "chest-seg.dcm"
    made = dcmread(BytesIO(data))
    assert made.Modality == "SEG"
    assert [segment.SegmentLabel for segment in made.SegmentSequence] == ["Right lung", "Left lung"]
    assert np.count_nonzero(made.pixel_array) == 2 * 640
    name, data = download(screen.page, "DICOM GSPS")
    assert name == "chest-gsps.dcm"
    state = dcmread(BytesIO(data))
    assert state.Modality == "PR"
    assert [layer.GraphicLayerDescription for layer in state.GraphicLayerSequence][:2] == [
        "Right lung",
        "Left lung",
    ]


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"PixelSpacingCalibrationType": "GEOMETRY"}, ""),
        ({"ImagerPixelSpacing": [0.5, 0.5]}, "magnified: detector plane"),
        ({}, "perhaps magnified: plane not stated"),
    ],
)
def test_it_is_said_beside_millimetres_that_they_are_magnified(
    attributes: dict[str, Any], said: str, screen: Screen
) -> None:
    page = screen.page
    screen.choose(("chest.dcm", radiograph(picture((8, 12, 16, 40)), **attributes)))
    screen.shows("untrusted")
    expect(page.locator("#lungs .right td.mm")).to_have_text(f"160 {said}".strip())
    expect(page.get_by_role("status")).to_contain_text(f"160 square millimetres {said}".strip())
    note = page.locator("#areas-note")
    expect(note).to_have_text(re.compile("detector" if said else "^Right and left are the patient’s.$"))
    screen.choose_truth("truth.png", encode(truth((12, 12, 16, 40))))
    expect(page.locator("#truth")).to_have_attribute("data-state", "done")
    distance = page.locator("#metrics tr").filter(has_text="HD95").locator("td")
    expect(distance).to_have_text(f"2.00 mm, {said}".removesuffix(", "))


@pytest.mark.parametrize(("mm", "plausible"), [(0.5, False), (5, True), (50, False)])
def test_an_area_that_no_chest_has_is_doubted(mm: float, plausible: bool, screen: Screen) -> None:
    pixels = picture((8, 12, 16, 40))
    pixels[12:52, 40:56] = 40
    screen.choose(("chest.dcm", radiograph(pixels, PixelSpacing=[mm, mm])))
    screen.shows("untrusted")
    doubt = screen.page.locator("#areas-doubt")
    if plausible:
        expect(doubt).to_be_hidden()
    else:
        expect(doubt).to_contain_text(f"{1280 * mm * mm:,.0f} mm² is not plausible for two lungs")


def test_it_is_said_that_right_and_left_go_by_the_file(screen: Screen) -> None:
    mirrored = radiograph(picture((8, 12, 16, 40)), PatientOrientation=["R", "F"])
    screen.choose(("chest.dcm", mirrored))
    screen.shows("untrusted")
    expect(screen.page.locator("#areas-note")).to_contain_text("by the orientation in the file")
    expect(screen.page.locator("#lungs .right .px")).to_have_text("not found")
    expect(screen.page.locator("#warnings")).to_contain_text("mirrored")


def test_a_download_that_fails_is_explained(screen: Screen) -> None:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    screen.page.route(
        "**/segment?render=mask",
        lambda route: route.fulfill(
            status=413,
            content_type="application/problem+json",
            body=json.dumps({"title": "Too large", "status": 413, "detail": "Send less."}),
        ),
    )
    screen.page.get_by_role("button", name="Mask, PNG").click()
    expect(screen.page.locator("#download-failure")).to_have_text("Too large. Send less.")


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "timing_ms"}


def test_downloads_are_in_sight_however_long_the_result(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 1440, "height": 900})
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    screen.page.get_by_text("Image and model").click()
    for button in screen.page.locator("#downloads button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900


def test_a_print_says_that_it_is_no_medical_device(screen: Screen) -> None:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    screen.page.emulate_media(media="print")
    for shown in ("#marked .view", "#verdict", "#lungs", "footer strong"):
        expect(screen.page.locator(shown)).to_be_visible()
    for hidden in ("#tools", "#strip", "#downloads"):
        expect(screen.page.locator(hidden)).to_be_hidden()
    screen.page.evaluate("() => { globalThis.printed = 0; globalThis.print = () => { printed += 1; }; }")
    screen.page.emulate_media(media="screen")
    screen.page.get_by_role("button", name="Print").click()
    assert screen.page.evaluate("printed") == 1


def with_heart() -> bytes:
    """Two lungs and, between them, what the fake engine takes for a heart."""
    pixels = np.random.default_rng(0).integers(110, 190, (64, 64)).astype(np.uint8)
    for left in (8, 40):
        pixels[12:52, left : left + 16] //= 6
    pixels[30:50, 26:38] = 255
    return encode(pixels)


@pytest.mark.parametrize(
    ("locale", "engine", "caption", "column"),
    [
        ("en-GB", HeartEngine, "Areas of lungs and heart", "Organ"),
        ("de-DE", HeartEngine, "Flächen von Lungen und Herz", "Organ"),
        ("en-GB", FakeEngine, "Lung areas", "Lung"),
        ("de-DE", FakeEngine, "Lungenflächen", "Lunge"),
    ],
)
def test_table_is_named_for_what_it_holds(
    make_client: MakeClient,
    make_screen: MakeScreen,
    locale: str,
    engine: type[FakeEngine],
    caption: str,
    column: str,
) -> None:
    screen = make_screen(make_client(engine()), locale=locale)
    screen.choose(("chest.png", with_heart()))
    screen.shows("untrusted")
    table = screen.page.get_by_role("table", name=caption, exact=True)
    expect(table.get_by_role("columnheader").first).to_have_text(column)
    # The sum is the lungs', and says so.
    both = "Both lungs" if locale == "en-GB" else "Beide Lungen"
    expect(table.get_by_role("row", name=both)).to_be_visible()


@pytest.mark.parametrize(
    ("least", "before", "after"),
    [
        (0.0, "Not measured. The mask of the lungs is not trusted.", re.compile(r"^0\.\d\d$")),
        (1.1, *["Not measured. The network is not sure of the heart."] * 2),
    ],
)
def test_heart_has_an_outline_a_row_and_a_ratio(
    make_client: MakeClient,
    make_screen: MakeScreen,
    monkeypatch: pytest.MonkeyPatch,
    least: float,
    before: str,
    after: str | re.Pattern[str],
) -> None:
    monkeypatch.setattr("model.heart.LEAST_EXPECTED_IOU", least)
    screen = make_screen(make_client(HeartEngine()))
    screen.choose(("chest.png", with_heart()))
    screen.shows("untrusted")
    assert screen.outline("heart") == pytest.approx((26, 30, 38, 50), abs=1)
    expect(screen.page.locator("#lungs .heart")).to_have_text(re.compile(r"Heart\s*240"))
    expect(screen.page.locator("#legend-heart")).to_be_visible()
    expect(screen.page.locator("#ratio")).to_have_text(before)
    # It stays while the lungs are corrected.
    page = screen.page
    page.locator("#marked .view").press("b")
    view = page.locator("#marked .view").bounding_box()
    assert view is not None
    page.mouse.move(view["x"] + view["width"] / 2, view["y"] + view["height"] / 2)
    page.mouse.down()
    page.mouse.move(view["x"] + view["width"] / 2 + 20, view["y"] + view["height"] / 2, steps=3)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.locator("#marked .outline")).to_have_count(3)
    page.mouse.up()
    screen.shows("corrected")
    expect(page.locator("#marked .outline")).to_have_count(3)
    expect(page.locator("#ratio")).to_have_text(after)


def test_checkpoint_without_hearts_shows_none(screen: Screen) -> None:
    screen.choose(("two.png", two_lungs()))
    screen.shows("untrusted")
    expect(screen.page.locator("#lungs .heart")).to_be_hidden()
    expect(screen.page.locator("#legend-heart")).to_be_hidden()
    expect(screen.page.locator("#ratio-facts")).to_be_hidden()
