"""Memory and speed of the page in Chromium: ``python -m benchmarks.page [--films 100] [--side 2048]``.

Half of the films are PNG, half DICOM: a browser shows a PNG itself, and of a DICOM file the page keeps the
picture that the service made. All films are opened at once, paged through, kept for a reload, reloaded and
paged through again. The memory is the proportional set size (Linux, ``smaps_rollup``) of the page's process,
sampled four times a second. It needs Playwright and Chromium (``apt install chromium``).
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event, Thread

import cv2
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright
from rich.console import Console

from samples.dicom import dicom
from samples.phantom import phantom

from .images import RESULTS
from .processes import family
from .systems import pleura, started
from .tables import Rows

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_NAME = b"chromium/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
TIMEOUT_MS = 600_000

_OUTLINED = """() => new Promise((done) => {
    const begun = performance.now();
    const look = () => {
        const drawn = document.querySelector("#marked .outline path");
        return drawn ? done(performance.now() - begun) : requestAnimationFrame(look);
    };
    document.querySelector("[data-action=sample]").click();
    look();
})"""

_PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
        if (name === "first-contentful-paint") done(startTime);
    }
}).observe({ type: "paint", buffered: true }))"""


class Memory:
    """Proportional set size of the page's process and of all of the browser's, in MB (10⁶ bytes)."""

    def __init__(self) -> None:
        self._over = Event()
        self.peak_mb = 0.0
        self._thread = Thread(target=self._sample, daemon=True)
        self._thread.start()

    @property
    def page_mb(self) -> float:
        """The page's process now; Chromium has small ones of the same type in reserve."""
        return max((proportional_mb(pid) for pid in _processes(b"--type=renderer")), default=0.0)

    @property
    def browser_mb(self) -> float:
        """All processes now."""
        return sum(proportional_mb(pid) for pid in _processes(CHROMIUM_NAME))

    def end(self) -> None:
        """Stop sampling."""
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(0.25):
            self.peak_mb = max(self.peak_mb, self.page_mb)


def proportional_mb(pid: int) -> float:
    """Return the proportional set size of a process in MB; 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _processes(word: bytes) -> Iterator[int]:
    """Yield the processes that this one has started, if their command has the word."""
    for pid in family(os.getpid()):
        with suppress(OSError):
            if word in Path(f"/proc/{pid}/cmdline").read_bytes():
                yield pid


def films(count: int, side: int) -> list[Path]:
    """Return the paths of ``count`` phantoms, each of another patient; draw those that are missing."""
    folder = RESULTS / "images" / f"films-{side}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{seed:03}.{'dcm' if seed % 2 else 'png'}" for seed in range(count)]
    for seed, path in enumerate(paths):
        if not path.exists():
            pixels = phantom(width=side, height=side, seed=seed).pixels.astype(np.uint8)
            path.write_bytes(dicom(pixels) if seed % 2 else cv2.imencode(".png", pixels)[1].tobytes())
    return paths


@contextmanager
def opened(address: str) -> Iterator[Page]:
    """Open the page in a browser with an empty profile on disk: a private window would keep all in memory."""
    with sync_playwright() as playwright, TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, viewport={"width": 1440, "height": 900}
        )
        context.set_default_timeout(TIMEOUT_MS)
        page = context.pages[0]
        page.goto(address)
        yield page
        context.close()


def memory(address: str, paths: list[Path]) -> Rows:
    """Return the memory of the page with these films at each step."""
    expect.set_options(timeout=TIMEOUT_MS)
    rows: list[tuple[str, ...] | None] = []
    with opened(address) as page:
        found = Memory()

        def note(step: str) -> None:
            time.sleep(2)
            heap = page.context.new_cdp_session(page).send("Runtime.getHeapUsage")["usedSize"] / 1e6
            now = found.page_mb
            figures = (now, max(now, found.peak_mb), heap, found.browser_mb)
            rows.append((step, *(f"{mb:.0f}" for mb in figures)))

        note("empty page")
        page.locator("#files").set_input_files(paths)
        expect(page.locator("#tally")).to_contain_text(f"{len(paths)} of {len(paths)}")
        note("opened")
        expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
        note("kept for a reload")
        _page_through(page, len(paths))
        note("paged through")
        page.reload()
        expect(page.locator("#tally")).to_contain_text(f"{len(paths)} of {len(paths)}")
        _page_through(page, len(paths))
        expect(page.locator("#kept")).to_have_attribute("data-state", "kept")
        note("reloaded, paged through")
        found.end()
    columns = ("step", "page MB", "its peak MB", "JavaScript MB", "whole browser MB")
    return Rows(f"Memory with {len(paths)} films", columns, rows)


def _page_through(page: Page, count: int) -> None:
    for _ in range(count):
        page.keyboard.press("PageDown")
        expect(page.locator("#panes")).to_be_visible()
        page.wait_for_timeout(150)


def speed(address: str, *, rounds: int) -> Rows:
    """Return the times until the page is painted, and from the click on the sample to its outline."""
    painted, outlined = [], []
    for _ in range(rounds):
        with opened(address) as page:
            painted.append(page.evaluate(_PAINTED))
            page.wait_for_load_state("networkidle")
            outlined.append(page.evaluate(_OUTLINED))
    rows: list[tuple[str, ...] | None] = [
        (what, *(f"{function(found):.0f}" for function in (median, min, max)))
        for what, found in (("first contentful paint", painted), ("sample to outline", outlined))
    ]
    return Rows(f"Times in ms, {rounds} fresh browsers", ("", "median", "least", "most"), rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--films", type=int, default=100)
    parser.add_argument("--side", type=int, default=2048, help="pixels")
    parser.add_argument("--rounds", type=int, default=9, help="of the speed")
    options = parser.parse_args()
    paths = films(options.films, options.side)
    console = Console(width=120)
    with started(pleura(None, device="cpu")) as service:
        address = f"http://127.0.0.1:{service.ports[0]}/"
        speed(address, rounds=options.rounds).show(console)
        memory(address, paths).show(console)


if __name__ == "__main__":
    main()
