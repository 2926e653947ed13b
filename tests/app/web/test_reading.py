"""What a reader does with a film: greys, orientation, ruler, magnifier."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import MakeClient, Service
from tests.app.fakes import FakeEngine, dicom, encode, picture
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_correcting import drag, on_screen, take, touch
from tests.app.web.test_opening import brightness
from tests.pacs.radiographs import radiograph

pytestmark = pytest.mark.slow

BRIGHT = (0.9, 0.9)
"""Where the picture has 200 of 255."""
DARK = (0.2, 0.5)
"""Where it has 40."""


@pytest.fixture
def opened(screen: Screen) -> Screen:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    screen.page.get_by_role("button", name="Adjust").click()
    return screen


def tool(page: Page, name: str) -> None:
    page.locator("#tools").get_by_text(name, exact=True).click()


def greys(screen: Screen) -> tuple[int, int]:
    """What is seen of the dark and the bright part."""
    return brightness(screen, DARK), brightness(screen, BRIGHT)


def test_presets_change_the_window(opened: Screen) -> None:
    page = opened.page
    assert greys(opened) == pytest.approx((40, 200), abs=2)
    page.get_by_label("Preset").select_option("Lungs")
    # Width 130 about 75: 10 is black, 140 white.
    assert greys(opened) == pytest.approx((255 * (40 - 75 + 65) / 130, 255), abs=3)
    expect(page.locator("#stage-marks")).to_have_text("Window 130, level 75")
    page.get_by_label("Preset").select_option("Full range")
    assert greys(opened) == pytest.approx((40, 200), abs=2)
    expect(page.locator("#stage-marks")).to_be_hidden()


def test_dragging_with_the_window_tool_changes_width_and_level(opened: Screen) -> None:
    page = opened.page
    tool(page, "Window")
    view = opened.viewbox()
    x, y = on_screen(opened, (32, 32))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 100, y + 60, steps=5)
    page.mouse.up()
    expect(page.locator("#stage-marks")).to_have_text("Window 205, level 158")
    dark, bright = greys(opened)
    assert dark < 15
    assert bright == pytest.approx(255 * ((200 - 157.5) / 205 + 0.5), abs=3)
    assert opened.viewbox() == view


def test_a_finger_changes_the_window_too(make_screen: MakeScreen, shared_client: Service) -> None:
    phone = make_screen(shared_client, viewport={"width": 390, "height": 844}, has_touch=True)
    phone.choose(("chest.png", two_lungs()))
    phone.shows("untrusted")
    tool(phone.page, "Window")
    phone.page.locator("#stage").scroll_into_view_if_needed()
    session = phone.page.context.new_cdp_session(phone.page)
    x, y = on_screen(phone, (32, 32))
    touch(session, "touchStart", (x, y))
    touch(session, "touchMove", (x - 50, y))
    touch(session, "touchMove", (x - 100, y))
    touch(session, "touchEnd")
    expect(phone.page.locator("#stage-marks")).to_have_text(re.compile(r"Window 20\d, level 128"))


def test_inversion_and_gamma(opened: Screen) -> None:
    page = opened.page
    page.get_by_role("button", name="Invert").click()
    assert greys(opened) == pytest.approx((215, 55), abs=2)
    expect(page.locator("#stage-marks")).to_have_text("inverted")
    page.locator("#marked .view").press("i")
    assert greys(opened) == pytest.approx((40, 200), abs=2)
    page.get_by_role("slider", name="Gamma").fill("2")
    assert greys(opened) == pytest.approx((255 * (40 / 255) ** 0.5, 255 * (200 / 255) ** 0.5), abs=3)
    page.get_by_role("button", name="Reset").click()
    assert greys(opened) == pytest.approx((40, 200), abs=2)


def lopsided() -> bytes:
    """Dark in one corner only: which way it is turned is seen."""
    pixels = np.full((48, 64), 200, np.uint8)
    pixels[:16, :16] = 40
    return encode(pixels)


CORNERS = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]


def dark_corner(screen: Screen) -> list[int]:
    """0 upper left, then clockwise."""
    # A landscape picture that lies on its side is as wide as 48 pixels.
    size = (48, 64) if "90°" in screen.page.locator("#stage-marks").inner_text() else (64, 48)
    return [i for i, corner in enumerate(CORNERS) if brightness(screen, corner, size=size) < 100]


@pytest.mark.parametrize(
    ("keys", "corner", "words"),
    [
        ("r", 1, "Rotated 90° right"),
        ("rr", 2, "Rotated 180°"),
        ("l", 3, "Rotated 90° left"),
        ("h", 1, "Mirrored"),
        ("v", 3, "Rotated 180°, mirrored"),
        ("hr", 2, "Rotated 90° left, mirrored"),
        ("rh", 0, "Rotated 90° right, mirrored"),
        ("rrrr", 0, ""),
        ("hh", 0, ""),
    ],
)
def test_turning_is_marked_on_the_image(screen: Screen, keys: str, corner: int, words: str) -> None:
    screen.choose(("chest.png", lopsided()))
    expect(screen.page.locator("#stage")).to_have_attribute("data-state", re.compile("trusted|untrusted"))
    view = screen.page.locator("#marked .view")
    for key in keys:
        view.press(key)
    assert dark_corner(screen) == [corner]
    expect(screen.page.locator("#stage-marks")).to_have_text(words)
    _, _, width, height = screen.viewbox()
    assert min(width / 64, height / 48) >= 0.99 if len(keys) != 1 or keys in "hv" else height >= 63.9


def test_strokes_meet_what_is_seen_however_it_is_turned(opened: Screen) -> None:
    page = opened.page
    page.get_by_role("button", name="Rotate right").click()
    page.get_by_role("button", name="Mirror").click()
    take(page, "Cut")
    # Turned to the right and mirrored is mirrored about the diagonal: x and y are exchanged.
    drag(opened, (40, 4), (58, 4), (58, 28), (40, 28))
    opened.shows("corrected")
    assert opened.outline("right") == (8, 12, 24, 40)


def letters(page: Page) -> str:
    """What is seen at the top, the right, the bottom and the left; a dash where nothing is."""
    edges = [page.locator(f"#edge-{edge}") for edge in ("top", "right", "bottom", "left")]
    return " ".join(edge.inner_text() if edge.is_visible() else "-" for edge in edges)


@pytest.mark.parametrize(
    ("orientation", "seen", "mirrored", "turned"),
    [
        (["L", "F"], "H L F R", "H R F L", "R H L F"),
        (["R", "F"], "H R F L", "H L F R", "L H R F"),
        (["F", "R"], "L F R H", "L H R F", "H L F R"),
        (["LH", "FL"], "HR LH FL RF", "HR RF FL LH", "RF HR LH FL"),
        (["A", "F"], "H A F P", "H P F A", "P H A F"),
        (None, "- L - R", "- R - L", "R - L -"),
        (["X", "F"], "- L - R", "- R - L", "R - L -"),
    ],
)
def test_letters_say_where_the_patients_sides_are(
    screen: Screen, orientation: list[str] | None, seen: str, mirrored: str, turned: str
) -> None:
    page = screen.page
    attributes = {} if orientation is None else {"PatientOrientation": orientation}
    screen.choose(("chest.dcm", radiograph(picture((8, 12, 16, 40)), **attributes)))
    screen.shows("untrusted")
    assert letters(page) == seen
    view = page.locator("#marked .view")
    view.press("h")
    assert letters(page) == mirrored
    view.press("h")
    view.press("r")
    assert letters(page) == turned
    screen.choose(("other.png", two_lungs()))
    expect(page.locator("#image-name")).to_have_text("other.png")
    assert letters(page) == "- L - R"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"PixelSpacing": [0.5, 0.25], "PixelSpacingCalibrationType": "GEOMETRY"}, "10.00 mm"),
        ({"ImagerPixelSpacing": [0.5, 0.5]}, "14.42 mm, magnified: detector plane"),
    ],
)
def test_the_ruler_says_the_plane_of_its_millimetres(
    screen: Screen, attributes: dict[str, object], said: str
) -> None:
    page = screen.page
    made = radiograph(picture((8, 12, 16, 40)), **attributes)
    screen.choose(("chest.dcm", made))
    screen.shows("untrusted")
    tool(page, "Ruler")
    # 16 rows of 0.5 mm, and 24 columns of 0.25 mm or 0.5 mm; the pointer hits a pixel of the screen.
    drag(screen, (20, 20), (44, 36))
    length, plane = re.fullmatch(
        r"Ruler: ([\d.]+ mm)(.*)", page.locator("#ruler-length").inner_text()
    ).groups()  # type: ignore[union-attr]
    assert float(length.split()[0]) == pytest.approx(float(said.split()[0]), abs=0.06)
    assert plane == said[8:]
    page.locator("#marked .view").press("Escape")
    expect(page.locator("#ruler-length")).to_be_hidden()
    expect(page.locator(".ruler")).to_have_count(0)


def test_the_ruler_counts_pixels_where_there_is_no_spacing_and_goes_by_keys(opened: Screen) -> None:
    page = opened.page
    view = page.locator("#marked .view")
    view.press("d")
    for _ in range(10):
        view.press("ArrowRight")
    expect(page.locator("#ruler-length")).to_have_text("Ruler: 10.0 px")


def test_the_magnifier_follows_the_pointer(opened: Screen) -> None:
    page = opened.page
    lens = page.locator("#lens")
    expect(lens).to_be_hidden()
    tool(page, "Magnifier")
    page.mouse.move(*on_screen(opened, (24, 32)))
    expect(lens).to_be_visible()
    box = lens.locator("svg").get_attribute("viewBox")
    assert box is not None
    left, top, width, height = map(float, box.split())
    assert (left + width / 2, top + height / 2) == pytest.approx((24, 32), abs=0.2)
    stage = page.locator("#marked .view").bounding_box()
    assert stage is not None
    assert width == pytest.approx(opened.viewbox()[2] * 190 / stage["width"] / 3)
    # The lung's edge lies in its middle: dark on one side, bright on the other.
    row: list[int] = lens.locator(".film").evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 95, 190, 1).data]"
    )
    assert (row[4 * 40], row[4 * 150]) == pytest.approx((40, 200), abs=2)
    tool(page, "Pan")
    expect(lens).to_be_hidden()


def magnified(page: Page, layer: str) -> list[int]:
    """Colour and opacity in the magnifier's middle."""
    found: list[int] = page.locator(f"#lens .{layer}").evaluate(
        """(canvas) => {
            const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            copy.drawImage(canvas, -95, -95);
            return [...copy.getImageData(0, 0, 1, 1).data];
        }"""
    )
    return found


