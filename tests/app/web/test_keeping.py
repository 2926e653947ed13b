"""A reload brings everything back from this browser alone; what is forgotten is gone."""

import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import Service
from tests.app.fakes import dicom, encode, picture, truth
from tests.app.waiting import wait_until
from tests.app.web.conftest import MakeScreen, Screen, two_lungs
from tests.app.web.test_accessibility import findings
from tests.app.web.test_correcting import area, drag, take
from tests.app.web.test_opening import brightness
from tests.app.web.test_reading import tool
from tests.app.web.test_results import download

pytestmark = pytest.mark.slow

KEPT = "Kept for a reload in this browser only, until the tab is closed."
REFUSED = "This browser keeps no images here: a reload loses them."

RECORDS = """async () => {
    const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open("pleura");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const store = database.transaction("kept").objectStore("kept");
    const done = (request) => new Promise((resolve) => {
        request.onsuccess = () => resolve(request.result);
    });
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    database.close();
    return keys.map((key, i) => [key, [...new Uint8Array(values[i].bytes)]]);
}"""


def records(page: Page) -> dict[tuple[str, str, str], bytes]:
    """All that the page's database holds, of every tab."""
    return {tuple(key): bytes(value) for key, value in page.evaluate(RECORDS)}


def parts(page: Page) -> list[str]:
    return sorted(part for _, _, part in records(page))


def reload(screen: Screen) -> list[str]:
    """Reloads when everything is kept; the requests to the service since then that carry or ask for data."""
    expect(screen.page.locator("#kept")).to_have_attribute("data-state", "kept")
    screen.requests.clear()
    screen.page.reload()
    expect(screen.page.locator("#kept")).to_have_attribute("data-state", "kept")
    return sent(screen)


def sent(screen: Screen) -> list[str]:
    """What was asked of the service, apart from the page's own files."""
    base = screen.address.rstrip("/")
    own = (f"{base}/web/", f"{base}/worker.js", "blob:", "data:")
    # Whether the service has a collection is a question, which sends nothing.
    nothing = (f"{base}/", f"{base}/collection")
    return [url for url in screen.requests if url not in nothing and not url.startswith(own)]


@pytest.fixture
def corrected(screen: Screen) -> Screen:
    """Two films of which the first is corrected and looked at closely."""
    screen.choose(("chest.png", two_lungs()), ("other.png", encode(picture())))
    expect(screen.page.locator("#tally")).to_have_text("2 of 2, 2 to check")
    screen.page.locator(".strip-item .open").first.click()
    take(screen.page, "Cut")
    drag(screen, (4, 40), (28, 40), (28, 58), (4, 58))
    screen.shows("corrected")
    return screen


