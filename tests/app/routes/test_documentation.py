"""``/docs``, at the root and behind a proxy's prefix."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urljoin

import httpx
import pytest

from tests.app.conftest import Service
from tests.app.fakes import encode, picture
from tests.app.prefix import behind_prefix


@pytest.fixture(params=["root", "prefix"])
def base(request: pytest.FixtureRequest, shared_client: Service) -> Iterator[str]:
    """Where the service is seen from outside."""
    with ExitStack() as stack:
        if request.param == "root":
            yield str(shared_client.base_url).rstrip("/")
        else:
            yield stack.enter_context(behind_prefix(shared_client))


def references(page: str) -> list[str]:
    """All addresses that the page refers to."""
    found = re.findall(r"""(?:(?:src|href)="([^"]+)")|(?:url: '([^']+)')""", page)
    return [first or second for first, second in found]


def test_page_loads_all_its_assets(base: str) -> None:
    page = httpx.get(f"{base}/docs")
    assert page.status_code == 200
    found = references(page.text)
    assert {address.rpartition("/")[2] for address in found} == {
        "favicon.png",
        "openapi.json",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    }
    for address in found:
        answer = httpx.get(urljoin(f"{base}/docs", address))
        assert answer.status_code == 200, address


def test_openapi_document_has_the_prefix_of_the_service(base: str) -> None:
    where = f"{base}/openapi.json"
    (server,) = httpx.get(where).json()["servers"]
    service = urljoin(where, server["url"]).rstrip("/")
    assert service == base
    assert httpx.post(f"{service}/segment", content=encode(picture())).status_code == 200


def test_page_of_a_service_behind_a_prefix_loads_all_its_assets(base: str) -> None:
    page = httpx.get(f"{base}/").text
    found = [address for address in re.findall(r'(?:src|href)="([^"#]+)"', page) if ":" not in address]
    assert "web/main.js" in found
    for address in found:
        assert httpx.get(urljoin(f"{base}/", address)).status_code == 200, address
