"""The bundled checkpoint as it is served."""

from collections.abc import Iterator

import httpx
import pytest

from model.segmenter import Segmenter

from .serving import serving


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    return Segmenter(device="cpu")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of `pleura serve` in a separate process."""
    with serving(tmp_path_factory.mktemp("service") / "log") as client:
        yield client