def test_the_magnifier_shows_every_layer_that_is_on(opened: Screen) -> None:
    page = opened.page
    view = page.locator("#marked .view")
    view.press("m")
    page.mouse.move(*on_screen(opened, (16, 32)))
    expect(page.locator("#lens")).to_be_visible()
    assert magnified(page, "heat")[3] == 0
    # Each is switched on below the magnifier, which does not move.
    view.press("t")
    expect(page.locator("#legend-heat")).to_be_visible()
    assert magnified(page, "heat") == pytest.approx([247, 226, 142, 255], abs=5)
    expect(page.locator("#lens .heat")).to_have_css("opacity", "0.5")
    view.press("h")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert magnified(page, "film")[0] == pytest.approx(40, abs=2)
    view.press("i")
    expect(page.locator("#lens .film")).to_have_css("filter", re.compile("greys"))
    expect(page.locator("#lens .heat")).to_have_css("filter", "none")
    view.press("+")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    box = page.locator("#lens svg").get_attribute("viewBox")
    assert box is not None
    stage = page.locator("#marked .view").bounding_box()
    assert stage is not None
    assert float(box.split()[2]) == pytest.approx(opened.viewbox()[2] * 190 / stage["width"] / 3)
    view.press("t")
    expect(page.locator("#legend-heat")).to_be_hidden()
    assert magnified(page, "heat")[3] == 0


