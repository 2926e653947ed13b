"""Several images at a time."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import expect

from tests.app.conftest import Service
from tests.app.fakes import encode, picture
from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow


def test_several_images(screen: Screen) -> None:
    page = screen.page
    files = [("a.png", two_lungs()), ("b.png", encode(picture((40, 8, 16, 40)))), ("c.png", b"no image")]
    screen.hand_over("drop", "#stage", *files)
    items = page.locator(".strip-item")
    expect(items).to_have_count(3)
    expect(page.locator(".strip-name")).to_have_text(["a.png", "b.png", "c.png"])
    expect(page.locator(".strip-state")).to_have_text(["Check", "Check", "Failed"])
    expect(page.locator("#image-name")).to_have_text("a.png")
    expect(items.nth(0).locator(".open")).to_have_attribute("aria-current", "true")

    items.nth(1).locator(".open").click()
    expect(page.locator("#image-name")).to_have_text("b.png")
    assert screen.outline("left") == (40, 8, 56, 48)
    expect(page.locator(".outline")).to_have_count(1)
    expect(items.nth(0).locator(".open")).not_to_have_attribute("aria-current", "true")

    items.nth(2).locator(".open").click()
    expect(page.locator("#failure-title")).to_have_text("This type of image is not read")
    expect(page.locator("#result")).to_be_hidden()


def test_an_image_is_added_to_those_there(screen: Screen) -> None:
    screen.choose(("a.png", two_lungs()))
    screen.shows("untrusted")
    screen.choose(("b.png", two_lungs()))
    expect(screen.page.locator(".strip-name")).to_have_text(["a.png", "b.png"])
    expect(screen.page.locator("#image-name")).to_have_text("b.png")


def test_closing_images_ends_where_it_began(screen: Screen) -> None:
    page = screen.page
    screen.choose(("a.png", two_lungs()), ("b.png", two_lungs()))
    expect(page.locator(".strip-state")).to_have_text(["Check", "Check"])
    page.get_by_role("button", name="Close a.png").click()
    expect(page.locator("#image-name")).to_have_text("b.png")
    expect(page.locator(".strip-item .open")).to_be_focused()
    page.get_by_role("button", name="Close b.png").click()
    expect(page.locator("#invitation")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    expect(page.locator("#results")).to_be_hidden()


def test_the_strip_is_worked_by_keys(screen: Screen) -> None:
    page = screen.page
    screen.choose(("a.png", two_lungs()), ("b.png", two_lungs()))
    expect(page.locator(".strip-state")).to_have_text(["Check", "Check"])
    page.locator(".strip-item .open").nth(0).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#image-name")).to_have_text("b.png")
    # Nothing was drawn anew below the fingers.
    expect(page.locator(".strip-item .open").nth(1)).to_be_focused()


def test_thumbnails_are_drawn(screen: Screen) -> None:
    screen.choose(("a.png", two_lungs()))
    screen.shows("untrusted")
    drawn = screen.page.locator(".strip-item canvas").evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(72, 4, 1, 1).data]"
    )
    red, green, blue, opacity = drawn
    # The bright of the picture, between its two shades.
    assert red == green == blue
    assert 180 <= red <= 220
    assert opacity == 255


def test_the_button_that_closes_an_image_leaves_its_thumbnail_in_sight(
    make_screen: MakeScreen, shared_client: Service
) -> None:
    screen = make_screen(shared_client, viewport={"width": 820, "height": 1180}, has_touch=True)
    screen.choose(("a.png", encode(np.full((64, 64), 200, np.uint8))))
    screen.shows("untrusted")
    button = screen.page.get_by_role("button", name="Close a.png")
    box = button.bounding_box()
    assert box is not None
    assert box["width"] >= 44
    assert box["height"] >= 44
    shot = decode_grey(button.screenshot())
    assert (shot > 150).mean() > 0.3


def decode_grey(png: bytes) -> NDArray[np.uint8]:
    """What is seen, without the colours."""
    return np.asarray(Image.open(BytesIO(png)).convert("L"))