def test_films_results_and_corrections_come_back(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept-said")).to_have_text(KEPT)
    assert reload(corrected) == []
    corrected.shows("corrected")
    expect(page.locator("#tally")).to_have_text("2 of 2, 1 to check, 1 corrected")
    assert page.locator(".strip-name").all_inner_texts() == ["chest.png", "other.png"]
    assert area(page, "right") == 16 * 28
    assert brightness(corrected, (0.9, 0.9)) == pytest.approx(200, abs=2)
    page.get_by_role("button", name="Undo").click()
    assert area(page, "right") == 640
    page.get_by_role("button", name="Redo").click()
    _, data = download(page, "Mask, RLE")
    assert json.loads(data)["size"] == [64, 64]
    assert reload(corrected) == []
    assert area(page, "right") == 16 * 28


def test_every_way_of_correcting_comes_back(corrected: Screen) -> None:
    page = corrected.page
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Original").click()
    assert reload(corrected) == []
    corrected.shows("corrected")
    expect(page.locator("#stage-verdict")).to_contain_text("Original.")
    page.get_by_role("button", name="Original").click()
    expect(page.locator("#lungs .right .px")).to_have_text("not found")
    page.get_by_role("button", name="Undo").click()
    assert area(page, "right") == 16 * 28
    for _ in range(40):
        page.get_by_role("button", name="Swap sides").click()
    assert reload(corrected) == []
    for _ in range(30):
        page.get_by_role("button", name="Undo").click()
    # Thirty steps back come with it, then the service's mask.
    assert area(page, "right") == 640
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_the_view_comes_back(corrected: Screen) -> None:
    page = corrected.page
    page.get_by_role("button", name="Adjust").click()
    page.get_by_label("Preset").select_option("Lungs")
    page.get_by_role("button", name="Mirror").click()
    page.get_by_role("button", name="Rotate right").click()
    page.get_by_role("slider", name="Outline").fill("40")
    page.get_by_role("button", name="Fill", exact=True).click()
    page.get_by_text("Side by side").click()
    page.get_by_label("Sort").select_option("To check first")
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Invert").click()
    tool(page, "Ruler")
    marks, box = page.locator("#stage-marks").inner_text(), corrected.viewbox()
    assert reload(corrected) == []
    expect(page.locator("#stage-marks")).to_have_text(marks)
    assert corrected.viewbox() == pytest.approx(box, abs=0.01)
    expect(page.locator(".outline .line").first).to_have_css("opacity", "0.4")
    expect(page.locator(".outline .fill").first).to_have_css("fill-opacity", "0.25")
    expect(page.locator("#plain")).to_be_visible()
    expect(page.locator("#adjust-tools")).to_be_visible()
    expect(page.get_by_role("radio", name="Ruler")).to_be_checked()
    assert page.locator(".strip-name").all_inner_texts() == ["other.png", "chest.png"]
    expect(page.locator("#image-name")).to_have_text("chest.png")


def test_dicom_comparison_map_and_failure_come_back(screen: Screen) -> None:
    page = screen.page
    screen.choose(("chest.dcm", dicom(picture((8, 12, 16, 40)))), ("notes.png", b"text"))
    expect(page.locator("#tally")).to_contain_text("2 of 2")
    screen.choose_truth("truth.png", encode(truth((12, 12, 16, 40))))
    expect(page.locator("#metrics")).to_be_visible()
    iou = page.locator("#metrics .main td").inner_text()
    page.locator("#marked .view").press("t")
    expect(page.locator("#legend-heat")).to_be_visible()
    assert reload(screen) == []
    expect(page.locator("#legend-heat")).to_be_visible()
    expect(page.locator("#legend-disagreement")).to_be_visible()
    expect(page.locator("#metrics .main td")).to_have_text(iou)
    expect(page.locator("#truth-name")).to_have_text("truth.png")
    page.locator("#marked .view").press("t")
    assert brightness(screen, (0.9, 0.9)) == 255
    page.locator(".strip-item .open").nth(1).click()
    expect(page.locator("#failure-name")).to_have_text("notes.png")
    assert sent(screen) == []


def test_what_was_not_answered_is_asked_for_again(make_client: Any, make_screen: MakeScreen) -> None:
    service = make_client()
    screen = make_screen(service)
    service.engine.hold()
    screen.choose(("chest.png", two_lungs()))
    screen.shows("working")
    expect(screen.page.locator("#kept")).to_have_attribute("data-state", "kept")
    screen.page.reload()
    screen.shows("working")
    service.engine.release()
    screen.shows("untrusted")


def test_nothing_that_is_kept_can_be_read_without_the_tab(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    kept = records(page)
    assert parts(page) == ["file", "file", "state", "state"]
    for secret in (b"PNG", b"chest", b"right", b"mask"):
        assert not any(secret in data for data in kept.values())
    in_tab = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert "chest" not in in_tab
    # Another tab of the same browser begins empty.
    other = page.context.new_page()
    other.goto(corrected.address)
    expect(other.locator("#invitation")).to_be_visible()
    expect(other.locator("#kept")).to_be_hidden()
    assert len(records(page)) == 4
    assert page.url.rstrip("/") == corrected.address.rstrip("/")


def test_what_a_closed_tab_left_is_deleted(corrected: Screen) -> None:
    expect(corrected.page.locator("#kept")).to_have_attribute("data-state", "kept")
    other = corrected.page.context.new_page()
    other.clock.install()
    corrected.page.close()
    other.goto(corrected.address)
    assert len(records(other)) == 4

    def is_empty() -> bool:
        other.clock.fast_forward(11_000)
        return records(other) == {}

    wait_until(is_empty)


def test_a_tab_that_was_left_for_long_brings_nothing_back(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    page.goto(f"{corrected.address}/healthz")
    page.evaluate(
        """() => {
            const tab = JSON.parse(sessionStorage.getItem("pleura-tab"));
            sessionStorage.setItem("pleura-tab", JSON.stringify({ ...tab, left: tab.left - 11 * 60_000 }));
        }"""
    )
    page.goto(corrected.address)
    wait_until(lambda: records(page) == {})
    expect(page.locator("#invitation")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('pleura-tab')") is None


@pytest.mark.parametrize("way", ["Forget all", "Remove all", "each"])
def test_what_is_forgotten_is_gone(corrected: Screen, way: str) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    assert len(records(page)) == 4
    if way == "each":
        page.get_by_role("button", name="Close chest.png").click()
        wait_until(lambda: parts(page) == ["file", "state"])
        page.get_by_role("button", name="Close other.png").click()
    else:
        page.get_by_role("button", name=way).click()
    expect(page.locator("#invitation")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    wait_until(lambda: records(page) == {})
    wait_until(lambda: page.evaluate("sessionStorage.getItem('pleura-tab')") is None)
    page.reload()
    expect(page.locator("#invitation")).to_be_visible()
    expect(page.locator("#kept")).to_be_hidden()
    assert page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]


def test_what_is_forgotten_while_it_is_written_is_gone(screen: Screen) -> None:
    page = screen.page
    screen.choose(*[(f"{i}.png", two_lungs()) for i in range(12)])
    expect(page.locator("#kept")).to_have_attribute("data-state", "writing")
    page.get_by_role("button", name="Forget all").click()
    wait_until(lambda: page.evaluate("sessionStorage.getItem('pleura-tab')") is None)
    assert records(page) == {}


REFUSALS = {
    "database throws": "() => { IDBFactory.prototype.open = () => {"
    " throw new DOMException('', 'SecurityError'); }; }",
    "database fails": "() => { const own = IDBFactory.prototype.open;"
    " IDBFactory.prototype.open = function () { return own.call(this, 'pleura', 0.5); }; }",
    "writing fails": "() => { IDBObjectStore.prototype.put = () => {"
    " throw new DOMException('', 'UnknownError'); }; }",
    "no session storage": "() => { Object.defineProperty(window, 'sessionStorage',"
    " { get() { throw new DOMException('', 'SecurityError'); } }); }",
    "no encryption": "() => { Object.defineProperty(crypto, 'subtle', { value: undefined }); }",
    "no random names": "() => { crypto.randomUUID = undefined; }",
    "no locks": "() => { Object.defineProperty(navigator, 'locks', { value: undefined }); }",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_the_page_works_where_the_browser_keeps_nothing(screen: Screen, refusal: str) -> None:
    page = screen.page
    page.add_init_script(f"({REFUSALS[refusal]})()")
    page.reload()
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    expect(page.locator("#kept-said")).to_have_text(REFUSED)
    take(page, "Swap sides")
    screen.shows("corrected")
    page.reload()
    expect(page.locator("#invitation")).to_be_visible()
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")


def allow(screen: Screen, size: int) -> None:
    """Gives the origin so many bytes."""
    session = screen.page.context.new_cdp_session(screen.page)
    origin = screen.address.rstrip("/")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": size})


def large() -> bytes:
    """A file of more than a megabyte: what follows the end of a PNG is not read."""
    return two_lungs() + np.random.default_rng(0).bytes(1_200_000)


HUGE = """
    const { get } = Object.getOwnPropertyDescriptor(Blob.prototype, "size");
    Object.defineProperty(Blob.prototype, "size", {
        get() { return this.name?.startsWith("large") ? 2e8 : get.call(this); },
    });
"""


@pytest.mark.parametrize("limit", ["ours", "the browser's"])
def test_there_is_a_limit_and_what_is_over_it_is_named(screen: Screen, limit: str) -> None:
    """The page's own, 500 MB, which two of these files seem to fill; and the browser's, which two exceed."""
    page = screen.page
    if limit == "ours":
        page.add_init_script(HUGE)
        page.reload()
    else:
        allow(screen, 2_000_000)
    screen.choose(("small.png", two_lungs()), *[(f"large-{i}.png", large()) for i in range(4)])
    expect(page.locator("#tally")).to_contain_text("5 of 5")
    expect(page.locator("#kept")).to_have_attribute("data-state", "partly")
    said = page.locator("#kept-said").inner_text()
    assert said.startswith("No room to keep for a reload: large-")
    # A small one still fits below the page's limit; a browser that is full is not asked again.
    screen.choose(("last.png", two_lungs()))
    expect(page.locator("#tally")).to_contain_text("6 of 6")
    expect(page.locator("#kept")).to_have_attribute("data-state", "partly")
    page.reload()
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    names = page.locator(".strip-name").all_inner_texts()
    assert names[:2] == ["small.png", "large-0.png"]
    assert len(names) < 6
    assert ("last.png" in names) == (limit == "ours")


def test_there_is_room_again_when_images_are_closed(screen: Screen) -> None:
    page = screen.page
    page.add_init_script(HUGE)
    page.reload()
    screen.choose(*[(f"large-{i}.png", two_lungs()) for i in range(3)])
    expect(page.locator("#tally")).to_contain_text("3 of 3")
    expect(page.locator("#kept-said")).to_have_text("No room to keep for a reload: large-2.png")
    page.get_by_role("button", name="Close large-0.png").click()
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    assert reload(screen) == []
    assert page.locator(".strip-name").all_inner_texts() == ["large-1.png", "large-2.png"]


def test_a_damaged_record_takes_nothing_else_with_it(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    page.evaluate(
        """async () => {
            const open = indexedDB.open("pleura");
            await new Promise((done) => { open.onsuccess = done; });
            const store = open.result.transaction("kept", "readwrite").objectStore("kept");
            const all = store.getAllKeys();
            await new Promise((done) => { all.onsuccess = done; });
            const key = all.result.find(([, , part]) => part === "file");
            const put = store.put({ iv: new Uint8Array(12), bytes: new ArrayBuffer(40) }, key);
            await new Promise((done) => { put.onsuccess = done; });
            open.result.close();
        }"""
    )
    page.reload()
    expect(page.locator(".strip-item")).to_have_count(1)
    wait_until(lambda: parts(page) == ["file", "state"])


def test_an_image_dropped_right_after_a_reload_is_added(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    page.reload()
    corrected.choose(("third.png", two_lungs()))
    expect(page.locator(".strip-item")).to_have_count(3)
    expect(page.locator("#tally")).to_contain_text("3 of 3")
    assert reload(corrected) == []
    expect(page.locator(".strip-item")).to_have_count(3)


def test_a_language_chosen_before_it_is_back_loses_nothing(corrected: Screen) -> None:
    page = corrected.page
    expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
    page.add_init_script(
        "addEventListener('DOMContentLoaded', () => setTimeout(() => {"
        " document.querySelector('#language').dispatchEvent(new Event('change')); }));"
    )
    assert reload(corrected) == []
    expect(page.locator(".strip-item")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
def test_what_is_said_of_it_is_accessible(
    make_screen: MakeScreen, shared_client: Service, width: int, scheme: Any
) -> None:
    screen = make_screen(
        shared_client,
        viewport={"width": width, "height": 900},
        has_touch=width < 1000,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    assert reload(screen) == []
    assert findings(screen.page) == []
    box = screen.page.locator("#forget").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= (35.9 if width == 1440 else 43.9)
