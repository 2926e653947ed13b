"""Swagger UI in a browser: operations are shown and can be tried, at the root and behind a proxy's prefix."""

import pytest
from playwright.sync_api import Browser, expect

from tests.app.conftest import Service
from tests.app.prefix import behind_prefix
from tests.app.web.conftest import PATIENCE_MS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("prefixed", [False, True], ids=["root", "prefix"])
def test_an_operation_is_tried(browser: Browser, shared_client: Service, prefixed: bool) -> None:
    with behind_prefix(shared_client) as proxied:
        base = proxied if prefixed else str(shared_client.base_url).rstrip("/")
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        complaints: list[str] = []
        asked: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{base}/docs")
        operation = page.locator("#operations-health-healthz")
        operation.locator(".opblock-summary").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table tr.response .response-col_status")).to_contain_text(
            "200"
        )
        page.close()
    assert f"{base}/healthz" in asked
    assert [url for url in asked if not url.startswith((f"{base}/", "data:"))] == []
    assert complaints == []
