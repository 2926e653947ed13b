"""A hundred films: how far it is, what is to be looked at first, and the results of all."""

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.fakes import decode, dicom, encode, picture, truth
from tests.app.web.conftest import Screen, two_lungs
from tests.app.web.test_correcting import drag, take
from tests.app.web.test_opening import brightness
from tests.app.web.test_results import download

pytestmark = pytest.mark.slow

ONE = encode(picture((40, 8, 16, 40)))


def uneven() -> bytes:
    pixels = picture((8, 12, 16, 40))
    pixels[12:32, 40:56] = 40
    return encode(pixels)


@pytest.fixture
def four(screen: Screen) -> Screen:
    screen.choose(("a.png", two_lungs()), ("b.png", uneven()), ("c.png", b"no image"), ("d.png", ONE))
    expect(screen.page.locator("#tally")).to_have_text("4 of 4, 3 to check, 1 failed")
    return screen


def names(page: Page) -> list[str]:
    return page.locator(".strip-name").all_inner_texts()


def test_the_tally_follows(four: Screen) -> None:
    page = four.page
    expect(page.locator("#progress")).to_be_hidden()
    take(page, "Swap sides")
    expect(page.locator("#tally")).to_have_text("4 of 4, 2 to check, 1 corrected, 1 failed")


def test_the_list_is_filtered_and_sorted(four: Screen) -> None:
    page = four.page
    page.get_by_label("Sort").select_option("Largest asymmetry")
    assert names(page) == ["d.png", "b.png", "a.png", "c.png"]
    page.get_by_label("Sort").select_option("To check first")
    assert names(page) == ["a.png", "b.png", "d.png", "c.png"]
    page.get_by_label("Show").select_option("Failed")
    assert names(page) == ["c.png"]
    page.get_by_role("button", name="Next image").click()
    expect(page.locator("#failure-name")).to_have_text("c.png")
    page.get_by_label("Show").select_option("All")
    page.get_by_label("Sort").select_option("As opened")
    assert names(page) == ["a.png", "b.png", "c.png", "d.png"]


def test_keys_go_through_the_list(four: Screen) -> None:
    page = four.page
    for name in ("b.png", None, "d.png", "d.png"):
        page.keyboard.press("PageDown")
        if name:
            expect(page.locator("#image-name")).to_have_text(name)
    page.keyboard.press("PageUp")
    expect(page.locator("#failure-name")).to_have_text("c.png")


def test_all_are_removed(four: Screen) -> None:
    page = four.page
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("#invitation")).to_be_visible()
    expect(page.locator(".strip-item")).to_have_count(0)
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()


def test_results_as_a_table(screen: Screen) -> None:
    page = screen.page
    screen.choose(
        ("=a,b.png", two_lungs()), ("chest.dcm", dicom(picture((8, 12, 16, 40)))), ("c.png", b"no image")
    )
    expect(page.locator("#tally")).to_have_text("3 of 3, 2 to check, 1 failed")
    take(page, "Cut")
    drag(screen, (4, 40), (28, 40), (28, 58), (4, 58))
    name, data = download(page, "Results, CSV")
    assert name == "lungs.csv"
    one, two, three = csv.DictReader(StringIO(data.decode("utf-8"), newline=""))
    assert one["name"] == "'=a,b.png"
    assert (one["right_px"], one["left_px"], one["corrected"]) == (str(16 * 28), "640", "true")
    assert (two["right_px"], two["left_px"], two["right_mm2"]) == ("640", "", "160")
    assert two["trusted"] == "false"
    assert "one_lung" in two["warnings"].split()
    assert int(two["milliseconds"]) >= 0
    assert three["state"] == "failed"
    assert three["problem"]


