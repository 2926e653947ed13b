"""The page as a program: it is installable, and opens when the service does not answer."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.app.conftest import Service
from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow


def installed(make_screen: MakeScreen, service: Service) -> Screen:
    screen = make_screen(service, service_workers="allow")
    screen.page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    screen.page.wait_for_function("navigator.serviceWorker.controller !== null")
    return screen


def test_the_page_opens_without_the_service(make_screen: MakeScreen, shared_client: Service) -> None:
    screen = installed(make_screen, shared_client)
    screen.page.context.set_offline(True)
    screen.page.reload()
    expect(screen.page.locator("#invitation")).to_be_visible()
    # Its scripts run, not only its text is there.
    screen.page.keyboard.press("?")
    expect(screen.page.locator("#keys")).to_be_visible()
    screen.complaints.clear()


def test_the_worker_keeps_no_image_and_no_result(make_screen: MakeScreen, shared_client: Service) -> None:
    screen = installed(make_screen, shared_client)
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    kept: list[str] = screen.page.evaluate(
        """async () => {
            const urls = [];
            for (const name of await caches.keys())
                for (const request of await (await caches.open(name)).keys())
                    urls.push(new URL(request.url).pathname);
            return urls;
        }"""
    )
    assert "/" in kept
    assert "/web/main.js" in kept
    assert all(path == "/" or path.startswith("/web/") for path in kept)


def test_a_page_without_images_keeps_nothing(screen: Screen) -> None:
    expect(screen.page.locator("#invitation")).to_be_visible()
    storage = screen.page.evaluate("[localStorage.length, sessionStorage.length]")
    assert storage == [0, 0]


def test_the_manifest(shared_client: Service) -> None:
    answer = shared_client.get("/web/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest: dict[str, Any] = json.loads(answer.content)
    assert manifest["display"] == "standalone"
    # As seen from its own folder: the page, whatever the prefix.
    assert manifest["start_url"] == manifest["scope"] == "../"
    assert shared_client.get(f"/web/{manifest['icons'][0]['src']}").status_code == 200
    assert shared_client.get("/worker.js").headers["content-type"].startswith("text/javascript")
