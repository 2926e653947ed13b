"""The keys of the help, wherever the focus is, or on the radiograph alone, as its checkbox says."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import MakeClient, Service
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_accessibility import findings

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


def switch_off(page: Page) -> None:
    """Switches the keys of one character off outside the radiograph, by the keyboard alone."""
    page.locator(".keys-button").press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#keys-everywhere")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#keys-everywhere")).not_to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def layers_pressed(page: Page) -> list[str | None]:
    return [one.get_attribute("aria-pressed") for one in page.locator("[id^=show-]").all()]


def press_in(page: Page, place: str, key: str) -> None:
    page.evaluate(PLACES[place])
    page.keyboard.press(key)


@pytest.mark.parametrize("place", [place for place in PLACES if place != "the radiograph"])
def test_keys_of_one_character_are_switched_off_outside_the_radiograph(opened: Screen, place: str) -> None:
    page = opened.page
    press_in(page, "the radiograph", "b")
    fit, layers = opened.viewbox(), layers_pressed(page)
    switch_off(page)
    for key in (*TOOLS, *"+=-01[]girlhvoft?", "Shift+B"):
        press_in(page, place, key)
    expect(page.locator("#panes")).to_have_attribute("data-tool", "brush")
    assert opened.viewbox() == pytest.approx(fit)
    expect(page.locator("#brush-size")).to_have_value("60")
    expect(page.locator("#stage-marks")).to_be_hidden()
    assert layers_pressed(page) == layers
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("PageDown")
    expect(page.locator(".strip-item .open").nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#panes")).to_have_attribute("data-tool", "pan")


def test_keys_that_are_switched_off_work_on_the_radiograph(opened: Screen) -> None:
    page = opened.page
    switch_off(page)
    fit = opened.viewbox()
    for key, tool in TOOLS.items():
        press_in(page, "the radiograph", key)
        expect(page.locator("#panes")).to_have_attribute("data-tool", tool)
    press_in(page, "the radiograph", "]")
    expect(page.locator("#brush-size")).not_to_have_value("60")
    press_in(page, "the radiograph", "+")
    assert opened.viewbox()[3] == pytest.approx(fit[3] / 1.25)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_the_choice_of_keys_survives_a_reload(opened: Screen) -> None:
    page = opened.page
    expect(page.locator("#keys-everywhere")).to_be_checked()
    switch_off(page)
    page.reload()
    opened.shows("untrusted")
    press_in(page, "nowhere", "?")
    press_in(page, "a button", "i")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("#stage-marks")).to_be_hidden()
    page.locator(".keys-button").click()
    page.get_by_label("Keys work everywhere on the page").check()
    page.reload()
    opened.shows("untrusted")
    press_in(page, "nowhere", "i")
    expect(page.locator("#stage-marks")).to_have_text(re.compile("Inverted", re.IGNORECASE))
    expect(page.locator("#keys-everywhere")).to_be_checked()


def test_without_storage_the_choice_of_keys_holds_until_the_page_is_left(screen: Screen) -> None:
    page = screen.page
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('No'); } })"
    )
    page.reload()
    screen.choose(("one.png", two_lungs()))
    screen.shows("untrusted")
    switch_off(page)
    press_in(page, "nowhere", "i")
    expect(page.locator("#stage-marks")).to_be_hidden()
    press_in(page, "the radiograph", "i")
    expect(page.locator("#stage-marks")).to_have_text(re.compile("Inverted", re.IGNORECASE))
    page.reload()
    expect(page.locator("#keys-everywhere")).to_be_checked()


@pytest.mark.parametrize(
    ("locale", "label"),
    [("en-GB", "Keys work everywhere on the page"), ("de-DE", "Tasten wirken überall auf der Seite")],
)
def test_the_choice_of_keys_is_named_and_large_enough_for_a_finger(
    make_screen: MakeScreen, shared_client: Service, locale: str, label: str
) -> None:
    screen = make_screen(shared_client, locale=locale, viewport={"width": 390, "height": 844}, has_touch=True)
    page = screen.page
    page.keyboard.press("?")
    choice = page.locator("#keys").get_by_label(label)
    expect(choice).to_be_checked()
    expect(choice).to_have_accessible_description(re.compile("focus|Fokus"))
    target = page.locator("#keys label")
    box = target.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 43.9
    assert findings(page) == []
    target.tap()
    expect(choice).not_to_be_checked()
    assert findings(page) == []