def test_masks_of_all_in_a_zip(four: Screen) -> None:
    page = four.page
    four.choose(("a.png", ONE))
    expect(page.locator("#tally")).to_contain_text("5 of 5")
    _, data = download(page, "Masks, ZIP")
    with ZipFile(BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a-mask.png", "b-mask.png", "d-mask.png", "a-2-mask.png", "lungs.csv"]
        assert np.array_equal(
            decode(archive.read("a-mask.png")), truth((8, 12, 16, 40)) | truth((40, 12, 16, 40))
        )
        assert np.array_equal(decode(archive.read("a-2-mask.png")), truth((40, 8, 16, 40)))


def archive(**files: bytes) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as zipped:
        zipped.writestr("films/", b"")
        zipped.writestr("__MACOSX/films/._a.png", b"leftover")
        for name, data in files.items():
            zipped.writestr(f"films/{name}.png", data)
    return made.getvalue()


def test_a_zip_is_opened(screen: Screen) -> None:
    screen.hand_over("drop", "#stage", ("films.zip", archive(a=two_lungs(), b=ONE)))
    expect(screen.page.locator("#tally")).to_have_text("2 of 2, 2 to check")
    assert names(screen.page) == ["a.png", "b.png"]


def test_a_damaged_zip_is_said(screen: Screen) -> None:
    whole = archive(a=two_lungs())
    screen.choose(("films.zip", whole[: len(whole) // 2]))
    expect(screen.page.get_by_role("alert").first).to_contain_text("films.zip cannot be opened")


def test_a_folder_is_opened_with_the_folders_in_it(page: Page) -> None:
    """A drop of a folder cannot be made by a program: this walks one that behaves as the browser's does."""
    found = page.evaluate(
        """async () => {
            const { filesOf } = await import(new URL("web/upload.js", document.baseURI));
            const file = (name) => ({
                isFile: true, name, fullPath: `/films/${name}`, file: (done) => done(new File(["x"], name)),
            });
            const folder = (name, entries) => ({
                isDirectory: true, name,
                createReader: () => {
                    const rest = entries.map((entry) => [entry]);
                    return { readEntries: (done) => done(rest.shift() ?? []) };
                },
            });
            const files = [file("10.png"), file("9.png"), file(".DS_Store")];
            const tree = folder("films", [...files, folder("b", [file("c.dcm")])]);
            return (await filesOf([tree, null])).map((one) => one.name);
        }"""
    )
    assert found == ["9.png", "10.png", "c.dcm"]


@pytest.mark.parametrize("kept", [True, False])
def test_a_picture_that_was_let_go_comes_back(screen: Screen, kept: bool) -> None:
    """From the browser's storage, or from the service where the browser keeps nothing."""
    page = screen.page
    if not kept:
        page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined });")
        page.reload()
    films = [(f"{i}.dcm", dicom(picture((8, 12, 16, 40 - i)))) for i in range(20)]
    screen.choose(*films)
    expect(page.locator("#tally")).to_have_text("20 of 20, 20 to check")
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept" if kept else "refused")
    asked = len([url for url in screen.requests if url.endswith("/radiograph.png")])
    page.locator(".strip-item .open").nth(10).click()
    assert brightness(screen, (0.2, 0.4)) == 0
    assert brightness(screen, (0.9, 0.9)) == 255
    assert len([url for url in screen.requests if url.endswith("/radiograph.png")]) == asked + (not kept)
    drawn = page.locator(".strip-item canvas").evaluate_all(
        "(all) => all.map((canvas) => canvas.getContext('2d').getImageData(72, 4, 1, 1).data[3])"
    )
    assert drawn == [255] * 20


def test_going_through_many_films_does_not_fill_the_memory(screen: Screen, browser: Browser) -> None:
    """Of forty films of 2048 × 2048 pixels, 640 MB, the browser holds the pixels of the one shown."""
    page = screen.page
    pixels = cv2.resize(picture(), (2048, 2048), interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    film = encode(pixels)
    screen.choose(*[(f"{i}.png", film) for i in range(40)])
    expect(page.locator("#tally")).to_contain_text("40 of 40")
    for _ in range(39):
        page.keyboard.press("PageDown")
        expect(page.locator("#panes")).to_have_attribute("aria-busy", "false")
        # The screen has shown it: pixels that nobody sees are not decoded.
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.locator("#image-name")).to_have_text("39.png")
    assert renderer_mb(browser) < 450


def renderer_mb(browser: Browser) -> float:
    """Resident memory of the largest process that shows a page, its share of what is shared included."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = []
    for process in found:
        if process["type"] == "renderer":
            text = Path(f"/proc/{process['id']}/smaps_rollup").read_text("ascii")
            sizes += [int(kb) / 1024 for kb in re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)]
    return max(sizes)
