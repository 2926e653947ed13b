"""Whoever looks, listens or has no mouse: names, contrast, focus, and room on a phone."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.app.fakes import encode, picture, truth
from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow

NAMED = {
    "application",
    "button",
    "combobox",
    "dialog",
    "image",
    "link",
    "listbox",
    "navigation",
    "complementary",
    "radio",
    "slider",
    "table",
    "textbox",
}


def fill(screen: Screen) -> None:
    """Everything that the page has at once: a result, a comparison, a failure in the strip."""
    screen.choose(("chest.png", two_lungs()), ("notes.png", b"text"))
    expect(screen.page.locator(".strip-state")).to_have_text(["Check", "Failed"])
    screen.choose_truth("truth.png", encode(truth((12, 12, 16, 40))))
    expect(screen.page.locator("#metrics")).to_be_visible()
    screen.page.get_by_text("Image and model").click()


def open_tools(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(f"#{name.lower()}-tools")).to_be_visible()


def test_everything_that_can_be_worked_has_a_name(screen: Screen) -> None:
    fill(screen)
    screen.page.get_by_text("Side by side").click()
    open_tools(screen.page, "Adjust")
    session = screen.page.context.new_cdp_session(screen.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    seen: dict[str, list[str]] = {}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if not node["ignored"] and role in NAMED:
            seen.setdefault(role, []).append(node.get("name", {}).get("value", "").strip())
    assert {"application", "button", "link", "radio", "slider", "table", "navigation"} <= set(seen)
    assert {role: names for role, names in seen.items() if not all(names)} == {}


def test_every_input_has_a_label(page: Page) -> None:
    unlabelled = page.locator("input").evaluate_all(
        "(inputs) => inputs.filter((input) => !input.labels.length && !input.ariaLabel).map((input) => "
        "input.id)"
    )
    assert unlabelled == []


def test_references_hold_and_ids_are_unique(page: Page) -> None:
    markup = page.content()
    ids = re.findall(r'\sid="([^"]+)"', markup)
    assert len(ids) == len(set(ids))
    references = re.findall(r'\s(?:for|aria-labelledby|aria-describedby|popovertarget)="([^"]+)"', markup)
    assert references
    assert set(references) <= set(ids)


def test_contrast(screen: Screen) -> None:
    page = screen.page
    texts = colours_of_texts(page)
    fill(screen)
    texts += colours_of_texts(page)
    screen.choose(("one.png", encode(picture())))
    expect(page.locator("#image-name")).to_have_text("one.png")
    screen.choose_truth("notes.png", b"text")
    expect(page.locator("#truth-failure")).to_be_visible()
    texts += colours_of_texts(page)
    page.locator(".strip-item .open").nth(1).click()
    expect(page.locator("#failure")).to_be_visible()
    texts += colours_of_texts(page)
    assert len(texts) > 200
    faint = {text["text"] for text in texts if contrast(text["colour"], text["ground"]) < 4.5}
    assert faint == set()


def colours_of_texts(page: Page) -> list[dict[str, Any]]:
    """What is to be read at the moment, by day and by night."""
    texts = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        texts += page.evaluate(_TEXTS)
    return texts


_TEXTS = """() => {
    const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((level, i) => level * a + below[i] * (1 - a));
    const ground = (element) => {
        const own = parse(getComputedStyle(element).backgroundColor);
        if (own.length === 3 || !element.parentElement) return own.slice(0, 3);
        return over(own, ground(element.parentElement));
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        const visible = element.checkVisibility({ visibilityProperty: true });
        if (!text || !visible || element.closest(":disabled")) continue;
        const colour = parse(getComputedStyle(element).color).slice(0, 3);
        found.push({ text, colour, ground: ground(element) });
    }
    return found;
}"""


def contrast(a: list[float], b: list[float]) -> float:
    """WCAG 2.2's contrast ratio of two colours in sRGB, 0 to 255."""
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: list[float]) -> float:
    shares = [level / 255 for level in colour]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_stage_is_dark_in_either_scheme(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    expect(page.locator("#stage")).to_have_css("background-color", "rgb(8, 9, 10)")
    expect(page.locator("body")).to_have_css("background-color", "rgb(238, 240, 242)")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("#stage")).to_have_css("background-color", "rgb(8, 9, 10)")
    expect(page.locator("body")).to_have_css("background-color", "rgb(19, 22, 25)")


