"""Looking closer: zoom, pan, side by side, opacity; by pointer and by keys."""

import pytest
from playwright.sync_api import CDPSession, FloatRect, Page, expect

from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(screen: Screen) -> Screen:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    return screen


def middle(screen: Screen) -> tuple[float, float]:
    left, top, width, height = screen.viewbox()
    return left + width / 2, top + height / 2


def stage(page: Page) -> FloatRect:
    box = page.locator("#marked .view").bounding_box()
    assert box is not None
    return box


def test_at_first_the_whole_image_is_seen(opened: Screen) -> None:
    left, top, width, height = opened.viewbox()
    box = stage(opened.page)
    assert middle(opened) == pytest.approx((32, 32))
    assert min(width, height) == pytest.approx(64)
    assert width / height == pytest.approx(box["width"] / box["height"])
    assert left <= 0
    assert top <= 0


def test_keys_zoom_and_pan(opened: Screen) -> None:
    svg = opened.page.locator("#marked .view")
    fit = opened.viewbox()
    svg.focus()
    svg.press("+")
    svg.press("+")
    assert opened.viewbox()[3] == pytest.approx(fit[3] / 1.25**2)
    assert middle(opened) == pytest.approx((32, 32))
    svg.press("ArrowDown")
    assert middle(opened)[1] > 32
    svg.press("ArrowUp")
    assert middle(opened) == pytest.approx((32, 32))
    svg.press("-")
    assert opened.viewbox()[3] == pytest.approx(fit[3] / 1.25)
    svg.press("1")
    assert opened.viewbox()[3] == pytest.approx(stage(opened.page)["height"])
    expect(opened.page.locator("#zoom")).to_have_text("100 %")
    svg.press("0")
    assert opened.viewbox() == pytest.approx(fit)


def test_the_view_never_leaves_the_image(opened: Screen) -> None:
    svg = opened.page.locator("#marked .view")
    for _ in range(8):
        svg.press("+")
    for _ in range(40):
        svg.press("ArrowRight")
    left, _, width, _ = opened.viewbox()
    assert left + width == pytest.approx(64)


def test_the_wheel_zooms_about_the_pointer(opened: Screen) -> None:
    box = stage(opened.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.page.mouse.move(x, y + box["height"] / 4)
    fit = opened.viewbox()
    opened.page.mouse.wheel(0, -400)
    expect(opened.page.locator("#panes")).not_to_have_attribute("data-fitted", "")
    _, top, _, height = opened.viewbox()
    assert height < fit[3]
    # The image point under the pointer has stayed there.
    assert top + height * 0.75 == pytest.approx(fit[1] + fit[3] * 0.75, abs=64 / box["height"])


def test_dragging_pans(opened: Screen) -> None:
    for _ in range(6):
        opened.page.get_by_role("button", name="Zoom in").click()
    left, top, width, _ = opened.viewbox()
    box = stage(opened.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.page.mouse.move(x, y)
    opened.page.mouse.down()
    opened.page.mouse.move(x + 30, y - 20)
    opened.page.mouse.up()
    opened.page.mouse.move(x, y)
    scale = box["width"] / width
    assert opened.viewbox()[:2] == pytest.approx((left - 30 / scale, top + 20 / scale))


def test_a_double_click_zooms_in(opened: Screen) -> None:
    height = opened.viewbox()[3]
    opened.page.locator("#marked .view").dblclick()
    assert opened.viewbox()[3] == pytest.approx(height / 2)


def touch(session: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    touches = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def test_two_fingers_zoom(make_screen: MakeScreen, screen: Screen) -> None:
    phone = make_screen(
        screen.service, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    phone.choose(("chest.png", two_lungs()))
    phone.shows("untrusted")
    phone.page.get_by_role("button", name="Zoom in").tap()
    before = phone.viewbox()
    box = stage(phone.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = phone.page.context.new_cdp_session(phone.page)
    touch(session, "touchStart", (x - 40, y), (x + 40, y))
    for reach in (50, 60, 70, 80):
        touch(session, "touchMove", (x - reach, y), (x + reach, y))
    touch(session, "touchEnd")
    assert phone.viewbox()[2] == pytest.approx(before[2] / 2)


def test_side_by_side_shows_the_same_part_twice(opened: Screen) -> None:
    page = opened.page
    expect(page.locator("#plain")).to_be_hidden()
    page.get_by_text("Side by side").click()
    expect(page.locator("#plain")).to_be_visible()
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator("#plain .view").get_attribute("viewBox") == page.locator(
        "#marked .view"
    ).get_attribute("viewBox")
    expect(page.locator("#plain .outline")).to_have_count(0)
    expect(page.locator("#marked .outline")).to_have_count(2)
    assert middle(opened) == pytest.approx((32, 32))


def test_outline_and_fill_have_each_a_toggle_and_an_opacity(opened: Screen) -> None:
    page = opened.page
    line, fill = (page.locator(f".outline .{part}").first for part in ("line", "fill"))
    expect(line).to_have_css("opacity", "1")
    expect(fill).to_have_css("fill-opacity", "0")
    page.get_by_role("button", name="Adjust").click()
    page.get_by_role("slider", name="Outline").fill("40")
    expect(line).to_have_css("opacity", "0.4")
    expect(page.locator("#outline-opacity-shown")).to_have_text("40 %")
    page.get_by_role("button", name="Fill", exact=True).click()
    expect(fill).to_have_css("fill-opacity", "0.25")
    page.get_by_role("slider", name="Fill").fill("60")
    expect(fill).to_have_css("fill-opacity", "0.6")
    page.get_by_role("button", name="Outline", exact=True).click()
    expect(line).to_have_css("opacity", "0")
    expect(fill).to_have_css("fill-opacity", "0.6")


def test_keys_take_outlines_and_fill_off_and_back(opened: Screen) -> None:
    svg = opened.page.locator("#marked .view").first
    line, fill = (opened.page.locator(f".outline .{part}").first for part in ("line", "fill"))
    svg.press("o")
    expect(line).to_have_css("opacity", "0")
    svg.press("O")
    expect(line).to_have_css("opacity", "1")
    svg.press("f")
    expect(fill).to_have_css("fill-opacity", "0.25")


def test_the_view_follows_the_window(opened: Screen) -> None:
    opened.page.set_viewport_size({"width": 700, "height": 900})
    expect(opened.page.locator("#panes")).to_have_attribute("data-fitted", "")
    box = stage(opened.page)
    _, _, width, height = opened.viewbox()
    assert min(width, height) == pytest.approx(64)
    assert width / height == pytest.approx(box["width"] / box["height"], rel=0.01)
