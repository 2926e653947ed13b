"""How an image comes in, and that its lungs are outlined where they are."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from samples.phantom import phantom
from tests.app.fakes import dicom, encode, picture
from tests.app.web.conftest import Screen, two_lungs

pytestmark = pytest.mark.slow

RIGHT, LEFT = (8, 12, 24, 52), (40, 12, 56, 52)


def check_both_outlines(screen: Screen) -> None:
    screen.shows("untrusted")
    assert screen.outline("right") == RIGHT
    assert screen.outline("left") == LEFT
    expect(screen.page.locator("#lungs .right .px")).to_have_text("640")
    expect(screen.page.locator("#lungs .left .px")).to_have_text("640")
    expect(screen.page.locator("#lungs .total .px")).to_have_text("1,280")


def test_the_empty_page(page: Page) -> None:
    expect(page.locator("#invitation")).to_be_visible()
    expect(page.locator("#panes, #tools, #strip, #results")).to_have_count(4)
    for selector in ("#panes", "#tools", "#strip", "#results"):
        expect(page.locator(selector)).to_be_hidden()
    expect(page.locator("footer")).to_contain_text("Not a medical device")


def test_a_file_is_chosen(screen: Screen) -> None:
    screen.choose(("chest.png", two_lungs()))
    check_both_outlines(screen)
    expect(screen.page.locator("#image-name")).to_have_text("chest.png")


def test_a_file_is_dropped(screen: Screen) -> None:
    screen.hand_over("drop", "#stage", ("chest.png", two_lungs()))
    check_both_outlines(screen)
    expect(screen.page.locator("body")).not_to_have_attribute("data-dragging", "")


def test_a_picture_is_pasted(screen: Screen) -> None:
    screen.hand_over("paste", "body", ("image.png", two_lungs()))
    check_both_outlines(screen)


def test_the_button_opens_a_dialog_for_files(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    assert chooser.value.is_multiple()


def test_the_sample(screen: Screen) -> None:
    screen.page.get_by_role("button", name="Try a sample").click()
    screen.shows("untrusted")
    for lung in ("right", "left"):
        left, top, right, bottom = screen.outline(lung)
        assert 0 <= left < right <= 1024
        assert 0 <= top < bottom <= 1024
    # What the fake engine takes for lung is as dark as it, the air beside the body too; but right is right.
    assert screen.outline("right")[0] < screen.outline("left")[0]
    expect(screen.page.locator("#image-name")).to_have_text("phantom.png")


@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".webp", ".tiff"])
def test_other_formats(screen: Screen, suffix: str) -> None:
    pixels = cv2.imdecode(np.frombuffer(two_lungs(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    screen.choose((f"chest{suffix}", encode(np.asarray(pixels, np.uint8), suffix)))
    screen.shows("untrusted")
    left, top, right, bottom = screen.outline("right")
    assert (left, top, right, bottom) == pytest.approx(RIGHT, abs=1.5)
    check_the_picture_is_seen(screen)


def test_dicom(screen: Screen) -> None:
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    assert screen.outline("right") == RIGHT
    expect(screen.page.locator("#lungs .right .mm")).to_have_text("160 perhaps magnified: plane not stated")
    screen.page.get_by_text("Image and model").click()
    expect(screen.page.locator("#fact-format")).to_have_text("DICOM")
    expect(screen.page.locator("#fact-spacing")).to_have_text(
        "0.5 × 0.5 mm, in the patient or on the detector"
    )
    check_the_picture_is_seen(screen)


def test_sixteen_bits_are_shown_as_they_were_read(screen: Screen) -> None:
    dark = picture((8, 12, 16, 40)).astype(np.uint16)
    done, data = cv2.imencode(".png", dark)
    assert done
    screen.choose(("dark.png", data.tobytes()))
    screen.shows("untrusted")
    # Without a window its 200 of 65535 would be black.
    assert brightness(screen, (0.9, 0.9)) > 200
    assert brightness(screen, (0.2, 0.5)) < 50


def test_a_real_radiograph_in_dicom(screen: Screen, shared_dicom: Path) -> None:
    screen.choose(("chest.dcm", (shared_dicom / "siim_6904.dcm").read_bytes()))
    screen.shows("untrusted")
    left, top, right, bottom = screen.outline("right")
    assert 0 <= left < right <= 1024
    assert 0 <= top < bottom <= 1024
    expect(screen.page.locator("#lungs .right .mm")).not_to_be_empty()
    check_the_picture_is_seen(screen, size=(1024, 1024))


def test_a_lung_that_was_not_found_is_said_to_be_missing(screen: Screen) -> None:
    screen.choose(("one.png", encode(picture((8, 12, 16, 40)))))
    screen.shows("untrusted")
    expect(screen.page.locator("#lungs .left .px")).to_have_text("not found")
    expect(screen.page.locator("#lungs .total")).to_be_hidden()
    expect(screen.page.locator(".outline")).to_have_count(1)


def test_a_radiograph_that_is_not_square(screen: Screen) -> None:
    made = phantom(width=96, height=128, seed=3).pixels
    screen.choose(("tall.png", encode(np.asarray(made, np.uint8))))
    screen.shows("untrusted")
    _, _, width, height = screen.viewbox()
    assert height == pytest.approx(128)
    assert width > 96


def brightness(screen: Screen, at: tuple[float, float], *, size: tuple[int, int] = (64, 64)) -> int:
    """The grey, 0 to 255, of the picture at shares of its width and height, as it is on the screen."""
    expect(screen.page.locator("#panes")).to_have_attribute("aria-busy", "false")
    box = screen.page.locator("#marked .view").bounding_box()
    assert box is not None
    left, top, width, _ = screen.viewbox()
    scale = box["width"] / width
    clip = {
        "x": box["x"] + (at[0] * size[0] - left) * scale,
        "y": box["y"] + (at[1] * size[1] - top) * scale,
        "width": 1,
        "height": 1,
    }
    shot = cv2.imdecode(np.frombuffer(screen.page.screenshot(clip=clip), np.uint8), cv2.IMREAD_GRAYSCALE)  # type: ignore[arg-type]
    assert shot is not None
    return int(shot[0, 0])


def check_the_picture_is_seen(screen: Screen, *, size: tuple[int, int] = (64, 64)) -> None:
    assert max(brightness(screen, at, size=size) for at in ((0.95, 0.95), (0.5, 0.9))) > 100
