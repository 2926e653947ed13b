"""The keys of the help, wherever the focus is: on the radiograph, on a control, or nowhere."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import MakeClient
from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow

PLACES = {
    "nowhere": "() => document.activeElement.blur()",
    "a button": "() => document.querySelector('#swap').focus()",
    "a tool": "() => document.querySelector('input[value=brush]').focus()",
    "a slider": "() => document.querySelector('#brush-size').focus()",
    "the list": "() => document.querySelector('.strip-item .open').focus()",
    "the radiograph": "() => document.querySelector('#marked .view').focus()",
}
TOOLS = {
    "w": "window",
    "m": "magnifier",
    "d": "ruler",
    "p": "pan",
    "b": "brush",
    "e": "eraser",
    "a": "lasso",
    "x": "cut",
    "n": "nudge",
    "c": "reassign",
}


@pytest.fixture
def opened(screen: Screen) -> Screen:
    screen.choose(("one.png", two_lungs()), ("two.png", two_lungs()))
    screen.shows("untrusted")
    screen.page.locator("#correct").click()
    return screen


def size(page: Page) -> int:
    return int(page.locator("#brush-size-shown").inner_text().split()[0])


def test_every_key_of_the_help_is_tried_here(page: Page) -> None:
    listed = page.locator("#keys kbd").all_text_contents()
    tried = {*TOOLS, *"0+−[]girlhvoft?zy", "Ctrl", "Enter", "Esc", "1"}
    assert {one for one in listed if "Page" not in one} == tried


@pytest.mark.parametrize("place", PLACES)
def test_keys_work_wherever_the_focus_is(opened: Screen, place: str) -> None:
    page = opened.page

    def press(key: str) -> None:
        page.evaluate(PLACES[place])
        page.keyboard.press(key)

    before = size(page)
    press("]")
    larger = size(page)
    assert larger > before
    press("[")
    assert size(page) < larger
    for key, tool in TOOLS.items():
        press("b")
        press(key)
        expect(page.locator("#panes")).to_have_attribute("data-tool", tool)
    press("b")
    press("Escape")
    expect(page.locator("#panes")).to_have_attribute("data-tool", "pan")
    fit = opened.viewbox()
    press("b")
    press("+")
    assert opened.viewbox()[3] == pytest.approx(fit[3] / 1.25)
    press("-")
    assert opened.viewbox() == pytest.approx(fit)
    press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    press("g")
    assert opened.viewbox()[3] < fit[3]
    press("0")
    assert opened.viewbox() == pytest.approx(fit)
    for key, said in {
        "i": "Inverted",
        "h": "Mirrored",
        "v": "Rotated 180°",
        "r": "90° right",
        "l": "90° left",
    }.items():
        press(key)
        expect(page.locator("#stage-marks")).to_have_text(re.compile(said, re.IGNORECASE))
        press({"r": "l", "l": "r"}.get(key, key))
        expect(page.locator("#stage-marks")).to_be_hidden()
    for key, layer in {"o": "outline", "f": "fill", "t": "heat"}.items():
        button = page.locator(f"#show-{layer}")
        pressed = button.get_attribute("aria-pressed")
        press(key)
        expect(button).not_to_have_attribute("aria-pressed", str(pressed))
    press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_a_tool_that_a_key_takes_goes_on_with_arrows_and_enter(opened: Screen) -> None:
    page = opened.page
    page.locator("#swap").focus()
    page.keyboard.press("b")
    expect(page.locator("#marked .view")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    opened.shows("corrected")


def test_arrows_pan_while_nothing_else_takes_them(opened: Screen) -> None:
    page = opened.page
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    for place in ("nowhere", "a button"):
        page.evaluate(PLACES[place])
        left, *_ = opened.viewbox()
        page.keyboard.press("+")
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
        assert opened.viewbox()[0] > left


def test_controls_keep_their_own_keys(opened: Screen) -> None:
    page = opened.page
    before = opened.viewbox()
    page.locator("input[value=brush]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panes")).to_have_attribute("data-tool", "eraser")
    page.locator("#brush-size").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#brush-size")).to_have_value("61")
    page.locator("#swap").focus()
    page.keyboard.press("Enter")
    opened.shows("corrected")
    page.locator("#undo").click()
    opened.shows("untrusted")
    assert opened.viewbox() == pytest.approx(before)
    page.locator("#filter").focus()
    page.keyboard.press("]")
    page.keyboard.press("i")
    expect(page.locator("#brush-size")).to_have_value("61")
    expect(page.locator("#stage-marks")).to_be_hidden()


def test_arrows_scroll_a_page_that_is_longer_than_the_window(
    make_screen: MakeScreen, make_client: MakeClient
) -> None:
    screen = make_screen(make_client(), viewport={"width": 820, "height": 500})
    screen.choose(("one.png", two_lungs()))
    screen.shows("untrusted")
    page = screen.page
    page.evaluate(PLACES["nowhere"])
    before = screen.viewbox()
    page.keyboard.press("+")
    page.keyboard.press("-")
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.scrollingElement.scrollTop > 0")
    assert screen.viewbox() == pytest.approx(before)
    page.evaluate(PLACES["the radiograph"])
    for key in ("+", "+", "ArrowDown"):
        page.keyboard.press(key)
    assert screen.viewbox()[1] > before[1]


@pytest.mark.parametrize(
    "options", [{"altKey": True}, {"ctrlKey": True, "altKey": True, "modifierAltGraph": True}]
)
def test_brackets_of_a_german_keyboard(opened: Screen, options: dict[str, bool]) -> None:
    page = opened.page
    before = size(page)
    page.evaluate(
        "(options) => document.body.dispatchEvent(new KeyboardEvent('keydown', options))",
        {"key": "]", "bubbles": True} | options,
    )
    assert size(page) > before


def test_a_browsers_own_keys_are_left_alone(opened: Screen) -> None:
    page = opened.page
    fit = opened.viewbox()
    for key in ("Control+0", "Control+i", "Alt+b", "Control+]"):
        page.keyboard.press(key)
    assert opened.viewbox() == pytest.approx(fit)
    expect(page.locator("#stage-marks")).to_be_hidden()
    expect(page.locator("#panes")).to_have_attribute("data-tool", "brush")
    expect(page.locator("#brush-size")).to_have_value("60")


def test_escape_closes_the_list_of_keys_and_leaves_the_tool(opened: Screen) -> None:
    page = opened.page
    page.evaluate(PLACES["the radiograph"])
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("#panes")).to_have_attribute("data-tool", "brush")


def test_keys_of_drawing_wait_for_the_outlines(make_client: MakeClient, make_screen: MakeScreen) -> None:
    service = make_client()
    service.engine.hold()
    screen = make_screen(service)
    screen.choose(("one.png", two_lungs()))
    screen.shows("working")
    page = screen.page
    expect(page.locator("#panes")).to_be_visible()
    page.keyboard.press("b")
    expect(page.locator("#correct-tools")).to_be_hidden()
    expect(page.locator("#panes")).not_to_have_attribute("data-tool", "brush")
    service.engine.release()
    screen.shows("untrusted")
    page.keyboard.press("b")
    expect(page.locator("#correct-tools")).to_be_visible()


def test_without_an_image_the_keys_do_nothing(screen: Screen) -> None:
    page = screen.page
    for key in ("b", "i", "]", "+"):
        page.keyboard.press(key)
    screen.choose(("one.png", two_lungs()))
    screen.shows("untrusted")
    expect(page.locator("#stage-marks")).to_be_hidden()
    expect(page.locator("#correct-tools")).to_be_hidden()
