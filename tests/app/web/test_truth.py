"""A ground truth beside the image: how well they agree, and where they do not."""

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.app.fakes import encode, truth
from tests.app.web.conftest import Screen, two_lungs
from tests.app.web.test_correcting import drag, on_screen, take

pytestmark = pytest.mark.slow

TRUTH = encode(truth((12, 12, 16, 40)) | truth((40, 12, 16, 40)))
"""The right lung four pixels further to the right than it is found."""


@pytest.fixture
def opened(screen: Screen) -> Screen:
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    return screen


def metric(page: Page, name: str) -> str:
    return page.locator("#metrics tr").filter(has_text=name).first.locator("td").inner_text()


def test_metrics_and_a_disagreement_map(opened: Screen) -> None:
    page = opened.page
    expect(page.locator("#metrics")).to_be_hidden()
    expect(page.locator("#layers")).to_be_hidden()
    opened.hand_over("drop", "#truth-zone", ("truth.png", TRUTH))
    expect(page.locator("#truth")).to_have_attribute("data-state", "done")
    # Each mask has 1280 pixels; the right lungs share 12 of 16 columns.
    shared = 640 + 12 * 40
    assert metric(page, "IoU") == f"{shared / (2 * 1280 - shared):.3f}"
    assert metric(page, "Dice") == f"{shared / 1280:.3f}"
    assert metric(page, "Precision") == f"{shared / 1280:.3f}"
    assert metric(page, "Recall") == f"{shared / 1280:.3f}"
    assert metric(page, "Pixel accuracy") == f"{1 - 8 * 40 / 4096:.3f}"
    assert metric(page, "HD95") == "4.0 px"
    assert metric(page, "before post-processing") == metric(page, "IoU")
    expect(page.locator("#truth-name")).to_have_text("truth.png")
    expect(page.locator(".disagreement")).to_be_visible()
    expect(page.locator(".outline")).to_have_count(0)
    expect(page.locator("#legend-disagreement")).to_be_visible()
    # It did not become another image.
    expect(page.locator(".strip-item")).to_have_count(1)


def test_what_was_assumed_about_the_mask_is_said(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator("#truth")).to_have_attribute("data-state", "done")
    expect(page.locator("#truth-notes")).to_be_hidden()
    opened.choose_truth("negative.png", encode(~truth((12, 12, 16, 40))))
    expect(page.locator("#truth-notes li")).to_have_count(1)
    expect(page.locator("#truth-notes")).to_contain_text("it looks inverted")


def test_the_map_is_where_they_disagree(opened: Screen) -> None:
    opened.choose_truth("truth.png", TRUTH)
    expect(opened.page.locator(".disagreement")).to_be_visible()
    found = opened.page.locator(".disagreement").evaluate(_PIXELS)
    rgba = np.array(found, np.uint8).reshape(64, 64, 4)
    opaque = rgba[..., 3] > 128
    purple, yellow = opaque & (rgba[..., 2] > rgba[..., 1]), opaque & (rgba[..., 1] > rgba[..., 2])
    assert np.array_equal(purple, truth((8, 12, 4, 40)))
    assert np.array_equal(yellow, truth((24, 12, 4, 40)))
    assert not rgba[truth((0, 0, 64, 12))].any()


_PIXELS = """async (element) => {
    const image = new Image();
    image.src = element.getAttribute("href");
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, image.width, image.height).data];
}"""


def test_outlines_and_map_can_be_exchanged(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator(".disagreement")).to_be_visible()
    page.locator("#layers").get_by_text("Outlines").click()
    expect(page.locator(".disagreement")).to_have_count(0)
    expect(page.locator(".outline")).to_have_count(2)
    page.locator("#layers").get_by_text("Disagreement").click()
    expect(page.locator(".outline")).to_have_count(0)


