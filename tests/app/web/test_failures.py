"""What goes wrong is said in words, and the page goes on."""

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.app.conftest import MakeClient
from tests.app.fakes import png_header
from tests.app.web.conftest import MakeScreen, Screen, two_lungs

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "data", "title", "detail"),
    [
        ("notes.png", b"This is a text file.", "This type of image is not read", "send PNG, JPEG"),
        ("empty.png", b"", "The image cannot be read", "empty"),
        ("cut.png", two_lungs()[:100], "The image cannot be read", "send the whole file"),
        ("huge.png", png_header(60000, 60000), "The image has too many pixels", "60000"),
    ],
)
def test_files_that_cannot_be_used(screen: Screen, name: str, data: bytes, title: str, detail: str) -> None:
    page = screen.page
    screen.choose((name, data))
    screen.shows("failed")
    expect(page.locator("#failure-name")).to_have_text(name)
    expect(page.locator("#failure-title")).to_have_text(title)
    expect(page.locator("#failure-detail")).to_contain_text(detail)
    expect(page.get_by_role("status")).to_contain_text(title)
    # The same file would fail again.
    expect(page.get_by_role("button", name="Try again")).to_be_hidden()
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    expect(page.locator("#failure")).to_be_hidden()


def problem(status: int, **headers: str) -> dict[str, Any]:
    return {
        "status": status,
        "headers": {"Content-Type": "application/problem+json"} | headers,
        "body": json.dumps({"title": "Busy", "status": status, "detail": "Try again in a moment."}),
    }


def test_a_busy_service_is_asked_again(screen: Screen) -> None:
    answers = [problem(429, **{"Retry-After": "0"}), problem(503, **{"Retry-After": "0"})]

    def answer(route: Route) -> None:
        if answers:
            route.fulfill(**answers.pop())
        else:
            route.continue_()

    screen.page.route("**/segment*", answer)
    screen.choose(("chest.png", two_lungs()))
    screen.shows("untrusted")
    assert answers == []


def test_a_service_that_stays_busy(screen: Screen) -> None:
    page = screen.page
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(**problem(429, **{"Retry-After": "0"}))

    page.route("**/segment*", answer)
    screen.choose(("chest.png", two_lungs()))
    screen.shows("failed")
    assert len(asked) == 5
    expect(page.locator("#failure-title")).to_have_text("Busy")
    page.unroute("**/segment*")
    page.get_by_role("button", name="Try again").click()
    screen.shows("untrusted")


def test_a_service_that_is_gone(screen: Screen) -> None:
    page = screen.page
    page.route("**/segment*", lambda route: route.abort("connectionrefused"))
    screen.choose(("chest.png", two_lungs()))
    screen.shows("failed")
    expect(page.locator("#failure-title")).to_have_text("The service does not answer")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    # Chromium's own line about it.
    assert all("ERR_CONNECTION_REFUSED" in complaint for complaint in screen.complaints)
    screen.complaints.clear()


def test_an_answer_that_is_no_problem_document(screen: Screen) -> None:
    screen.page.route("**/segment*", lambda route: route.fulfill(status=404, body="<html>proxy</html>"))
    screen.choose(("chest.png", two_lungs()))
    screen.shows("failed")
    expect(screen.page.locator("#failure-detail")).to_contain_text("status 404")


def test_a_sample_that_is_not_there(screen: Screen) -> None:
    page = screen.page
    page.route("**/samples/*", lambda route: route.fulfill(**problem(404)))
    page.get_by_role("button", name="Try a sample").click()
    expect(page.locator("#notice")).to_have_text("Busy. Try again in a moment.")
    expect(page.locator("#invitation")).to_be_visible()


class TestKey:
    """A service that wants a key."""

    @pytest.fixture
    def screen(self, make_client: MakeClient, make_screen: MakeScreen) -> Screen:
        return make_screen(make_client(api_key="right-key"))

    def test_it_is_asked_for_and_kept_in_memory_only(self, screen: Screen) -> None:
        page = screen.page
        screen.choose(("chest.png", two_lungs()))
        dialog = page.get_by_role("dialog", name="This service needs a key")
        expect(dialog).to_be_visible()
        expect(page.locator("#key-rejected")).to_be_hidden()
        page.get_by_label("Key", exact=True).fill("wrong-key")
        page.keyboard.press("Enter")
        expect(page.locator("#key-rejected")).to_be_visible()
        expect(page.get_by_label("Key", exact=True)).to_have_value("")
        page.get_by_label("Key", exact=True).fill("right-key")
        page.get_by_role("button", name="Use this key").click()
        screen.shows("untrusted")
        expect(dialog).to_be_hidden()
        # It is used for the next, and nothing of it is stored.
        screen.choose(("other.png", two_lungs()))
        expect(page.locator("#image-name")).to_have_text("other.png")
        stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
        assert "-key" not in stored
        page.reload()
        screen.choose(("chest.png", two_lungs()))
        expect(dialog).to_be_visible()

    def test_it_is_asked_for_once_for_several_images(self, screen: Screen) -> None:
        page = screen.page
        screen.choose(*[(f"{name}.png", two_lungs()) for name in "abcd"])
        page.get_by_label("Key", exact=True).fill("right-key")
        page.keyboard.press("Enter")
        expect(page.locator(".strip-state")).to_have_text(["Check"] * 4)
        expect(page.get_by_role("dialog")).to_be_hidden()

    def test_who_has_none_is_told(self, screen: Screen) -> None:
        page = screen.page
        screen.choose(("chest.png", two_lungs()))
        page.get_by_role("button", name="Cancel").click()
        screen.shows("failed")
        expect(page.locator("#failure-title")).to_have_text("A valid key is needed")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("dialog")).to_be_visible()