def test_the_keyboard_alone_gets_a_result(screen: Screen) -> None:
    page = screen.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Try a sample")).to_be_focused()
    page.keyboard.press("Enter")
    screen.shows("untrusted")
    # The button that had the focus is gone with the invitation: the image has it.
    expect(page.locator("#marked .view")).to_be_focused()


def test_results_are_announced(screen: Screen) -> None:
    expect(screen.page.get_by_role("status")).to_have_attribute("aria-live", "polite")
    screen.choose(("chest.png", two_lungs()))
    expect(screen.page.get_by_role("status")).to_contain_text(
        "chest.png: Check the outlines. right lung 640 pixels, left lung 640 pixels"
    )


def test_there_is_room_in_any_window(screen: Screen) -> None:
    check_widths(screen.page)
    fill(screen)
    for name in ("Adjust", "Correct"):
        open_tools(screen.page, name)
        check_widths(screen.page)


def test_the_radiograph_keeps_half_of_the_window(screen: Screen) -> None:
    """Beside its tools, the list and the strip; with a row of tools open, two fifths."""
    page = screen.page
    page.set_viewport_size({"width": 1440, "height": 900})
    screen.choose(*[(f"{name}.png", two_lungs()) for name in "ab"])
    expect(page.locator(".strip-state")).to_have_text(["Check", "Check"])
    assert stage_height(page) >= 450
    for name in ("Adjust", "Correct"):
        open_tools(page, name)
        assert stage_height(page) >= 360


def stage_height(page: Page) -> float:
    box = page.locator("#stage").bounding_box()
    assert box is not None
    return box["height"]


def check_widths(page: Page) -> None:
    for width in (1440, 768, 390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


TARGETS = (
    "button:visible, a:visible, summary:visible, .segmented span:visible, select:visible, "
    "input[type=range]:visible"
)


@pytest.mark.parametrize("width", [390, 820])
def test_a_finger_hits_everything_that_can_be_worked(
    make_screen: MakeScreen, screen: Screen, width: int
) -> None:
    phone = make_screen(screen.service, viewport={"width": width, "height": 844}, has_touch=True)
    fill(phone)
    for name in ("Adjust", "Correct"):
        open_tools(phone.page, name)
        for target in phone.page.locator(TARGETS).all():
            box = target.bounding_box()
            assert box is not None
            # Clipped for screen readers, until it has the focus.
            if box["y"] >= 0:
                shown = target.evaluate("(element) => element.outerHTML")
                assert min(box["width"], box["height"]) >= 43.9, shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
def test_axe_finds_nothing(screen: Screen, width: int, scheme: Any) -> None:
    page = screen.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert findings(page) == []
    fill(screen)
    assert findings(page) == []
    open_tools(page, "Adjust")
    page.get_by_role("button", name="Mirror").click()
    assert findings(page) == []
    open_tools(page, "Correct")
    expect(page.locator("#adjust-tools")).to_be_hidden()
    page.get_by_role("button", name="Swap sides").click()
    assert findings(page) == []
    page.keyboard.press("?")
    assert findings(page) == []
    page.keyboard.press("?")
    page.locator(".strip-item .open").nth(1).click()
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    """What axe-core finds in what is shown now."""
    violations = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in violations for node in one["nodes"]]


def test_a_key_lists_the_keys(screen: Screen) -> None:
    keys = screen.page.locator("#keys")
    expect(keys).to_be_hidden()
    screen.page.keyboard.press("?")
    expect(keys).to_be_visible()
    screen.page.keyboard.press("?")
    expect(keys).to_be_hidden()