def test_the_lungs_fill_the_stage(opened: Screen) -> None:
    page = opened.page
    page.get_by_role("button", name="Fit lungs").click()
    left, top, width, height = opened.viewbox()
    assert (left + width / 2, top + height / 2) == pytest.approx((32, 32))
    assert left <= 8
    assert top <= 12
    assert height == pytest.approx(40 / 0.94, rel=0.01)


def test_the_probability_map_is_asked_for_when_it_is_switched_on(opened: Screen) -> None:
    page = opened.page
    legend = page.locator("#legend-heat")
    expect(legend).to_be_hidden()
    assert greys(opened) == pytest.approx((40, 200), abs=2)
    asked = [url for url in opened.requests if "probability" in url]
    assert asked == []
    page.get_by_role("button", name="Probability map").click()
    expect(legend).to_have_text("Probability of lung: 0 1")
    # Half of the light yellow of 0.95 over the lung, a quarter of the dark blue of 0.05 beside it.
    dark, bright = greys(opened)
    assert dark > 100
    assert 120 < bright < 180
    page.get_by_role("slider", name="Probability map").fill("100")
    assert brightness(opened, DARK) > 180
    assert 80 < brightness(opened, BRIGHT) < 130
    page.locator("#marked .view").press("t")
    expect(legend).to_be_hidden()
    assert greys(opened) == pytest.approx((40, 200), abs=2)
    assert len([url for url in opened.requests if "probability" in url]) == 1


def test_the_probability_map_belongs_to_the_image_that_is_looked_at(opened: Screen) -> None:
    page = opened.page
    page.get_by_role("slider", name="Probability map").fill("100")
    page.locator("#marked .view").press("t")
    expect(page.locator("#legend-heat")).to_be_visible()
    page.locator("#marked .view").press("h")
    # Mirrored, and still over its lung: on the other side there is the other one.
    assert brightness(opened, (0.8, 0.5)) > 180
    opened.choose(("one.png", encode(picture((40, 12, 16, 40)))))
    expect(page.locator("#image-name")).to_have_text("one.png")
    expect(page.locator("#legend-heat")).to_be_visible()
    assert brightness(opened, (0.2, 0.5)) < 130
    assert brightness(opened, (0.75, 0.5)) > 180


def test_a_probability_map_that_fails_is_explained(opened: Screen) -> None:
    page = opened.page
    page.route("**/segment?render=probability", lambda route: route.fulfill(status=422, body="{}"))
    page.locator("#marked .view").press("t")
    expect(page.locator("#notice")).to_be_visible()
    expect(page.locator("#legend-heat")).to_be_hidden()


def test_dicom_is_seen_before_its_lungs_are_found(make_client: MakeClient, make_screen: MakeScreen) -> None:
    engine = FakeEngine()
    screen = make_screen(make_client(engine))
    engine.hold()
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    expect(screen.page.locator("#panes")).to_have_attribute("aria-busy", "false")
    screen.shows("working")
    assert brightness(screen, BRIGHT) > 150
    engine.release()
    screen.shows("untrusted")