def test_the_download_holds_the_metrics(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator("#metrics")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Result, JSON").click()
    document = json.loads(waiting.value.path().read_bytes())
    assert document["metrics"]["dice"] == pytest.approx(1120 / 1280)


def test_a_mask_of_another_size_is_refused_and_then_resized(opened: Screen) -> None:
    page = opened.page
    half = encode(truth((4, 6, 8, 20), side=32) | truth((20, 6, 8, 20), side=32))
    opened.choose_truth("half.png", half)
    failure = page.locator("#truth-failure")
    expect(failure).to_contain_text("Image and mask differ in size")
    expect(failure).to_contain_text("The mask has 32×32 pixels, the image 64×64.")
    expect(page.locator(".outline")).to_have_count(2)
    page.get_by_role("button", name="Resize the mask and compare").click()
    expect(page.locator("#metrics")).to_be_visible()
    expect(failure).to_be_hidden()
    assert metric(page, "IoU") == "1.000"


def test_a_new_ground_truth_leaves_nothing_of_the_old(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator(".disagreement")).to_be_visible()
    opened.choose_truth("half.png", encode(truth((4, 6, 8, 20), side=32)))
    expect(page.locator("#truth-failure")).to_contain_text("Image and mask differ in size")
    expect(page.locator(".disagreement")).to_have_count(0)
    expect(page.locator("#layers")).to_be_hidden()
    expect(page.locator("#metrics")).to_be_hidden()
    expect(page.locator(".outline")).to_have_count(2)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Result, JSON").click()
    assert "metrics" not in json.loads(waiting.value.path().read_bytes())


def test_a_mask_that_is_no_image(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("notes.png", b"These are notes.")
    expect(page.locator("#truth-failure")).to_contain_text("This type of image is not read")
    expect(page.get_by_role("button", name="Resize the mask and compare")).to_be_hidden()
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator("#metrics")).to_be_visible()


def test_the_sample_has_a_ground_truth(screen: Screen) -> None:
    screen.page.get_by_role("button", name="Try a sample").click()
    screen.shows("untrusted")
    screen.page.get_by_role("button", name="Use the sample’s").click()
    expect(screen.page.locator("#metrics")).to_be_visible()
    assert 0 < float(metric(screen.page, "IoU")) < 1


def test_each_image_keeps_its_own_comparison(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator("#metrics")).to_be_visible()
    opened.choose(("other.png", two_lungs()))
    opened.shows("untrusted")
    expect(page.locator("#metrics")).to_be_hidden()
    expect(page.locator(".outline")).to_have_count(2)
    page.locator(".strip-item .open").first.click()
    expect(page.locator("#metrics")).to_be_visible()


def test_a_correction_is_not_shown_with_what_disagreed_before_it(opened: Screen) -> None:
    page = opened.page
    opened.choose_truth("truth.png", TRUTH)
    expect(page.locator(".disagreement")).to_be_visible()
    take(page, "Cut")
    drag(opened, (4, 40), (28, 40), (28, 58), (4, 58))
    opened.shows("corrected")
    expect(page.locator(".disagreement")).to_have_count(0)
    expect(page.locator(".outline")).to_have_count(2)
    expect(page.locator("#legend-outlines")).to_be_visible()
    for stale in ("#legend-disagreement", "#layers", "#metrics"):
        expect(page.locator(stale)).to_be_hidden()
    expect(page.locator("#truth-prompt")).to_contain_text("is that of the original outlines")
    page.get_by_role("button", name="Original").click()
    expect(page.locator("#metrics")).to_be_visible()
    page.locator("#layers").get_by_text("Disagreement").click()
    expect(page.locator(".disagreement")).to_be_visible()
    # A stroke shows the outlines at once, not only when it is done.
    take(page, "Brush")
    page.mouse.move(*on_screen(opened, (32, 30)))
    page.mouse.down()
    page.mouse.move(*on_screen(opened, (36, 34)), steps=3)
    expect(page.locator(".disagreement")).to_have_count(0)
    expect(page.locator(".outline")).to_have_count(2)
    page.mouse.up()
