"""A real browser with a real service; each test checks for console messages and requests to other hosts."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from model.quality import Quality
from tests.app.conftest import Service
from tests.app.fakes import encode, picture

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000

_BLOCKED = "Service Worker registration blocked by Playwright"
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|503)")


def two_lungs() -> bytes:
    """An image of two rectangles, 64 pixels wide and high, which the fake engine finds."""
    pixels = picture((8, 12, 16, 40))
    pixels[12:52, 40:56] = 40
    return encode(pixels)


class Screen:
    """The page, and what was asked for and complained about."""

    def __init__(self, context: BrowserContext, service: Service) -> None:
        self.service = service
        self.page = context.new_page()
        self.address = str(service.base_url)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.goto(self.address)

    def _hear(self, kind: str, text: str) -> None:
        # Chromium itself says so of every answer that is an error; what the page makes of it is tested.
        if kind in ("error", "warning") and not _REFUSED.match(text) and text != _BLOCKED:
            self.complaints.append(text)

    def choose(self, *files: tuple[str, bytes]) -> None:
        self.page.locator("#files").set_input_files(_payloads(files))

    def choose_truth(self, name: str, data: bytes) -> None:
        self.page.locator("#truth-file").set_input_files(_payloads([(name, data)]))

    def shows(self, standing: str) -> None:
        """Waits until the study that is looked at has come to this."""
        expect(self.page.locator("#stage")).to_have_attribute("data-state", standing)

    def outline(self, lung: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is drawn for a lung, in the image's pixels."""
        d = self.page.locator(f'.outline[data-lung="{lung}"] .line').get_attribute("d")
        assert d is not None
        assert re.fullmatch(r"(M[-\d. L]+Z)+", d)
        numbers = [float(number) for number in re.findall(r"[-\d.]+", d)]
        x, y = numbers[::2], numbers[1::2]
        return min(x), min(y), max(x), max(y)

    def viewbox(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of what is seen, in the image's pixels."""
        box = self.page.locator("#marked .view").get_attribute("viewBox")
        assert box is not None
        left, top, width, height = map(float, box.split())
        return left, top, width, height

    def hand_over(self, event: str, selector: str, *files: tuple[str, bytes]) -> None:
        """Drops or pastes files on an element."""
        self.page.locator(selector).evaluate(
            _HAND_OVER, [event, [[n, b64encode(d).decode()] for n, d in files]]
        )


_HAND_OVER = """(element, [kind, files]) => {
    const transfer = new DataTransfer();
    for (const [name, data] of files) {
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
    }
    if (kind === "paste") {
        element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        return;
    }
    for (const step of ["dragenter", "dragover", "drop"]) {
        const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
        element.dispatchEvent(new DragEvent(step, options));
    }
}"""


def _payloads(files: Any) -> Any:
    return [{"name": name, "mimeType": "", "buffer": data} for name, data in files]


MakeScreen = Callable[..., Screen]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not here: install Debian's package chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def make_screen(browser: Browser) -> Iterator[MakeScreen]:
    """Opens the page of a service; the options are those of a browser's context."""
    screens: list[Screen] = []

    def make(service: Service, **options: Any) -> Screen:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "service_workers": "block"} | options
        )
        context.set_default_timeout(PATIENCE_MS)
        screens.append(Screen(context, service))
        return screens[-1]

    yield make
    for screen in screens:
        screen.page.context.close()
        assert screen.complaints == []
        assert [
            url for url in screen.requests if not url.startswith((screen.address, "blob:", "data:"))
        ] == []


@pytest.fixture
def screen(make_screen: MakeScreen, shared_client: Service) -> Screen:
    return make_screen(shared_client)


@pytest.fixture
def page(screen: Screen) -> Page:
    return screen.page


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing speaks against any mask."""
    monkeypatch.setattr(
        "model.segmenter.assess", lambda *_, **__: Quality(predicted_iou=0.957, trusted=True, warnings=())
    )
